"""Rules about the holders of sockets, and about missing ones."""

from collections.abc import Iterator, Sequence

from portsock.endpoints import port_of
from portsock.explain.ancestry import NOT_SERVERS, is_handed_over, is_systemd
from portsock.explain.rules.finding import evidence_line, evidence_lines, make_finding
from portsock.explain.sections.process import absence_sentences, is_worth_a_finding, kernel_user
from portsock.explain.subject import Subject, process_of
from portsock.explain.texts import owners as texts
from portsock.explain.texts.findings import ON_DEMAND, Code
from portsock.explain.types import Finding, PathFacts
from portsock.explain.wording import end_text, holders, holders_text, joined, owner_text, owners_text
from portsock.model import Family, Owner, OwnerReason, OwnerStatus, Process, Socket, UnixEndpoint
from portsock.normalize.roles import is_accepted
from portsock.query.target import UnixTarget


def deleted_executable(subject: Subject) -> Iterator[Finding]:
    """Find listeners whose program file is gone."""
    for process, sockets in _holders(subject):
        if process.exe_deleted:
            lines = [*([f"executable {process.exe}"] if process.exe else []), *evidence_lines(sockets)]
            yield make_finding(Code.DELETED_EXECUTABLE, lines, who=_name_and_pid(process))


def socket_activation(subject: Subject) -> Iterator[Finding]:
    """Find systemd among the holders of a listener."""
    for socket in subject.passive:
        manager = next((owner for owner in socket.owners if is_systemd(owner)), None)
        if manager is not None:
            others = [owner for owner in holders([socket]) if not is_systemd(owner)]
            yield make_finding(Code.SOCKET_ACTIVATION, [evidence_line(socket)], who=owner_text(manager),
                               where=end_text(socket.local),
                               service=owners_text(others) if others else ON_DEMAND)  # fmt: skip
            return


def inherited(subject: Subject) -> Iterator[Finding]:
    """Find listeners held by a program that has only inherited them."""
    for socket in subject.passive:
        if socket.family is Family.UNIX or any(map(is_systemd, socket.owners)):
            continue  # systemd hands descriptors on purpose
        holding = [process_of(socket, owner, subject.snapshot) for owner in holders([socket])]
        parents = {each.pid: each for each in reversed(holding)}
        server = next((each for each in holding if not _serves_nothing(each)), None)
        heirs = [(each, _opener(each, parents.get(each.ppid or -1), server, socket)) for each in holding]
        odd = [(heir, opener) for heir, opener in heirs if opener is not None or (len(holding) == 1 and _serves_nothing(heir))]
        if odd:
            yield _inherited(socket, odd[0][1], [heir for heir, _ in odd])


def _opener(process: Process, parent: Process | None, server: Process | None, socket: Socket) -> Process | None:
    """Return the other holder from which the process has inherited the socket; None where it was given to it on purpose.

    `parent` holds it, too; `server` is the first holder that may have opened it.
    """
    if parent is not None:
        known = process.exe is not None and parent.exe is not None
        differ = _serves_nothing(process) or (known and process.exe != parent.exe)
        return parent if differ and not is_handed_over(process, parent, [socket]) else None
    return server if _serves_nothing(process) else None


def _serves_nothing(process: Process) -> bool:
    return (process.comm or process.name) in NOT_SERVERS


def _inherited(socket: Socket, opener: Process | None, heirs: Sequence[Process]) -> Finding:
    """Return the finding about those who have inherited the socket from `opener`, or from a program that holds it no more."""
    who = owners_text([Owner(each.pid, None, each.name or each.comm) for each in heirs])
    name = heirs[0].name or heirs[0].comm
    why = (
        f"{name} opens no ports" if _serves_nothing(heirs[0]) else "it is another program than its parent, which holds it, too"
    )
    where = end_text(socket.local)
    if opener is None:
        title = f"Only {who} still holds the listener at {where}, by inheritance"
        effect, what = "The program that opened it holds it no more.", f"End {who}: that frees the port."
    else:
        other = _name_and_pid(opener)
        title = f"{who} holds the listener at {where} as well, by inheritance from {other}"
        effect, what = f"Ending {other} alone does not free the port.", f"To free the port, end both {other} and {who}."
    return make_finding(
        Code.INHERITED_DESCRIPTOR, evidence_lines([socket]), what=title, why=why, effect=effect, what_to_do=what
    )


def forwarder(subject: Subject) -> Iterator[Finding]:
    """Find docker-proxy and its like."""
    for process, sockets in _holders(subject):
        if process.forwards_to:
            who, where = _name_and_pid(process), process.forwards_to
            ports = dict.fromkeys(f"{port_of(socket.local)}/{socket.protocol}" for socket in sockets)
            yield make_finding(Code.PORT_FORWARDER, evidence_lines(sockets), port=joined(list(ports)), who=who, where=where)


