"""The processes: who they are, who started them, and where there is none, why."""

from portsock.endpoints import port_of
from portsock.explain.scene import Scene, is_passive, process_of
from portsock.explain.sections.durations import seconds
from portsock.explain.show import holders, listed
from portsock.explain.texts import owners as texts
from portsock.explain.texts import phrases
from portsock.model import OwnerReason, OwnerStatus, Process, Role, Socket, State

MOST = 2
"""Processes described: each takes up to three lines."""
MOST_ARGUMENTS = 60
"""Characters of a command line that are shown."""
LONGEST_CHAIN = 12
"""Ancestors followed at most; a longer chain is no help, and a broken table could be a circle."""


def paragraphs(scene: Scene) -> list[str]:
    """About the holders of the target's sockets, or the processes that it names."""
    sockets = scene.passive or scene.here or scene.there
    found = scene.processes or [process_of(socket, owner, scene.snapshot) for socket in sockets for owner in holders([socket])]
    found = list({(process.host, process.pid, process.name): process for process in found}.values())
    kinds: dict[object, list[Process]] = {}
    for process in found:
        kinds.setdefault((process.host, process.name, process.user, process.cmdline), []).append(process)
    lines = [_described(kind, scene) for kind in list(kinds.values())[:MOST]]
    if len(kinds) > MOST:
        lines.append(phrases.MORE_HOLDERS.format(count=sum(map(len, list(kinds.values())[MOST:]))))
    names_first = scene.captured and _linux_netstat(scene)
    notes = _sharing(sockets) if not scene.processes else []
    if not scene.processes:
        notes += _missing([socket for socket in sockets if not socket.owners])
        partial = any(socket.owner_status is OwnerStatus.PARTIAL for socket in sockets)
        notes += [texts.STATUSES[OwnerStatus.PARTIAL]] if partial and not names_first else []
    if found and not scene.here and any(socket.role is not Role.SERVER for socket in scene.there):
        notes.append(phrases.ONLY_A_CLIENT)
    if names_first and any(socket.owners for socket in sockets):
        notes.append(texts.NETSTAT_FIRST)
    if scene.snapshot.host.system == "Windows" and any(process.pid == 4 for process in found):
        notes.append(texts.WINDOWS_SYSTEM)
    return [*lines, *([" ".join(notes)] if notes else [])]


def _described(kind: list[Process], scene: Scene) -> str:
    """The first of processes that have name, user and command line in common; of the others the numbers."""
    process = kind[0]
    sentences = [
        phrases.PROCESS.format(
            name=process.name or process.comm or "a process",
            pid=process.pid,
            user=f", user {process.user}" if process.user else "",
            started=_started(process, scene),
            cmdline=_arguments(process),
        )
    ]
    if len(kind) > 1:
        sentences.append(phrases.ALIKE.format(pids=_pids(kind[1:])))
    service = process.unit is not None and process.unit.endswith(".service")
    adopted = process.ppid == 1 and bool(scene.passive) and not service and not process.container
    chain = ancestors(process, scene)
    if chain and not adopted:
        sentences.append(phrases.CHAIN.format(chain=" → ".join([*chain, process.name or process.comm or str(process.pid)])))
    if adopted:
        sentences.append(phrases.ADOPTED)
    if process.unit:
        sentences.append(phrases.UNIT.format(unit=process.unit))
    if process.container:
        sentences.append(phrases.CONTAINER.format(container=process.container))
    return " ".join(sentences)


def _pids(processes: list[Process]) -> str:
    """'pid 5', 'pids 5 and 6'."""
    return f"pid{'s' if len(processes) > 1 else ''} {listed([str(process.pid) for process in processes], 4)}"


def _arguments(process: Process) -> str:
    if not process.cmdline:
        return "."
    text = " ".join(process.cmdline)
    return f": {text}." if len(text) <= MOST_ARGUMENTS else f": {text[:MOST_ARGUMENTS]}…"


def _started(process: Process, scene: Scene) -> str:
    if process.started_at is None:
        return ""
    from datetime import UTC, datetime

    when = datetime.fromtimestamp(process.started_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    taken = scene.snapshot.taken_at
    ago = f", {seconds(taken - process.started_at)} ago" if taken is not None and taken >= process.started_at else ""
    return phrases.STARTED.format(when=when + ago)


def ancestors(process: Process, scene: Scene) -> list[str]:
    """Names of the processes that led to this one, the oldest first; empty where no parent is known."""
    names: list[str] = []
    seen = {process.pid}
    current: Process | None = process
    while current is not None and current.ppid and current.ppid not in seen and len(names) < LONGEST_CHAIN:
        seen.add(current.ppid)
        current = scene.snapshot.processes.get((process.host, current.ppid))
        if current is not None:
            names.append(current.name or current.comm or str(current.pid))
    return names[::-1]


def _sharing(sockets: list[Socket]) -> list[str]:
    """Several holders of one socket."""
    shared = any(len({owner.pid for owner in socket.owners}) > 1 for socket in sockets)
    return [texts.ONE_SOCKET_MANY] if shared else []


def _missing(sockets: list[Socket]) -> list[str]:
    """Why sockets have no process to show: each different reason once, most of two. A finding has the reason of listeners."""
    told: dict[str, None] = {}
    for socket in sockets:
        reason = socket.owner_reason
        sentences = missing_sentences(socket)
        told.setdefault(sentences[0] if is_remarkable(socket) else " ".join(sentences))
        if reason in (OwnerReason.OTHER_USER, OwnerReason.DENIED) and socket.uid is not None:
            user = f" ({socket.user})" if socket.user else ""
            told.setdefault(texts.UID_STILL_TELLS.format(uid=socket.uid, user=user))
    return list(told)[:2]


def missing_sentences(socket: Socket) -> list[str]:
    """The status and its reason, by the signature of the socket."""
    sentences = [texts.STATUSES[socket.owner_status]]
    if socket.owner_reason is not None:
        sentences.append(texts.REASONS[socket.owner_reason])
    return sentences


def is_remarkable(socket: Socket) -> bool:
    """Whether it is worth a finding that no process is known for a socket that listens or is bound."""
    status = socket.owner_status
    if not is_passive(socket) or socket.owners or status in (OwnerStatus.NONE, OwnerStatus.UNREPORTED):
        return False
    return status is not OwnerStatus.UNHELD or socket.state is State.LISTEN or kernel_user(socket) is not None


def kernel_user(socket: Socket) -> tuple[str, str] | None:
    """The part of the kernel that likely has this port, and a command that shows it."""
    port = port_of(socket.local)
    return texts.KERNEL_USERS.get((socket.protocol, port)) if port is not None else None


def _linux_netstat(scene: Scene) -> bool:
    return any(item.format == "netstat-linux" for item in scene.snapshot.source.inputs)
