"""The columns of `portsock sockets`."""

from collections.abc import Callable, Sequence
from typing import Any

from portsock.addresses import exposure
from portsock.model import INTERNET, Exposure, InetEndpoint, OwnerStatus, Role, Socket
from portsock.views.columns import Column, View
from portsock.views.context import Context
from portsock.views.endpoints import local_key, local_text, remote_key, remote_text
from portsock.views.owners import absence, holders_text, users_of

_OWNERS = frozenset({"owners"})
_PROCESSES = frozenset({"owners", "processes"})
_PEER = frozenset({"owners", "peer"})


def _protocol(row: Socket, context: Context) -> str:  # noqa: ARG001 - the interface of a column
    return row.protocol if row.number is None else f"{row.protocol}/{row.number}"


def _number(field: str) -> Callable[[Socket, Context], str]:
    place = Socket._fields.index(field)

    def text(row: Socket, context: Context) -> str:  # noqa: ARG001
        value = row[place]
        return "" if value is None else str(value)

    return text


def _key(field: str) -> Callable[[Socket, Context], Any]:
    place = Socket._fields.index(field)
    return lambda row, _: row[place]


def _process(row: Socket, context: Context) -> str:  # noqa: ARG001
    if row.owners:
        return holders_text(row.owners, row.owner_status is OwnerStatus.PARTIAL)
    return absence(row.owner_status, row.owner_reason, row.user)


def _peer(row: Socket, context: Context) -> str:  # noqa: ARG001
    peer = row.peer
    if peer is None:
        return ""
    text = holders_text(peer.owners, peer.owner_status is OwnerStatus.PARTIAL) or absence(peer.owner_status, None, None)
    if peer.netns:
        text += f" in netns {peer.netns.name or peer.netns.id}"
    return f"{text} on {peer.host}" if peer.host else text


def _user(row: Socket, context: Context) -> str:  # noqa: ARG001
    return ",".join(users_of(row.owners)) or row.user or ""


def _service(row: Socket, context: Context) -> str:
    """The name of the port that somebody serves: of the local end unless this socket is a client."""
    ends = (row.remote, row.local) if row.role is Role.CLIENT else (row.local, row.remote)
    for end in ends:
        if isinstance(end, InetEndpoint) and (name := end.label or context.services.name(row.protocol, end.port)):
            return name
    return ""


def _exposure(row: Socket) -> Exposure | None:
    return exposure(row.local.address) if isinstance(row.local, InetEndpoint) else None


def _exposure_key(row: Socket, context: Context) -> int | None:  # noqa: ARG001
    found = _exposure(row)
    return None if found is None else tuple(Exposure).index(found)


def _netns(row: Socket, context: Context) -> str:  # noqa: ARG001
    return "" if row.netns is None else row.netns.name or str(row.netns.id)


def _v6only(row: Socket, context: Context) -> str:  # noqa: ARG001
    return "" if row.v6only is None else "yes" if row.v6only else "no"


def _fact(row: Socket, context: Context, field: str) -> str:
    found = (context.processes.get((row.host, owner.pid)) for owner in row.owners if owner.pid is not None)
    return ",".join(dict.fromkeys(str(value) for process in found if process and (value := getattr(process, field))))


def _timer(row: Socket, context: Context) -> str:  # noqa: ARG001
    timer = row.timer
    if timer is None:
        return ""
    left = "" if timer.expires_ms is None else f" {timer.expires_ms / 1000:g}s"
    return f"{timer.kind}{left}" + (f" retransmits {timer.retransmits}" if timer.retransmits else "")


def _memory(row: Socket, context: Context) -> str:  # noqa: ARG001
    memory = row.memory
    if memory is None:
        return ""
    text = f"recv {memory.recv_used}/{memory.recv_max} send {memory.send_used}/{memory.send_max}"
    return text + (f" drops {memory.drops}" if memory.drops else "")


def _info(row: Socket, context: Context) -> str:  # noqa: ARG001
    return " ".join(f"{name} {value}" for name, value in (row.info or {}).items() if value is not None)


def _shown(field: str) -> Callable[[Sequence[Socket]], bool]:
    place = Socket._fields.index(field)
    return lambda rows: any(row[place] is not None for row in rows)


