"""Section PROCESS: the holders and who started them; where there is none, the reason."""

from collections.abc import Mapping, Sequence

from portsock.endpoints import port_of
from portsock.explain.ancestry import ancestors, is_called, masters_of
from portsock.explain.sections.durations import time_text
from portsock.explain.subject import Subject, process_of
from portsock.explain.texts import owners as texts
from portsock.explain.texts import phrases
from portsock.explain.wording import holders, joined, plural
from portsock.model import OwnerReason, OwnerStatus, Process, Role, Socket, State
from portsock.normalize.roles import is_passive

MOST = 2
"""Processes that are described: each takes up to three lines."""
MOST_ARGUMENTS = 2000
"""Characters of a command line that are shown; of a longer one the number is, too."""
WINDOWS_KERNEL = 4
"""The pid of 'System'."""
SSH = ("sshd", "sshd-session")


def paragraphs(subject: Subject) -> list[str]:
    """Return the paragraphs about the holders of the target's sockets, or the processes that it names."""
    sockets = _sockets(subject)
    found = described(subject)
    workers = _workers(found, subject)
    kinds: dict[object, list[Process]] = {}
    for process in found:
        if process in workers:
            continue
        kinds.setdefault((process.host, process.name, process.user, process.cmdline), []).append(process)
    lines = [_described(kind, workers, subject) for kind in list(kinds.values())[:MOST]]
    if len(kinds) > MOST:
        lines.append(phrases.MORE_HOLDERS.format(count=sum(map(len, list(kinds.values())[MOST:]))))
    names_first = subject.captured and _linux_netstat(subject)
    notes = []
    if not subject.processes:
        shared = any(len({owner.pid for owner in socket.owners}) > 1 for socket in sockets)
        notes += [texts.ONE_SOCKET_MANY] if shared else []
        notes += _missing([socket for socket in sockets if not socket.owners])
        partial = any(
            socket.owner_status is OwnerStatus.PARTIAL and not (subject.caller and socket.uid == subject.caller)
            for socket in sockets
        )
        notes += [texts.STATUSES[OwnerStatus.PARTIAL]] if partial and not names_first else []
    if found and not subject.local_sockets and any(socket.role is not Role.SERVER for socket in subject.remote_sockets):
        notes.append(phrases.ONLY_A_CLIENT)
    if names_first and any(socket.owners for socket in sockets):
        notes.append(texts.NETSTAT_FIRST)
    if subject.snapshot.host.system == "Windows" and any(process.pid == WINDOWS_KERNEL for process in found):
        notes.append(texts.WINDOWS_SYSTEM)
    return [*lines, *([" ".join(notes)] if notes else [])]


def described(subject: Subject) -> list[Process]:
    """Return the processes that the target names, or the holders of its sockets, each once."""
    owners = ((socket, owner) for socket in _sockets(subject) for owner in holders([socket]))
    found = subject.processes or [process_of(socket, owner, subject.snapshot) for socket, owner in owners]
    return list({(process.host, process.pid, process.name): process for process in found}.values())


def _sockets(subject: Subject) -> list[Socket]:
    return subject.passive or subject.local_sockets or subject.remote_sockets


def _workers(found: Sequence[Process], subject: Subject) -> dict[Process, Process]:
    """Return the masters of those that are the workers of another of the processes."""
    if not subject.passive or len(found) < 2:
        return {}
    masters = dict(zip(found, masters_of(found, subject.passive, subject), strict=True))
    return {process: master for process, master in masters.items() if master.pid != process.pid and master in masters}


def _described(kind: list[Process], workers: Mapping[Process, Process], subject: Subject) -> str:
    """Describe the first of the processes that share name, user and command line; name the pids of the others."""
    process = kind[0]
    sentences = [
        phrases.PROCESS.format(
            name=process.name or process.comm or "a process",
            pid=process.pid,
            user=f", user {process.user}" if process.user else "",
            started=_started(process, subject),
            cmdline=_arguments(process),
        )
    ]
    if len(kind) > 1:
        sentences.append(phrases.ALIKE.format(pids=_pids(kind[1:])))
    number = sum(master == process for master in workers.values())
    if number:
        sentences.append(phrases.MASTER.format(workers=plural(number, "worker"), s="s" if number == 1 else ""))
    service = process.unit is not None and process.unit.endswith(".service")
    adopted = process.ppid == 1 and bool(subject.passive) and not service and not process.container
    above = ancestors(process, subject)
    if above and not adopted:
        sentences.append(phrases.CHAIN.format(chain=" → ".join(map(_name, [*above[::-1], process]))))
    if adopted:
        sentences.append(phrases.ADOPTED if process.login_uid is None else phrases.ADOPTED_FROM_LOGIN)
    if process.unit:
        sentences.append(phrases.UNIT.format(unit=process.unit))
    if process.container:
        sentences.append(phrases.CONTAINER.format(container=process.container))
    return " ".join([*sentences, *_circumstances(process, above)])


