"""Internet sockets from sock_diag: sock_diag(7), include/uapi/linux/inet_diag.h, net/ipv4/inet_diag.c."""

import struct
import sys
from collections.abc import Callable, Mapping, Sequence, Set
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Any

from portsock.addresses import WILDCARDS, unmap
from portsock.enums import DETAILS, Need
from portsock.model import Family, InetEndpoint, Netns, State, Timer
from portsock.parse.linux_codes import DATAGRAM_STATES, PROTOCOL_TYPES, TCP_STATES, TIMERS
from portsock.parse.netlink.message import NO_COOKIE, Buffer, attribute, attributes, check_lengths, socket_memory
from portsock.records import Request, SocketRecord

Decoder = Callable[[Buffer, Sequence[tuple[int, int]]], list[SocketRecord]]
"""Decodes the message bodies at these offsets of a buffer, see message.spans()."""

SOCK_DIAG_BY_FAMILY = 20

PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132, "udplite": 136, "raw": 255, "mptcp": 262}
"""IP protocol numbers. MPTCP's does not fit the request's byte and goes into an attribute. Ping sockets (icmp) have no diag
module."""
FAMILIES = {Family.IPV4: 2, Family.IPV6: 10}
"""AF_INET and AF_INET6 of Linux, whatever system runs this code."""
STATEFUL = frozenset({"tcp", "sctp", "mptcp"})
"""Protocols whose sockets the kernel can filter by state."""

ALL_STATES = (1 << 14) - 1
_CLOSED = 7
"""TCP_CLOSE: a TCP socket with a port is then bound, a datagram socket has no peer."""
_LISTEN = 10
_UNUSUAL = {_CLOSED, _LISTEN}
"""Codes of sockets that need more than their endpoints decoded: listeners and those without a peer."""
_NO_ADDRESS = bytes(16)

_REST = tuple(SocketRecord._field_defaults[name] for name in SocketRecord._fields[SocketRecord._fields.index("netns") + 1 :])
"""The fields of a plain record behind its namespace: their defaults."""

_REQUEST = struct.Struct("=BBBxI2s2s16s16sIII")
_MESSAGE = struct.Struct("=xBBBHH16s16sIQIIIII")
"""State, timer, retransmits; ports (network order, read in the machine's), addresses, interface, cookie; expiry in
milliseconds, queues, uid, inode."""
ATTRIBUTES_AT = _MESSAGE.size
_BYTECODE, _PROTOCOL = 1, 3
_INFO, _CONGESTION, _SKMEMINFO, _SKV6ONLY = 2, 4, 7, 11
_COOKIE = struct.Struct("=44xQ")
_LOCAL_PORT = 4
"""Offset of the local port, in network order."""
_SWAP = sys.byteorder == "little"


def inet_request(protocol: str, family: Family, request: Request) -> bytes:
    """Return the body of a dump request for one protocol and family."""
    number = PROTOCOLS[protocol]
    extensions = 0
    if Need.INFO in request.needs:
        extensions |= 1 << (_INFO - 1) | 1 << (_CONGESTION - 1)
    if Need.MEMORY in request.needs:
        extensions |= 1 << (_SKMEMINFO - 1)
    states = ALL_STATES
    # SCTP's filter is for the endpoint's state: it would lose associations.
    if protocol in STATEFUL and protocol != "sctp" and request.states is not None:
        states = sum(1 << value for value, state in TCP_STATES.items() if state in request.states)
    # Kernels before 5.9 ignore the attribute. They have no module for protocol 0 and answer with an error.
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
    """Return a decoder of one dump. The decoder raises GarbledMessage."""
    ported = protocol != "raw"
    ends = _Endpoints(family is Family.IPV6, ported)
    states = TCP_STATES if protocol in STATEFUL else DATAGRAM_STATES
    usual, alone = _short_ways(protocol, family, request.needs)

    def decode(buffer: Buffer, bodies: Sequence[tuple[int, int]]) -> list[SocketRecord]:
        unpack, new, rest = _MESSAGE.unpack_from, tuple.__new__, _REST
        kind = PROTOCOL_TYPES.get(protocol)
        records = []
        for at, end in sort_by_port(buffer, bodies):
            fields = unpack(buffer, at)
            code, _, _, sport, dport, source, destination, device, cookie, _, rqueue, wqueue, uid, inode = fields
            remote = waiting = limit = None
            if dport and code in usual:
                state, remote = usual[code], ends[destination, dport, device]
            elif sport and not dport and code in alone and destination == _NO_ADDRESS:
                state = alone[code]
                if code == _LISTEN:
                    waiting, limit = rqueue, wqueue
            else:
                cookie = NO_COOKIE
            if device or cookie == NO_COOKIE:
                more = attributes(buffer, at + ATTRIBUTES_AT, end)
                record = _record(fields, ends, states, protocol, more, request.needs)
                records.append(record._replace(family=family, netns=netns))
                continue
            # Built by position in one call: nearly all sockets of a busy host take this path.
            records.append(
                new(
                    SocketRecord,
                    (family, kind, protocol, None, state, None, ends[source, sport, 0], remote,
                     rqueue, wqueue, waiting, limit, uid if inode else None, inode or None, cookie,
                     None, None, netns, *rest),
                )
            )  # fmt: skip
        return records

    return decode


