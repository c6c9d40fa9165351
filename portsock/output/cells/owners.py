"""Owners as the text of a cell, or the reason why there are none."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from portsock.model import Owner, OwnerReason, OwnerStatus, Peer, Processes

_ABSENT = {
    OwnerReason.TIME_WAIT: "- (closed, time wait)",
    OwnerReason.SYN_RECV: "- (handshake)",
    OwnerReason.ORPHANED: "- (closed by its process)",
    OwnerReason.UNACCEPTED: "- (not accepted yet)",
    OwnerReason.OTHER_USER: "? (other user)",
    OwnerReason.NOT_DUMPABLE: "? (not dumpable)",
    OwnerReason.HIDEPID: "? (hidepid)",
    OwnerReason.DENIED: "? (denied)",
    OwnerReason.KERNEL_CANDIDATE: "- (kernel?)",
    OwnerReason.IN_FLIGHT_CANDIDATE: "- (in flight?)",
    OwnerReason.RACED: "? (changing hands)",
    OwnerReason.FAILED: "? (not read)",
    OwnerReason.PIDNS: "? (other PID namespace)",
    OwnerReason.NO_PROC: "? (no /proc)",
}
"""'?': a process that could not be seen may hold it. '-': no process holds it. Nothing for a listing without owners."""

_BY_STATUS = {
    OwnerStatus.HIDDEN: "? (hidden)",
    OwnerStatus.NONE: "- (no process)",
    OwnerStatus.UNHELD: "- (no holder found)",
    OwnerStatus.ELSEWHERE: "? (elsewhere)",
}

MORE = " +?"
"""Stands after owners where there may be more."""


def absence(status: OwnerStatus, reason: OwnerReason | None, user: str | None) -> str:
    """Return the reason why no owner is shown: '? (other user: root)', '- (kernel?)'; empty where the source does not say."""
    if status is OwnerStatus.UNREPORTED:
        return ""
    if reason is OwnerReason.OTHER_USER and user:
        return f"? (other user: {user})"
    return _ABSENT.get(reason, "") if reason in _ABSENT else _BY_STATUS.get(status, "")


def holders_text(owners: Sequence[Owner], partial: bool) -> str:
    """Return all (process, descriptor), grouped by name: 'nginx[812/6,813/6] systemd[1/40]'; with ' +?' if `partial`."""
    if len(owners) == 1:
        pid, fd, name, _, tid = owners[0]
        if pid is not None and fd is not None and tid is None:
            return f"{name or ''}[{pid}/{fd}]{MORE if partial else ''}"
    return _grouped(((owner.name, number_of_holder(owner)) for owner in owners), partial)


def processes_text(owners: Sequence[Owner], partial: bool, host: str | None, processes: Processes) -> str:
    """Return every process once, grouped by name: 'nginx[812,813]'; after a port forwarder its destination."""
    if len(owners) == 1 and owners[0].pid is not None:
        pid, name = owners[0].pid, owners[0].name
        text = f"{name or ''}[{pid}]{MORE if partial else ''}"
    else:
        text = _by_process(tuple(owners), partial)
    return text + destinations(owners, host, processes)


@lru_cache(maxsize=8)
def _by_process(owners: tuple[Owner, ...], partial: bool) -> str:
    """Return the processes by name. Workers share all sockets of their master, so that many rows have the same."""
    return _grouped(((owner.name, "" if owner.pid is None else str(owner.pid)) for owner in owners), partial)


def destinations(owners: Iterable[Owner], host: str | None, processes: Processes) -> str:
    """Return ' -> 172.17.0.2:80' of a port forwarder; empty for other owners."""
    targets = []
    for owner in owners:
        process = processes.get((host, owner.pid)) if owner.pid is not None else None
        if process is not None and process.forwards_to is not None and process.forwards_to not in targets:
            targets.append(process.forwards_to)
    return f" -> {', '.join(filter(None, targets))}" if targets else ""


def peer_place(peer: Peer) -> str:
    """Return where the other end is, if it is in another place: ' in netns web', ' on db1'."""
    place = f" in netns {peer.netns.name or peer.netns.id}" if peer.netns else ""
    return f"{place} on {peer.host}" if peer.host else place


def facts_text(owners: Iterable[Owner], host: str | None, processes: Processes, field: str) -> str:
    """Return the values of this field of the owners' processes, each once."""
    found = (processes.get((host, owner.pid)) for owner in owners if owner.pid is not None)
    return ",".join(dict.fromkeys(str(value) for process in found if process and (value := getattr(process, field))))


def pids_text(owners: Iterable[Owner]) -> str:
    """Return the process ids, each once."""
    return ",".join(dict.fromkeys(str(owner.pid) for owner in owners if owner.pid is not None))


def first_pid(owners: Iterable[Owner]) -> int | None:
    """Return the lowest process id, the sort key of rows by process."""
    return min((owner.pid for owner in owners if owner.pid is not None), default=None)


def users_of(owners: Iterable[Owner]) -> list[str]:
    """Return the users of the owners, each once."""
    return list(dict.fromkeys(owner.user for owner in owners if owner.user))


def number_of_holder(owner: Owner) -> str:
    """Return the pid, with the descriptor where it is known: '812/6', or '812/6 of thread 815' where only that has it."""
    if owner.pid is None:
        return ""
    if owner.tid is not None:
        return f"{owner.pid}/{owner.fd} of thread {owner.tid}"
    return str(owner.pid) if owner.fd is None else f"{owner.pid}/{owner.fd}"


def group_by_name(pairs: Iterable[tuple[str | None, str]]) -> dict[str | None, dict[str, None]]:
    """Return the numbers of each name, each once."""
    groups: dict[str | None, dict[str, None]] = {}
    for name, number in pairs:
        groups.setdefault(name, {})[number] = None
    return groups


def _grouped(pairs: Iterable[tuple[str | None, str]], partial: bool) -> str:
    texts = []
    for name, numbers in group_by_name(pairs).items():
        listed = ",".join(filter(None, numbers))
        texts.append(f"{name or ''}[{listed}]" if listed else name or "?")
    return " ".join(texts) + (MORE if partial else "")
