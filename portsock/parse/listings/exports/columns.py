"""Columns and keys of exported sockets by the names that tools give them, and the record of one row.

A row is a sequence of values, a Layout has the places of the known ones. Texts and JSON values are read alike.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from portsock.enums import parse_state
from portsock.model import InetEndpoint, Notice, State
from portsock.parse.linux_codes import DATAGRAM_STATES, TCP_STATES
from portsock.parse.listings.endpoint_text import colon_endpoint, inet_endpoint, split_identifier
from portsock.parse.listings.internet import internet_record, protocol_name
from portsock.parse.listings.numbers import PID_DIGITS, is_number, number
from portsock.parse.listings.reader import skipped
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

Row = Sequence[object]


class Layout(NamedTuple):
    """The places of the columns with each meaning, the best first."""

    protocol: tuple[int, ...]
    class_name: tuple[int, ...]
    local: tuple[int, ...]
    local_port: tuple[int, ...]
    remote: tuple[int, ...]
    remote_port: tuple[int, ...]
    state: tuple[int, ...]
    pid: tuple[int, ...]
    name: tuple[int, ...]
    user: tuple[int, ...]
    inode: tuple[int, ...]
    recv_q: tuple[int, ...]
    send_q: tuple[int, ...]
    kernel: tuple[int, ...]

    @property
    def has_sockets(self) -> bool:
        """True where a row can be read: it has a local address, and a port or a whole endpoint."""
        return bool(self.local)

    @property
    def resembles_sockets(self) -> bool:
        """True where only the local address is missing."""
        return bool(self.local_port or (self.remote and (self.remote_port or self.state)))


_NAMES = {
    "protocol": "proto protocol netid transport transportprotocol l4proto",
    "class_name": "cimclass cimsystemproperties pstypenames",
    "local": "localaddress localaddr localip laddr local localendpoint localaddressport localipaddress",
    "local_port": "localport lport localportnum localportnumber",
    "remote": "remoteaddress remoteaddr remoteip raddr remote remoteendpoint foreignaddress foreign peeraddress"
    " peer foreignaddr peeraddr remoteaddressport foreignaddressport peeraddressport remoteipaddress",
    "remote_port": "remoteport rport foreignport peerport remoteportnum foreignportnum peerportnum",
    "state": "state status tcpstate connectionstate",
    "pid": "pid owningprocess processid owningprocessid owningpid ownerpid",
    "name": "processname programname process owningprocessname procname program imagename exename command",
    "user": "username user owner",
    "inode": "inode",
    "recv_q": "recvq",
    "send_q": "sendq",
    "kernel": "txqueue",
}
"""Field of Layout → names in small letters, without spaces and signs, the best first."""
_MEANINGS = {
    name: (Layout._fields.index(field), rank) for field, names in _NAMES.items() for rank, name in enumerate(names.split())
}
_WINDOWS_STATES = {
    "1": "Closed", "2": "Listen", "3": "SynSent", "4": "SynReceived", "5": "Established", "6": "FinWait1", "7": "FinWait2",
    "8": "CloseWait", "9": "Closing", "10": "LastAck", "11": "TimeWait", "12": "DeleteTCB", "100": "Bound",
}  # fmt: skip
"""MSFT_NetTCPConnection.State. JSON and some tables print the number."""
_DATAGRAM_STATES = {str(code): state for code, state in DATAGRAM_STATES.items()}
_KERNEL_STATES = {f"{code:02X}": state for code, state in TCP_STATES.items()}
_PROTOCOL_NUMBERS = {"6": "tcp", "17": "udp"}
_NO_VALUE = frozenset({"", "-", "N/A", "n/a", "null", "None"})
_OWNERS = re.compile(r"(?:^|(?<=\]))([^\[\]]{0,200})\[(\d{1,10}(?:/\d{1,10})?(?:,\d{1,10}(?:/\d{1,10})?){0,999})\]")
_LONGEST = 4000
"""Characters of the longest value that is read."""


@lru_cache(maxsize=512)
def layout_of(names: tuple[str, ...]) -> Layout:
    """Return the layout of a header, or of the keys of an object."""
    found: list[list[tuple[int, int]]] = [[] for _ in Layout._fields]
    for at, name in enumerate(names):
        plain = "".join(filter(str.isalnum, name[:60])).lower()
        if plain in _MEANINGS:
            meaning, rank = _MEANINGS[plain]
            found[meaning].append((rank, at))
    return Layout(*(tuple(at for _, at in sorted(places)) for places in found))


def text_of(value: object) -> str:
    """Return a value as a text: '' for none, the name of an enumeration member or a class, 'address:port' of an endpoint."""
    if isinstance(value, str):
        return value.strip() if len(value) < _LONGEST else ""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return str(value) if -(1 << 64) < value < 1 << 64 else ""
    if isinstance(value, Mapping):
        for name in ("CimClassName", "ClassName"):
            if name in value:
                return str(value[name])[:_LONGEST]
        address, port = (next((text_of(value[name]) for name in names if name in value), "") for names in _ENDPOINT_KEYS)
        if address and port:
            return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        members = [value[name] for name in ("Value", "value") if name in value]
        return next((text for text in members if isinstance(text, str)), "") or (text_of(members[0]) if members else "")
    return ""


_ENDPOINT_KEYS = (("address", "ip", "addr", "host", "Address"), ("port", "Port"))


def first(row: Row, places: tuple[int, ...]) -> str:
    """Return the first of these values that there is, as a text, else ''."""
    for at in places:
        if at < len(row):
            value = row[at]
            text = value if type(value) is str and value.isalnum() else text_of(value)
            if text not in _NO_VALUE:
                return text
    return ""


_MOST_STATE_DIGITS = 2


class RowParser:
    """Parses rows, and counts those that are no sockets."""

    def __init__(self, services: Services, tcp_columns: bool = False) -> None:
        """`tcp_columns`: only TCP sockets have remote addresses and states here, as in PowerShell's objects."""
        self._services = services
        self._tcp_columns = tcp_columns
        self.skipped = 0
        self.without_protocol = 0

    def parse(self, layout: Layout, row: Row, protocol: str = "") -> SocketRecord | None:
        """Return the record of a row, or None for a row without local endpoint. `protocol`: where no column says."""
        record = self.read(layout, row, protocol)
        self.skipped += record is None
        return record

    def read(self, layout: Layout, row: Row, protocol: str = "") -> SocketRecord | None:
        """Return what parse() does, but do not count a row that is no socket: the driver counts its line."""
        record = self._record(layout, row, protocol)
        self.without_protocol += record is not None and record.protocol == "unknown"
        return record

    def remarks(self) -> tuple[Notice, ...]:
        """Return notices about rows that were not read, or not entirely."""
        return (*skipped(self.skipped), *without_protocol(self.without_protocol))

    def _record(self, layout: Layout, row: Row, protocol: str) -> SocketRecord | None:
        word = self._protocol(layout, row) or protocol
        local = self._endpoint(layout.local, layout.local_port, row, word)
        remote = None
        if layout.remote:
            remote = self._endpoint(layout.remote, layout.remote_port, row, word, "*", bool(layout.local_port))
        if local is None or (remote is None and first(row, layout.remote)):
            return None
        local, ip_protocol = split_identifier(local, protocol_name(word), first(row, layout.local_port))
        more: dict[str, Any] = {}
        if layout.recv_q or layout.send_q:
            more = {"recv_q": number(first(row, layout.recv_q)), "send_q": number(first(row, layout.send_q))}
        if layout.pid or layout.name:
            more["holders"] = _holders(layout, row)
        if layout.inode:
            more["inode"] = number(first(row, layout.inode)) or None
        state = first(row, layout.state)
        if layout.kernel:
            state = _KERNEL_STATES.get(state, state)
        elif state.isdecimal():
            state = self._numbered_state(state, word)
            if len(state) > _MOST_STATE_DIGITS and state.isdecimal():
                return None  # the pid of a row that lacks a cell
        if remote is not None and not remote.port and parse_state(state) is State.LISTEN:
            remote = None  # TCPView prints the host's name where a listener has no peer
        record = internet_record(word or "unknown", local, remote, state or None, **more)
        return record if ip_protocol is None else record._replace(number=ip_protocol)

    def _numbered_state(self, state: str, protocol: str) -> str:
        """Return the name of a number: Windows' of TCP, or the Linux kernel's, which netstat prints for raw sockets."""
        if self._tcp_columns:
            return _WINDOWS_STATES.get(state, state)
        return _DATAGRAM_STATES.get(state.lstrip("0"), state) if protocol_name(protocol) in ("raw", "icmp", "udp") else state

    def _protocol(self, layout: Layout, row: Row) -> str:
        """Return the protocol by its column, the class, or the columns that only TCP has; else ''."""
        word = first(row, layout.protocol)
        if word:
            return _PROTOCOL_NUMBERS.get(word, word)
        if layout.kernel:
            return "tcp"
        if layout.class_name:
            text = "".join([first(row, (at,)) for at in layout.class_name]).lower()
            for name in ("udp", "tcp"):
                if name in text:
                    return name
        only_tcp = self._tcp_columns and (first(row, layout.remote) or first(row, layout.state))
        return "tcp" if only_tcp else ""

    def _endpoint(
        self,
        addresses: tuple[int, ...],
        ports: tuple[int, ...],
        row: Row,
        protocol: str,
        no_port: str = "",
        alone: bool = False,
    ) -> InetEndpoint | None:
        """Return an endpoint. PowerShell cuts an address that does not fit its column, and appends '...' or '…'.

        `no_port`: the port where there is none; without one there is no endpoint then. `alone`: where ports have no column,
        addresses do not have them either.
        """
        address, port = first(row, addresses), first(row, ports) or no_port
        if address and not ports and not alone:
            return colon_endpoint(address, protocol, self._services)
        whole = address.removesuffix("…").removesuffix("...")
        if whole[-1:] == ":" and whole[-2:] != "::":  # the BSDs cut a long address to 16 characters
            return inet_endpoint(whole, port, protocol, self._services, True) if port else None
        return inet_endpoint(whole, port, protocol, self._services, whole != address) if port else None


