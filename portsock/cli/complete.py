"""Live values for TAB: `portsock --complete KIND [PREFIX]`, which the completions of bash, zsh and fish run.

It does not import typer, because a TAB has to be fast. It prints lines of a value, a tab and a description. It never prints an
error, which would land in the line that is being typed.

It ends within a budget of time, whatever the system does: a thread looks at the system, and if that is not done in time, the
process ends under it, with the words that need no look. The end of a process also ends a system call that waits for a mount
that never answers.
"""

import sys
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from portsock.model import InetEndpoint, Socket, State, UnixEndpoint
from portsock.records import Request

if TYPE_CHECKING:
    from portsock.model import Snapshot

_WITH_PORTS = frozenset({"tcp", "udp", "udplite", "sctp"})
_WITH_OWNERS = frozenset({"tcp", "udp", "udplite", "sctp", "unix"})

Value = tuple[str, str]
"""A word that can be typed, and its description."""


def run(words: Sequence[str], seconds: float | None = None) -> int:
    """Print the values of a kind, the first word, that begin with a prefix, the second word. Returns the exit status.

    `seconds`: how long it may look at the system, in place of what is left of the budget.
    """
    kind, prefix = [*words, "", ""][:2]
    try:
        values = _values(kind, prefix, _time_left() if seconds is None else seconds) if kind in _KINDS else ()
        text = "".join(f"{value}\t{about}\n" for value, about in values if _typable(value) and value.startswith(prefix))
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.flush()
    except Exception:  # noqa: BLE001 - an error message would land in the line that is being typed
        return 1
    return 0


def _time_left() -> float:
    from portsock.sources.age import time_left

    return time_left()


def _values(kind: str, prefix: str, seconds: float) -> Iterable[Value]:
    """Return the values of a kind, or those known without the system if it does not answer in time. Raises what failed."""
    found: list[list[Value]] = []
    failed: list[BaseException] = []
    done = allocate_lock()
    done.acquire()

    def look() -> None:
        try:
            found.append(list(_KINDS[kind](prefix)))
        except BaseException as error:  # noqa: BLE001 - raised again by the other thread
            failed.append(error)
        finally:
            done.release()

    if seconds > 0:
        try:
            start_new_thread(look, ())
        except RuntimeError:  # no room for another thread
            return _known(kind, prefix)
        done.acquire(timeout=seconds)
    if failed:
        raise failed[0]
    return found[0] if found else _known(kind, prefix)


def _known(kind: str, prefix: str) -> Iterable[Value]:
    """Return the values that do not depend on the system."""
    if kind == "netns":
        return (_EVERY_NETNS,)
    return [form for form in _FORMS if form[0] != prefix] if kind == "targets" else ()


def _typable(value: str) -> bool:
    """Tell whether a person can type the value: nothing in it would be escaped in a table, but for a backslash."""
    if value.isascii():
        return value.isprintable() and bool(value)
    from portsock.output.text.escape import all_shown

    return all_shown(value)


def _load(protocols: frozenset[str], states: frozenset[State] | None) -> "Snapshot":
    from portsock.normalize.snapshot import normalize
    from portsock.sources.live import collect

    return normalize([collect(Request(protocols, states=states))])


def _ports(prefix: str) -> Iterator[Value]:  # noqa: ARG001 - the interface of a kind
    return _port_values("")


def _port_values(head: str) -> Iterator[Value]:
    """Yield the ports that are listened on or bound, by number; only TCP ports if `head` is 'tcp/'."""
    found: dict[int, dict[str, None]] = {}
    for socket in _load(_WITH_PORTS, frozenset({State.LISTEN})).sockets:
        local = socket.local
        if head not in ("", f"{socket.protocol}/"):
            continue
        if socket.remote is None and isinstance(local, InetEndpoint) and local.port:
            names = _names(socket) or (f"{socket.protocol}, no process known",)
            found.setdefault(local.port, {}).update(dict.fromkeys(names))
    for port, holders in sorted(found.items()):
        yield f"{head}{port}", _escaped(", ".join(holders))


def _names(socket: Socket) -> Sequence[str]:
    return [owner.name for owner in socket.owners if owner.name]


