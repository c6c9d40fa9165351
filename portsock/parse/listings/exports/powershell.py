"""PowerShell's Get-NetTCPConnection and Get-NetUDPEndpoint through Select-Object and Format-Table.

https://learn.microsoft.com/powershell/module/nettcpip/get-nettcpconnection
"""

import re
from collections.abc import Iterable
from typing import ClassVar, Self

from portsock.model import Notice
from portsock.parse.listings.exports.columns import RowParser, layout_of
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_DASHES = re.compile(r"-+(?: +-+)+\s*")
_WORD = re.compile(r"\S+")
_COLUMNS_OF_WORDS = frozenset(
    ("LocalAddress", "LocalPort", "RemoteAddress", "RemotePort", "State", "AppliedSetting", "OwningProcess", "OffloadState",
     "Protocol", "PID")
)  # fmt: skip
"""Columns whose values have no spaces."""
_WIDTH_OF_UDP = range(40, 43)
"""Width of the first column in the default table of Get-NetUDPEndpoint; Select-Object makes columns of other widths."""
_LONGEST = 4000
"""Characters of the longest line that is read."""


class PowershellTableReader:
    """Reads Format-Table: names, dashes below them, then rows in columns."""

    title: ClassVar[str] = "PowerShell Get-NetTCPConnection, Get-NetUDPEndpoint (Format-Table, Format-List, Csv)"
    format: ClassVar[str] = "powershell"
    system: ClassVar[str] = "Windows"

    def __init__(self, services: Services) -> None:
        self._rows = RowParser(services, tcp_columns=True)
        self._header = ""
        self._columns: list[tuple[str, int, int]] = []
        self._layout = layout_of(())
        self._protocol = ""
        self._of_words = False
        """True if no value has spaces: a row with as many words as there are columns has one in each."""

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        return cls(services) if _is_table_header(line) else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if not self._columns or ("LocalPort" in line and _is_table_header(line)):
            self._header = line
            self._take_columns(_WORD.finditer(line))
            return ()
        if not line.strip(" -"):
            if self._header and _DASHES.fullmatch(line[:_LONGEST]):  # a name with spaces has one row of dashes
                places = list(re.finditer("-+", line))
                if all(self._header[at.end() : at.end() + 1] in ("", " ") for at in places):
                    self._take_columns(places)
                self._header = ""
            return ()
        words = line.split() if len(line) < _LONGEST else []
        row: list[str] = words if self._of_words and len(words) == len(self._columns) else self._cells(line)
        record = self._rows.read(self._layout, row, self._protocol)
        return None if record is None else (record,)

    @property
    def remarks(self) -> tuple[Notice, ...]:
        return self._rows.remarks()

    def finish(self) -> Iterable[SocketRecord]:
        return ()

    def _take_columns(self, places: Iterable[re.Match[str]]) -> None:
        self._columns = [(self._header[at.start() : at.end()], at.start(), at.end()) for at in places]
        self._layout = layout_of(tuple(name for name, _, _ in self._columns))
        self._of_words = _COLUMNS_OF_WORDS.issuperset(name for name, _, _ in self._columns)
        (_, first, _), (_, second, _) = self._columns[0], self._columns[-1]
        self._protocol = "udp" if len(self._columns) == 2 and second - first in _WIDTH_OF_UDP else ""

    def _cells(self, line: str) -> list[str]:
        """Split a row into columns: texts begin where the column's name does, numbers end where it does.

        A word below no name belongs to the text before it.
        """
        cells = [""] * len(self._columns)
        at = 0
        for match in _WORD.finditer(line[:_LONGEST]):
            start, end = match.span()
            below = next((
                index for index in range(at, len(cells))
                if start == self._columns[index][1] or (start < self._columns[index][2] and end > self._columns[index][1])
            ), at)  # fmt: skip
            at = below
            cells[at] += f" {match[0]}" if cells[at] else match[0]
        return cells


def _is_table_header(line: str) -> bool:
    words = line[:2000].split()
    return "LocalAddress" in words and "LocalPort" in words and all(word[0].isalpha() for word in words)
