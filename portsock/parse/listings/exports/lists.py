"""Lists with a line for each property: PowerShell's Format-List, and the text of CurrPorts."""

import re
from collections.abc import Iterable
from typing import ClassVar, Self

from portsock.model import Notice
from portsock.parse.listings.exports.columns import RowParser, layout_of
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_ITEM = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,40}(?: [A-Za-z0-9_/]{1,20}){0,4}) {0,40}: ?(.*)")
_LONGEST = 4000
"""Characters of the longest line that is read."""


class PowershellListReader:
    """Reads Format-List. An object ends at a blank line, or where a property is repeated."""

    title: ClassVar[str] = "PowerShell Get-NetTCPConnection, Get-NetUDPEndpoint (Format-Table, Format-List, Csv)"
    format: ClassVar[str] = "powershell"
    system: ClassVar[str] = "Windows"
    first_names: ClassVar[frozenset[str]] = frozenset(
        {"LocalAddress", "LocalPort", "RemoteAddress", "RemotePort", "OwningProcess"}
    )
    """Names with which a list may begin."""
    tcp_columns: ClassVar[bool] = True

    def __init__(self, services: Services) -> None:
        self._rows = RowParser(services, self.tcp_columns)
        self._values: dict[str, str] = {}

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        match = _ITEM.match(line[:400]) if ":" in line else None
        return cls(services) if match and match[1] in cls.first_names else None

    @property
    def remarks(self) -> tuple[Notice, ...]:
        return self._rows.remarks()

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if not line.strip(" ="):
            return self.finish()
        match = _ITEM.match(line[:_LONGEST])
        if match is None:
            return None if line[:1] != " " else ()
        ended = self.finish() if match[1] in self._values else ()
        self._values[match[1]] = match[2].strip()
        return ended

    def finish(self) -> Iterable[SocketRecord]:
        values, self._values = self._values, {}
        layout = layout_of(tuple(values))
        if not (layout.has_sockets or layout.resembles_sockets):
            self._rows.skipped += not self.first_names.isdisjoint(values)
            return ()
        record = self._rows.parse(layout, tuple(values.values()))
        return () if record is None else (record,)


class CurrportsListReader(PowershellListReader):
    """Reads CurrPorts' /stext: rows of '=' around each socket."""

    title = "CurrPorts (text, tabs, CSV, JSON, XML)"
    format = "currports"
    first_names = frozenset({"Process Name", "Process ID", "Local Port", "Local Address"})
    tcp_columns = False
