"""Internet sockets by sock_diag: sock_diag(7), include/uapi/linux/inet_diag.h, net/ipv4/inet_diag.c."""

import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Any

from portsock.addresses import WILDCARDS, unmap
from portsock.model import Family, InetEndpoint, Netns, State, Timer
from portsock.parse.linux_tables import DATAGRAM_STATES, TCP_STATES, TIMERS, TYPES
from portsock.parse.netlink.memory import socket_memory
from portsock.parse.netlink.message import GarbledMessage, attribute, attributes
from portsock.records import Request, SocketRecord

Buffer = bytes | bytearray | memoryview
Decoder = Callable[[Buffer, Sequence[tuple[int, int]]], list[SocketRecord]]
"""The sockets of a dump: where its messages' bodies begin and end in the buffer, see netlink_message.spans()."""

SOCK_DIAG_BY_FAMILY = 20

PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132, "udplite": 136, "raw": 255, "mptcp": 262}
"""IP protocol numbers; MPTCP's does not fit the request's byte and goes into an attribute. Linux tells nothing of ping
sockets (icmp) this way."""
FAMILIES = {Family.IPV4: 2, Family.IPV6: 10}
"""Linux's numbers, wherever this is decoded."""
STATEFUL = frozenset({"tcp", "sctp", "mptcp"})
"""Protocols whose sockets the kernel can choose by state."""

ALL_STATES = (1 << 14) - 1

_REST = tuple(SocketRecord._field_defaults[name] for name in SocketRecord._fields[SocketRecord._fields.index("netns") + 1 :])
"""What a plain record says after its namespace: nothing."""
_UNUSUAL = {7, 10}
"""Codes of sockets with more to tell than their ends: listening, or without a peer."""

_REQUEST = struct.Struct("=BBBxI2s2s16s16sIII")
_MESSAGE = struct.Struct("=xBBBHH16s16sIQIIIII")
"""State, timer, retransmits; ports (network order, read as they lie), addresses, interface, cookie; expiry, queues,
uid, inode."""
_BYTECODE, _PROTOCOL = 1, 3
_INFO, _CONGESTION, _SKMEMINFO, _SKV6ONLY = 2, 4, 7, 11
_LOCAL_PORT = 4
"""Where it stands in a message, in network order."""
_NO_COOKIE = (1 << 64) - 1
_SWAP = sys.byteorder == "little"


def inet_request(protocol: str, family: Family, request: Request) -> bytes:
    """The body of a dump request for one protocol and family."""
    number = PROTOCOLS[protocol]
    extensions = 0
    if request.info:
        extensions |= 1 << (_INFO - 1) | 1 << (_CONGESTION - 1)
    if request.memory:
        extensions |= 1 << (_SKMEMINFO - 1)
    states = ALL_STATES
    if protocol in STATEFUL and protocol != "sctp" and request.states is not None:
        states = sum(1 << value for value, state in TCP_STATES.items() if state in request.states)
    # A kernel that does not know the attribute (before 5.9) has no module for protocol 0, and says so.
    byte = number if number < 256 else 0
    head = _REQUEST.pack(FAMILIES[family], byte, extensions, states, bytes(2), bytes(2), bytes(16), bytes(16), 0, 0, 0)
    if number > 255:
        head += attribute(_PROTOCOL, struct.pack("=I", number))
    if request.ports is not None and protocol != "raw":
        from portsock.parse.netlink.port_filter import port_filter

        code = port_filter(request.ports)
        if code:
            head += attribute(_BYTECODE, code)
    return head


def decoder(protocol: str, family: Family, netns: Netns | None, request: Request) -> Decoder:
    """Reads the messages of one dump. What it returns raises GarbledMessage."""
    ported = protocol != "raw"
    ends = _Endpoints(family is Family.IPV6, ported)
    states = TCP_STATES if protocol in STATEFUL else DATAGRAM_STATES
    usual = frozenset() if request.info or request.memory or request.timers or not ported else states.keys() - _UNUSUAL

    def decode(buffer: Buffer, bodies: Sequence[tuple[int, int]]) -> list[SocketRecord]:
        unpack, new, rest = _MESSAGE.unpack_from, tuple.__new__, _REST
        kind = TYPES.get(protocol)
        records = []
        for at, end in in_port_order(buffer, bodies):
            fields = unpack(buffer, at)
            code, _, _, sport, dport, source, destination, device, cookie, _, rqueue, wqueue, uid, inode = fields
            if device or not dport or code not in usual or cookie == _NO_COOKIE:
                record = _record(fields, ends, states, protocol, attributes(buffer, at + 72, end), request)
                records.append(record._replace(family=family, netns=netns))
                continue
            # By position and at once: nearly all sockets of a busy host come this way.
            records.append(
                new(
                    SocketRecord,
                    (family, kind, protocol, None, states[code], None, ends[source, sport, 0], ends[destination, dport, 0],
                     rqueue, wqueue, None, None, uid if inode else None, inode or None, cookie,
                     None, None, netns, *rest),
                )
            )  # fmt: skip
        return records

    return decode