def _several_namespaces(rows: Sequence[Socket]) -> bool:
    return len({row.netns.id for row in rows if row.netns}) > 1


def _other_families(rows: Sequence[Socket]) -> bool:
    return any(row.family not in INTERNET for row in rows)


SOCKETS: View[Socket] = View(
    "sockets",
    (
        Column("host", "which listing it is from", "string", lambda row, _: row.host or "", default=True, when=_shown("host")),
        Column("protocol", "protocol; raw sockets with the number of theirs", "string", _protocol,
               default=True, short="proto"),
        Column("type", "the type given to socket(2)", "string", lambda row, _: row.type or "", default=True,
               when=_other_families),
        Column("state", "connection state", "string", lambda row, _: row.state or row.state_raw or "", default=True,
               meaning=lambda row: row.state),
        Column("recv_q", "bytes not yet read; of a listener: connections not yet accepted", "integer", _number("recv_q"),
               key=_key("recv_q"), right=True, default=True),
        Column("send_q", "bytes not yet acknowledged; of a listener: how many may wait", "integer", _number("send_q"),
               key=_key("send_q"), right=True, default=True),
        Column("local", "local endpoint", "object", local_text, key=local_key, default=True),
        Column("remote", "remote endpoint", "object", remote_text, key=remote_key, default=True),
        Column("netns", "network namespace", "object", _netns, default=True, when=_several_namespaces),
        Column("process", "every process and descriptor that holds it, or why none is known", "array", _process, default=True,
               needs=_OWNERS, free_text=True, meaning=lambda row: row.owner_status),
        Column("peer", "the process at the other end, where it is known", "object", _peer, default=True,
               when=_shown("peer"), needs=_PEER, free_text=True),
        Column("timer", "pending kernel timer", "object", _timer, default=True, when=_shown("timer"),
               needs=frozenset({"timers"})),
        Column("memory", "buffer memory in bytes: used/most", "object", _memory, default=True, when=_shown("memory"),
               needs=frozenset({"memory"})),
        Column("info", "TCP details", "object", _info, default=True, when=_shown("info"), needs=frozenset({"info"}),
               free_text=True),
        Column("family", "address family", "string", lambda row, _: row.family),
        Column("role", "which end it is, inferred", "string", lambda row, _: row.role),
        Column("service", "the name of the port served, in the system's table", "string", _service),
        Column("exposure", "who could reach the local address before any firewall", "string",
               lambda row, _: _exposure(row) or "", key=_exposure_key, meaning=_exposure),
        Column("user", "users of its processes, else of the socket", "string", _user, needs=_OWNERS),
        Column("uid", "the creator's uid", "integer", _number("uid"), key=_key("uid"), right=True),
        Column("pid", "process ids", "array",
               lambda row, _: ",".join(dict.fromkeys(str(owner.pid) for owner in row.owners if owner.pid is not None)),
               key=lambda row, _: min((owner.pid for owner in row.owners if owner.pid is not None), default=None),
               needs=_OWNERS),
        Column("inode", "inode number", "integer", _number("inode"), key=_key("inode"), right=True),
        Column("cookie", "the kernel's unique number", "integer", _number("cookie"), key=_key("cookie"), right=True),
        Column("interface", "the device it is bound to", "string", lambda row, _: row.interface or ""),
        Column("v6only", "whether an IPv6 socket leaves IPv4 alone", "boolean", _v6only),
        Column("accept_queue", "connections waiting for accept(2)", "integer", _number("accept_queue"),
               key=_key("accept_queue"), right=True),
        Column("accept_limit", "how many may wait", "integer", _number("accept_limit"), key=_key("accept_limit"), right=True),
        Column("unit", "systemd units of its processes", "string", lambda row, context: _fact(row, context, "unit"),
               needs=_PROCESSES),
        Column("container", "containers of its processes", "string", lambda row, context: _fact(row, context, "container"),
               needs=_PROCESSES),
        Column("exe", "executables of its processes", "string", lambda row, context: _fact(row, context, "exe"),
               needs=_PROCESSES, free_text=True),
        Column("owner_status", "what is known of its holders", "string", lambda row, _: row.owner_status, needs=_OWNERS),
        Column("owner_reason", "why an owner is missing", "string", lambda row, _: row.owner_reason or "", needs=_OWNERS),
    ),
)  # fmt: skip
