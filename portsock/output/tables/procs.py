"""The columns of `portsock procs`."""

from typing import Any

from portsock.enums import Need
from portsock.normalize.processes import ProcessRow
from portsock.output.cells.ends import LISTED, TOP, connections_of, counted, listening_items, remote_ends
from portsock.output.columns import Column, View
from portsock.output.context import Context

_PROCESSES = frozenset({Need.OWNERS, Need.PROCESSES})


def _name(row: ProcessRow, context: Context) -> str:
    name = row.process.name or row.process.comm or ""
    return f"{'  ' * (row.depth - 1)}└ {name}" if row.depth and not context.whole else name


def _listening(row: ProcessRow, context: Context) -> str:
    items = listening_items(row)
    if context.whole or len(items) <= LISTED + 1:
        return ",".join(items)
    return ",".join([*items[:LISTED], f"+{len(items) - LISTED}"])


def _connections(row: ProcessRow, context: Context) -> str:
    """Return the most frequent remote ends."""
    ends = remote_ends(row, context.hostnames)
    shown = ends.most_common(None if context.whole else TOP)
    rest = ends.total() - sum(number for _, number in shown)
    return ", ".join([counted(text, number) for text, number in shown] + ([f"+{rest}"] if rest else []))


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
               when=lambda rows: any(row.process.host for row in rows), spare=200),
        Column("pid", "process id", lambda row, _: str(row.process.pid), key=lambda row, _: row.process.pid, right=True,
               default=True),
        Column("name", "what a person would call it", _name, key=lambda row, _: row.process.name or row.process.comm,
               default=True, forms="name"),
        Column("user", "its effective user", lambda row, _: row.process.user or "", default=True, needs=_PROCESSES,
               spare=60),
        Column("container", "its container, where there is one", lambda row, _: row.process.container or "", default=True,
               when=lambda rows: any(row.process.container for row in rows), needs=_PROCESSES, spare=100),
        Column("listening", "what it listens on or is bound to", _listening, key=lambda row, _: len(row.listening) or None,
               default=True, forms="listening"),
        Column("connections", "where its connections lead, the most frequent first", _connections,
               key=lambda row, _: connections_of(row) or None, default=True, needs=frozenset({Need.CONNECTIONS}),
               forms="connections"),
        Column("command", "its command line", _command, default=True, needs=_PROCESSES | {Need.COMMANDS},
               forms="command", spare=50),
        Column("sockets", "how many of the selected sockets it holds", lambda row, _: str(len(row.sockets)),
               key=lambda row, _: len(row.sockets), right=True),
        Column("ppid", "its parent's process id", lambda row, _: _number(row.process.ppid),
               key=lambda row, _: row.process.ppid, right=True, needs=_PROCESSES),
        Column("uid", "its effective uid", lambda row, _: _number(row.process.uid), key=lambda row, _: row.process.uid,
               right=True, needs=_PROCESSES),
        Column("comm", "the kernel's name of it", lambda row, _: row.process.comm or "", needs=_PROCESSES),
        Column("exe", "its executable", lambda row, _: row.process.exe or "", needs=_PROCESSES,
               forms="text"),
        Column("started_at", "when it started, UTC", _started, key=_started_key, needs=_PROCESSES),
        Column("unit", "its systemd unit", lambda row, _: row.process.unit or "", needs=_PROCESSES),
        Column("forwards_to", "of a port forwarder: where to", lambda row, _: row.process.forwards_to or "", needs=_PROCESSES),
    ),
    frozenset({Need.OWNERS, Need.PROCESSES}),
)  # fmt: skip
