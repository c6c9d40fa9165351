"""The JSON that jc makes of netstat, ss, lsof and /proc/net/tcp, with the columns of those tools.

https://kellyjonbrazil.github.io/jc/docs/parsers/netstat
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from portsock.enums import parse_state
from portsock.model import Endpoint, Family, InetEndpoint, State, UnixEndpoint
from portsock.parse.listings.endpoint_text import unix_endpoint
from portsock.parse.listings.exports.columns import Layout, RowParser, layout_of, text_of
from portsock.parse.listings.exports.documents import ObjectReader
from portsock.parse.listings.json_text import integer
from portsock.parse.listings.lsof.socket import SOCKET_TYPES, Sockets
from portsock.parse.listings.lsof.socket import Row as LsofRow
from portsock.parse.listings.netstat.bsd_rows import UNIX_TYPES
from portsock.parse.listings.ss.row import RowParser as SsRowParser
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_KEYS = ('"foreign_address"', '"peer_address"', '"netid"', '"size_off"', '"tx_queue"', '"unix_inode"', '"transport_protocol"')
_LSOF = frozenset({"command", "pid", "fd", "type", "node", "name"})
_OTHER_NETIDS = frozenset({"nl", "p_raw", "p_dgr", "v_str", "v_dgr", "u_str", "u_dgr", "u_seq"})
_UNIX_STATES = {"LISTENING": State.LISTEN, "CONNECTED": State.ESTABLISHED, "CONNECTING": State.CONNECTING}
_WIDTH_WITH_A = 18
"""Characters of an address column of macOS' netstat -A."""
_PORT_DIGITS = 5
_NO_NAME = "Can not obtain ownership information"
_DESCRIPTOR = re.compile(r"(\d{1,10})[a-zA-Z-]{0,3}")


class JcReader(ObjectReader):
    """Reads internet sockets by their columns, and unix sockets and those of lsof here."""

    format = "jc"
    title = "jc --netstat, --ss, --lsof, --proc-net-tcp"

    def __init__(self) -> None:
        super().__init__()
        self._lsof = Sockets()
        self._files = 0
        self._ss: SsRowParser | None = None
        self._services: Services | None = None

    @classmethod
    def accepts(cls, head: str) -> bool:
        return head.lstrip()[:1] in ("[", "{") and any(key in head for key in _KEYS)

    def read(self, text: str, services: Services) -> Iterable[SocketRecord]:
        """Yield all sockets. Raises ValueError where the text is no JSON, or has none."""
        self._services, self._ss = services, SsRowParser(services)
        return super().read(text, services)

    def layout(self, item: dict[str, Any]) -> Layout | None:
        """Return the layout of any socket, and of lsof's other files."""
        unix = item.get("kind") == "socket" or _other_netid(item)
        return layout_of(tuple(item)) if unix or item.keys() >= _LSOF else super().layout(item)

    def records(self, layout: Layout, item: dict[str, Any], protocol: str, rows: RowParser) -> Iterable[SocketRecord]:
        """Return the socket of an object. Those of lsof come from `finish`, since a socket has several objects."""
        if item.keys() >= _LSOF:
            self._add_file(item)
            return ()
        record: SocketRecord | None
        if item.get("kind") == "socket":
            record = _unix(item)
        elif _other_netid(item):
            record = self._other_family(item)
            rows.skipped += record is None
        else:
            record = next(iter(super().records(layout, item, protocol, rows)), None)
        if record is None:
            return ()
        return (_refined(record, item),)

    def finish(self, rows: RowParser) -> Iterable[SocketRecord]:
        """Return the sockets of lsof."""
        rows.skipped += self._lsof.skipped
        found = tuple(self._lsof.take())
        rows.without_protocol += sum(record.protocol == "unknown" for record in found)
        return found

    def _refusal(self) -> str:
        return f"none of its {self._files:,} files is a socket" if self._files else super()._refusal()

    def _add_file(self, item: dict[str, Any]) -> None:
        kind = text_of(item["type"])
        if kind not in SOCKET_TYPES or self._services is None:
            self._files += 1
            return
        fd = _DESCRIPTOR.fullmatch(text_of(item["fd"]))
        name, _, info = text_of(item["name"]).removesuffix(")").partition(" (")
        node = text_of(item["node"])
        if not node and kind in ("IPv4", "IPv6") and info:
            node = "TCP"  # jc makes a number of NODE, and loses the protocol; only TCP has a state
        row = LsofRow(kind, text_of(item.get("device")), node, name, info)
        user = text_of(item.get("user")) or None
        holder = Holder(integer(item["pid"]), int(fd[1]) if fd else None, text_of(item["command"]) or None, user)
        self._lsof.add(row, holder, self._services)

    def _other_family(self, item: dict[str, Any]) -> SocketRecord | None:
        """Parse the row that ss printed: jc leaves the columns of such sockets nearly as they are."""
        netid = text_of(item["netid"])
        local = text_of(item.get("path")) or text_of(item.get("channel")) or text_of(item.get("local_address")) or "*"
        if netid == "nl" and "pid" in item:
            local += f"/{text_of(item['pid'])}"
        if netid[0] == "p":
            local = f"{text_of(item.get('link_layer')) or '*'}:{text_of(item.get('interface')) or '*'}"
        peer, mark = text_of(item.get("peer_address")) or "*", " " if netid[0] == "u" else ":"
        ports = [text_of(item.get(name)) for name in ("local_port", "peer_port")]
        local, peer = (f"{end}{mark}{port}" if port else end for end, port in zip((local, peer), ports, strict=True))
        state, *queues = (text_of(item.get(name)) for name in ("state", "recv_q", "send_q"))
        row = self._ss.parse(f"{netid} {state} {' '.join(queues)} {local} {peer}") if self._ss is not None else None
        return None if row is None else row.record


