"""Sockets of lsof, from the columns that the table, -F fields and JSON share: lsof(8), 'OUTPUT'.

lsof has a row for every descriptor. Rows of one socket share its inode (Linux) or the address of the kernel's object.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from portsock.enums import parse_state
from portsock.model import Family, InetEndpoint, PacketEndpoint, SocketType, State, UnixEndpoint
from portsock.parse.listings.endpoint_text import colon_endpoint, unix_endpoint
from portsock.parse.listings.internet import fill_wildcard, internet_record
from portsock.parse.listings.numbers import number
from portsock.parse.proc.net_inet import parse_hex_endpoint
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

SOCKET_TYPES = frozenset({"IPv4", "IPv6", "inet", "unix", "sock", "netlink", "pack", "raw", "raw6"})
"""TYPE columns of sockets on Linux, macOS and FreeBSD."""
INTERNET_OR_PACKET = frozenset({"IPv4", "IPv6", "inet", "pack"})
"""TYPEs whose DEVICE column is the inode and whose NODE column is the protocol."""

_ETHERTYPES = {"ALL": 3, "LOOP": 0x60, "IP": 0x0800, "ARP": 0x0806, "RARP": 0x8035, "8021Q": 0x8100, "IPV6": 0x86DD}
"""lsof's names of the most frequent packet protocols; others it prints as a number."""
_MOST_ETHERTYPE = 0xFFFF
_UNIX_STATES = {"UNCONNECTED": State.UNCONN, "CONNECTED": State.ESTABLISHED}
_UNLISTED = {"TCP": "tcp4", "UDP": "udp4", "RAW": "raw4", "PING": "icmp4", "UDP-Lite": "udplite4",
             "TCPv6": "tcp6", "UDPv6": "udp6", "RAWv6": "raw6", "PINGv6": "icmp6", "UDPLITEv6": "udplite6"}  # fmt: skip
"""The kernel's protocol names (struct proto), for sockets that lsof found in no table of /proc/net: idle ones, and those of
another network namespace."""
_UNLISTED_FAMILIES = {
    "NETLINK": Family.NETLINK, "UNIX": Family.UNIX, "UNIX-STREAM": Family.UNIX, "PACKET": Family.PACKET,
    "AF_VSOCK": Family.VSOCK,
}  # fmt: skip
_ESCAPE = re.compile(r"((?:\\x[0-9a-f]{2})+)|\\([bfnrt\\])|\^([@-_?])")
_PLAIN = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
_TYPED = re.compile(r"(?:^| )type=([A-Z]{3,9})(?: ->INO=(\d{1,20}))?(?= \d|$)")
"""The text behind the path. With +E it has also the peer's inode and the peer's holders: '7,name,3u'."""


class Row(NamedTuple):
    """The columns, or fields, of one descriptor. A missing one is an empty text."""

    kind: str
    """The TYPE column: IPv4, unix …"""
    device: str
    node: str
    """The inode, or the protocol's name."""
    name: str
    """Addresses or path, without the parentheses at the end."""
    info: str
    """The text in the parentheses: state and queues, 'LISTEN QR=0 QS=0'."""


class Sockets:
    """Collects the descriptors of a section and returns each socket once, with all its holders."""

    def __init__(self) -> None:
        self.skipped = 0
        """Rows that could not be parsed."""
        self._found: dict[object, SocketRecord] = {}
        """With the holder of its first row."""
        self._several: dict[object, dict[tuple[int | None, int | None], Holder]] = {}
        """The holders of sockets with more rows."""

    def add(self, row: Row, holder: Holder, services: Services) -> bool:
        """Add a descriptor. Returns whether the row could be parsed."""
        record = parse_socket(row, services)
        if record is None:
            self.skipped += 1
            return False
        key = _identity(row) or len(self._found)
        if not self.add_holder(key, holder):
            self.add_record(key, record._replace(holders=(holder,)))
        return True

    def add_holder(self, key: object, holder: Holder) -> bool:
        """Add the holder of another row of a socket. Returns False for a new socket. `key`: see _identity."""
        known = self._found.get(key)
        if known is None:
            return False
        holders = self._several.setdefault(key, {(each.pid, each.fd): each for each in known.holders or ()})
        holders.setdefault((holder.pid, holder.fd), holder)  # a thread's row repeats its process's
        return True

    def add_record(self, key: object, record: SocketRecord) -> None:
        """Add a new socket with its first holder."""
        self._found[key] = record

    def take(self) -> Iterable[SocketRecord]:
        """Return all sockets so far, and forget them."""
        found, several = self._found, self._several
        self._found, self._several = {}, {}
        for key, holders in several.items():
            found[key] = found[key]._replace(holders=tuple(holders.values()))
        return list(found.values())


def unescape(text: str) -> str:
    r"""Return a name without lsof's escapes: '\x20', '\n', '\\', '^A'. An escape that was cut stays as it is."""
    if "\\" not in text and "^" not in text:
        return text
    return _ESCAPE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return bytes.fromhex(match[1].replace("\\x", "")).decode("utf-8", "surrogateescape")
    if match[2]:
        return _PLAIN[match[2]]
    return chr(ord(match[3]) ^ 0x40)


