"""netstat of macOS, FreeBSD and the other BSDs: ports behind a dot, sections with titles. network_cmds and FreeBSD's inet.c.

The three readers differ in the system that they stand for. The title 'Active Internet connections' is the same everywhere, so
the line of column names decides: macOS has two spaces before 'Local Address', FreeBSD one.
"""

import re
from collections.abc import Iterable
from typing import ClassVar, Self

from portsock.model import Family, SocketType, State, UnixEndpoint
from portsock.parse.listings.netstat.bsd_rows import Columns, columns_of, internet_row, is_internet_row, queue_row
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_INTERNET_TITLE = re.compile(r"Active Internet6? connections(?: \(including servers\))?\s*")
_UNIX_HEADER = re.compile(r"Address +Type +Recv-Q +Send-Q +Inode +Conn +Refs +Nextref +Addr\s*")
_UNIX_ROW = re.compile(r"[0-9a-f]{6,16} +(stream|dgram|seqpac)\S{0,8} ")
_QUEUES = re.compile(r"Current listen queue sizes \(qlen/incqlen/maxqlen\)\s*")
_OTHER_TITLE = re.compile(
    r"Active Multipath Internet connections|Registered kernel control modules"
    r"|Active kernel (?:event|control) sockets|Netgraph sockets|Active SCTP associations"
)
_OTHER_ROW = re.compile(
    r"Proto/ID +Flags|(?:pcb +)?Proto Recv-Q Send-Q +(?:rxbytes +txbytes +)?(?:vendor|unit) "
    r"|(?:kctlref +)?id +(?:unit +)?flags +pcbcount"
    r"|(?:[0-9a-f]{6,16} +)?k(?:evt|ctl) +\d|mptcp|(?:-?[0-9a-f]+ +){5,7}[a-z]+\."
)
"""Rows of sections that hold no sockets of the model: kernel controls and events; multipath connections, whose subflows are
among the internet connections."""

_UNIX_TYPES = {"stream": SocketType.STREAM, "dgram": SocketType.DGRAM, "seqpac": SocketType.SEQPACKET}


class _NetstatReader:
    system: ClassVar[str]
    _header: ClassVar[re.Pattern[str]]
    _titles: ClassVar[re.Pattern[str]]
    _protocol: ClassVar[re.Pattern[str]]

    def __init__(self, services: Services) -> None:
        self._services = services
        self._columns: Columns | None = None

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        head = line[:400].strip()
        if cls._titles.match(head) or cls._header.search(head) or is_internet_row(line, cls._protocol):
            return cls(services)
        return None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if is_internet_row(line, self._protocol):
            record = internet_row(line, self._columns, self._services)
        elif _UNIX_ROW.match(line):
            record = _unix_row(line)
        elif (record := queue_row(line, self._services)) is None:
            return self._between(line)
        return None if record is None else (record,)

    def finish(self) -> Iterable[SocketRecord]:
        return ()

    def _between(self, line: str) -> Iterable[SocketRecord] | None:
        """Titles, column names and the rows of foreign sections."""
        head = line[:400].strip()
        if self._header.search(head):
            self._columns = columns_of(line[:400])
            return ()
        if self._titles.match(head) or _INTERNET_TITLE.fullmatch(head) or _QUEUES.fullmatch(head):
            return ()
        if _UNIX_HEADER.fullmatch(head) or _OTHER_TITLE.match(head) or _OTHER_ROW.match(head):
            return ()
        return None


class NetstatMacosReader(_NetstatReader):
    """macOS."""

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
    """FreeBSD."""

    format = "netstat-freebsd"
    title = "FreeBSD netstat (-a -n -A -W -T -x -L -f -p)"
    system = "FreeBSD"
    _header = re.compile(r"Proto Recv-Q Send-Q Local Address +Foreign Address|Proto Rexmit OOORcv 0-win +Local Address")
    _titles = re.compile(r"Active UNIX domain sockets$|Netgraph sockets|Proto +Listen +Local Address")
    _protocol = re.compile(r"(?:tcp|udp|udpl|icm|div|igm|raw|sctp)(?:46|4|6)")


class NetstatBsdReader(_NetstatReader):
    """OpenBSD, NetBSD and old systems, whose protocol words need no family."""

    format = "netstat-bsd"
    title = "netstat of OpenBSD, NetBSD and old BSDs (-a -n -f -p)"
    system = "unknown"
    _header = re.compile(r"Proto +Recv-Q +Send-Q +Local Address +Foreign Address +\(state\)")
    _titles = re.compile(r"Active Internet6 connections")
    _protocol = re.compile(r"(?:tcp|udp|icmp?|divert|igmp|raw|ip)(?:46|4|6)?")


def _unix_row(line: str) -> SocketRecord | None:
    """Address Type Recv-Q Send-Q Inode Conn Refs Nextref [Addr]: kernel addresses, and no state but whether it has a peer."""
    words = line.split(None, 8)
    if len(words) < 8 or not (_is_count(words[2]) and _is_count(words[3])):
        return None
    path = words[8].rstrip().encode("utf-8", "surrogateescape") if len(words) > 8 else None
    connected = words[5].strip("0") != ""
    return SocketRecord(
        Family.UNIX,
        _UNIX_TYPES[words[1][:6]],
        "unix",
        None,
        State.ESTABLISHED if connected else None,
        None,
        UnixEndpoint(path),
        None,
        int(words[2]),
        int(words[3]),
    )


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20
