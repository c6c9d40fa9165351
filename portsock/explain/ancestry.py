"""Relations of processes: a master and its workers, a child that only inherited, a supervisor, the main program of a unit."""

from collections.abc import Iterable, Mapping, Sequence

from portsock.explain.subject import Subject
from portsock.model import Owner, Process, Socket, State
from portsock.normalize.roles import is_passive

LONGEST_CHAIN = 12
"""The most ancestors that are followed; a longer chain is no help, and in a broken table it could be a circle."""
INIT = 1
MOST_TOGETHER = 4
"""Processes that one command names; of more it would be a list that nobody reads."""
NOT_SERVERS = frozenset(
    ("bash", "sh", "dash", "zsh", "fish", "ksh", "ash", "csh", "tcsh", "sleep", "cat", "tail", "tee", "head", "grep", "less",
     "more", "vi", "vim", "nano", "su", "sudo", "timeout", "nohup", "xargs", "make", "gzip", "tar", "cron", "crond")
)  # fmt: skip
"""Programs that do not open listening ports of their own: one that holds a port has inherited it."""
_SHARED_DIRECTORIES = frozenset(
    ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/bin", "/snap/bin")
)
"""Directories with programs of many packages."""
_ENDED = frozenset({"zombie", "dead"})
_HALTED = frozenset({"stopped", "tracing stop"})
_Held = Mapping[tuple[str | None, int | None], Sequence[Socket]]
"""Sockets by the host and the pid of each process that holds them."""


def ancestors(process: Process, subject: Subject) -> list[Process]:
    """Return the ancestors that are known, the parent first."""
    found: list[Process] = []
    seen = {process.pid}
    while process.ppid and process.ppid not in seen and len(found) < LONGEST_CHAIN:
        seen.add(process.ppid)
        parent = subject.snapshot.processes.get((process.host, process.ppid))
        if parent is None:
            break
        found.append(parent)
        process = parent
    return found


def parent_of(process: Process, subject: Subject) -> Process | None:
    """Return the parent, None where it is not known."""
    return next(iter(ancestors(process, subject)), None)


def is_called(process: Process, names: Iterable[str]) -> bool:
    """Tell whether the program has one of these names."""
    return not {process.name, process.comm}.isdisjoint(names)


def is_systemd(owner: Owner | Process) -> bool:
    return owner.name == "systemd"


def same_program(one: Process, other: Process) -> bool:
    """Tell whether two processes run the same program, as far as is known."""
    if one.exe is not None and other.exe is not None:
        return one.exe == other.exe
    return one.name is not None and one.name == other.name


def is_handed_over(child: Process, parent: Process, sockets: Iterable[Socket]) -> bool:
    """Tell whether the parent gave one of the sockets, which both hold, to the child on purpose.

    A fork without execve(2) is on purpose. So is another program of the same package, and one that has the socket under other
    numbers, as dup2(2) makes them (Postfix, inetd). What is only inherited keeps its number.
    """
    if same_program(child, parent):
        return True
    where = (child.exe or "").rpartition("/")[0]
    if where and where not in _SHARED_DIRECTORIES and where == (parent.exe or "").rpartition("/")[0]:
        return True
    both = [(_descriptors(socket, child), _descriptors(socket, parent)) for socket in sockets]
    return any(one.isdisjoint(other) for one, other in both if one and other)


def masters_of(processes: Iterable[Process], sockets: Iterable[Socket], subject: Subject) -> list[Process]:
    """Return who hands the sockets to each process: its topmost ancestor that holds one of them, too; else itself."""
    held: dict[tuple[str | None, int | None], list[Socket]] = {}
    for socket in sockets:
        for pid in {owner.pid for owner in socket.owners}:
            held.setdefault((socket.host, pid), []).append(socket)
    return [_master_of(process, held, subject) for process in processes]


