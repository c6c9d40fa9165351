"""Tables with a header and a delimiter: CSV, tabs, the pipes of osqueryi. PowerShell, CurrPorts, TCPView, and scripts.

TCPView and CurrPorts also write rows without a header.
"""

import re
from collections.abc import Iterable
from typing import ClassVar, Self

from portsock.enums import parse_state
from portsock.model import Notice
from portsock.parse.listings.exports.columns import RowParser, layout_of
from portsock.parse.listings.exports.osquery_rows import events_of
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_LONGEST = 4000
"""Characters of the longest header, and of the longest row that goes on in the next line."""
NAME = re.compile(r"[^\W\d][\w #().:/%*-]{0,60}")
"""The name of a column."""
_MOST_LINES = 40
"""Lines of the longest row."""
_PROTOCOLS = frozenset({"TCP", "UDP", "TCPV6", "UDPV6", "TCP6", "UDP6"})


class DelimitedReader:
    """Reads a table of any tool whose header names a local address and a port."""

    format: ClassVar[str] = "csv"
    title: ClassVar[str] = "CSV or tabs of other tools, with a header that names local address and port"
    system: ClassVar[str] = "unknown"
    marks: ClassVar[frozenset[str]] = frozenset()
    """Names of which this tool's header has one at least, without quotes; empty: every header."""
    tcp_columns: ClassVar[bool] = False

    def __init__(self, services: Services) -> None:
        self._rows = RowParser(services, self.tcp_columns)
        self._names: tuple[str, ...] = ()
        self._layout = layout_of(())
        self._delimiter = ","
        self._type = ""
        """The class of all rows, where a line in front of the header names it."""
        self._key = 0
        """The column of the local port, or of the local endpoint."""
        self._open: list[str] = []
        """The lines of a row whose quotes are not closed."""

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        return cls(services) if cls._header(line) is not None or _is_type(line) else None

    @classmethod
    def _header(cls, line: str) -> tuple[str, tuple[str, ...]] | None:
        """Return (delimiter, names) of a header of this tool, or None for another line."""
        head = line[:_LONGEST]
        if "ocal" not in head and "OCAL" not in head and "laddr" not in head:
            return None
        for mark in ",;\t|":
            if mark in head:
                names = tuple(name.strip().strip('"') for name in fields(head, mark))
                if len(names) > 1 and _is_header(names) and (not cls.marks or not cls.marks.isdisjoint(names)):
                    return mark, names
        return None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if not self._names or line[:1] == "#":
            return self._read_header(line)
        if self._open or ('"' in line and line.count('"') % 2 and not self._is_unquoted(line)):
            return self._join(line)
        return self._row(line)

    def _read_header(self, line: str) -> Iterable[SocketRecord] | None:
        if _is_type(line):
            self._type = line[:400]
            return ()
        header = self._header(line)
        if header is None:
            return None
        self._use(*header)
        return ()

    def _use(self, delimiter: str, names: tuple[str, ...]) -> None:
        """Set the columns."""
        self._delimiter, self._names = delimiter, names
        self._layout = layout_of((*names, "CimClass"))
        self._key = (*self._layout.local_port, *self._layout.local)[0]

    def _join(self, line: str) -> Iterable[SocketRecord] | None:
        """Read a line with an odd number of quotes, and those behind it: they are one row, up to the next such line."""
        self._open.append(line)
        if len(self._open) == 1 or not line.count('"') % 2:
            return () if len(self._open) < _MOST_LINES and sum(map(len, self._open)) < _LONGEST else self._release()
        lines, self._open = self._open, []
        joined = "\n".join(lines)
        found = self._row(joined) if len(fields(joined, self._delimiter)) == len(self._names) else None
        if found is None:
            self._open = lines
            return self._release()
        return found

    def _release(self) -> Iterable[SocketRecord]:
        """Read the lines of a row that never ended alone: their quotes have no meaning."""
        lines, self._open = self._open, []
        found = [self._row(line) for line in lines]
        self._rows.skipped += sum(each is None for each in found)
        return [record for each in found for record in each or ()]

    def _is_unquoted(self, line: str) -> bool:
        """Tell whether quotes have no meaning: TCPView and CurrPorts put none around fields between tabs."""
        return self._delimiter == "\t" and line[:1] != '"'

    def _row(self, line: str) -> Iterable[SocketRecord] | None:
        quoted = '"' in line and not self._is_unquoted(line)
        row = fields(line, self._delimiter) if quoted else line.split(self._delimiter)
        if len(row) < 2:
            return None if row and row[0].strip() else ()
        missing = len(self._names) - len(row)
        if missing > 0:
            if self._delimiter != "\t" or len(row) <= max(*self._layout.local, *self._layout.local_port, 2):
                return None
            row += [""] * missing  # an editor may have removed tabs at the end of the line
        if not any(map(str.isdigit, row[self._key])) and self._read_header(line) is not None:
            return ()  # the header of another table
        return self._record(row)

    def _record(self, row: list[str]) -> Iterable[SocketRecord] | None:
        record = self._rows.read(self._layout, [*row[: len(self._names)], self._type])
        return None if record is None else (record,)

    @property
    def remarks(self) -> tuple[Notice, ...]:
        return self._rows.remarks()

    def finish(self) -> Iterable[SocketRecord]:
        return self._release()