def _name(process: Process) -> str:
    return process.name or process.comm or str(process.pid)


def _pids(processes: list[Process]) -> str:
    """Return 'pid 5' or 'pids 5 and 6'."""
    return f"pid{'s' if len(processes) > 1 else ''} {joined([str(process.pid) for process in processes], 4)}"


def _arguments(process: Process) -> str:
    if not process.cmdline:
        return "."
    text = " ".join(process.cmdline)
    return f": {text}." if len(text) <= MOST_ARGUMENTS else f": {text[:MOST_ARGUMENTS]}… ({len(text)} characters)."


def _started(process: Process, subject: Subject) -> str:
    if process.started_at is None:
        return ""
    from datetime import UTC, datetime

    when = datetime.fromtimestamp(process.started_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    taken = subject.snapshot.taken_at
    ago = f", {time_text(taken - process.started_at)} ago" if taken is not None and taken >= process.started_at else ""
    return phrases.STARTED.format(when=when + ago)


def _circumstances(process: Process, above: Sequence[Process]) -> list[str]:
    """Return the sentences on what started the process, where it works, and what hinders it."""
    sentences = []
    if process.login_uid is not None:
        session = process.login_session
        sentences.append(
            phrases.LOGIN.format(
                user=process.login_user or f"uid {process.login_uid}",
                session="" if session is None else phrases.LOGIN_SESSION.format(session=session),
                way=phrases.OVER_SSH if any(is_called(each, SSH) for each in above) else "",
            )
        )
    if process.cwd is not None:
        sentences.append(phrases.WORKING_DIRECTORY.format(path=process.cwd))
    if process.descriptors is not None and process.descriptor_limit is not None:
        sentences.append(phrases.DESCRIPTORS_OPEN.format(count=process.descriptors, limit=process.descriptor_limit))
    if process.state in phrases.PROCESS_STATES:
        sentences.append(phrases.PROCESS_STATES[process.state])
    if process.sigterm == "ignored":
        sentences.append(phrases.SIGTERM_IGNORED)
    return sentences


def _missing(sockets: list[Socket]) -> list[str]:
    """Return at most two reasons why sockets have no process. A listener's reason is left to its finding."""
    reasons: dict[str, None] = {}
    for socket in sockets:
        reason = socket.owner_reason
        sentences = absence_sentences(socket)
        reasons.setdefault(sentences[0] if is_worth_a_finding(socket) else " ".join(sentences))
        if reason in (OwnerReason.OTHER_USER, OwnerReason.NOT_DUMPABLE, OwnerReason.DENIED) and socket.uid is not None:
            user = f" ({socket.user})" if socket.user else ""
            reasons.setdefault(texts.UID_STILL_TELLS.format(uid=socket.uid, user=user))
    return list(reasons)[:2]


def absence_sentences(socket: Socket) -> list[str]:
    """Return the sentences about a socket's owner status and its reason."""
    sentences = [texts.STATUSES[socket.owner_status]]
    if socket.owner_reason is not None:
        sentences.append(texts.REASONS[socket.owner_reason])
    return sentences


def is_worth_a_finding(socket: Socket) -> bool:
    """Tell whether a missing process is worth a finding: of a passive socket, unless it is plain that there is none."""
    status = socket.owner_status
    if not is_passive(socket) or socket.owners or status in (OwnerStatus.NONE, OwnerStatus.UNREPORTED):
        return False
    return status is not OwnerStatus.UNHELD or socket.state is State.LISTEN or kernel_user(socket) is not None


def kernel_user(socket: Socket) -> tuple[str, str] | None:
    """Return the part of the kernel that probably has this port, and a command that shows it; None where none is known."""
    port = port_of(socket.local)
    return texts.KERNEL_USERS.get((socket.protocol, port)) if port is not None else None


def _linux_netstat(subject: Subject) -> bool:
    return any(item.format == "netstat-linux" for item in subject.snapshot.source.inputs)
