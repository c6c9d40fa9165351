"""Group sockets by process: one row for each process that holds some of them, and the tree of these processes."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from portsock.model import PASSIVE, Owner, Process, Processes, Socket
from portsock.normalize.order import in_order


class ProcessRow(NamedTuple):
    """A process and those of the selected sockets that it holds."""

    process: Process
    sockets: tuple[Socket, ...]
    depth: int = 0
    """In a tree: the number of its ancestors that are shown."""

    @property
    def listening(self) -> tuple[Socket, ...]:
        """Return its listeners, and its bound sockets without a peer."""
        return tuple(socket for socket in self.sockets if socket.role in PASSIVE)


def group_processes(sockets: Iterable[Socket], processes: Processes) -> list[ProcessRow]:
    """Return a row for each process that holds one of the sockets, by host and pid. Owners without a pid make no row."""
    held: dict[tuple[str | None, int], dict[int, Socket]] = {}
    named: dict[tuple[str | None, int], Owner] = {}
    for number, socket in enumerate(sockets):
        for owner in socket.owners:
            if owner.pid is not None:
                key = (socket.host, owner.pid)
                held.setdefault(key, {})[number] = socket
                named.setdefault(key, owner)
    rows = [ProcessRow(process_of(key, named[key], processes), tuple(in_order(found.values()))) for key, found in held.items()]
    return sorted(rows, key=_order)


def process_of(key: tuple[str | None, int], owner: Owner, processes: Processes) -> Process:
    """Return the process of this host and pid, made from the owner where nothing else is known of it."""
    return processes.get(key) or Process(key[1], name=owner.name, user=owner.user, host=key[0])


def tree(rows: Sequence[ProcessRow], processes: Processes) -> list[ProcessRow]:
    """Return the rows with their ancestors, children under their parents, siblings by pid; `depth` is the level, from 0.

    Reused pids can make parents that are each other's children: those come last, not indented.
    """
    shown = {(row.process.host, row.process.pid): row for row in rows}
    for row in rows:
        key = _parent(row.process)
        while key is not None and key not in shown and key in processes:
            shown[key] = ProcessRow(processes[key], ())
            key = _parent(processes[key])
    children: dict[tuple[str | None, int] | None, list[ProcessRow]] = {}
    for key, row in shown.items():
        parent = _parent(row.process)
        children.setdefault(parent if parent in shown and parent != key else None, []).append(row)
    ordered: list[ProcessRow] = []
    waiting = [(row, 0) for row in sorted(children.pop(None, ()), key=_order, reverse=True)]
    while waiting:
        row, depth = waiting.pop()
        ordered.append(row._replace(depth=depth))
        below = children.pop((row.process.host, row.process.pid), ())
        waiting += [(child, depth + 1) for child in sorted(below, key=_order, reverse=True)]
    ordered += [row for circle in children.values() for row in circle]
    return ordered


def _parent(process: Process) -> tuple[str | None, int] | None:
    return (process.host, process.ppid) if process.ppid else None


def _order(row: ProcessRow) -> tuple[str, int]:
    return (row.process.host or "", row.process.pid)
