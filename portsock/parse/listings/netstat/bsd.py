"""netstat of macOS, FreeBSD and the other BSDs: ports behind a dot, sections with titles. network_cmds and FreeBSD's inet.c.

There is a reader for each system. All have the title 'Active Internet connections', so the line of column names decides:
macOS has two spaces before 'Local Address', FreeBSD one.
"""

import re
from collections.abc import Iterable
from typing import ClassVar, Self

from portsock.parse.listings.netstat import bsd_rows
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_INTERNET_TITLE = re.compile(r"Active Internet6? connections(?: \(including servers\))?\s*")
_UNIX_HEADER = re.compile(r"Address +Type +Recv-Q +Send-Q +Inode +Conn +Refs +Nextref +Addr\s*")
_UNIX_ROW = re.compile(r"[0-9a-f]{6,16} +(stream|dgram|seqpac)\S{0,8} ")
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
_HEAD = 400
"""Characters of a title or header that are looked at."""


class _NetstatReader:
    system: ClassVar[str]
    _header: ClassVar[re.Pattern[str]]
    _titles: ClassVar[re.Pattern[str]]
    _protocol: ClassVar[re.Pattern[str]]

    def __init__(self, services: Services) -> None:
        self._services = services
        self._columns: bsd_rows.Columns | None = None

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        head = line[:_HEAD].strip()
        if cls._titles.match(head) or cls._header.search(head) or bsd_rows.is_internet_row(line, cls._protocol):
            return cls(services)
        return None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if bsd_rows.is_internet_row(line, self._protocol):
            record = bsd_rows.parse_internet_row(line, self._columns, self._services)
        elif _UNIX_ROW.match(line):
            record = bsd_rows.parse_unix_row(line)
        elif (record := bsd_rows.parse_queue_row(line, self._services)) is None:
            return () if self._is_ignored(line) else None
        return None if record is None else (record,)

    def finish(self) -> Iterable[SocketRecord]:
        return ()

    def _is_ignored(self, line: str) -> bool:
        """Recognize titles, headers and rows of other sections. Remembers the columns that a header names."""
        head = line[:_HEAD].strip()
        if self._header.search(head):
            self._columns = bsd_rows.parse_header(line[:_HEAD])
            return True
        if self._titles.match(head) or _INTERNET_TITLE.fullmatch(head) or _QUEUES.fullmatch(head):
            return True
        return bool(_UNIX_HEADER.fullmatch(head) or _NO_SOCKETS_TITLE.match(head) or _NO_SOCKETS_ROW.match(head))


class NetstatMacosReader(_NetstatReader):
    """Reads netstat of macOS."""

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


class NetstatFreebsdReader(_NetstatReader):
    """Reads netstat of FreeBSD."""

    format = "netstat-freebsd"
    title = "FreeBSD netstat (-a -n -A -W -T -x -L -f -p)"
    system = "FreeBSD"
    _header = re.compile(r"Proto Recv-Q Send-Q Local Address +Foreign Address|Proto Rexmit OOORcv 0-win +Local Address")
    _titles = re.compile(r"Active UNIX domain sockets$|Netgraph sockets|Proto +Listen +Local Address")
    _protocol = re.compile(r"(?:tcp|udp|udpl|icm|div|igm|raw|sctp)(?:46|4|6)")


class NetstatBsdReader(_NetstatReader):
    """Reads netstat of OpenBSD, NetBSD and old systems, whose protocol words may lack the family."""

    format = "netstat-bsd"
    title = "netstat of OpenBSD, NetBSD and old BSDs (-a -n -f -p)"
    system = "unknown"
    _header = re.compile(r"Proto +Recv-Q +Send-Q +Local Address +Foreign Address +\(state\)")
    _titles = re.compile(r"Active Internet6 connections")
    _protocol = re.compile(r"(?:tcp|udp|icmp?|divert|igmp|raw|ip)(?:46|4|6)?")