def without_process(subject: Subject) -> Iterator[Finding]:
    """Find passive sockets for which no process is known; one for each owner status and reason."""
    seen = set()
    for socket in subject.passive:
        if not is_worth_a_finding(socket) or (socket.owner_status, socket.owner_reason) in seen:
            continue
        seen.add((socket.owner_status, socket.owner_reason))
        lines = evidence_lines([socket])
        if socket.inode is not None:
            lines.append(f"inode {socket.inode}" + (f", uid {socket.uid}" if socket.uid is not None else ""))
        if subject.snapshot.unreadable:
            count = len(subject.snapshot.unreadable)
            lines.append(f"{count} process{'' if count == 1 else 'es'} could not be read")
        point = subject.snapshot.viewpoint
        if socket.owner_reason is OwnerReason.PIDNS and point is not None and point.pidns is not None:
            lines.append(texts.NESTED.format(number=point.pidns))
        yield make_finding(Code.LISTENER_WITHOUT_PROCESS, lines, where=end_text(socket.local),
                           why=absence_sentences(socket)[-1], what_to_do=_what_to_do(socket))  # fmt: skip


def unix_path(subject: Subject) -> Iterator[Finding]:
    """Find a socket file without a socket, or whose socket is not seen, or a socket whose file has been replaced."""
    path = subject.path
    if path is None or not isinstance(subject.target, UnixTarget) or subject.target.abstract:
        return
    name = end_text(UnixEndpoint(subject.target.path))
    replaced = []
    for socket in subject.passive:
        if socket.vfs is None or socket.inode in path.foreign or (path.exists and path.inode in (None, socket.vfs)):
            continue
        found = f"inode {path.inode[1]}" if path.inode else "gone"
        holder = holders_text([socket])
        lines = [f"{f'held by {holder}, ' if holder else ''}bound to inode {socket.vfs[1]}, the file now: {found}"]
        replaced.append(make_finding(Code.REPLACED_UNIX_PATH, lines))
    yield from replaced
    if path.exists and path.is_socket is not False and not any(_may_have(socket, path) for socket in subject.local_sockets):
        if path.bound is False:
            yield make_finding(Code.STALE_UNIX_PATH, [texts.ASKED_KERNEL.format(name=name, error="ECONNREFUSED")])
        elif path.bound or not replaced:
            yield _unseen_server(subject, name, path.bound)


def _may_have(socket: Socket, path: PathFacts) -> bool:
    """Tell whether the file at the path may be the socket's: its own file is not known, or cannot be compared."""
    return not is_accepted(socket) and (socket.vfs is None or path.inode is None or socket.vfs == path.inode)


def _unseen_server(subject: Subject, name: str, bound: bool | None) -> Finding:
    """Return the finding about a file to which a socket is bound, or may be, that is in no list that was read."""
    what, evidence = texts.PERHAPS_BOUND, f"{name} exists, no socket in the list is bound to it"
    if bound:
        whole = subject.snapshot.source.backend == "netlink"  # /proc/net/unix has no files, only names
        what = texts.BOUND_APART if whole else texts.BOUND_SOMEWHERE
        evidence = texts.ASKED_KERNEL.format(name=name, error="EPROTOTYPE")
    point = subject.snapshot.viewpoint
    further = ""
    if point is not None and (point.uid or point.pidns):
        further = texts.LOOK_FURTHER.format(how="as root" if point.uid else "on the host, outside the container")
    what_to_do = texts.KEEP_THE_FILE.format(further=further)
    return make_finding(Code.UNSEEN_UNIX_SERVER, [evidence], what=what.format(name=name), what_to_do=what_to_do)


def _holders(subject: Subject) -> list[tuple[Process, list[Socket]]]:
    """Return each process that holds some of the target's passive sockets, with these."""
    found: dict[object, tuple[Process, list[Socket]]] = {}
    for socket in subject.passive:
        for owner in holders([socket]):
            process = subject.process(owner, socket)
            if process is not None:
                found.setdefault((process.host, process.pid), (process, []))[1].append(socket)
    return list(found.values())


def _name_and_pid(process: Process) -> str:
    return owner_text(Owner(process.pid, None, process.name or process.comm))


def _what_to_do(socket: Socket) -> str:
    if socket.owner_reason is OwnerReason.KERNEL_CANDIDATE:
        name, command = kernel_user(socket) or texts.KERNEL_RPC
        return f"Candidate: {name}; '{command}' tells."
    if socket.owner_status is OwnerStatus.HIDDEN:
        return texts.WHAT_TO_DO.get(socket.owner_reason, texts.LOOK_AS_ROOT)
    if socket.owner_status is OwnerStatus.ELSEWHERE:
        return "Repeat the question on the host, outside the container."
    return "Repeat the question; if it stays so, look for programs that pass descriptors or use io_uring."