def _holders() -> dict[int, str]:
    """Return the processes that hold sockets: pid → name."""
    found: dict[int, str] = {}
    for socket in _load(_WITH_OWNERS, None).sockets:
        for owner in socket.owners:
            if owner.pid is not None:
                found.setdefault(owner.pid, owner.name or "")
    return found


def _pids(prefix: str) -> Iterator[Value]:
    head = "pid:" if prefix.startswith("pid:") else ""
    return ((f"{head}{pid}", _escaped(name)) for pid, name in sorted(_holders().items()))


def _processes(prefix: str) -> Iterator[Value]:
    head = "proc:" if prefix.startswith("proc:") else ""
    pids: dict[str, list[int]] = {}
    for pid, name in sorted(_holders().items()):
        pids.setdefault(name, []).append(pid)
    return ((f"{head}{name}", _counted(numbers)) for name, numbers in sorted(pids.items()) if name)


def _counted(pids: Sequence[int]) -> str:
    return f"pid {pids[0]}" if len(pids) == 1 else f"{len(pids)} processes"


def _users(prefix: str) -> Iterator[Value]:
    head = "user:" if prefix.startswith("user:") else ""
    named = {socket.user for socket in _load(_WITH_OWNERS, None).sockets if socket.user}
    return ((f"{head}{user}", "holds sockets") for user in sorted(named))


def _groups(kind: str) -> Iterator[Value]:
    """Yield the systemd units or the containers of processes that hold sockets."""
    found: dict[str, list[int]] = {}
    for process in _load(_WITH_OWNERS, None).processes.values():
        name = process.unit if kind == "unit" else process.container
        if name:
            found.setdefault(name, []).append(process.pid)
    return ((f"{kind}:{name}", _counted(pids)) for name, pids in sorted(found.items()))


def _netns(prefix: str) -> Iterator[Value]:  # noqa: ARG001
    from portsock.sources.linux.netns import namespaces

    yield _EVERY_NETNS
    for found in namespaces(("all",))[0]:
        name = found.netns.name or str(found.netns.id)
        yield name, "this one" if found.own else "network namespace"


def _unix(prefix: str) -> Iterator[Value]:
    head = "unix:" if prefix.startswith("unix:") else ""
    paths: dict[str, dict[str, None]] = {}
    for socket in _load(frozenset({"unix"}), None).sockets:
        if isinstance(socket.local, UnixEndpoint) and socket.local.path:
            path = socket.local.path.decode("utf-8", "replace")
            paths.setdefault(f"@{path}" if socket.local.abstract else path, {}).update(dict.fromkeys(_names(socket)))
    return ((head + path, _escaped(", ".join(names))) for path, names in sorted(paths.items()))


_EVERY_NETNS = ("all", "every network namespace")
_FORMS = (
    ("pid:", "a process by number"),
    ("proc:", "processes by name"),
    ("user:", "processes of a user"),
    ("unit:", "a systemd unit"),
    ("container:", "a container"),
    ("service:", "a service's ports"),
    ("tcp/", "a TCP port"),
    ("udp/", "a UDP port"),
    ("unix:", "a unix socket"),
)


def _targets(prefix: str) -> Iterator[Value]:
    """Yield what a TARGET can be: values of the kind that its first letters name, or else ports and the forms of a target."""
    if prefix.startswith(("/", "@", "unix:")):
        yield from _unix(prefix)
    elif prefix.startswith(("unit:", "container:")):
        yield from _groups(prefix.partition(":")[0])
    elif prefix.startswith(("tcp/", "udp/")):
        yield from _port_values(prefix[:4])
    elif (kind := prefix.partition(":")[0]) in _BY_PREFIX and ":" in prefix:
        yield from _BY_PREFIX[kind](prefix)
    else:
        if not prefix or prefix.isdigit():
            yield from _port_values("")
        yield from _FORMS


def _escaped(text: str) -> str:
    from portsock.output.text.escape import escape

    return escape(text)


_BY_PREFIX: dict[str, Callable[[str], Iterable[Value]]] = {"pid": _pids, "proc": _processes, "user": _users}

_KINDS: dict[str, Callable[[str], Iterable[Value]]] = {
    "targets": _targets,
    "ports": _ports,
    "pids": _pids,
    "processes": _processes,
    "users": _users,
    "netns": _netns,
    "unix": _unix,
}
