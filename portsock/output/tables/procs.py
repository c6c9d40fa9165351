"""The columns of `portsock procs`."""

from collections import Counter
from typing import Any

from portsock.endpoints import bracketed, endpoint_text, unix_text
from portsock.enums import Need
from portsock.model import InetEndpoint, Role, Socket, UnixEndpoint
from portsock.normalize.processes import ProcessRow
from portsock.output.columns import Column, View
from portsock.output.context import Context

_PROCESSES = frozenset({Need.OWNERS, Need.PROCESSES})
_TOP = 3
"""The most remote ends that a cell names."""
_LISTED = 8
"""The most ports that a cell names; one more is named, too, instead of '+1'."""


def _name(row: ProcessRow, context: Context) -> str:
    name = row.process.name or row.process.comm or ""
    return f"{'  ' * (row.depth - 1)}└ {name}" if row.depth and not context.whole else name


def _listening(row: ProcessRow, context: Context) -> str:
    ports = {
        (socket.local.port, socket.protocol): None
        for socket in row.listening
        if isinstance(socket.local, InetEndpoint) and socket.local.port is not None
    }
    others = [endpoint_text(socket.local) for socket in row.listening if not isinstance(socket.local, InetEndpoint)]
    texts = [*(f"{protocol}/{port}" for port, protocol in sorted(ports)), *dict.fromkeys(others)]
    if context.whole or len(texts) <= _LISTED + 1:
        return ",".join(texts)
    return ",".join([*texts[:_LISTED], f"+{len(texts) - _LISTED}"])


def _connections(row: ProcessRow, context: Context) -> str:
    """Return the most frequent remote ends: 'address:port' of a client, ':port from address' of a server."""
    ends: Counter[str] = Counter()
    for socket in row.sockets:
        remote, local = socket.remote, socket.local
        if isinstance(remote, UnixEndpoint) and (text := _unix(socket)):
            ends[text] += 1
        if not isinstance(remote, InetEndpoint) or not isinstance(local, InetEndpoint):
            continue
        if socket.role is Role.SERVER:
            address = remote.hostname or context.hostnames.get(remote.address or "") or bracketed(remote.address or "?")
            ends[f":{local.port} from {address}"] += 1
        else:
            ends[endpoint_text(remote, context.hostnames)] += 1
    shown = ends.most_common(None if context.whole else _TOP)
    texts = [text if number == 1 else f"{text} x{number}" for text, number in shown]
    rest = ends.total() - sum(number for _, number in shown)
    return ", ".join(texts + ([f"+{rest}"] if rest else []))


def _connected(row: ProcessRow) -> int:
    return sum(isinstance(socket.remote, InetEndpoint) or bool(_unix(socket)) for socket in row.sockets)


def _unix(socket: Socket) -> str | None:
    """Return 'PATH' of a client, 'PATH from NAMES' of a server; None for pairs without a name."""
    served = socket.local if socket.role is Role.SERVER else socket.remote
    if socket.remote is None or not isinstance(served, UnixEndpoint) or served.path is None:
        return None
    if socket.role is not Role.SERVER:
        return unix_text(served)
    names = dict.fromkeys(owner.name or "?" for owner in socket.peer.owners) if socket.peer else {}
    return f"{unix_text(served)} from {','.join(names) or '?'}"


def _command(row: ProcessRow, context: Context) -> str:  # noqa: ARG001
    process = row.process
    return " ".join(process.cmdline) if process.cmdline else process.exe or ""


def _started(row: ProcessRow, context: Context) -> str:  # noqa: ARG001
    from portsock.output.timestamps import iso

    return iso(row.process.started_at) or ""


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _started_key(row: ProcessRow, context: Context) -> Any:  # noqa: ARG001
    return row.process.started_at


PROCS: View[ProcessRow] = View(
    "procs",
    (
        Column("host", "which listing it is from", lambda row, _: row.process.host or "", default=True,
               when=lambda rows: any(row.process.host for row in rows)),
        Column("pid", "process id", lambda row, _: str(row.process.pid), key=lambda row, _: row.process.pid, right=True,
               default=True),
        Column("name", "what a person would call it", _name, key=lambda row, _: row.process.name or row.process.comm,
               default=True),
        Column("user", "its effective user", lambda row, _: row.process.user or "", default=True, needs=_PROCESSES),
        Column("container", "its container, where there is one", lambda row, _: row.process.container or "", default=True,
               when=lambda rows: any(row.process.container for row in rows), needs=_PROCESSES),
        Column("listening", "what it listens on or is bound to", _listening, key=lambda row, _: len(row.listening) or None,
               default=True, free_text=True),
        Column("connections", "where its connections lead, the most frequent first", _connections,
               key=lambda row, _: _connected(row) or None, default=True, needs=frozenset({Need.CONNECTIONS}), free_text=True),
        Column("command", "its command line", _command, default=True, needs=_PROCESSES | {Need.COMMANDS}, free_text=True),
        Column("sockets", "how many of the selected sockets it holds", lambda row, _: str(len(row.sockets)),
               key=lambda row, _: len(row.sockets), right=True),
        Column("ppid", "its parent's process id", lambda row, _: _number(row.process.ppid),
               key=lambda row, _: row.process.ppid, right=True, needs=_PROCESSES),
        Column("uid", "its effective uid", lambda row, _: _number(row.process.uid), key=lambda row, _: row.process.uid,
               right=True, needs=_PROCESSES),
        Column("comm", "the kernel's name of it", lambda row, _: row.process.comm or "", needs=_PROCESSES),
        Column("exe", "its executable", lambda row, _: row.process.exe or "", needs=_PROCESSES, free_text=True),
        Column("started_at", "when it started, UTC", _started, key=_started_key, needs=_PROCESSES),
        Column("unit", "its systemd unit", lambda row, _: row.process.unit or "", needs=_PROCESSES),
        Column("forwards_to", "of a port forwarder: where to", lambda row, _: row.process.forwards_to or "", needs=_PROCESSES),
    ),
    frozenset({Need.OWNERS, Need.PROCESSES}),
)  # fmt: skip
