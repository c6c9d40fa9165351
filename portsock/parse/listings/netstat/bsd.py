"""netstat of macOS, FreeBSD and the other BSDs: ports behind a dot, sections with titles. network_cmds and FreeBSD's inet.c.

There is a reader for each system. All have the title 'Active Internet connections', so the line of column names decides:
macOS has two spaces before 'Local Address', FreeBSD one, OpenBSD three behind 'Proto', and NetBSD ends it with 'State'.
AIX and HP-UX have macOS's: there the protocols of the rows decide. macOS always prints the family, AIX not for sockets that
take both.
"""

import re
from collections.abc import Iterable
from typing import ClassVar, Self

from portsock.model import State
from portsock.parse.listings.netstat import bsd_rows
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_INTERNET_TITLE = re.compile(r"Active Internet6? connections(?: \(including servers\))?\s*")
_TITLE_WORDS = ("Address", "Active", "Registered", "Netgraph", "SADR/PCB")
"""Every title and header has one of these."""
_UNIX_TITLE = "Active UNIX domain sockets"
_UNIX_HEADER = re.compile(r"(?:Address|SADR/PCB) +Type +Recv-Q +Send-Q +Inode +Conn +Refs +Nextref +Addr\s*")
_UNIX_ROW = re.compile(r"(?:[0-9a-f]{6,16}|0x[0-9a-f]{1,16}) +(stream|dgram|seqpac)\S{0,8} ")
_QUEUES = re.compile(r"Current listen queue sizes \(qlen/incqlen/maxqlen\)\s*")
_NO_SOCKETS_TITLE = re.compile(
    r"Active Multipath Internet connections|Registered kernel control modules"
    r"|Active kernel (?:event|control) sockets|Netgraph sockets|Active SCTP associations"
)
_NO_SOCKETS_ROW = re.compile(
    r"Proto/ID +Flags|(?:pcb +)?Proto Recv-Q Send-Q +(?:rxbytes +txbytes +)?(?:vendor|unit) "
    r"|(?:kctlref +)?id +(?:unit +)?flags +pcbcount"
    r"|(?:[0-9a-f]{6,16} +)?k(?:evt|ctl) +\d|mptcp|(?:-?[0-9a-f]+ +){5,7}[a-z]+\."
)
"""Rows of sections without sockets of the model: kernel controls and events, and multipath connections, whose subflows are
listed as internet connections."""
_SHORT_STATES = {
    "SYNSEN": State.SYN_SENT, "SYSRCV": State.SYN_RECV, "ESTABL": State.ESTABLISHED, "CLWAIT": State.CLOSE_WAIT,
    "FWAIT1": State.FIN_WAIT_1, "FWAIT2": State.FIN_WAIT_2, "CLOSNG": State.CLOSING, "LASTAK": State.LAST_ACK,
    "TMWAIT": State.TIME_WAIT,
}  # fmt: skip
"""NetBSD's inet.c; LISTEN and CLOSED are whole."""
_HEAD = 400
"""Characters of a title or header that are looked at."""


class DottedReader:
    """Reads sections of internet and unix sockets."""

    system: ClassVar[str]
    _header: ClassVar[re.Pattern[str]]
    _titles: ClassVar[re.Pattern[str]] = re.compile(r"\b\B")
    """Titles that only this system has; none unless it says so."""
    _protocol: ClassVar[re.Pattern[str]]
    _begins_with_rows: ClassVar[bool] = True
    """False for systems that are known by their headers only."""
    _bare_family: ClassVar[str] = ""
    """'4' where protocols without a digit are IPv4's."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._columns: bsd_rows.Columns | None = None

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        head = line[:_HEAD].strip()
        titled = any(word in head for word in _TITLE_WORDS)
        if titled and (cls._titles.match(head) or cls._header.search(head)):
            return cls(services)
        return cls(services) if cls._begins_with_rows and bsd_rows.is_internet_row(line, cls._protocol) else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if bsd_rows.is_internet_row(line, self._protocol):
            record = self._read_internet_row(line)
        elif _UNIX_ROW.match(line):
            record = bsd_rows.parse_unix_row(line)
        elif (record := bsd_rows.parse_queue_row(line, self._services)) is None:
            return () if self._is_ignored(line) else None
        return None if record is None else (record,)

    def finish(self) -> Iterable[SocketRecord]:
        return ()

    def _read_internet_row(self, line: str) -> SocketRecord | None:
        return bsd_rows.parse_internet_row(line, self._columns, self._services, self._bare_family)

    def _is_header(self, head: str) -> bool:
        return self._header.search(head) is not None

    def _is_ignored(self, line: str) -> bool:
        """Recognize titles, headers and rows of other sections. Remembers the columns that a header names."""
        head = line[:_HEAD].strip()
        if self._is_header(head):
            self._columns = bsd_rows.parse_header(line[:_HEAD])
            return True
        if self._titles.match(head) or head == _UNIX_TITLE or _INTERNET_TITLE.fullmatch(head) or _QUEUES.fullmatch(head):
            return True
        return bool(_UNIX_HEADER.fullmatch(head) or _NO_SOCKETS_TITLE.match(head) or _NO_SOCKETS_ROW.match(head))


class NetstatMacosReader(DottedReader):
    """Reads netstat of macOS, and listings with its header until their rows show that they are another system's."""

    format = "netstat-macos"
    title = "macOS netstat (-a -n -A -b -v -W -L -f -p)"
    system = "Darwin"
    _header = re.compile(r"Proto Recv-Q Send-Q  Local Address +Foreign Address")
    _titles = re.compile(
        r"Active LOCAL \(UNIX\) domain sockets"
        r"|Active Multipath Internet connections|Registered kernel control modules|Active kernel (?:event|control) sockets"
        r"|Listen +Local Address"
    )
    _protocol = re.compile(r"(?:tcp|udp|icm|div|igm|raw)(?:46|4|6)")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._relative: DottedReader | None = None
        self._has_bare = self._has_four = False
        """Protocols without the family, and such as 'tcp4'. HP-UX and old BSDs print only the first, AIX both."""

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        return None if "PCB/ADDR" in line[:_HEAD] else super().begin(line, services)

    @property
    def read_as(self) -> type[DottedReader]:
        """Return the reader of the system that the rows are of."""
        if self._relative is not None or (self._has_bare and self._has_four):
            return NetstatAixReader
        return NetstatBsdReader if self._has_bare else NetstatMacosReader

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if self._relative is not None:
            return self._relative.feed(line)
        if not self._has_four:
            self._has_four = line[3:4] == "4"
        if line.startswith("SADR/PCB"):
            self._relative = NetstatAixReader(self._services)
            return self._relative.feed(line)
        found = super().feed(line)
        if found is not None:
            return found
        if bsd_rows.is_internet_row(line, NetstatBsdReader._protocol):
            self._has_bare = True
            record = self._read_internet_row(line)
            return None if record is None else (record,)
        return None


