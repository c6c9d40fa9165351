"""osquery's tables process_open_sockets and listening_ports as JSON, with every value as text. https://osquery.io/schema"""

from collections.abc import Iterable
from typing import Any

from portsock.model import Family, InetEndpoint, Netns, SocketType, State, UnixEndpoint
from portsock.parse.listings.endpoint_text import parse_address
from portsock.parse.listings.internet import FAMILIES, internet_record
from portsock.parse.listings.json_text import integer, load, objects
from portsock.parse.listings.numbers import MOST_PORT
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp", 132: "sctp", 136: "udplite", 255: "raw"}


class OsqueryReader:
    """Reads rows of either table, also as osqueryd's log wraps them ({"columns": …})."""

    format = "osquery"
    title = "osquery JSON (process_open_sockets, listening_ports)"
    system = "unknown"

    @classmethod
    def accepts(cls, head: str) -> bool:
        if head.lstrip()[:1] not in ("[", "{") or '"protocol"' not in head or '"schema"' in head[:400]:
            return False
        return '"local_port"' in head or ('"port"' in head and '"address"' in head and '"pid"' in head)

    def read(self, text: str, services: Services) -> Iterable[SocketRecord]:  # noqa: ARG002 - osquery prints no service names
        """Return all sockets, each with the holders of all its rows. Raises ValueError for no JSON or another table."""
        found: dict[object, SocketRecord] = {}
        for item in objects(load(text)):
            columns = item.get("columns")
            record = _record(columns if isinstance(columns, dict) else item)
            if record is None:
                raise ValueError("a row has neither local_port nor port")
            holders = record.holders or ()
            key = record.inode or (record._replace(holders=None), len(found))
            earlier = found.get(key)
            found[key] = record if earlier is None else earlier._replace(holders=(*(earlier.holders or ()), *holders))
        return found.values()


def _record(row: dict[str, Any]) -> SocketRecord | None:
    listening = "local_port" not in row
    if listening and "port" not in row:
        return None
    pid, fd = integer(row.get("pid")), integer(row.get("fd"))
    name = row.get("name") if isinstance(row.get("name"), str) else None
    holders = (Holder(pid, fd, name),) if pid else ()
    inode = integer(row.get("socket")) or None
    family, protocol = FAMILIES.get(integer(row.get("family")) or 0), integer(row.get("protocol"))
    netns = integer(row.get("net_namespace"))
    more: dict[str, Any] = {"holders": holders, "inode": inode, "netns": Netns(netns) if netns else None}
    if family is Family.UNIX:
        path = row.get("path")
        end = UnixEndpoint(path.encode("utf-8", "surrogatepass") if isinstance(path, str) and path else None)
        return SocketRecord(Family.UNIX, None, "unix", None, None, None, end, None, **more)
    word = _PROTOCOLS.get(protocol or 0, "unknown" if protocol is None else str(protocol))
    word += "6" if family is Family.IPV6 else "4"
    local = _endpoint(row, "address" if listening else "local_address", "port" if listening else "local_port")
    remote = None if listening else _endpoint(row, "remote_address", "remote_port")
    state = row.get("state")
    record = internet_record(word, local, remote, state if isinstance(state, str) and state else None, **more)
    if listening and record.type is SocketType.STREAM:
        record = record._replace(state=State.LISTEN, state_raw=None)
    return record


def _endpoint(row: dict[str, Any], address: str, port: str) -> InetEndpoint | None:
    text = row.get(address)
    found = parse_address(text) if isinstance(text, str) else None
    number = integer(row.get(port), MOST_PORT)
    if found is None:
        return None if number is None else InetEndpoint("*", number)
    return InetEndpoint(found[0], number, found[1])
