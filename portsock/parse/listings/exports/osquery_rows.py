"""Rows of osquery's tables process_open_sockets and listening_ports, however they are written. https://osquery.io/schema"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from portsock.model import Family, InetEndpoint, Netns, Notice, SocketType, State, UnixEndpoint
from portsock.parse.listings.endpoint_text import parse_address
from portsock.parse.listings.exports.columns import text_of, without_protocol
from portsock.parse.listings.internet import FAMILIES, internet_record
from portsock.parse.listings.json_text import integer
from portsock.parse.listings.numbers import MOST_PORT
from portsock.parse.listings.reader import skipped
from portsock.records import Holder, SocketRecord

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp", 132: "sctp", 136: "udplite", 255: "raw"}
_OPEN = frozenset({"local_address", "local_port"})
_LISTENING = frozenset({"address", "port"})
_WITH_THEM = frozenset({"pid", "fd", "socket", "family", "protocol"})
_OF_EVENTS = {"syscall": "bpf_socket_events", "eid": "socket_events", "auid": "socket_events", "success": "socket_events"}
"""Columns that only tables of events have → the table."""
_SYSTEM_CALLS = frozenset({"connect", "bind", "accept", "accept4", "listen", "close", "socket"})


def has_sockets(names: Collection[str]) -> bool:
    """Tell whether columns with these names are of one of the two tables."""
    found = frozenset(names)
    return (found >= _OPEN or found >= _LISTENING) and not _WITH_THEM.isdisjoint(found) and events_of(found) is None


def events_of(names: Collection[str]) -> str | None:
    """Return the table of events that has columns with these names, or None."""
    found = frozenset(names)
    return next((table for name, table in _OF_EVENTS.items() if name in found), None)


def events_of_row(row: Mapping[str, Any]) -> str | None:
    """Return the table of events that has such a row, or None."""
    return events_of(row.keys()) or ("socket_events" if row.get("action") in _SYSTEM_CALLS else None)


class Rows:
    """Collects rows, and joins those of one socket."""

    def __init__(self) -> None:
        self.skipped = 0
        self._without_protocol = 0
        self._found: dict[object, SocketRecord] = {}
        self._more: dict[object, list[Holder]] = {}
        """Holders of a socket that further rows name; joined at the end, since a socket may have thousands."""

    def add(self, row: Mapping[str, Any], host: str = "", counted: bool = True) -> bool:
        """Add a row. Returns whether it could be read. `counted`: it is counted here if it could not, not by the driver."""
        record = _record(row)
        if record is None:
            self.skipped += counted
            return False
        key = (host, record.inode) if record.inode else len(self._found)
        if key in self._found:
            self._more.setdefault(key, []).extend(record.holders or ())
        else:
            self._without_protocol += record.protocol == "unknown"
            self._found[key] = record
        return True

    def take(self) -> Iterable[SocketRecord]:
        """Return all sockets so far, and forget them."""
        found, self._found = self._found, {}
        more, self._more = self._more, {}
        for key, holders in more.items():
            found[key] = found[key]._replace(holders=(*(found[key].holders or ()), *holders))
        return found.values()

    def remarks(self) -> tuple[Notice, ...]:
        """Return notices about rows that were not read, or not entirely."""
        return (*skipped(self.skipped), *without_protocol(self._without_protocol))


def _record(row: Mapping[str, Any]) -> SocketRecord | None:
    listening = "local_port" not in row
    more: dict[str, Any] = {}
    if "pid" in row:
        pid, fd = integer(row["pid"]), integer(row.get("fd"))
        name = text_of(row.get("name")) or text_of(row.get("process_name"))
        more["holders"] = (Holder(pid, fd, name or None, text_of(row.get("username")) or None),) if pid else ()
    inode = integer(row.get("socket")) or None
    family = FAMILIES.get(integer(row.get("family")) or 0)
    netns = integer(row.get("net_namespace"))
    more |= {"inode": inode, "netns": Netns(netns) if netns else None}
    if family is Family.UNIX:
        path = row.get("path")
        end = UnixEndpoint(path.encode("utf-8", "surrogatepass") if isinstance(path, str) and path else None)
        return SocketRecord(Family.UNIX, None, "unix", None, None, None, end, None, **more)
    word = text_of(row.get("protocol"))
    protocol = integer(word)
    word = (word or "unknown") if protocol is None else _PROTOCOLS.get(protocol, word)
    word += {Family.IPV6: "6", Family.IPV4: "4"}.get(family, "") if family else ""
    local = _endpoint(row, "address" if listening else "local_address", "port" if listening else "local_port")
    if local is None:
        return None
    remote = None if listening else _endpoint(row, "remote_address", "remote_port")
    record = internet_record(word, local, remote, text_of(row.get("state")) or None, **more)
    if listening and record.type is SocketType.STREAM:
        record = record._replace(state=State.LISTEN, state_raw=None)
    return record


def _endpoint(row: Mapping[str, Any], address: str, port: str) -> InetEndpoint | None:
    """Return an endpoint, None where there is none, or where its values are no address and no port."""
    if address not in row or port not in row:
        return None
    text, number = text_of(row[address]), integer(row[port], MOST_PORT)
    if number is None:
        return None
    if not text:
        return InetEndpoint("*", number)
    found = parse_address(text)
    return None if found is None else InetEndpoint(found[0], number, found[1])
