"""Group sockets by process: one row for each process that holds some of them, and the tree of these processes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast, overload

from portsock.model import PASSIVE, Owner, Process, Processes, Socket
from portsock.normalize.order import in_order

_Key = tuple[str | None, int]
"""Host and pid."""


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


class _Rows(Sequence[ProcessRow]):
    """Rows that are made when they are looked at: a listing may have a hundred thousand processes, of 25 fields each."""

    def __init__(self, held: Mapping[_Key, Sequence[Socket]], processes: Processes) -> None:
        self._keys = sorted(held, key=_key_order)
        self._held = held
        self._processes = processes

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> ProcessRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[ProcessRow]: ...

    def __getitem__(self, index: int | slice) -> ProcessRow | list[ProcessRow]:
        return list(map(self._row, self._keys[index])) if isinstance(index, slice) else self._row(self._keys[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment] # as of a list

    def _row(self, key: _Key) -> ProcessRow:
        sockets = self._held[key]
        owner = next(owner for owner in sockets[0].owners if owner.pid == key[1])
        return ProcessRow(process_of(key, owner, self._processes), tuple(in_order(sockets)))


def group_processes(sockets: Iterable[Socket], processes: Processes) -> Sequence[ProcessRow]:
    """Return a row for each process that holds one of the sockets, by host and pid. Owners without a pid make no row."""
    held: dict[_Key, Sequence[Socket]] = {}
    for socket in sockets:
        for pid in {owner.pid for owner in socket.owners}:  # it may have several descriptors of one socket
            if pid is None:
                continue
            found = held.get((socket.host, pid))
            if found is None:
                held[socket.host, pid] = (socket,)  # most processes of a listing have one
            elif isinstance(found, tuple):
                held[socket.host, pid] = [*found, socket]
            else:
                cast("list[Socket]", found).append(socket)
    return _Rows(held, processes)


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
    return _key_order((row.process.host, row.process.pid))


def _key_order(key: _Key) -> tuple[str, int]:
    return (key[0] or "", key[1])
