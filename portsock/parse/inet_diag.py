"""Internet sockets by sock_diag: sock_diag(7), include/uapi/linux/inet_diag.h, net/ipv4/inet_diag.c."""

import struct
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop

from portsock.addresses import WILDCARDS, unmap
from portsock.model import Family, InetEndpoint, Netns, SocketMemory, SocketType, State, Timer
from portsock.parse.netlink_message import GarbledMessage, attribute, attributes
from portsock.records import SocketRecord
from portsock.request import Request

SOCK_DIAG_BY_FAMILY = 20

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "sctp": 132, "udplite": 136, "raw": 255, "mptcp": 262}
"""IP protocol numbers; MPTCP's does not fit the request's byte and goes into an attribute."""
FAMILIES = {Family.IPV4: AF_INET, Family.IPV6: AF_INET6}
STATEFUL = frozenset({"tcp", "sctp", "mptcp"})
"""Protocols whose sockets the kernel can choose by state."""

STATES = {
    1: State.ESTABLISHED,
    2: State.SYN_SENT,
    3: State.SYN_RECV,
    4: State.FIN_WAIT_1,
    5: State.FIN_WAIT_2,
    6: State.TIME_WAIT,
    7: State.CLOSED,
    8: State.CLOSE_WAIT,
    9: State.LAST_ACK,
    10: State.LISTEN,
    11: State.CLOSING,
    12: State.SYN_RECV,
    13: State.BOUND,
}
"""include/net/tcp_states.h; 12 is NEW_SYN_RECV, 13 BOUND_INACTIVE (as a filter: rows of it say 7)."""
ALL_STATES = (1 << 14) - 1

_DATAGRAM_STATES = {1: State.ESTABLISHED, 7: State.UNCONN}
_TYPES = {
    "tcp": SocketType.STREAM,
    "mptcp": SocketType.STREAM,
    "udp": SocketType.DGRAM,
    "udplite": SocketType.DGRAM,
    "icmp": SocketType.DGRAM,
    "raw": SocketType.RAW,
}
"""SCTP has one-to-one and one-to-many sockets: its rows do not tell which."""

_REQUEST = struct.Struct("=BBBxI2s2s16s16sIII")
_MESSAGE = struct.Struct("=BBBBHH16s16sIQIIIII")
"""family, state, timer, retransmits; ports (network order, read as they lie), addresses, interface, cookie; expiry, queues,
uid, inode."""
_BYTECODE, _PROTOCOL = 1, 3
_MEMINFO, _INFO, _CONGESTION, _SKMEMINFO, _SKV6ONLY = 1, 2, 4, 7, 11
_NO_COOKIE = (1 << 64) - 1
_TIMERS = {1: "on", 2: "keepalive", 3: "timewait", 4: "persist"}
_SWAP = sys.byteorder == "little"


def inet_request(protocol: str, family: Family, request: Request) -> bytes:
    """The body of a dump request for one protocol and family."""
    from portsock.parse.diag_filter import port_filter

    number = PROTOCOLS[protocol]
    extensions = 0
    if request.info:
        extensions |= 1 << (_INFO - 1) | 1 << (_CONGESTION - 1)
    if request.memory:
        extensions |= 1 << (_SKMEMINFO - 1)
    states = ALL_STATES
    if protocol in STATEFUL and request.states is not None:
        states = sum(1 << value for value, state in STATES.items() if state in request.states)
    head = _REQUEST.pack(
        FAMILIES[family], min(number, 255), extensions, states, bytes(2), bytes(2), bytes(16), bytes(16), 0, 0, 0
    )
    if number > 255:
        head += attribute(_PROTOCOL, struct.pack("=I", number))
    if request.ports is not None and protocol != "raw":
        head += attribute(_BYTECODE, port_filter(request.ports))
    return head


def decode(
    buffer: bytes | bytearray | memoryview,
    bodies: Iterable[tuple[int, int]],
    protocol: str,
    family: Family,
    netns: Netns | None,
    request: Request,
) -> Iterator[SocketRecord]:
    """The sockets of one batch of messages. Raises GarbledMessage."""
    unpack, new, endpoint_of = _MESSAGE.unpack_from, tuple.__new__, _endpoint
    kind, ported = _TYPES.get(protocol), protocol != "raw"
    stateful = protocol in STATEFUL
    states = STATES if stateful else _DATAGRAM_STATES
    v6 = family is Family.IPV6
    extended = request.info or request.memory
    nothing = (None,) * (len(SocketRecord._fields) - 25)
    for at, end in bodies:
        if end - at < 72:
            raise GarbledMessage(f"an inet_diag message of {end - at} bytes")
        fields = unpack(buffer, at)
        _, code, timer, retransmits, sport, dport, source, destination, device, cookie, expires, rqueue, wqueue, uid, inode = fields
        state = states.get(code)
        local = endpoint_of(v6, ported, source, sport, device)
        remote: InetEndpoint | None = endpoint_of(v6, ported, destination, dport, device)
        if not dport and remote is not None and remote.address in WILDCARDS:
            remote = None
        listening = state is State.LISTEN
        if code == 7 and stateful and sport:
            state = State.BOUND
        v6only = info = memory = None
        if extended or (v6 and code in (7, 10)):
            more = attributes(buffer, at + 72, end)
            if _SKV6ONLY in more:
                v6only = more[_SKV6ONLY] != b"\0"
            if extended:
                info, memory = _info(more, request), _memory(more)
        record = (
            family,
            kind,
            protocol,
            None if ported else _host_order(sport),
            state,
            str(code) if state is None else None,
            local,
            remote,
            rqueue,
            wqueue,
            rqueue if listening else None,
            wqueue if listening else None,
            uid if inode else None,
            inode or None,
            None if cookie == _NO_COOKIE else cookie,
            None,
            v6only,
            netns,
            None,
            None,
            None,
            None,
            None,
            _timer(timer, expires, retransmits) if timer and request.timers and stateful else None,
            memory,
        )
        yield new(SocketRecord, record + (nothing if info is None and not device else (info, None, device or None)))


@lru_cache(maxsize=1 << 17)
def _endpoint(v6: bool, ported: bool, packed: bytes, port: int, device: int) -> InetEndpoint:
    """One endpoint; equal ones are one object, since both ends of a local connection name the same two."""
    if v6:
        address = unmap(inet_ntop(AF_INET6, packed))
        zone = str(device) if device and packed[0] == 0xFE and packed[1] & 0xC0 == 0x80 else None
    else:
        address, zone = inet_ntop(AF_INET, packed[:4]), None
    return InetEndpoint(address, _host_order(port) if ported else None, zone)


def _host_order(port: int) -> int:
    return (port & 255) << 8 | port >> 8 if _SWAP else port


def _timer(kind: int, expires: int, retransmits: int) -> Timer:
    return Timer(_TIMERS.get(kind, str(kind)), expires, retransmits)


def _memory(more: dict[int, bytes]) -> SocketMemory | None:
    """The nine words of INET_DIAG_SKMEMINFO; kernels before 3.9 and 4.8 give fewer."""
    words = more.get(_SKMEMINFO, b"")
    if len(words) < 32:
        return None
    return SocketMemory(*struct.unpack("=9I", words[:36].ljust(36, b"\0")))


def _info(more: dict[int, bytes], request: Request) -> dict[str, int | float | str | bool | None] | None:
    if not request.info or _INFO not in more:
        return None
    from portsock.parse.tcp_info import tcp_info

    return tcp_info(more[_INFO], more.get(_CONGESTION))