class NetstatAixReader(DottedReader):
    """Reads netstat of AIX. Its columns grow with their contents, except those of -A of old systems."""

    format = "netstat-aix"
    title = "AIX netstat (-a -n -A -f)"
    system = "AIX"
    _header = re.compile(r"Proto Recv-Q Send-Q  Local Address +Foreign Address +\(state\)")
    _titles = re.compile(r"SADR/PCB +Type")
    _protocol = re.compile(r"(?:tcp|udp|icmp?|igmp?|raw|ip)(?:46|4|6)?")
    _begins_with_rows = False
    _second_line = re.compile(r"[0-9a-f]{8,16}\s*")
    """The control block of a unix socket, on a line of its own."""

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        found = super().feed(line)
        return () if found is None and self._second_line.fullmatch(line[:_HEAD]) else found

    def _read_internet_row(self, line: str) -> SocketRecord | None:
        columns = self._columns or bsd_rows.PLAIN
        if columns.width > bsd_rows.WIDTH_WITH_A or not bsd_rows.has_cut_columns(line, columns.width):
            columns = columns._replace(width=bsd_rows.UNCUT)
        return bsd_rows.parse_internet_row(line, columns, self._services)


class NetstatOpenbsdReader(DottedReader):
    """Reads netstat of OpenBSD."""

    format = "netstat-openbsd"
    title = "OpenBSD netstat (-a -n -l -A -B -f -p -T)"
    system = "OpenBSD"
    _header = re.compile(r"Proto   Recv-Q Send-Q (?:Recv-W Send-W Cgst-W )? ?Local Address")
    _protocol = re.compile(r"(?:tcp|udp|icmp?|divert|igmp|raw|ip)(?:46|4|6)?")
    _begins_with_rows = False
    _bare_family = "4"


class NetstatNetbsdReader(DottedReader):
    """Reads netstat of NetBSD, which has short names of states with -A -n."""

    format = "netstat-netbsd"
    title = "NetBSD netstat (-a -n -A -f -p)"
    system = "NetBSD"
    _in_ipv6 = False
    _header = re.compile(r"(?:PCB +Proto Recv-Q Send-Q|Proto Recv-Q Send-Q ) +Local Address +Foreign Address +State$")
    _protocol = re.compile(r"(?:tcp|udp|icmp?|divert|igmp|raw|ip)(?:46|4|6)?")
    _begins_with_rows = False
    _bare_family = "4"

    def _is_header(self, head: str) -> bool:
        """Accept also macOS's header, which the table of IPv6 has."""
        return super()._is_header(head) or (self._in_ipv6 and NetstatAixReader._header.search(head) is not None)

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        self._in_ipv6 = self._in_ipv6 or line.startswith("Active Internet6")
        return super().feed(line)

    def _read_internet_row(self, line: str) -> SocketRecord | None:
        record = super()._read_internet_row(line)
        state = None if record is None else _SHORT_STATES.get(record.state_raw or "")
        return record if record is None or state is None else record._replace(state=state, state_raw=None)


class NetstatFreebsdReader(DottedReader):
    """Reads netstat of FreeBSD."""

    format = "netstat-freebsd"
    title = "FreeBSD netstat (-a -n -A -W -T -x -L -f -p)"
    system = "FreeBSD"
    _header = re.compile(r"Proto Recv-Q Send-Q Local Address +Foreign Address|Proto Rexmit OOORcv 0-win +Local Address")
    _titles = re.compile(r"Active UNIX domain sockets$|Netgraph sockets|Proto +Listen +Local Address")
    _protocol = re.compile(r"(?:tcp|udp|udpl|icm|div|igm|raw|sctp)(?:46|4|6)")


class NetstatBsdReader(DottedReader):
    """Reads netstat of HP-UX and old systems, whose protocol words may lack the family."""

    format = "netstat-bsd"
    title = "netstat of HP-UX and old BSDs (-a -n -f -p)"
    system = "unknown"
    _header = re.compile(r"Proto +Recv-Q +Send-Q +Local Address +Foreign Address +\(state\)")
    _titles = re.compile(r"Active Internet6 connections")
    _protocol = re.compile(r"(?:tcp|udp|icmp?|divert|igmp|raw|ip)(?:46|4|6)?")