def in_port_order(buffer: Buffer, bodies: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The messages by local port, in about the order in which rows are shown: all that is made of them then lies in memory as
    it is read, while the kernel's hash order costs a tenth of the time for 50,000 sockets. Raises GarbledMessage."""
    for at, end in bodies:
        if end - at < _MESSAGE.size:
            raise GarbledMessage(f"an inet_diag message of {end - at} bytes")
    return sorted(bodies, key=lambda body: buffer[body[0] + _LOCAL_PORT] << 8 | buffer[body[0] + _LOCAL_PORT + 1])


def _record(
    fields: tuple[Any, ...],
    ends: "_Endpoints",
    states: Mapping[int, State],
    protocol: str,
    more: dict[int, bytes],
    request: Request,
) -> SocketRecord:
    """One socket in full, all but its family and namespace."""
    code, timer, retransmits, sport, dport, source, destination, device, cookie, expires, rqueue, wqueue, uid, inode = fields
    stateful, ported = protocol in STATEFUL, protocol != "raw"
    state = states.get(code)
    if code == 7 and stateful and sport:
        state = State.BOUND
    listening = state is State.LISTEN
    remote: InetEndpoint | None = ends[destination, dport, device]
    if not dport and remote is not None and remote.address in WILDCARDS:
        remote = None
    return SocketRecord(
        Family.INET,
        TYPES.get(protocol),
        protocol,
        None if ported else _host_order(sport),
        state,
        str(code) if state is None else None,
        ends[source, sport, device],
        remote,
        rqueue,
        wqueue,
        rqueue if listening else None,
        wqueue if listening else None,
        uid if inode else None,
        inode or None,
        None if cookie == _NO_COOKIE else cookie,
        v6only=more[_SKV6ONLY] != b"\0" if _SKV6ONLY in more else None,
        timer=Timer(TIMERS.get(timer, str(timer)), expires, retransmits) if timer and request.timers and stateful else None,
        memory=socket_memory(more.get(_SKMEMINFO, b"")) if request.memory else None,
        info=_info(more, listening) if request.info and protocol == "tcp" else None,
        ifindex=device or None,
    )


class _Endpoints(dict[tuple[bytes, int, int], InetEndpoint]):
    """Endpoints by address, port and device as they lie in a message, each made once: both ends of a local connection name
    the same two."""

    def __init__(self, v6: bool, ported: bool) -> None:
        self._v6 = v6
        self._ported = ported
        self._addresses: dict[bytes, str] = {}

    def __missing__(self, key: tuple[bytes, int, int]) -> InetEndpoint:
        packed, port, device = key
        address = self._addresses.get(packed)
        if address is None:
            address = inet_ntop(AF_INET, packed[:4]) if not self._v6 else unmap(inet_ntop(AF_INET6, packed))
            self._addresses[packed] = address
        zone = str(device) if device and self._v6 and packed[0] == 0xFE and packed[1] & 0xC0 == 0x80 else None
        number = _host_order(port) if self._ported else None
        made = self[key] = tuple.__new__(InetEndpoint, (address, number, zone, None, None, False, False))
        return made


def _host_order(port: int) -> int:
    return (port & 255) << 8 | port >> 8 if _SWAP else port


def _info(more: dict[int, bytes], listening: bool) -> dict[str, int | float | str | bool | None] | None:
    """The details of a TCP socket; of a listener the congestion control only, since it measures nothing.

    The same attribute holds other structures for MPTCP and SCTP.
    """
    if _INFO not in more:
        return None
    from portsock.parse.netlink.tcp_info import tcp_info

    return tcp_info(b"" if listening else more[_INFO], more.get(_CONGESTION))