def _other_netid(item: dict[str, Any]) -> bool:
    """Tell whether ss names another family than the internet's."""
    netid = item.get("netid")
    return isinstance(netid, str) and netid in _OTHER_NETIDS


def _unix(item: dict[str, Any]) -> SocketRecord:
    """Parse a unix socket of netstat: of Linux with its inode and state, of the BSDs with its peer."""
    state, raw = None, text_of(item.get("state"))
    if "conn" in item:
        state = State.ESTABLISHED if text_of(item["conn"]).strip("0") else None
    elif "state" in item:
        state = _UNIX_STATES.get(raw) or (parse_state(raw) if raw else State.UNCONN)
    path = text_of(item.get("path")) or text_of(item.get("addr"))
    kind = UNIX_TYPES.get(text_of(item.get("type")).lower())
    holders = None
    if "program_name" in item:
        pid, name = integer(item.get("pid")), text_of(item["program_name"])
        holders = (Holder(pid, None, name or None),) if pid or name else ()
    return SocketRecord(
        Family.UNIX, kind, "unix", None, state, None if state or not raw else raw,
        unix_endpoint(path) if path else UnixEndpoint(None), None, integer(item.get("recv_q")), integer(item.get("send_q")),
        inode=integer(item.get("inode")) or None, holders=holders,
    )  # fmt: skip


def _refined(record: SocketRecord, item: dict[str, Any]) -> SocketRecord:
    """Return the record of an internet socket, or one of ss, with what only that tool has."""
    if "netid" in item:
        if record.state is State.LISTEN:
            record = record._replace(accept_queue=record.recv_q, accept_limit=record.send_q)
        found: dict[str, Any] = next((item[key] for key in ("opts", "process") if isinstance(item.get(key), dict)), {})
        holders = tuple(_ss_holders(found.get("process_id"))) or None
        inode, uid = integer(found.get("inode_number")) or record.inode, integer(found.get("uid_number"))
        return record._replace(
            holders=holders, inode=inode, uid=uid, interface=text_of(item.get("interface")) or record.interface
        )
    if "tx_queue" in item:
        return record._replace(uid=integer(item.get("uid")) if record.inode else None)
    if record.holders and item.get("program_name") == _NO_NAME:
        return record._replace(holders=tuple(holder._replace(name=None) for holder in record.holders))
    if "pcb" in item or "socket" in item:  # macOS' -A cuts what is longer than its columns at the end: the port
        record = record._replace(
            local=_cut_port(record.local, item, "local"), remote=_cut_port(record.remote, item, "foreign")
        )
    user = text_of(item.get("user"))
    if not user or record.family is Family.UNIX:
        return record
    uid = integer(user)
    holders = None if record.holders is None else tuple(holder._replace(user=None) for holder in record.holders)
    return record._replace(holders=holders, uid=uid, user=user if uid is None else None)  # of the socket, not of the process


def _cut_port(endpoint: Endpoint | None, item: dict[str, Any], side: str) -> Endpoint | None:
    """Return the endpoint without a port that may lack its last digits."""
    port = text_of(item.get(f"{side}_port"))
    cut = len(text_of(item.get(f"{side}_address"))) + 1 + len(port) >= _WIDTH_WITH_A and len(port) < _PORT_DIGITS
    if not (cut and port.isdecimal() and isinstance(endpoint, InetEndpoint)):
        return endpoint
    return endpoint._replace(port=None, label=f"{port}…")


def _ss_holders(processes: Any) -> Iterator[Holder]:
    """Yield the holders of ss -p: {"812": {"user": "sshd", "file_descriptor": "3"}}."""
    for pid, values in processes.items() if isinstance(processes, dict) else ():
        if isinstance(values, dict) and integer(pid) is not None:
            yield Holder(integer(pid), integer(values.get("file_descriptor")), text_of(values.get("user")) or None)
