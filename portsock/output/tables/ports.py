"""The columns of `portsock ports`, and the line under its table."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from portsock.endpoints import bracketed
from portsock.enums import Need
from portsock.model import Exposure, OwnerStatus, Port, State
from portsock.output.cells.endpoints import address_key, netns_text, several_namespaces
from portsock.output.cells.owners import absence, facts_text, first_pid, pids_text, processes_text, users_of
from portsock.output.cells.reach import reach_text
from portsock.output.columns import Column, View
from portsock.output.context import Context

_OWNERS = frozenset({Need.OWNERS})
_PROCESSES = frozenset({Need.OWNERS, Need.PROCESSES})


def _port(row: Port, context: Context) -> str:
    if context.numeric or not row.service:
        return str(row.port)
    return f"{row.port} ({row.service})"


def _addresses(row: Port, context: Context) -> str:  # noqa: ARG001 - the interface of a column
    return ",".join(map(bracketed, row.addresses))


def _addresses_key(row: Port, context: Context) -> Any:  # noqa: ARG001
    return tuple(map(address_key, row.addresses)) or None


def _exposure_key(row: Port, context: Context) -> int | None:  # noqa: ARG001
    return None if row.exposure is None else tuple(Exposure).index(row.exposure)


def _state(row: Port, context: Context) -> str:  # noqa: ARG001
    return row.state or next((socket.state_raw for socket in row.sockets if socket.state_raw), "")


def _fact(field: str) -> Callable[[Port, Context], str]:
    return lambda row, context: facts_text(row.owners, row.host, context.processes, field)


def _user(row: Port, context: Context) -> str:  # noqa: ARG001
    users = users_of(row.owners) or list(dict.fromkeys(socket.user for socket in row.sockets if socket.user))
    return ",".join(users)


def _process(row: Port, context: Context) -> str:
    if not row.owners:
        return absence(row.owner_status, row.owner_reason, next((socket.user for socket in row.sockets if socket.user), None))
    return processes_text(row.owners, row.owner_status is OwnerStatus.PARTIAL, row.host, context.processes)


def _has_reach(rows: Sequence[Port]) -> bool:
    return any(row.reach is not None for row in rows)


def _uids(row: Port, context: Context) -> str:  # noqa: ARG001
    return ",".join(map(str, sorted({socket.uid for socket in row.sockets if socket.uid is not None})))


def _inodes(row: Port, context: Context) -> str:  # noqa: ARG001
    return ",".join(map(str, sorted({socket.inode for socket in row.sockets if socket.inode is not None})))


PORTS: View[Port] = View(
    "ports",
    (
        Column("host", "which listing it is from", lambda row, _: row.host or "", default=True,
               when=lambda rows: any(row.host for row in rows), spare=200),
        Column("protocol", "transport protocol", lambda row, _: row.protocol, default=True, short="proto",
               forms="protocol"),
        Column("port", "number, and the name it has by convention", _port, key=lambda row, _: row.port, default=True,
               forms="port"),
        Column("addresses", "bound addresses; * is all of both families", _addresses, key=_addresses_key, default=True,
               forms="addresses"),
        Column("exposure", "who could reach it before any firewall", lambda row, _: row.exposure or "", key=_exposure_key,
               default=True, when=lambda rows: not _has_reach(rows), meaning=lambda row: row.exposure, spare=50),
        Column("reach", "who can really connect, given the packet filter", lambda row, _: reach_text(row.reach), default=True,
               when=_has_reach, needs=frozenset({Need.REACH}), forms="text"),
        Column("state", "LISTEN, UNCONN (UDP without a peer), …", _state, default=True, meaning=lambda row: row.state,
               spare=115),
        Column("connections", "connections on it; one of MPTCP counts once",
               lambda row, _: "" if row.connections is None else str(row.connections), key=lambda row, _: row.connections,
               right=True, default=True, when=lambda rows: any(row.connections is not None for row in rows),
               needs=frozenset({Need.CONNECTIONS}), short="conns", spare=90),
        Column("netns", "network namespace", netns_text, default=True, when=several_namespaces, spare=160),
        Column("user", "users of its processes, else of the socket", _user, default=True, needs=_OWNERS,
               forms="users", spare=70),
        Column("process", "every process that holds it, or why none is known", _process, default=True, needs=_OWNERS,
               forms="processes", meaning=lambda row: row.owner_status),
        Column("service", "the name of the port in the system's table", lambda row, _: row.service or ""),
        Column("range", "system, user or dynamic (RFC 6335)", lambda row, _: row.range),
        Column("pid", "process ids", lambda row, _: pids_text(row.owners), needs=_OWNERS,
               key=lambda row, _: first_pid(row.owners)),
        Column("sockets", "how many listening or bound sockets", lambda row, _: str(len(row.sockets)),
               key=lambda row, _: len(row.sockets), right=True),
        Column("unit", "systemd units of its processes", _fact("unit"), needs=_PROCESSES),
        Column("container", "containers of its processes", _fact("container"), needs=_PROCESSES),
        Column("exe", "executables of its processes", _fact("exe"), needs=_PROCESSES, forms="text"),
        Column("uid", "uids of its sockets", _uids),
        Column("inode", "inode numbers of its sockets", _inodes),
        Column("owner_status", "what is known of its holders", lambda row, _: row.owner_status, needs=_OWNERS),
        Column("owner_reason", "why an owner is missing", lambda row, _: row.owner_reason or "", needs=_OWNERS),
    ),
    frozenset({Need.OWNERS}),
)  # fmt: skip


def summarize(rows: Sequence[Port]) -> str:
    """Return one line about the table: '12 ports (9 tcp, 3 udp): 5 on all addresses, 7 loopback only; owners of 2 hidden'."""
    protocols = Counter(row.protocol for row in rows)
    exposures = Counter(row.exposure for row in rows if row.exposure)
    kinds = ", ".join(f"{number} {protocol}" for protocol, number in protocols.items())
    reach = ", ".join(f"{exposures[item]} {_REACH[item]}" for item in reversed(Exposure) if exposures[item])
    hidden = sum(row.owner_status is OwnerStatus.HIDDEN for row in rows)
    busy = sum(row.state is State.LISTEN for row in rows)
    text = f"{len(rows)} {'port' if len(rows) == 1 else 'ports'}"
    if rows:
        text += f" ({kinds}), {busy} listening"
    if reach:
        text += f": {reach}"
    return text + (f"; owners of {hidden} hidden" if hidden else "")


_REACH = {
    Exposure.ALL: "on all addresses",
    Exposure.PUBLIC: "on public addresses",
    Exposure.SHARED: "on shared addresses",
    Exposure.PRIVATE: "on private addresses",
    Exposure.LINK: "on link-local addresses",
    Exposure.LOOPBACK: "loopback only",
}
