"""What lsof tells of a socket, whichever way it was printed (table, -F fields, JSON): lsof(8), 'OUTPUT'.

lsof has a row for every descriptor; rows of one socket share its inode (Linux) or the address of the kernel's object.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from portsock.enums import parse_state
from portsock.model import Family, InetEndpoint, PacketEndpoint, SocketType, State, UnixEndpoint
from portsock.parse.listings.endpoint_text import colon_endpoint
from portsock.parse.listings.internet import internet_record
from portsock.parse.proc.net_inet import parse_address
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

SOCKET_TYPES = frozenset({"IPv4", "IPv6", "inet", "unix", "sock", "netlink", "pack", "raw", "raw6"})
"""The TYPE of sockets: on Linux, macOS and FreeBSD."""

_UNIX_TYPES = {
    "STREAM": SocketType.STREAM,
    "DGRAM": SocketType.DGRAM,
    "SEQPACKET": SocketType.SEQPACKET,
    "RAW": SocketType.RAW,
    "RDM": SocketType.RDM,
}
_UNIX_STATES = {"UNCONNECTED": State.UNCONN, "CONNECTED": State.ESTABLISHED}
_SOCK = {"TCP": ("tcp4", "TCP"), "UDP": ("udp4", "UDP"), "RAW": ("raw4", "RAW"), "PING": ("icmp4", "PING"),
         "UDP-Lite": ("udplite4", "UDPLITE"), "TCPv6": ("tcp6", "TCP"), "UDPv6": ("udp6", "UDP"), "RAWv6": ("raw6", "RAW"),
         "PINGv6": ("icmp6", "PING"), "UDPLITEv6": ("udplite6", "UDPLITE")}  # fmt: skip
"""The kernel's protocol names (struct proto) where lsof found the socket in none of the tables: bound and idle, or of another
network namespace."""
_OTHERS = {
    "NETLINK": Family.NETLINK,
    "UNIX": Family.UNIX,
    "UNIX-STREAM": Family.UNIX,
    "PACKET": Family.PACKET,
    "AF_VSOCK": Family.VSOCK,
}
_ESCAPE = re.compile(r"((?:\\x[0-9a-f]{2})+)|\\([bfnrt\\])|\^([@-_?])")
_PLAIN = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
_TYPED = re.compile(r"(?:^| )type=([A-Z]{3,9})(?: ->INO=(\d{1,20}))?(?= \d|$)")
"""What follows the path; with +E also the peer's inode, and then who holds that: '7,name,3u'."""


class Told(NamedTuple):
    """What a row or a set of fields tells of one descriptor; empty text where it does not."""

    kind: str
    """The TYPE column: IPv4, unix …"""
    device: str
    node: str
    """The inode, or the protocol's name."""
    name: str
    """Addresses or path, without what stands in parentheses at the end."""
    info: str
    """What stands there: state and queues, 'LISTEN QR=0 QS=0'."""


class Sockets:
    """Collects descriptors until the section ends, then gives each socket once, with all its holders."""

    def __init__(self) -> None:
        self._found: dict[object, tuple[SocketRecord, dict[tuple[int | None, int | None], Holder]]] = {}

    def add(self, told: Told, holder: Holder, services: Services) -> bool:
        """Whether what was told could be understood."""
        record = record_of(told, services)
        if record is None:
            return False
        place = _identity(told) or len(self._found)
        holders = self._found.setdefault(place, (record, {}))[1]
        holders.setdefault((holder.pid, holder.fd), holder)  # a thread's row repeats its process's
        return True

    def take(self) -> Iterable[SocketRecord]:
        """All sockets so far, which are then forgotten."""
        found, self._found = self._found, {}
        for record, holders in found.values():
            yield record._replace(holders=tuple(holders.values()))


def unescaped(text: str) -> str:
    r"""A name without lsof's escapes: '\x20', '\n', '\\', '^A'; what is cut in the middle of one stays as it is."""
    if "\\" not in text and "^" not in text:
        return text
    return _ESCAPE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return bytes.fromhex(match[1].replace("\\x", "")).decode("utf-8", "surrogateescape")
    if match[2]:
        return _PLAIN[match[2]]
    return chr(ord(match[3]) ^ 0x40)


def _identity(told: Told) -> object:
    """What rows of one socket share, or None where nothing does."""
    inode = _inode(told)
    if inode is not None:
        return (told.kind, inode)
    return (told.kind, told.device) if told.device.startswith("0x") and told.device.strip("0x") else None


def _inode(told: Told) -> int | None:
    text = told.device if told.kind in ("IPv4", "IPv6", "inet", "pack") else told.node
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 20 and text.strip("0") else None