class PowershellCsvReader(DelimitedReader):
    """Reads ConvertTo-Csv and Export-Csv: perhaps '#TYPE …', then names, then rows."""

    format = "powershell"
    title = "PowerShell Get-NetTCPConnection, Get-NetUDPEndpoint (Format-Table, Format-List, Csv)"
    system = "Windows"
    marks = frozenset({"LocalAddress", "LocalPort"})
    tcp_columns = True


class CurrportsReader(DelimitedReader):
    """Reads /scomma and /stab, with or without the header."""

    format = "currports"
    title = "CurrPorts (text, tabs, CSV, JSON, XML)"
    system = "Windows"
    marks = frozenset({"Local Port Name", "Remote Host Name", "Process Path"})
    columns: ClassVar[tuple[str, ...]] = (
        "Process Name", "Process ID", "Protocol", "Local Port", "Local Port Name", "Local Address", "Remote Port",
        "Remote Port Name", "Remote Address", "Remote Host Name", "State",
    )  # fmt: skip
    """Those of a row without a header, as far as they are read."""

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        if "TCP" not in line and "UDP" not in line and "ocal" not in line:  # true of most lines; skips the rest
            return None
        reader = super().begin(line, services)
        if reader is None and (mark := _tool_row(line)) is not None and cls._fits(fields(line, mark)):
            reader = cls(services)
            reader._use(mark, cls.columns)
        return reader

    @classmethod
    def _fits(cls, row: list[str]) -> bool:
        """Tell whether a row without a header has these columns."""
        return len(row) > 10 and row[3].isdecimal() and ("." in row[5] or ":" in row[5])


class TcpviewReader(CurrportsReader):
    """Reads what TCPView saves: tabs, with or without a header."""

    format = "tcpview"
    title = "TCPView (saved text, with tabs)"
    marks = frozenset({"Process Name", "Process", "Process ID", "Create Time"})
    columns = (
        "Process Name", "Process ID", "Protocol", "State", "Local Address", "Local Port", "Remote Address", "Remote Port",
    )  # fmt: skip

    @classmethod
    def _fits(cls, row: list[str]) -> bool:
        return len(row) > 7 and (row[3] == "" or parse_state(row[3]) is not None) and bool(row[4] and row[5])


class OldTcpviewReader(TcpviewReader):
    """Reads what TCPView saved before version 4: the state is behind the addresses."""

    columns = (
        "Process Name", "Process ID", "Protocol", "Local Address", "Local Port", "Remote Address", "Remote Port", "State",
    )  # fmt: skip

    @classmethod
    def _header(cls, line: str) -> tuple[str, tuple[str, ...]] | None:  # noqa: ARG003 - it has none
        return None

    @classmethod
    def _fits(cls, row: list[str]) -> bool:
        return len(row) > 6 and bool(row[3] and row[4]) and not TcpviewReader._fits(row)


_OLDEST_ROW = re.compile(
    r"(?P<process>(?!\d+:)\S[^\t]{0,200}?):(?P<pid>\d{1,10})\s+(?P<proto>TCP|UDP)(?:V6)?\s+(?P<local>\S{1,300}:[\w*-]{1,40})\s+"
    r"(?P<remote>\S{1,300}:[\w*-]{1,40})(?:\s+(?P<state>[A-Z][A-Z0-9_]{2,20}))?\s*"
)
"""'00:01' is the rest of a time."""
_OLDEST_BEGINNING = re.compile(r"(?!\d+:)[^\s:][^\t:]{0,200}:\d+\s+(?:TCP|UDP)(?:V6)?\s+\S{1,300}:[\w*-]+\s+\S")


class OldestTcpviewReader(DelimitedReader):
    """Reads what TCPView saved before version 3, such as 'svchost.exe:1012 TCP host:epmap host:0 LISTENING'."""

    format = "tcpview"
    title = "TCPView (saved text, with tabs)"
    system = "Windows"

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        return cls(services) if ("TCP" in line or "UDP" in line) and _OLDEST_BEGINNING.match(line) else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        match = _OLDEST_ROW.fullmatch(line) if len(line) < _LONGEST else None
        if match is None:
            return None
        self._layout, self._type = layout_of((*match.groupdict(), "CimClass")), ""
        self._names = tuple(match.groupdict())
        return self._record([text or "" for text in match.groups()])


def fields(line: str, delimiter: str) -> list[str]:
    """Return the fields of a row, without quotes; none of a row that is no CSV."""
    from csv import Error, reader

    try:
        return next(reader([line], delimiter=delimiter), [])
    except Error:
        return []


def _is_type(line: str) -> bool:
    return line.startswith("#TYPE ") and line.rstrip().endswith(("NetTCPConnection", "NetUDPEndpoint", "CimInstance"))


def _is_header(names: tuple[str, ...]) -> bool:
    """Tell whether these are names of columns: a local address, and its port or a whole endpoint, and no value."""
    layout = layout_of(names[:200])
    named = len(layout.local) == 1 and (layout.local_port or layout.remote or layout.protocol)
    return bool(named) and events_of(names) is None and all(map(NAME.fullmatch, filter(None, names)))


def _tool_row(line: str) -> str | None:
    """Return the delimiter of a row that begins with a process's name, its id and a protocol, else None."""
    for mark in "\t,":
        words = line.split(mark, 3)
        if len(words) > 3 and words[2] in _PROTOCOLS and words[1].isdecimal():
            return mark
    return None
