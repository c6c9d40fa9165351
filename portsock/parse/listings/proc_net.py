"""Copies of the tables in /proc/net: tcp, udp, udplite, raw, unix, netlink, packet, with their header line or cut by grep.

The text does not contain the file's name, so the table is inferred from the rows. In datagram tables 'ref pointer drops'
follows the inode, in TCP's there are other columns. Raw sockets are hashed by their protocol number, so 'sl' equals it.
"""

import re
from collections.abc import Iterable
from typing import ClassVar, Self

from portsock.model import Family, Notice
from portsock.parse.proc.net_inet import ByteOrder, parse_inet_line
from portsock.parse.proc.net_other import parse_netlink_line, parse_packet_line
from portsock.parse.proc.net_unix import continue_name, parse_unix_line
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_HEADERS = {("sl", "local_address"): "inet", ("Num", "RefCount"): "unix", ("sk", "Eth"): "netlink", ("sk", "RefCnt"): "packet"}
_BIG_LOOPBACKS = (" 7F000001:", " 00000000000000000000000000000001:", "FFFF7F000001:")
"""The loopback addresses as only a big-endian machine prints them."""
_ROW = re.compile(rb"[0-9a-f]{8,16}: [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{8} ")
"""The beginning of a unix row."""
_DATAGRAM_COLUMNS = 13
_SLOT, _LOCAL = 0, 1
_UNIX_INODE = 6
"""Indexes of columns."""


class ProcNetReader:
    """Reads one table. The byte order is little, as on nearly every machine, until an address proves otherwise."""

    format: ClassVar[str] = "proc-net"
    title: ClassVar[str] = "/proc/net/tcp, udp, raw, unix, netlink, packet … (Linux)"
    system: ClassVar[str] = "Linux"

    def __init__(self, table: str) -> None:
        self._table = table
        self._byteorder: ByteOrder = "little"
        self._held: SocketRecord | None = None
        self._without_inode = False
        self._blank = False
        """True behind a blank line."""
        self._continued = 0
        """Lines that were taken for the rest of a path."""

    @property
    def remarks(self) -> tuple[Notice, ...]:
        """Return a notice about lines that may be other text."""
        if not self._continued:
            return ()
        lines = "1 line was" if self._continued == 1 else f"{self._continued} lines were"
        return (
            Notice("paths_continued", self._continued, f"{lines} taken for the rest of a unix path, which may have line ends"),
        )

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:  # noqa: ARG003 - these tables print numbers only
        """Accept a header, or a row of the internet or unix tables. Rows of the other tables are not distinctive."""
        table = _header(line)
        if table is not None:
            return cls(table)
        head = line.lstrip()[:20].partition(":")
        if head[1] and (head[0].isdecimal() and _inet(line, "little") is not None):
            return cls("inet")
        if head[1] and len(head[0]) in (8, 16) and parse_unix_line(_bytes(line)) is not None:
            return cls("unix")
        return None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        table = _header(line)
        if table is not None:
            held = self.finish()
            self._table = table
            self._without_inode = table == "unix" and "Inode" not in line
            return held
        if self._table == "inet":
            if self._byteorder == "little" and any(text in line for text in _BIG_LOOPBACKS):
                self._byteorder = "big"
            record = _inet(line, self._byteorder)
        elif self._table == "unix":
            return self._unix(line)
        else:
            record = (parse_netlink_line if self._table == "netlink" else parse_packet_line)(line)
        return None if record is None else (record,)

    def finish(self) -> Iterable[SocketRecord]:
        """Return the last unix row, whose name could have continued."""
        held, self._held = self._held, None
        return () if held is None else (held,)

    def _unix(self, line: str) -> Iterable[SocketRecord] | None:
        data = _bytes(line)
        if self._without_inode:
            words = data.split(None, _UNIX_INODE)
            if len(words) >= _UNIX_INODE:
                data = b" ".join((*words[:_UNIX_INODE], b"0", *words[_UNIX_INODE:]))
        record = parse_unix_line(data.rstrip(b" ") if data.count(b" ") < 8 else data)
        if record is None:
            # A path may have line ends. Behind a blank line there is other text; a row with something in front is no path.
            after_blank, self._blank = self._blank, self._blank or not data.strip()
            longer = continue_name(self._held, data) if self._held and not self._blank and not _ROW.search(data) else None
            if longer is None:
                return () if self._blank and not after_blank else None
            self._held = longer
            self._continued += 1
            return ()
        self._blank = False
        held = self.finish()
        self._held = record
        return held


def _header(line: str) -> str | None:
    words = line.split(None, 2)
    return _HEADERS.get((words[0], words[1])) if len(words) == 3 else None


def _inet(line: str, byteorder: ByteOrder) -> SocketRecord | None:
    words = line.split(None, 14)
    if len(words) < 10:
        return None
    address, _, port = words[_LOCAL].partition(":")
    family = Family.IPV4 if len(address) == 8 else Family.IPV6
    protocol = "tcp"
    if len(words) == _DATAGRAM_COLUMNS:
        protocol = "raw" if _is_raw(words[_SLOT], port) else "udp"
    return parse_inet_line(line, protocol, family, byteorder, timers=True)


def _is_raw(slot: str, port: str) -> bool:
    try:
        number = int(port, 16)
    except ValueError:
        return False
    return 0 < number < 256 and slot == f"{number}:"


def _bytes(line: str) -> bytes:
    return line.encode("utf-8", "surrogateescape")
