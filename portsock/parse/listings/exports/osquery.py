"""osquery's results: JSON, the log of osqueryd, and the tables, CSV and lines of osqueryi.

https://osquery.readthedocs.io/en/stable/deployment/logging/
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Self

from portsock.model import Notice
from portsock.parse.listings.exports.columns import text_of
from portsock.parse.listings.exports.delimited import NAME, fields
from portsock.parse.listings.exports.osquery_rows import Rows, events_of_row, has_sockets
from portsock.parse.listings.json_text import load_all
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_LONGEST = 4000
_MOST_DEPTH = 6
_ITEM = re.compile(r"( {0,40})([a-z_]{2,40}) = ?(.*)")
_FIRST_NAMES = frozenset({"pid", "fd", "socket", "family", "local_address", "local_port", "address", "port"})
"""Names with which --line may begin. Others may where they are indented, to end below 'local_address'."""
_INDENT = 5
_QUERY = "SELECT * FROM process_open_sockets"
_STATE_NAMES = ("local_address", "local_port", "address", "port")

_Object = dict[str, Any]


class OsqueryReader:
    """Reads rows of both tables: alone, or as osqueryd's log wraps them, whose later lines change earlier ones."""

    format: ClassVar[str] = "osquery"
    title: ClassVar[str] = "osquery: process_open_sockets, listening_ports (JSON, log, table, CSV, line)"
    system: ClassVar[str] = "unknown"

    def __init__(self) -> None:
        self.remarks: tuple[Notice, ...] = ()
        self._plain: list[_Object] = []
        self._added: dict[object, tuple[str, _Object]] = {}
        self._snapshots: dict[tuple[str, str], tuple[object, list[_Object]]] = {}
        """By host and query: (time, rows) of the last one."""
        self._replaced = 0
        self._removed = 0
        self._never_added = 0
        self._events: dict[str, int] = {}
        self._other = 0

    @classmethod
    def accepts(cls, head: str) -> bool:
        if head.lstrip()[:1] not in ("[", "{") or '"schema"' in head[:400]:
            return False
        if '"hostIdentifier"' in head or '"diffResults"' in head:
            return True
        names = set(re.findall(r'"([a-z_]{2,20})"\s*:', head))
        if "local_port" in names and events_of_row(dict.fromkeys(names)) is not None:
            return True
        if re.search(r'"protocol"\s*:\s*"[a-zA-Z]', head) is not None:  # osquery prints its number
            return False
        return has_sockets(names) and names.isdisjoint({"proto", "netid", "tx_queue", "laddr"})

    def read(self, text: str, services: Services) -> Iterable[SocketRecord]:  # noqa: ARG002 - osquery prints no service names
        """Return all sockets, each with the holders of all its rows. Raises ValueError for no JSON, and for other tables."""
        document, unread = load_all(text)
        self._take(document, 0)
        rows = Rows()
        for host, row in self._current():
            rows.add(row, host)
        found = rows.take()
        if not found and not (self._removed or self._replaced or self._snapshots):
            raise ValueError(self._refusal(rows))
        self.remarks = (*rows.remarks(), *self._notices(unread))
        return found

    def _take(self, value: Any, depth: int) -> None:
        """Take the results out of arrays and of the objects around them."""
        if isinstance(value, list):
            for item in value:
                self._take(item, depth + 1)
        elif isinstance(value, dict) and depth < _MOST_DEPTH:
            self._take_result(value, depth)

    def _take_result(self, item: _Object, depth: int) -> None:
        host, query = text_of(item.get("hostIdentifier")) or text_of(item.get("host")), text_of(item.get("name"))
        columns, snapshot, changes = item.get("columns"), item.get("snapshot"), item.get("diffResults")
        if isinstance(columns, dict):
            self._take_columns(columns, text_of(item.get("action")), host, query, item.get("unixTime"))
        elif isinstance(snapshot, list):
            self._replaced += len(self._snapshots.get((host, query), ("", ()))[1])
            rows = [row for row in snapshot if isinstance(row, dict) and self._is_row(row)]
            self._snapshots[host, query] = (item.get("unixTime"), rows)
        elif isinstance(changes, dict):
            for action in ("added", "removed"):
                changed = changes.get(action)
                for row in changed if isinstance(changed, list) else ():
                    if isinstance(row, dict):
                        self._take_columns(row, action, host, query, None)
        elif "pid" not in item and any(isinstance(inner, list) for inner in item.values()):
            for inner in item.values():
                self._take(inner, depth + 1)
        elif self._is_row(item):
            self._plain.append(item)

    def _take_columns(self, row: _Object, action: str, host: str, query: str, time: object) -> None:
        if not self._is_row(row):
            return
        if action == "snapshot":
            last, rows = self._snapshots.get((host, query), (time, []))
            if last != time:
                self._replaced += len(rows)
                rows = []
            rows.append(row)
            self._snapshots[host, query] = (time, rows)
            return
        key = (host, query, *sorted((name, str(value)) for name, value in row.items()))
        if action != "removed":
            self._added[key] = (host, row)
            return
        self._removed += 1
        self._never_added += self._added.pop(key, None) is None

    def _is_row(self, row: _Object) -> bool:
        """Tell whether it is a row of one of the two tables, and count it if not."""
        if not any(name in row for name in _STATE_NAMES):
            self._other += 1
            return False
        events = events_of_row(row)
        if events is not None:
            self._events[events] = self._events.get(events, 0) + 1
        return events is None

    def _current(self) -> Iterator[tuple[str, _Object]]:
        """Yield (host, row) of what is open at the end of the log."""
        for row in self._plain:
            yield "", row
        for (host, _), (_, rows) in self._snapshots.items():
            for row in rows:
                yield host, row
        yield from self._added.values()

    def _refusal(self, rows: Rows) -> str:
        if self._events:
            tables = " and ".join(self._events)
            return f"rows of {tables} are events, not the sockets that are open; query {_QUERY} instead"
        if rows.skipped:
            return f"no address and port of its {rows.skipped:,} rows can be read"
        return "it has no row of process_open_sockets or listening_ports with an address and a port"

    def _notices(self, unread: int) -> Iterator[Notice]:
        if unread:
            yield Notice("lines_skipped", unread, f"{_amount(unread, 'line is', 'lines are')} no JSON, and skipped")
        if self._removed:
            text = f"{_amount(self._removed, 'row was', 'rows were')} removed by later results of the log, and left out"
            if self._never_added:
                text += f"; the log does not begin with the first results: {self._never_added:,} of them were never added"
            yield Notice("rows_removed", self._removed, text, self._never_added > 0)
        if self._replaced:
            text = f"{_amount(self._replaced, 'row is', 'rows are')} of earlier snapshots, and left out"
            yield Notice("rows_replaced", self._replaced, text, False)
        for table, number in self._events.items():
            text = f"{_amount(number, 'row', 'rows')} of {table} left out: they are events, not the sockets that are open"
            yield Notice("events_skipped", number, text, False)
        if self._other:
            text = f"{_amount(self._other, 'row is', 'rows are')} of other tables, or without address and port, and left out"
            yield Notice("objects_skipped", self._other, text, False)
        hosts = sorted({host for host, _ in self._current() if host})
        if len(hosts) > 1:
            text = f"sockets of {len(hosts):,} hosts are listed together"
            yield Notice("several_hosts", len(hosts), text, False)


