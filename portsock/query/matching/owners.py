"""Predicates on the owners of a socket: the processes that a target or filter names."""

from collections.abc import Callable, Iterable

from portsock.model import Owner, Process, Processes, Socket
from portsock.query.query import Predicate

_HEX = frozenset("0123456789abcdef")
_SHORTEST_ID = 4

ProcessTest = Callable[[Owner, Process | None], bool]


def pid_predicate(pids: Iterable[int]) -> Predicate:
    """Match a socket that one of these processes holds."""
    wanted = frozenset(pids)

    def held(socket: Socket) -> bool:
        for owner in socket.owners:  # noqa: SIM110 - any() over a generator takes twice the time
            if owner.pid in wanted:
                return True
        return False

    return held


def fd_predicate(pid: int, fd: int | None) -> Predicate:
    """Match the socket that this descriptor of this process refers to."""
    return lambda socket: any(owner.fd == fd and pid in (owner.pid, owner.tid) for owner in socket.owners)


def name_predicate(kind: str, name: str, processes: Processes) -> Predicate:
    """Match a socket with an owner of this name; `kind` is 'proc', 'user', 'unit' or 'container'."""
    test = process_test(kind, name)
    verdicts: dict[tuple[str | None, int | None, str | None, str | None], bool] = {}

    def held(socket: Socket) -> bool:
        for owner in socket.owners:
            key = (socket.host, owner.pid, owner.name, owner.user)
            verdict = verdicts.get(key)
            if verdict is None:
                process = None if owner.pid is None else processes.get((socket.host, owner.pid))
                verdict = verdicts[key] = test(owner, process)
            if verdict:
                return True
        return False

    if kind != "user":
        return held
    uid = _uid(name)
    return lambda socket: held(socket) if socket.owners else _same_user(name, uid, socket.user, socket.uid)


def process_test(kind: str, name: str) -> ProcessTest:
    """Return a test whether a holder and its process, if that is known, have this name; `kind` as in name_predicate."""
    return {"proc": _named, "user": _of_user, "unit": _in_unit, "container": _in_container}[kind](name)


def _uid(name: str) -> int | None:
    return int(name) if name.isascii() and name.isdigit() and len(name) <= 10 else None


def _same_user(name: str, uid: int | None, user: str | None, number: int | None) -> bool:
    return name == user or (uid is not None and uid == number)


def _of_user(name: str) -> ProcessTest:
    uid = _uid(name)

    def test(owner: Owner, process: Process | None) -> bool:
        if name == owner.user or (uid is not None and _uid(owner.user or "") == uid):
            return True
        return process is not None and _same_user(name, uid, process.user, process.uid)

    return test


def _named(pattern: str) -> ProcessTest:
    """Match a case-sensitive glob; a pattern with brackets also matches itself literally."""
    from fnmatch import fnmatchcase

    def test(owner: Owner, process: Process | None) -> bool:
        names = [owner.name]
        if process is not None:
            base = (process.exe or "").replace("\\", "/").rpartition("/")[2]
            names += [process.name, process.comm, base]
        return any(name and (name == pattern or fnmatchcase(name, pattern)) for name in names)

    return test


def _in_unit(name: str) -> ProcessTest:
    """Match the unit's name, with or without '.service'."""
    wanted = {name, name + ".service"}
    return lambda _, process: process is not None and process.unit in wanted


def _in_container(name: str) -> ProcessTest:
    """Match the container by name or by the beginning of its id, and port forwarders into it. Either id may be the shorter."""

    def test(_: Owner, process: Process | None) -> bool:
        container = (process.container or forwards_into(process)) if process is not None else None
        if container is None or container == name:
            return container is not None
        ids = len(name) >= _SHORTEST_ID and _HEX.issuperset(name) and _HEX.issuperset(container)
        return ids and (container.startswith(name) or name.startswith(container))

    return test


def forwards_into(process: Process) -> str | None:
    """Return the container that a port forwarder forwards to, None where Process.forwards_to does not name it.

    The field is 'ADDRESS:PORT (NAME)' or 'container NAME'.
    """
    target = process.forwards_to or ""
    if target.startswith("container "):
        return target.removeprefix("container ")
    return target.partition(" (")[2].removesuffix(")") or None
