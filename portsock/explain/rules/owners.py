"""Rules about who holds a socket, and who does not."""

from collections.abc import Iterator

from portsock.explain.rules.finding import evidence, evidence_line, finding
from portsock.explain.scene import Scene
from portsock.explain.sections.process import is_remarkable, kernel_user, missing_sentences
from portsock.explain.show import end_text, holders, listed, owner_text, who
from portsock.explain.texts import owners as texts
from portsock.explain.texts.findings import Code
from portsock.explain.types import Finding
from portsock.model import Family, Owner, OwnerReason, OwnerStatus, Process, Socket, UnixEndpoint
from portsock.query.target import UnixTarget

NOT_SERVERS = frozenset(
    ("bash", "sh", "dash", "zsh", "fish", "ksh", "ash", "csh", "tcsh", "sleep", "cat", "tail", "tee", "head", "grep", "less",
     "more", "vi", "vim", "nano", "su", "sudo", "timeout", "nohup", "xargs", "make", "gzip", "tar", "cron", "crond")
)  # fmt: skip
"""Programs that do not open listening ports of their own: found holding one, they have inherited it."""


def deleted_executable(scene: Scene) -> Iterator[Finding]:
    """A listener whose program file is gone."""
    for process, sockets in _holders(scene):
        if process.exe_deleted:
            lines = [*([f"executable {process.exe}"] if process.exe else []), *evidence(sockets)]
            yield finding(Code.DELETED_EXECUTABLE, lines, who=_named(process))


def socket_activation(scene: Scene) -> Iterator[Finding]:
    """systemd among the holders of a listener."""
    for socket in scene.passive:
        manager = next((owner for owner in socket.owners if _is_systemd(owner)), None)
        if manager is not None:
            yield finding(Code.SOCKET_ACTIVATION, [evidence_line(socket)])
            return


def inherited(scene: Scene) -> Iterator[Finding]:
    """A listener in the hands of a program that does not open one."""
    for socket in scene.passive:
        if socket.family is Family.UNIX or any(map(_is_systemd, socket.owners)):
            continue  # whom systemd starts was handed the descriptor on purpose
        odd = [owner for owner in holders([socket]) if _base(owner, socket, scene) in NOT_SERVERS]
        names = {owner.name for owner in socket.owners}
        if odd:
            yield finding(Code.INHERITED_DESCRIPTOR, evidence([socket]), who=listed([owner_text(owner) for owner in odd], 3))
        elif len(names) > 1 and None not in names and (younger := _younger(socket, scene)) is not None:
            yield finding(Code.INHERITED_DESCRIPTOR, evidence([socket]), who=owner_text(younger))


def forwarder(scene: Scene) -> Iterator[Finding]:
    """docker-proxy and its like."""
    for process, sockets in _holders(scene):
        if process.forwards_to:
            yield finding(Code.PORT_FORWARDER, evidence(sockets), who=_named(process), where=process.forwards_to)


def without_process(scene: Scene) -> Iterator[Finding]:
    """A listener or bound socket for which no process is known, by its signature; one for each status."""
    told = set()
    for socket in scene.passive:
        if not is_remarkable(socket) or (socket.owner_status, socket.owner_reason) in told:
            continue
        told.add((socket.owner_status, socket.owner_reason))
        lines = evidence([socket])
        if socket.inode is not None:
            lines.append(f"inode {socket.inode}" + (f", uid {socket.uid}" if socket.uid is not None else ""))
        if scene.snapshot.unreadable:
            count = len(scene.snapshot.unreadable)
            lines.append(f"{count} process{'' if count == 1 else 'es'} could not be read")
        yield finding(Code.LISTENER_WITHOUT_PROCESS, lines, where=end_text(socket.local),
                      why=missing_sentences(socket)[-1], what_to_do=_what_to_do(socket))  # fmt: skip


def unix_path(scene: Scene) -> Iterator[Finding]:
    """A socket file without a socket, or a socket whose file has been replaced."""
    path = scene.path
    if path is None or not isinstance(scene.target, UnixTarget) or scene.target.abstract:
        return
    name = end_text(UnixEndpoint(scene.target.path))
    if not scene.here and path.exists and path.is_socket is not False:
        yield finding(Code.STALE_UNIX_PATH, [f"{name} exists, no socket has this path"])
    for socket in scene.passive:
        if socket.vfs is None or socket.inode in path.foreign or (path.exists and path.inode in (None, socket.vfs)):
            continue
        found = f"inode {path.inode[1]}" if path.inode else "gone"
        holder = who([socket])
        lines = [f"{f'held by {holder}, ' if holder else ''}bound to inode {socket.vfs[1]}, the file now: {found}"]
        yield finding(Code.REPLACED_UNIX_PATH, lines)


def _holders(scene: Scene) -> list[tuple[Process, list[Socket]]]:
    """Each process that holds one of the target's listening or bound sockets, with these."""
    found: dict[object, tuple[Process, list[Socket]]] = {}
    for socket in scene.passive:
        for owner in holders([socket]):
            process = scene.process(owner, socket)
            if process is not None:
                found.setdefault((process.host, process.pid), (process, []))[1].append(socket)
    return list(found.values())


def _named(process: Process) -> str:
    return owner_text(Owner(process.pid, None, process.name or process.comm))


def _is_systemd(owner: Owner) -> bool:
    return owner.name == "systemd"


def _base(owner: Owner, socket: Socket, scene: Scene) -> str | None:
    process = scene.process(owner, socket)
    return (process.comm if process and process.comm else owner.name) or None


def _younger(socket: Socket, scene: Scene) -> Owner | None:
    """The holder with another program file than its parent's, whose parent also holds the socket."""
    processes = {owner.pid: scene.process(owner, socket) for owner in holders([socket])}
    for owner in holders([socket]):
        process = processes[owner.pid]
        parent = processes.get(process.ppid) if process and process.ppid else None
        if process and parent and process.exe and parent.exe and process.exe != parent.exe:
            return owner
    return None


def _what_to_do(socket: Socket) -> str:
    if socket.owner_reason is OwnerReason.KERNEL_CANDIDATE:
        name, command = kernel_user(socket) or texts.KERNEL_RPC
        return f"Candidate: {name}; '{command}' tells."
    if socket.owner_status is OwnerStatus.HIDDEN:
        return texts.LOOK_OUTSIDE if socket.owner_reason is OwnerReason.DENIED else texts.LOOK_AS_ROOT
    if socket.owner_status is OwnerStatus.ELSEWHERE:
        return "Repeat the question on the host, outside the container."
    return "Repeat the question; if it stays so, look for programs that pass descriptors or use io_uring."
