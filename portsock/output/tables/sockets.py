"""The columns of `portsock sockets`, and the order of its rows."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from portsock.addresses import exposure
from portsock.endpoints import endpoint_text
from portsock.enums import Need
from portsock.model import INTERNET, Exposure, Family, InetEndpoint, OwnerReason, OwnerStatus, Role, Socket
from portsock.output.cells.endpoints import local_key, local_text, netns_text, remote_key, remote_text, several_namespaces
from portsock.output.cells.owners import absence, facts_text, first_pid, holders_text, peer_place, pids_text, users_of
from portsock.output.columns import Column, View
from portsock.output.context import Context
from portsock.output.tables.details import DETAILS, any_has

_OWNERS = frozenset({Need.OWNERS})
_PROCESSES = frozenset({Need.OWNERS, Need.PROCESSES})
_PEER = frozenset({Need.OWNERS, Need.PEER})
_PARTIAL = OwnerStatus.PARTIAL
"""Looked up once: in Python 3.11 each lookup takes 0.07 µs."""


def _protocol(row: Socket, context: Context) -> str:  # noqa: ARG001 - the interface of a column
    return row.protocol if row.number is None else f"{row.protocol}/{row.number}"


def _number(field: str) -> Callable[[Socket, Context], str]:
    place = Socket._fields.index(field)  # row[place] takes half the time of getattr(row, field)

    def text(row: Socket, context: Context) -> str:  # noqa: ARG001
        value = row[place]
        return "" if value is None else str(value)

    return text


def _key(field: str) -> Callable[[Socket, Context], Any]:
    place = Socket._fields.index(field)
    return lambda row, _: row[place]


def _process(row: Socket, context: Context) -> str:  # noqa: ARG001
    if row.owners:
        return holders_text(row.owners, row.owner_status is _PARTIAL)
    return absence(row.owner_status, row.owner_reason, row.user)


def _peer(row: Socket, context: Context) -> str:  # noqa: ARG001
    peer = row.peer
    if peer is None:
        return ""
    text = holders_text(peer.owners, peer.owner_status is _PARTIAL)
    if not text:
        waits = OwnerReason.UNACCEPTED if peer.inode is None and row.family is Family.UNIX else None
        text = absence(peer.owner_status, waits, None)
    return text + peer_place(peer) if peer.netns or peer.host else text


def _subflows(row: Socket, context: Context) -> str:
    ends = ((endpoint_text(each.local, context.hostnames), endpoint_text(each.remote, context.hostnames))
            for each in row.subflows or ())  # fmt: skip
    return ", ".join(f"{local} - {remote}" for local, remote in ends)


def _fact(field: str) -> Callable[[Socket, Context], str]:
    return lambda row, context: facts_text(row.owners, row.host, context.processes, field)


def _user(row: Socket, context: Context) -> str:  # noqa: ARG001
    return ",".join(users_of(row.owners)) or row.user or ""


def _service(row: Socket, context: Context) -> str:
    """Return the service name of the served port: the local one, or the remote one of a client."""
    ends = (row.remote, row.local) if row.role is Role.CLIENT else (row.local, row.remote)
    for end in ends:
        if not isinstance(end, InetEndpoint) or row.protocol == "icmp":
            continue
        if name := end.label or context.services.name(row.protocol, end.port):
            return name
    return ""


def _exposure(row: Socket) -> Exposure | None:
    return exposure(row.local.address) if isinstance(row.local, InetEndpoint) else None


def _exposure_key(row: Socket, context: Context) -> int | None:  # noqa: ARG001
    found = _exposure(row)
    return None if found is None else tuple(Exposure).index(found)


def _v6only(row: Socket, context: Context) -> str:  # noqa: ARG001
    return "" if row.v6only is None else "yes" if row.v6only else "no"


def _other_families(rows: Sequence[Socket]) -> bool:
    return not INTERNET.issuperset(map(attrgetter("family"), rows))


SOCKETS: View[Socket] = View(
    "sockets",
    (
        Column("host", "which listing it is from", lambda row, _: row.host or "", default=True, when=any_has("host"),
               spare=200),
        Column("protocol", "protocol; raw sockets with the number of theirs", _protocol, default=True, short="proto",
               forms="protocol"),
        Column("type", "the type given to socket(2)", lambda row, _: row.type or "", default=True, when=_other_families,
               spare=65),
        Column("state", "connection state", lambda row, _: row.state or row.state_raw or "", default=True,
               meaning=lambda row: row.state, forms="state"),
        Column("recv_q", "bytes not yet read; of a listener: connections not yet accepted", _number("recv_q"),
               key=_key("recv_q"), right=True, default=True, spare=50),
        Column("send_q", "bytes not yet acknowledged; of a listener: how many may wait", _number("send_q"), key=_key("send_q"),
               right=True, default=True, spare=50),
        Column("local", "local endpoint", local_text, key=local_key, default=True, forms="local"),
        Column("remote", "remote endpoint", remote_text, key=remote_key, default=True, forms="remote"),
        Column("netns", "network namespace", netns_text, default=True, when=several_namespaces, spare=160),
        Column("process", "every process and descriptor that holds it, or why none is known", _process, default=True,
               needs=_OWNERS, forms="holders", meaning=lambda row: row.owner_status),
        Column("peer", "the process at the other end, where it is known", _peer, default=True, when=any_has("peer"),
               needs=_PEER, forms="peer", spare=100),
        Column("subflows", "of an MPTCP connection: its TCP connections", _subflows, default=True, when=any_has("subflows"),
               key=lambda row, _: row.subflows and len(row.subflows), forms="text", spare=90),
        *DETAILS,
        Column("family", "address family", lambda row, _: row.family),
        Column("role", "which end it is, inferred", lambda row, _: row.role),
        Column("service", "the name of the port served, in the system's table", _service),
        Column("exposure", "who could reach the local address before any firewall", lambda row, _: _exposure(row) or "",
               key=_exposure_key, meaning=_exposure),
        Column("user", "users of its processes, else of the socket", _user, needs=_OWNERS),
        Column("uid", "the creator's uid", _number("uid"), key=_key("uid"), right=True),
        Column("pid", "process ids", lambda row, _: pids_text(row.owners), key=lambda row, _: first_pid(row.owners),
               needs=_OWNERS),
        Column("inode", "inode number", _number("inode"), key=_key("inode"), right=True),
        Column("cookie", "the kernel's unique number", _number("cookie"), key=_key("cookie"), right=True),
        Column("interface", "the device it is bound to", lambda row, _: row.interface or ""),
        Column("v6only", "whether an IPv6 socket leaves IPv4 alone", _v6only),
        Column("accept_queue", "connections waiting for accept(2)", _number("accept_queue"), key=_key("accept_queue"),
               right=True),
        Column("accept_limit", "how many may wait", _number("accept_limit"), key=_key("accept_limit"), right=True),
        Column("unit", "systemd units of its processes", _fact("unit"), needs=_PROCESSES),
        Column("container", "containers of its processes", _fact("container"), needs=_PROCESSES),
        Column("exe", "executables of its processes", _fact("exe"), needs=_PROCESSES, forms="text"),
        Column("owner_status", "what is known of its holders", lambda row, _: row.owner_status, needs=_OWNERS),
        Column("owner_reason", "why an owner is missing", lambda row, _: row.owner_reason or "", needs=_OWNERS),
    ),
)  # fmt: skip


def sort_by_default(sockets: Iterable[Socket]) -> list[Socket]:
    """Return the rows in the order that they have without --sort.

    By host, namespace and protocol, then local port, the listener before its connections, local address, remote end; sockets
    without a port by inode.
    """
    return sorted(sockets, key=_default_key)


def _default_key(socket: Socket) -> tuple[Any, ...]:
    local, remote, netns = socket.local, socket.remote, socket.netns
    host, space = socket.host or "", netns.id if netns else 0
    if not isinstance(local, InetEndpoint):
        return (host, space, socket.protocol, -1, False, "", -1, "", socket.inode or 0)
    port, address = (remote.port or 0, remote.address or "") if isinstance(remote, InetEndpoint) else (-1, "")
    return (
        host, space, socket.protocol, local.port or 0, remote is not None, local.address or "", port, address,
        socket.inode or 0,
    )  # fmt: skip