class _OsqueryiReader:
    framed: ClassVar[bool] = True
    format: ClassVar[str] = OsqueryReader.format
    title: ClassVar[str] = OsqueryReader.title
    system: ClassVar[str] = "unknown"

    def __init__(self, services: Services) -> None:  # noqa: ARG002 - osquery prints no service names
        self._rows = Rows()

    @property
    def remarks(self) -> tuple[Notice, ...]:
        return self._rows.remarks()

    def finish(self) -> Iterable[SocketRecord]:
        return self._rows.take()


class OsqueryTableReader(_OsqueryiReader):
    """Reads the frames of osqueryi, and --csv and --list with '|' or another separator."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._separator = "|"
        self._names: list[str] = []

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        return cls(services) if _header(line) is not None else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if not self._names or "port" in line:
            header = _header(line)
            if header is not None:
                self._separator, self._names = header
                return ()
        if line[:2] == "+-" and not line.strip("+- "):
            return ()
        row = _cells(line, self._separator) if len(line) < _LONGEST else []
        if len(row) != len(self._names):
            return None
        return () if self._rows.add(dict(zip(self._names, row, strict=True)), counted=False) else None


class OsqueryLineReader(_OsqueryiReader):
    """Reads --line: 'name = value', and a blank line behind each row."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._row: dict[str, str] = {}

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        match = _ITEM.fullmatch(line[:200]) if " =" in line else None
        return cls(services) if match and (match[2] in _FIRST_NAMES or len(match[1]) >= _INDENT) else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        match = _ITEM.fullmatch(line) if len(line) < _LONGEST else None
        if match is None:
            self._end_of_row()
            return None if line.strip() else ()
        if match[2] in self._row:
            self._end_of_row()
        self._row[match[2]] = match[3]
        return ()

    def finish(self) -> Iterable[SocketRecord]:
        self._end_of_row()
        return super().finish()

    def _end_of_row(self) -> None:
        row, self._row = self._row, {}
        if row:
            self._rows.add(row)


def _header(line: str) -> tuple[str, list[str]] | None:
    """Return (separator, names of the columns) of a header, or None for another line."""
    if "port" in line[:_LONGEST]:
        for mark in "|,;\t":
            names = _cells(line[:_LONGEST], mark) if mark in line else []
            if len(names) > 1 and has_sockets(names) and all(map(NAME.fullmatch, names)):
                return mark, names
    return None


def _cells(line: str, separator: str) -> list[str]:
    if line[:1] == "|" and line.rstrip()[-1:] == "|":
        return [cell.strip() for cell in line.strip()[1:-1].split("|")]
    return fields(line, separator) if '"' in line else line.split(separator)


def _amount(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"