def record_of(told: Told, services: Services) -> SocketRecord | None:
    """The record, still without holders; None where it cannot be read."""
    if told.kind == "unix":
        return _unix(told)
    if told.kind in ("raw", "raw6"):
        return _raw(told)
    if told.kind in ("sock", "netlink", "pack"):
        return _other(told)
    return _internet(told, services)


def _internet(told: Told, services: Services) -> SocketRecord | None:
    word = told.node.lower() or "unknown"
    ends = told.name.split(None, 1)  # what +E adds, the processes at the other end, follows behind a space
    local_text, _, remote_text = ends[0].partition("->") if ends else ("", "", "")
    local = colon_endpoint(local_text, word, services)
    remote = colon_endpoint(remote_text, word, services) if remote_text else None
    if local is None and local_text and not told.name.startswith(("no PCB", "can't identify")):
        return None
    if remote is None and remote_text:
        return None
    state, recv_q, send_q = _info(told.info)
    family = {"IPv4": Family.IPV4, "IPv6": Family.IPV6}.get(told.kind, Family.INET)
    record = internet_record(word, local, remote, state, recv_q=recv_q, send_q=send_q, inode=_inode(told))
    if local is not None and local.address == "*" and family is not Family.INET:
        record = record._replace(local=local._replace(address="::" if family is Family.IPV6 else "0.0.0.0"))
    return record._replace(family=family)


def _info(text: str) -> tuple[str | None, int | None, int | None]:
    """(state, receive queue, send queue) of 'LISTEN QR=0 QS=0'."""
    state, recv_q, send_q = None, None, None
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals or name == "ST":
            state = state or value or name
        elif name == "QR":
            recv_q = _number(value)
        elif name == "QS":
            send_q = _number(value)
    return state, recv_q, send_q


def _unix(told: Told) -> SocketRecord:
    """'/run/x type=STREAM ->INO=2 7,name,3u', '->0x…' (BSD), 'socket' (no name), and older ones: the path alone."""
    path, kind, peer = told.name, "", None
    for match in _TYPED.finditer(told.name):  # the last counts: a path may hold such words, too
        path, kind, peer = told.name[: match.start()], match[1], match[2]
    connected = path.startswith("->")
    unnamed = connected or path in ("", "socket", "(none)")
    word, recv_q, send_q = _info(told.info)
    state = _UNIX_STATES.get(word or "") or (parse_state(word) if word else None)
    return SocketRecord(
        Family.UNIX,
        _UNIX_TYPES.get(kind),
        "unix",
        None,
        State.ESTABLISHED if connected and state is None else state,
        None if state else word,
        UnixEndpoint(None) if unnamed else _unix_endpoint(unescaped(path)),
        None,
        recv_q,
        send_q,
        inode=_inode(told),
        peer_inode=int(peer) if peer else None,
    )


def _unix_endpoint(path: str) -> UnixEndpoint:
    name = path.encode("utf-8", "surrogateescape")
    return UnixEndpoint(name[1:], True) if name[:1] == b"@" else UnixEndpoint(name)


def _raw(told: Told) -> SocketRecord | None:
    """'0100007F:0001->00000000:0000 st=07', as /proc/net/raw prints it: the port is the IP protocol's number."""
    six = told.kind == "raw6"
    family = Family.IPV6 if six else Family.IPV4
    ends = []
    for text in told.name.partition(" ")[0].split("->"):
        address, _, number = text.partition(":")
        try:
            ends.append((parse_address(address, family, "little"), int(number, 16)))
        except ValueError:
            return None
    if len(ends) != 2:
        return None
    local, remote = (InetEndpoint(address, None) for address, _ in ends)
    return internet_record("raw6" if six else "raw4", local, remote, inode=_inode(told))._replace(number=ends[0][1])


def _other(told: Told) -> SocketRecord | None:
    kind = told.kind
    if kind == "sock":
        protocol = told.name.removeprefix("protocol: ").strip()
        if protocol in _SOCK:
            record = internet_record(_SOCK[protocol][0], None, None, inode=_inode(told))
            return record._replace(state=None)
        family = _OTHERS.get(protocol)
        if family is None:
            return SocketRecord(Family.INET, None, "unknown", None, None, None, None, None, inode=_inode(told))
        return SocketRecord(family, None, family.value, None, None, None, None, None, inode=_inode(told))
    if kind == "netlink":
        return SocketRecord(Family.NETLINK, None, "netlink", None, None, None, None, None, inode=_inode(told))
    ethertype = 3 if told.node == "ALL" else None
    socket_type = _UNIX_TYPES.get(told.name.partition("type=SOCK_")[2].partition(" ")[0])
    local = PacketEndpoint(ethertype, None)
    return SocketRecord(Family.PACKET, socket_type, "packet", None, None, None, local, None, inode=_inode(told))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