def _holders(layout: Layout, row: Row) -> tuple[Holder, ...]:
    pid, name, user = first(row, layout.pid), first(row, layout.name), first(row, layout.user)
    if not layout.pid and name[-1:] == "]" and (named := _OWNERS.findall(name)):  # portsock's own: 'web[812/6,813/6] db[9/4]'
        ends = [(each.strip(), *end.partition("/")[::2]) for each, ends in named for end in ends.split(",")]
        return tuple(Holder(number(pid, PID_DIGITS), number(fd, PID_DIGITS), each or None) for each, pid, fd in ends)
    if not pid and layout.name and not layout.pid:
        before, _, behind = name.rpartition(":")  # 'svchost.exe:1012' of old TCPViews
        name, pid = (before, behind) if before and is_number(behind, PID_DIGITS) else (name, "")
    if name.startswith("[") and name.endswith(".exe]"):
        name = name[1:-1]
    found = number(pid, PID_DIGITS)
    if found == 0 or (found is None and (not name or name[0] in "[?")):  # '[Time Wait]' and '? (hidden)' are no processes
        return ()
    return (Holder(found, None, name or None, user or None),)


def without_protocol(sockets: int) -> tuple[Notice, ...]:
    """Return a notice about sockets of an unknown protocol, which are listed only with --all-families."""
    if not sockets:
        return ()
    what = "1 socket is" if sockets == 1 else f"{sockets} sockets are"
    text = (
        f"{what} of an unknown protocol, since no column says which: --all-families lists {'it' if sockets == 1 else 'them'}"
    )
    return (Notice("protocol_unknown", sockets, text),)
