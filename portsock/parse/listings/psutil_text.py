"""psutil.net_connections() as people save it: the repr of its named tuples, JSON, or the table of psutil's script.

https://psutil.readthedocs.io/en/latest/#psutil.net_connections
"""

import re
from collections.abc import Iterable
from typing import Any, Self

from portsock.enums import parse_state
from portsock.model import Family, InetEndpoint, Notice, SocketType, State, UnixEndpoint
from portsock.parse.linux_codes import SOCKET_TYPES
from portsock.parse.listings.endpoint_text import colon_endpoint, parse_address
from portsock.parse.listings.internet import FAMILIES, internet_record
from portsock.parse.listings.json_text import integer, load_all
from portsock.parse.listings.numbers import MOST_PORT
from portsock.parse.listings.reader import skipped
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_NAMES = ("fd", "family", "type", "laddr", "raddr", "status", "pid")
_FAMILY_NAMES = {"AF_UNIX": Family.UNIX, "AF_INET": Family.IPV4, "AF_INET6": Family.IPV6}
_PROTOCOLS = {SocketType.STREAM: "tcp", SocketType.DGRAM: "udp", SocketType.RAW: "raw", SocketType.SEQPACKET: "sctp"}

_TUPLE = re.compile(r"\b[sp]conn\(")
_FIELD = re.compile(
    r"(fd|pid)=(-?\d{1,10}|None)|(family|type)=(?:<[\w.]{1,40}: (\d{1,5})>|(\d{1,5}))"
    r"|status=(?:<[\w.]{1,40}: '(\w{1,20})'>|'(\w{1,20})')"
    r"|(laddr|raddr)=(?:(?:addr)?\((?:ip=)?'([^']{0,100})', (?:port=)?(\d{1,5})\)|'([^']{0,200})'|\(\))"
)
_HEADER = re.compile(r"Proto +Local address +Remote address +Status +PID +Program name\s*")


class PsutilReprReader:
    """Reads 'sconn(fd=3, family=<AddressFamily.AF_INET: 2>, …)', one or several in a line."""

    format = "psutil"
    title = "psutil.net_connections(): repr, or psutil's scripts/netstat.py"
    system = "unknown"

    def __init__(self, services: Services) -> None:
        self._services = services

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        return cls(services) if _TUPLE.search(line[:400]) or _HEADER.fullmatch(line[:400]) else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if _HEADER.fullmatch(line[:400]) or line.strip() in ("...]", "]", "["):
            return ()
        parts = _TUPLE.split(line)
        if len(parts) > 1:
            found = [parse_connection(_fields(part)) for part in parts[1:]]
            return [record for record in found if record is not None] if all(found) else None
        record = self._row(line)
        return None if record is None else (record,)

    def finish(self) -> Iterable[SocketRecord]:
        return ()

    def _row(self, line: str) -> SocketRecord | None:
        """Parse a row of the script: protocol, local, remote or '-', status, PID or '-', name."""
        words = line.split(None, 5)
        if len(words) < 5 or words[0] not in ("tcp", "tcp6", "udp", "udp6"):
            return None
        word, local_text, remote_text, status, pid_text, *rest = words
        local = colon_endpoint(local_text, word, self._services)
        remote = colon_endpoint(remote_text, word, self._services) if remote_text != "-" else None
        if local is None or (remote is None and remote_text != "-"):
            return None
        pid = integer(pid_text)
        name = rest[0].strip() if rest and rest[0].strip() not in ("?", "-") else None
        holders = () if pid is None else (Holder(pid, None, name),)
        word = word if word[-1] == "6" else word + "4"
        return internet_record(word, local, remote, status if status != "NONE" else None, holders=holders)