def _master_of(process: Process, held: _Held, subject: Subject) -> Process:
    found = process
    for _ in range(LONGEST_CHAIN):
        parent = parent_of(found, subject)
        if parent is None or is_systemd(parent):
            break
        shared = [socket for socket in held.get((found.host, found.pid), ()) if _descriptors(socket, parent)]
        if not shared or not is_handed_over(found, parent, shared):
            break
        found = parent
    return found


def common_parent(processes: Iterable[Process], subject: Subject) -> Process | None:
    """Return the parent that all of these have forked from, though it holds none of their sockets (SO_REUSEPORT)."""
    parents = {each.pid: each for process in processes if (each := parent_of(process, subject)) is not None}
    children = list(processes)
    if len(parents) != 1 or any(process.ppid not in parents for process in children):
        return None
    parent = next(iter(parents.values()))
    if parent.state in _ENDED:  # it holds none of the sockets, and no other thread of it is known to run
        return None
    forked = all(same_program(each, parent) and each.cmdline == parent.cmdline is not None for each in children)
    return parent if forked else None


def main_of_unit(process: Process, subject: Subject) -> Process:
    """Return the topmost of the process and its ancestors in the same unit."""
    found = process
    for ancestor in ancestors(process, subject):
        if ancestor.unit != process.unit or ancestor.pid == INIT or is_systemd(ancestor):
            break
        found = ancestor
    return found


def holders_of(sockets: Iterable[Socket], subject: Subject) -> list[Process]:
    """Return the processes that hold some of the sockets, each once, in order of first appearance."""
    found: dict[tuple[str | None, int], Process] = {}
    for socket in sockets:
        for owner in socket.owners:
            process = subject.process(owner, socket)
            if process is not None:
                found.setdefault((process.host, process.pid), process)
    return list(found.values())


def _descriptors(socket: Socket, process: Process) -> set[int | None]:
    """Return the numbers under which the process holds the socket."""
    if socket.host != process.host:
        return set()
    return {owner.fd for owner in socket.owners if owner.pid == process.pid}


def heirs_last(processes: Sequence[Process]) -> list[Process]:
    """Return the process and, behind it, its children, where all the others are; else an empty list."""
    for first in processes:
        others = [each for each in processes if each.pid != first.pid]
        if others and all(each.ppid == first.pid for each in others):
            return [first, *others]
    return []


def starter_of(process: Process, subject: Subject) -> Process | None:
    """Return the process that started this one, itself or through shells and their like; None where it is not known."""
    return next((each for each in ancestors(process, subject) if not is_called(each, NOT_SERVERS)), None)


def is_halted(process: Process) -> bool:
    """Tell whether it is stopped, by a signal or by a debugger."""
    return process.state in _HALTED


Waiting = tuple[list[Socket], list[Process]]
"""Sockets, and their holders, all of which are stopped."""


def halted(subject: Subject) -> list[Waiting]:
    """Return the sockets that wait for stopped processes alone, with these: listeners first, then the longest queues.

    Stopped processes that the target names come last, with no socket.
    """
    if not any(map(is_halted, (*subject.snapshot.processes.values(), *subject.processes))):
        return []
    found: dict[tuple[int, ...], Waiting] = {}
    for socket in sorted(subject.local_sockets, key=_urgency):
        if socket.state is State.BOUND or (not is_passive(socket) and not socket.recv_q):
            continue
        processes = holders_of([socket], subject)
        if processes and len(processes) == len({each.pid for each in socket.owners}) and all(map(is_halted, processes)):
            found.setdefault(tuple(each.pid for each in processes), ([], processes))[0].append(socket)
    shown = {process.pid for _, processes in found.values() for process in processes}
    return [*found.values(), *(([], [each]) for each in subject.processes if is_halted(each) and each.pid not in shown)]


def _urgency(socket: Socket) -> tuple[bool, int]:
    return not is_passive(socket), -(socket.accept_queue or socket.recv_q or 0)
