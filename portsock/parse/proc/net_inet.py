"""Rows of /proc/net/{tcp,udp,udplite,raw,icmp} and their IPv6 twins: proc(5), net/ipv4/tcp_ipv4.c get_tcp4_sock()."""

import sys
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Literal

from portsock.addresses import WILDCARDS, unmap
from portsock.model import Family, InetEndpoint, Netns, State, Timer
from portsock.parse.linux_codes import DATAGRAM_STATES, DISCONNECTED, PROTOCOL_TYPES, TCP_STATES, TIMERS
from portsock.records import SocketRecord

ByteOrder = Literal["little", "big"]

TABLES: dict[str, tuple[str, Family]] = {
    "tcp": ("tcp", Family.IPV4), "tcp6": ("tcp", Family.IPV6), "udp": ("udp", Family.IPV4), "udp6": ("udp", Family.IPV6),
    "udplite": ("udplite", Family.IPV4), "udplite6": ("udplite", Family.IPV6),
    "raw": ("raw", Family.IPV4), "raw6": ("raw", Family.IPV6), "icmp": ("icmp", Family.IPV4), "icmp6": ("icmp", Family.IPV6),
}  # fmt: skip
"""Protocol and family of the rows of each file."""

_TCP_STATES = {f"{code:02X}": state for code, state in TCP_STATES.items()}
_DATAGRAM_STATES = {f"{code:02X}": state for code, state in DATAGRAM_STATES.items()}

_ICMP_NUMBERS = {Family.IPV4: 1, Family.IPV6: 58}
"""IPPROTO_ICMP and IPPROTO_ICMPV6."""

_TIMERS = {f"{code:02X}": word for code, word in TIMERS.items()}
"""The 'tr' column."""

_PORT_DIGITS, _STATE_DIGITS, _TRIES_DIGITS = 4, 2, 8
_LONGEST_TIMER = len("tr:") + 16
"""The time of a timer has 8 digits, 16 where it is negative."""
_DIGITS, _LONGEST_PAIR = 20, 33
"""The most digits of a number of 64 bits, and the most characters of two such numbers as 'HEX:HEX'."""
_MS_PER_TICK = 10
"""'tm->when' is in units of USER_HZ, which is 100 on every architecture that still runs Linux."""


def parse_inet_line(
    line: str,
    protocol: str,
    family: Family,
    byteorder: ByteOrder = sys.byteorder,
    timers: bool = False,
    netns: Netns | None = None,
) -> SocketRecord | None:
    """Return the socket of one row, or None for a header or an incomplete row.

    `byteorder`: that of the machine that printed the row. Addresses are printed as 32-bit words in that order.
    """
    fields = line.split(None, 10)
    try:
        slot, local_text, remote_text, code, queues, timer, retransmits, uid, _, inode_text = fields[:10]
        local_address, local_number = parse_hex_endpoint(local_text, family, byteorder)
        remote_address, remote_number = parse_hex_endpoint(remote_text, family, byteorder)
        send_q, recv_q = _pair(queues)
        owner, inode = _decimal(uid), _decimal(inode_text)
    except ValueError:
        return None
    if slot[-1] != ":" or len(code) != _STATE_DIGITS or len(timer) > _LONGEST_TIMER or len(retransmits) > _TRIES_DIGITS:
        return None
    ports = protocol not in {"raw", "icmp"}
    local = InetEndpoint(local_address, local_number) if ports else _portless(local_address, local_number, protocol)
    state = _state(code, protocol, local_number)
    remote = None
    # A socket without a connection may keep the address of its last attempt.
    if state not in DISCONNECTED and (remote_number or remote_address not in WILDCARDS):
        remote = InetEndpoint(remote_address, remote_number if ports else None)
    listening = state is State.LISTEN
    number = None if ports else local_number if protocol == "raw" else _ICMP_NUMBERS.get(family)
    return SocketRecord(
        family, PROTOCOL_TYPES.get(protocol), protocol, number, state, None if state else code, local, remote,
        recv_q, None if listening else send_q, recv_q if listening else None,
        uid=owner if inode else None, inode=inode or None, netns=netns,
        timer=_timer(timer, retransmits) if timers and protocol == "tcp" else None,
    )  # fmt: skip


def _portless(address: str, number: int, protocol: str) -> InetEndpoint:
    """Return the endpoint of a raw or ping socket. Where others have a port, a ping socket has the identifier of its echo
    requests: net/ipv4/ping.c ping_v4_format_sock()."""
    return InetEndpoint(address, None, label=str(number) if protocol == "icmp" and number else None)


def _state(code: str, protocol: str, port: int) -> State | None:
    if protocol != "tcp":
        return _DATAGRAM_STATES.get(code)
    state = _TCP_STATES.get(code.upper())
    return State.BOUND if state is State.CLOSED and port else state


def parse_hex_endpoint(text: str, family: Family, byteorder: ByteOrder) -> tuple[str, int]:
    """Return (address, port) of 'HEX:PORT'. Raises ValueError for anything else, and for the other family."""
    address, _, port = text.partition(":")
    if len(port) != _PORT_DIGITS:
        raise ValueError(text)
    return parse_hex_address(address, family, byteorder), int.from_bytes(bytes.fromhex(port))


@lru_cache(maxsize=65536)
def parse_hex_address(text: str, family: Family, byteorder: ByteOrder) -> str:
    """Return the address of 8 or 32 hexadecimal digits, an IPv4-mapped one as plain IPv4. Raises ValueError for others."""
    packed = bytes.fromhex(text)
    if len(packed) != (4 if family is Family.IPV4 else 16) or len(text) != 2 * len(packed):
        raise ValueError(text)
    if byteorder == "little":
        packed = b"".join(packed[start : start + 4][::-1] for start in range(0, len(packed), 4))
    if family is Family.IPV4:
        return inet_ntop(AF_INET, packed)
    return unmap(inet_ntop(AF_INET6, packed))


def _pair(text: str) -> tuple[int, int]:
    """Return the two numbers of 'HEX:HEX'. Raises ValueError for anything else."""
    first, colon, second = text.partition(":")
    if not (colon and first and second) or len(text) > _LONGEST_PAIR:
        raise ValueError(text)
    return int.from_bytes(bytes.fromhex(first)), int.from_bytes(bytes.fromhex(second))


def _decimal(text: str) -> int:
    """Return a number of ASCII digits. Raises ValueError for '8_0' and digits of other scripts, which int() accepts."""
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        raise ValueError(text)
    return int(text)


def _timer(text: str, retransmits: str) -> Timer | None:
    """Return the pending timer of the columns 'tr:tm->when' and 'retrnsmt', or None for no timer or malformed columns."""
    kind, _, when = text.partition(":")
    try:
        if not int.from_bytes(bytes.fromhex(kind)):
            return None
        ticks, count = int.from_bytes(bytes.fromhex(when)), int.from_bytes(bytes.fromhex(retransmits))
    except ValueError:
        return None
    overdue = len(when) > 8  # kernels before 3.13 printed a negative time as a 64-bit number
    return Timer(_TIMERS.get(kind, kind), 0 if overdue else ticks * _MS_PER_TICK, count)
