"""PowerShell's Get-NetTCPConnection and Get-NetUDPEndpoint through Format-Table, Format-List, Export-Csv or ConvertTo-Json.

https://learn.microsoft.com/powershell/module/nettcpip/get-nettcpconnection
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

from portsock.model import InetEndpoint, Notice
from portsock.parse.listings.endpoint_text import inet_endpoint
from portsock.parse.listings.internet import internet_record
from portsock.parse.listings.numbers import PID_DIGITS
from portsock.parse.listings.reader import skipped
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_STATES = {
    "1": "Closed", "2": "Listen", "3": "SynSent", "4": "SynReceived", "5": "Established", "6": "FinWait1", "7": "FinWait2",
    "8": "CloseWait", "9": "Closing", "10": "LastAck", "11": "TimeWait", "12": "DeleteTCB", "100": "Bound",
}  # fmt: skip
"""MSFT_NetTCPConnection.State. JSON and some tables print the number."""

_ITEM = re.compile(r"([A-Za-z][A-Za-z0-9]{0,40}) {0,30}: ?(.*)")
_NAMES = ("LocalAddress", "LocalPort", "RemoteAddress", "RemotePort", "State", "OwningProcess")
_TCP_ONLY = ("RemoteAddress", "RemotePort", "State")
_LONGEST = 4000
"""Characters of the longest line that is read."""


class _PowershellReader:
    title = "PowerShell Get-NetTCPConnection, Get-NetUDPEndpoint (Format-Table, Format-List, Csv)"
    format = "powershell"
    system = "Windows"
    _skipped = 0
    """Sockets whose values could not be read, though their lines were understood."""

    @property
    def remarks(self) -> tuple[Notice, ...]:
        return skipped(self._skipped)

    def _read(self, values: Mapping[str, str], services: Services) -> SocketRecord | None:
        """Return the record of one object. Counts an object with a local address or port that has none."""
        record = parse_properties(values, services)
        self._skipped += record is None and ("LocalAddress" in values or "LocalPort" in values)
        return record

    def finish(self) -> Iterable[SocketRecord]:
        return ()


class PowershellTableReader(_PowershellReader):
    """Reads Format-Table: names, dashes below them, then rows in columns."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._columns: list[tuple[str, int, int]] = []

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        return cls(services) if _is_table_header(line) else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if _is_table_header(line):
            self._columns = [(match[0], match.start(), match.end()) for match in re.finditer(r"\S+", line)]
            return ()
        if not line.strip(" -"):
            return ()
        values = self._cells(line) if len(line) < _LONGEST else {}
        record = parse_properties(values, self._services)
        return None if record is None else (record,)

    def _cells(self, line: str) -> dict[str, str]:
        """Split a row into columns: texts begin where the column's name does, numbers end where it does."""
        values: dict[str, str] = {}
        for match in re.finditer(r"\S+", line):
            start, end = match.span()
            for name, first, last in self._columns:
                if start == first or end == last or (start < last and end > first):
                    values.setdefault(name, match[0])
                    break
        for name, _, _ in self._columns:
            values.setdefault(name, "")
        return values


class PowershellListReader(_PowershellReader):
    """Reads Format-List: a line for each property. An object ends where a property is repeated."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._values: dict[str, str] = {}

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        match = _ITEM.match(line[:400])
        return cls(services) if match and match[1] in _NAMES and match[1] != "State" else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if not line.strip():
            return self.finish()
        match = _ITEM.match(line[:_LONGEST])
        if match is None:
            return None if line[:1] != " " else ()
        ended = self.finish() if match[1] in self._values else ()
        self._values[match[1]] = match[2].strip()
        return ended

    def finish(self) -> Iterable[SocketRecord]:
        values, self._values = self._values, {}
        record = self._read(values, self._services)
        return () if record is None else (record,)


class PowershellCsvReader(_PowershellReader):
    """Reads ConvertTo-Csv and Export-Csv: perhaps '#TYPE …', then names, then rows, with commas, semicolons or tabs."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._type = ""
        self._names: list[str] = []
        self._delimiter = ","

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        return cls(services) if _is_type(line) or _delimiter(line) is not None else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if _is_type(line):
            self._type = line
            return ()
        delimiter = _delimiter(line)
        if delimiter is not None:
            self._delimiter, self._names = delimiter, _fields(line, delimiter)
            return ()
        values = dict(zip(self._names, _fields(line, self._delimiter), strict=False))
        record = parse_properties(values | {"CimClass": self._type}, self._services) if len(values) > 1 else None
        return None if record is None else (record,)


