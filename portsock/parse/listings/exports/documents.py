"""JSON of any tool that lists sockets as objects: PowerShell's ConvertTo-Json, jc, CurrPorts, and scripts.

Objects may be nested in arrays and under keys, which may name the protocol: {"tcp": […], "udp": […]}.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from portsock.model import Notice
from portsock.parse.listings.exports.columns import Layout, RowParser, layout_of
from portsock.parse.listings.json_text import load_all
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_MOST_DEPTH = 12
"""Levels of arrays and objects around a socket."""
_MOST_KEYS = 8
"""Keys that a refusal shows."""
_MOST_NAMES = 200
"""Keys of an object in which those of a socket are looked for."""
_MOST_SHAPES = 100
"""Different sets of keys that are counted apart."""
_CUT_OBJECT = re.compile(r"MSFT_Net(?:TCPConnection|UDPEndpoint)\b")
"""The text of an object below ConvertTo-Json's -Depth."""
_CIM_PROPERTY = re.compile(r'(\w{1,60}) = (?:"([^"]{0,400})"|(\S{1,400}))')
_ELEMENT = re.compile(r"<(\w{1,40})>([^<]{0,4000})</\w{1,40}>")
_FORMATTED = "ClassId2e4f51ef21dd47e99d3c952918aff9cd"
"""The first key of what Format-Table and Format-List return, where that was converted."""


class ObjectReader:
    """Reads sockets that are objects with the keys of `columns`."""

    format: ClassVar[str] = "json"
    title: ClassVar[str] = "JSON of other tools: objects with a local address and port"
    system: ClassVar[str] = "unknown"
    tcp_columns: ClassVar[bool] = False

    def __init__(self) -> None:
        self.remarks: tuple[Notice, ...] = ()
        self._other: dict[tuple[str, ...], int] = {}
        """Objects that are no sockets, by their keys."""
        self._incomplete = 0
        """Of those, the ones with a port or a peer."""
        self._cut = 0
        self._seen = 0
        """Sockets and counted objects so far."""

    @classmethod
    def accepts(cls, head: str) -> bool:
        start = head.lstrip()
        line, _, rest = start.partition("\n")
        if line.rstrip()[-1:] == "}" and rest.lstrip()[:1] not in {"", "{", "[", "}", "]", ","}:
            return False  # a line of a log in front of another listing
        return re.match(r'\{\s*"|\[\s*(?:\{|\[\s*\{|"@\{|"MSFT_Net|\])', start[:1000]) is not None

    def read(self, text: str, services: Services) -> Iterable[SocketRecord]:
        """Yield all sockets. Raises ValueError where the text is no JSON, or has none."""
        rows = RowParser(services, self.tcp_columns)
        document, unread = self.load(text)
        read = False
        for layout, item, protocol in self._objects(document, "", 0):
            for record in self.records(layout, item, protocol, rows):
                read = True
                yield record
        for record in self.finish(rows):
            read = True
            yield record
        self.remarks = (*rows.remarks(), *self._notices(unread))
        if not read and not rows.skipped:
            raise ValueError(self._refusal())
        if not read:
            raise ValueError(f"no address or port of {rows.skipped:,} objects can be read{self._keys()}")

    def load(self, text: str) -> tuple[Any, int]:
        """Return the document, and the number of lines that are not read. Raises ValueError with a message of one line."""
        return load_all(text)

    def records(self, layout: Layout, item: dict[str, Any], protocol: str, rows: RowParser) -> Iterable[SocketRecord]:
        """Return the sockets of an object with a local address."""
        record = rows.parse(layout, tuple(item.values()), protocol)
        return () if record is None else (record,)

    def finish(self, rows: RowParser) -> Iterable[SocketRecord]:  # noqa: ARG002 - see JcReader
        """Return the sockets that several objects describe."""
        return ()

    def layout(self, item: dict[str, Any]) -> Layout | None:
        """Return the layout of an object that is a socket, or None for another object."""
        found = layout_of(tuple(item) if len(item) <= _MOST_NAMES else tuple(item)[:_MOST_NAMES])
        return found if found.has_sockets else None

    def _objects(self, value: Any, protocol: str, depth: int) -> Iterator[tuple[Layout, dict[str, Any], str]]:
        """Yield (layout, object, protocol of the key above it) of all sockets in a value."""
        if isinstance(value, list):
            for item in value:
                if isinstance(item, str) and item[:2] == "@{":
                    item = dict(part.partition("=")[::2] for part in item[2:-1].split("; "))
                if isinstance(item, dict):
                    yield from self._sockets_of(item, protocol, depth)
                elif isinstance(item, list) and depth < _MOST_DEPTH:
                    yield from self._objects(item, protocol, depth + 1)
                elif isinstance(item, str) and _CUT_OBJECT.match(item):
                    self._cut += 1
                    self._seen += 1
        elif isinstance(value, dict):
            yield from self._sockets_of(value, protocol, depth)

    def _sockets_of(
        self, item: dict[str, Any], protocol: str, depth: int, member: bool = True
    ) -> Iterator[tuple[Layout, dict[str, Any], str]]:
        """Yield an object that is a socket, or those inside it. A member of an array without any is counted."""
        layout = self.layout(item)
        if layout is None and "CimInstanceProperties" in item:
            item = _cim_properties(item) | item
            layout = self.layout(item)
        if layout is not None:
            self._seen += 1
            yield layout, item, protocol
            return
        seen = self._seen
        for key, inner in item.items():
            if depth < _MOST_DEPTH and not key.startswith("Cim"):
                named = _protocol_of(key)
                if isinstance(inner, dict):
                    yield from self._sockets_of(inner, named or protocol, depth + 1, bool(named))
                elif isinstance(inner, list):
                    yield from self._objects(inner, named or protocol, depth + 1)
        if self._seen == seen and (member or layout_of(tuple(item)).resembles_sockets):
            self._count_other(item)

    def _count_other(self, item: dict[str, Any]) -> None:
        self._seen += 1
        keys = tuple(item)[:40]
        self._incomplete += layout_of(keys).resembles_sockets
        keys = keys if len(self._other) < _MOST_SHAPES else ()
        self._other[keys] = self._other.get(keys, 0) + 1

    def _notices(self, unread: int) -> Iterator[Notice]:
        if unread:
            yield Notice("lines_skipped", unread, f"{_amount(unread, 'line is', 'lines are')} no JSON, and skipped")
        if self._cut:
            text = f"{_amount(self._cut, 'object was', 'objects were')} cut by ConvertTo-Json; repeat it with -Depth 4"
            yield Notice("objects_skipped", self._cut, text)
        other = sum(self._other.values())
        if other:
            were = "was" if other == 1 else "were"
            text = f"{_amount(other, 'object has', 'objects have')} no local address, and {were} skipped{self._keys()}"
            yield Notice("objects_skipped", other, text, self._incomplete > 0)

    def _refusal(self) -> str:
        if self._cut:
            return "its objects were cut by ConvertTo-Json; repeat it with -Depth 4"
        if any(_FORMATTED in keys for keys in self._other):
            return "it has the layout of a table instead of sockets; leave Format-Table out before ConvertTo-Json"
        if not self._other:
            return "it has no objects"
        return f"no object has a local address{self._keys()}"

    def _keys(self) -> str:
        """Return the most frequent keys in parentheses."""
        if not self._other:
            return ""
        keys = max(self._other, key=self._other.__getitem__)
        shown = [key if key.isprintable() and len(key) < 40 else ascii(key[:40]) for key in keys[:_MOST_KEYS]]
        more = ", …" if len(keys) > _MOST_KEYS else ""
        return f" (keys: {', '.join(shown)}{more})" if shown else " (no keys)"