def _identity(row: Row) -> object:
    """Return a key that the rows of one socket share, or None where there is none."""
    inode = _inode(row)
    if inode is not None:
        return (row.kind, inode)
    return (row.kind, row.device) if row.device.startswith("0x") and row.device.strip("0x") else None


def _inode(row: Row) -> int | None:
    return number(row.device if row.kind in INTERNET_OR_PACKET else row.node) or None


def parse_socket(row: Row, services: Services) -> SocketRecord | None:
    """Return the record without its holders, or None where the row is malformed."""
    if row.kind == "unix":
        return _unix(row)
    if row.kind in ("raw", "raw6"):
        return _raw(row)
    if row.kind in ("sock", "netlink", "pack"):
        return _other(row)
    return _internet(row, services)


def _internet(row: Row, services: Services) -> SocketRecord | None:
    word = row.node.lower() or "unknown"
    ends = row.name.split(None, 1)  # +E appends the processes at the remote end, after a space
    local_text, _, remote_text = ends[0].partition("->") if ends else ("", "", "")
    local = colon_endpoint(local_text, word, services)
    remote = colon_endpoint(remote_text, word, services) if remote_text else None
    if local is None and local_text and not row.name.startswith(("no PCB", "can't identify")):
        return None
    if remote is None and remote_text:
        return None
    state, recv_q, send_q = _info(row.info)
    family = {"IPv4": Family.IPV4, "IPv6": Family.IPV6}.get(row.kind, Family.INET)
    record = internet_record(word, local, remote, state, recv_q=recv_q, send_q=send_q, inode=_inode(row))
    if family is not Family.INET:
        record = record._replace(local=fill_wildcard(local, family))
    return record._replace(family=family)


def _info(text: str) -> tuple[str | None, int | None, int | None]:
    """Return (state, receive queue, send queue) of 'LISTEN QR=0 QS=0'."""
    state, recv_q, send_q = None, None, None
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals or name == "ST":
            state = state or value or name
        elif name == "QR":
            recv_q = number(value)
        elif name == "QS":
            send_q = number(value)
    return state, recv_q, send_q


def _unix(row: Row) -> SocketRecord:
    """Parse '/run/x type=STREAM ->INO=2 7,name,3u', '->0x…' (BSD), 'socket' (no name), and the bare path of old versions."""
    path, kind, peer = row.name, "", None
    for match in _TYPED.finditer(row.name):  # the last counts: a path may contain such words
        path, kind, peer = row.name[: match.start()], match[1], match[2]
    connected = path.startswith("->")
    unnamed = connected or path in ("", "socket", "(none)")
    word, recv_q, send_q = _info(row.info)
    state = _UNIX_STATES.get(word or "") or (parse_state(word) if word else None)
    if state is None and connected:
        state = State.ESTABLISHED
    return SocketRecord(
        Family.UNIX, SocketType.__members__.get(kind), "unix", None, state, None if state else word,
        UnixEndpoint(None) if unnamed else unix_endpoint(unescape(path)), None, recv_q, send_q,
        inode=_inode(row), peer_inode=int(peer) if peer else None,
    )  # fmt: skip


def _raw(row: Row) -> SocketRecord | None:
    """Parse '0100007F:0001->00000000:0000 st=07', as in /proc/net/raw: the local port is the IP protocol number."""
    six = row.kind == "raw6"
    family = Family.IPV6 if six else Family.IPV4
    try:
        ends = [parse_hex_endpoint(text, family, "little") for text in row.name.partition(" ")[0].split("->")]
    except ValueError:
        return None
    if len(ends) != 2:
        return None
    (local, protocol), (remote, _) = ends
    record = internet_record(row.kind if six else "raw4", InetEndpoint(local, None), InetEndpoint(remote, None))
    return record._replace(number=protocol, inode=_inode(row))


def _other(row: Row) -> SocketRecord:
    if row.kind != "pack":
        protocol = "NETLINK" if row.kind == "netlink" else row.name.removeprefix("protocol: ").strip()
        if protocol in _UNLISTED:
            return internet_record(_UNLISTED[protocol], None, None, inode=_inode(row))._replace(state=None)
        family = _UNLISTED_FAMILIES.get(protocol)
        name = family.value if family else "unknown"
        return SocketRecord(family or Family.INET, None, name, None, None, None, None, None, inode=_inode(row))
    ethertype = _ETHERTYPES.get(row.node.upper(), number(row.node, 5))
    if ethertype is not None and ethertype > _MOST_ETHERTYPE:
        ethertype = None
    socket_type = SocketType.__members__.get(row.name.partition("type=SOCK_")[2].partition(" ")[0])
    local = PacketEndpoint(ethertype, None)
    return SocketRecord(Family.PACKET, socket_type, "packet", None, None, None, local, None, inode=_inode(row))