class PsutilJsonReader:
    """Reads the tuples as arrays, or as objects with the fields' names; families, types and states as numbers or names."""

    format = "psutil-json"
    title = "psutil.net_connections() dumped as JSON (arrays or objects)"
    system = "unknown"

    @classmethod
    def accepts(cls, head: str) -> bool:
        text = head.lstrip()[:1000]
        return (text[:1] in ("[", "{") and '"laddr"' in text) or re.match(r"\[\s*\[\s*-?\d{1,10}\s*,\s*\d", text) is not None

    def __init__(self) -> None:
        self.remarks: tuple[Notice, ...] = ()

    def read(self, text: str, services: Services) -> Iterable[SocketRecord]:  # noqa: ARG002 - psutil prints no names
        """Yield all sockets. Raises ValueError for no JSON, and where no item is a connection of psutil."""
        document, unread = load_all(text)
        found = 0
        items = document if isinstance(document, list) else [document]
        for item in items:
            values = dict(zip(_NAMES, item, strict=False)) if isinstance(item, list) else item
            record = parse_connection(values) if isinstance(values, dict) else None
            if record is not None:
                found += 1
                yield record
        if not found:
            raise ValueError("no item is a connection of psutil, with a family and laddr")
        self.remarks = skipped(len(items) - found + unread)


def _fields(text: str) -> dict[str, Any]:
    """Return the fields of one repr."""
    values: dict[str, Any] = {}
    for match in _FIELD.finditer(text[:2000]):
        number, named, member, plain, status, status_plain, end, ip, port, path = match.groups()[1:]
        if match[1]:
            values[match[1]] = None if number == "None" else int(number)
        elif named:
            values[named] = int(member or plain)
        elif status or status_plain:
            values["status"] = status or status_plain
        elif end:
            values[end] = [ip, int(port)] if port else path or ""
    return values


def parse_connection(values: dict[str, Any]) -> SocketRecord | None:
    """Return the record of one connection by its fields, or None where they are not psutil's."""
    family = _family(values.get("family"))
    if family is None or "laddr" not in values:
        return None
    kind = _socket_type(values.get("type"))
    pid, fd = integer(values.get("pid")), integer(values.get("fd"))
    holders = (Holder(pid, fd),) if pid is not None else ()
    status = values.get("status")
    state = status.removeprefix("CONN_") if isinstance(status, str) and status not in ("NONE", "CONN_NONE") else None
    if family is Family.UNIX:
        return _unix(values, kind, state, holders)
    local, remote = _endpoint(values["laddr"]), _endpoint(values.get("raddr"))
    word = _PROTOCOLS.get(kind, "unknown") if kind else "unknown"
    return internet_record(word + ("6" if family is Family.IPV6 else "4"), local, remote, state, holders=holders)


def _unix(values: dict[str, Any], kind: SocketType | None, state: str | None, holders: tuple[Holder, ...]) -> SocketRecord:
    local, remote = _path(values["laddr"]), _path(values.get("raddr"))
    known = parse_state(state) if state else None
    if known is None and remote.path is not None:
        known = State.ESTABLISHED
    return SocketRecord(
        Family.UNIX, kind, "unix", None, known, state if state and known is None else None, local,
        remote if remote.path is not None else None, holders=holders,
    )  # fmt: skip


def _path(value: object) -> UnixEndpoint:
    if not isinstance(value, str) or not value:
        return UnixEndpoint(None)
    name = value.encode("utf-8", "surrogatepass")
    return UnixEndpoint(name[1:], True) if name[:1] in (b"@", b"\0") else UnixEndpoint(name)


def _endpoint(value: object) -> InetEndpoint | None:
    if isinstance(value, dict):
        value = [value.get("ip"), value.get("port")]
    if not isinstance(value, list | tuple) or len(value) != 2 or not isinstance(value[0], str):
        return None
    found = parse_address(value[0])
    return None if found is None else InetEndpoint(found[0], integer(value[1], MOST_PORT), found[1])


def _family(value: object) -> Family | None:
    number = integer(value)
    if number is not None:
        return FAMILIES.get(number)
    return _FAMILY_NAMES.get(value) if isinstance(value, str) else None


def _socket_type(value: object) -> SocketType | None:
    if isinstance(value, str):
        return SocketType.__members__.get(value.removeprefix("SOCK_"))
    return SOCKET_TYPES.get(integer(value) or 0)