class PowershellJsonReader(ObjectReader):
    """Reads ConvertTo-Json of Get-NetTCPConnection and Get-NetUDPEndpoint."""

    format = "powershell"
    title = "PowerShell Get-NetTCPConnection, Get-NetUDPEndpoint (ConvertTo-Json)"
    system = "Windows"
    tcp_columns = True

    @classmethod
    def accepts(cls, head: str) -> bool:
        return head.lstrip()[:1] in ("[", "{") and any(name in head for name in ("LocalAddress", "MSFT_Net", _FORMATTED))


class CurrportsJsonReader(ObjectReader):
    """Reads CurrPorts' /sjson."""

    format = "currports"
    title = "CurrPorts (text, tabs, CSV, JSON, XML)"
    system = "Windows"

    @classmethod
    def accepts(cls, head: str) -> bool:
        return head.lstrip()[:1] in ("[", "{") and '"Local Port Name"' in head and '"Local Address"' in head


class CurrportsXmlReader(CurrportsJsonReader):
    """Reads CurrPorts' /sxml, whose items have one level of elements. Nothing else of XML is looked at."""

    @classmethod
    def accepts(cls, head: str) -> bool:
        return head.lstrip("\ufeff \n")[:1] == "<" and "<item>" in head and "<local_port" in head

    def load(self, text: str) -> tuple[Any, int]:
        """Return the items, and the number of those that are not closed."""
        from html import unescape

        items = [item.partition("</item>") for item in text.split("<item>")[1:]]
        found = [{name: unescape(value) for name, value in _ELEMENT.findall(item)} for item, closed, _ in items if closed]
        return found, len(items) - len(found)


def _protocol_of(key: str) -> str:
    """Return 'tcp6' of 'tcp6Connections', 'udp' of 'UdpEndpoints', '' of keys that name no protocol or several."""
    found = re.findall(r"(tcp|udp)(?:v?([46]))?", key[:60].lower())
    return "".join(found[0]) if len(found) == 1 else ""


def _cim_properties(item: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a CIM instance: objects with Name and Value, or texts in the form 'Name = "value"'."""
    properties = item["CimInstanceProperties"]
    found: dict[str, Any] = {}
    for each in properties if isinstance(properties, list) else [properties]:
        if isinstance(each, dict) and isinstance(each.get("Name"), str):
            found[each["Name"]] = each.get("Value")
        elif isinstance(each, str):
            found |= {name: quoted or bare for name, quoted, bare in _CIM_PROPERTY.findall(each[:20_000])}
    return found


def _amount(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"