def _short_ways(protocol: str, family: Family, needs: Set[Need]) -> tuple[Mapping[int, State], Mapping[int, State]]:
    """Return the states of sockets whose attributes say nothing that is needed, by code: with a peer, and without one.

    Of IPv6 sockets without a peer the attributes have IPV6_V6ONLY.
    """
    if protocol == "raw" or not DETAILS.isdisjoint(needs):
        return {}, {}
    states = TCP_STATES if protocol in STATEFUL else DATAGRAM_STATES
    usual = {code: state for code, state in states.items() if code not in _UNUSUAL}
    alone = {code: state for code, state in states.items() if code in _UNUSUAL and family is Family.IPV4}
    if protocol in STATEFUL and _CLOSED in alone:
        alone[_CLOSED] = State.BOUND
    return usual, alone


def sort_by_port(buffer: Buffer, bodies: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the messages by local port, which is about the order of the output. Raises GarbledMessage.

    Later passes then read memory in order. In the kernel's hash order 50,000 sockets take a tenth longer.
    """
    check_lengths(bodies, _MESSAGE.size, "an inet_diag")
    return sorted(bodies, key=lambda body: buffer[body[0] + _LOCAL_PORT] << 8 | buffer[body[0] + _LOCAL_PORT + 1])


def cookies(buffer: Buffer, bodies: Sequence[tuple[int, int]]) -> list[int]:
    """Return the cookies of one dump alone, in a tenth of the time of its records. Raises GarbledMessage."""
    check_lengths(bodies, _MESSAGE.size, "an inet_diag")
    return [_COOKIE.unpack_from(buffer, at)[0] for at, _ in bodies]


def _record(
    fields: tuple[Any, ...],
    ends: "_Endpoints",
    states: Mapping[int, State],
    protocol: str,
    more: dict[int, bytes],
    needs: Set[Need],
) -> SocketRecord:
    """Return one socket with every field but its family and namespace."""
    code, timer, retransmits, sport, dport, source, destination, device, cookie, expires, rqueue, wqueue, uid, inode = fields
    stateful, ported = protocol in STATEFUL, protocol != "raw"
    state = states.get(code)
    if code == _CLOSED and stateful and sport:
        state = State.BOUND
    listening = state is State.LISTEN
    remote: InetEndpoint | None = ends[destination, dport, device]
    # A socket without a connection may keep the address of its last attempt. Of SCTP's associations 7 is another state.
    if (not dport and remote is not None and remote.address in WILDCARDS) or (code == _CLOSED and protocol != "sctp"):
        remote = None
    timed = Timer(TIMERS.get(timer, str(timer)), expires, retransmits)
    return SocketRecord(
        Family.INET, PROTOCOL_TYPES.get(protocol), protocol, None if ported else _host_order(sport),
        state, str(code) if state is None else None, ends[source, sport, device], remote,
        rqueue, wqueue, rqueue if listening else None, wqueue if listening else None,
        uid if inode else None, inode or None, None if cookie == NO_COOKIE else cookie,
        v6only=more[_SKV6ONLY] != b"\0" if _SKV6ONLY in more else None,
        timer=timed if timer and Need.TIMERS in needs and stateful else None,
        memory=socket_memory(more.get(_SKMEMINFO, b"")) if Need.MEMORY in needs else None,
        info=_info(more, listening) if Need.INFO in needs and protocol == "tcp" else None,
        ifindex=device or None,
    )  # fmt: skip


class _Endpoints(dict[tuple[bytes, int, int], InetEndpoint]):
    """Endpoints by address, port and device as a message has them. Each is made once, since the two sockets of a local
    connection share both endpoints."""

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
        endpoint = self[key] = tuple.__new__(InetEndpoint, (address, number, zone, None, None, False, False))
        return endpoint


def _host_order(port: int) -> int:
    return (port & 255) << 8 | port >> 8 if _SWAP else port


def _info(more: dict[int, bytes], listening: bool) -> Mapping[str, int | float | str | bool | None] | None:
    """Return the details of a TCP socket: of a listener only the congestion control, since it measures nothing.

    For MPTCP and SCTP the same attribute holds other structures.
    """
    if _INFO not in more:
        return None
    from portsock.parse.netlink.tcp_info import LazyInfo

    return LazyInfo(b"" if listening else more[_INFO], more.get(_CONGESTION))