class PowershellJsonReader(_PowershellReader):
    """Reads ConvertTo-Json: an object or an array of them."""

    title = "PowerShell Get-NetTCPConnection, Get-NetUDPEndpoint (ConvertTo-Json)"

    @classmethod
    def accepts(cls, head: str) -> bool:
        return head.lstrip()[:1] in ("[", "{") and '"LocalAddress"' in head and '"LocalPort"' in head

    def read(self, text: str, services: Services) -> Iterable[SocketRecord]:
        """Yield all sockets. Raises ValueError where the text is no JSON."""
        from portsock.parse.listings.json_text import load, objects

        for item in objects(load(text)):
            record = self._read({name: _text(value) for name, value in item.items()}, services)
            if record is not None:
                yield record


def parse_properties(values: Mapping[str, str], services: Services) -> SocketRecord | None:
    """Return the record of one object's properties, or None where it has no local address and port."""
    if "LocalAddress" not in values or "LocalPort" not in values:
        return None
    protocol = _protocol(values)
    local = _endpoint(values["LocalAddress"], values["LocalPort"], protocol, services)
    remote = _endpoint(values.get("RemoteAddress", ""), values.get("RemotePort", ""), protocol, services)
    if local is None:
        return None
    state = values.get("State", "")
    owner = values.get("OwningProcess")
    more: dict[str, Any] = {}
    if owner is not None:
        known = owner.isdecimal() and len(owner) <= PID_DIGITS and owner.strip("0")
        more["holders"] = (Holder(int(owner), None),) if known else ()
    return internet_record(protocol, local, remote, _STATES.get(state, state) or None, **more)


def _protocol(values: Mapping[str, str]) -> str:
    """Return 'tcp' or 'udp' by the class, a Protocol column or the properties, else 'unknown'."""
    words = f"{values.get('CimClass', '')} {values.get('Protocol', '')}".lower()
    for name in ("udp", "tcp"):
        if name in words:
            return name
    if any(values.get(name) for name in _TCP_ONLY):
        return "tcp"
    columns = {name for name in values if name != "CimClass"}
    return "udp" if columns == {"LocalAddress", "LocalPort"} else "unknown"  # the default table of Get-NetUDPEndpoint


def _endpoint(address: str, port: str, protocol: str, services: Services) -> InetEndpoint | None:
    """Return an endpoint. PowerShell cuts an address that does not fit its column, and appends '...' or '…'."""
    whole = address.removesuffix("…").removesuffix("...")
    return inet_endpoint(whole, port, protocol, services, whole != address) if port else None


def _is_table_header(line: str) -> bool:
    words = line[:2000].split()
    return "LocalAddress" in words and "LocalPort" in words


def _is_type(line: str) -> bool:
    return line.startswith("#TYPE ") and ("NetTCPConnection" in line or "NetUDPEndpoint" in line)


def _delimiter(line: str) -> str | None:
    """Return the separator of a CSV header, or None for another line."""
    head = line[:_LONGEST]
    for mark in ",;\t":
        names = [name.strip('"') for name in head.split(mark)]
        if "LocalAddress" in names and "LocalPort" in names:
            return mark
    return None


def _fields(line: str, delimiter: str) -> list[str]:
    from csv import Error, reader

    try:
        return next(reader([line], delimiter=delimiter), [])
    except Error:
        return []


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, Mapping):
        return str(value.get("CimClassName", ""))
    return str(value) if isinstance(value, str | int) else ""
