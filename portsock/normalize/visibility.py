"""Notices about owners that could not be seen; they go with every answer."""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter, itemgetter

from portsock.model import Notice, OwnerReason, OwnerStatus, Snapshot, Socket

_ADVICE: dict[OwnerReason | None, str] = {
    OwnerReason.OTHER_USER: 'see them as root: sudo "$(command -v portsock)" …',
    OwnerReason.NOT_DUMPABLE: 'your own among them take root, too: sudo "$(command -v portsock)" …',
    OwnerReason.HIDEPID: "/proc is mounted with hidepid: run as root, or as a member of its gid= group",
    OwnerReason.DENIED: "the system denies it even to you",
    OwnerReason.PIDNS: "look from the host's PID namespace",
    OwnerReason.FAILED: "try again when the system has more to spare",
    OwnerReason.NO_PROC: "/proc is missing or another PID namespace's: enter that, too (nsenter --pid), or mount /proc anew",
}

_status = attrgetter("owner_status")
_status_and_reason = itemgetter(*map(Socket._fields.index, ("owner_status", "owner_reason")))


def with_owner_notices(snapshot: Snapshot, shown: Sequence[Socket]) -> Snapshot:
    """Return the snapshot with notices about the owners of the shown sockets, and with `complete` set by all notices.

    A captured listing is returned as it is: it has its notices already, and owners that its author could not see cannot be
    looked up on this machine.
    """
    if snapshot.source.kind != "live":
        return snapshot
    return snapshot.with_notices(owner_notices(snapshot, shown))


def owner_notices(snapshot: Snapshot, shown: Sequence[Socket]) -> tuple[Notice, ...]:
    """Return notices about the owners of the shown sockets; none where every process could be read."""
    counts = Counter(map(_status_and_reason, shown))
    unread = f"{_processes(snapshot)} could not be read"
    notices = []
    raced = counts.pop((OwnerStatus.HIDDEN, OwnerReason.RACED), 0)
    if raced:
        text = f"the owners of {_sockets(raced)} are not certain: processes began and ended while they were read; run it again"
        notices.append(Notice("owners_raced", raced, text))
    for status, code, text in (
        (OwnerStatus.HIDDEN, "owners_hidden", f"the owners of {{}} are hidden: {unread}"),
        (OwnerStatus.PARTIAL, "owners_partial", f"{{}} may have more owners: {unread}"),
        (OwnerStatus.ELSEWHERE, "owners_elsewhere", "no process of this PID namespace holds {}: one outside, or the kernel"),
    ):
        numbers = {reason: number for (of, reason), number in counts.items() if of is status}
        if numbers:
            number = sum(numbers.values())
            commonest = max(numbers, key=numbers.__getitem__)
            advice = _ADVICE.get(commonest, "there may be more to see")
            silent = status is OwnerStatus.PARTIAL and all(_is_our_own(each, snapshot) for each in shown)
            notices.append(Notice(code, number, f"{text.format(_sockets(number))}; {advice}", silent=silent))
    return tuple(notices)


def _is_our_own(socket: Socket, snapshot: Snapshot) -> bool:
    """Tell whether a further holder, if there may be one, would have to have the socket from our own processes.

    Its uid is its creator's: who made it as this user can have passed it on, but nobody passed it to us. That is no proof, so
    that its status stays PARTIAL. A socket that root made may well be held by systemd besides.
    """
    if socket.owner_status is not OwnerStatus.PARTIAL:
        return True
    point = snapshot.viewpoint
    return point is not None and bool(point.uid) and socket.uid == point.uid


def count_hidden(sockets: Sequence[Socket]) -> int:
    """Return the number of sockets with hidden owners."""
    return list(map(_status, sockets)).count(OwnerStatus.HIDDEN)


def listing_notices(hidden: int, unprivileged: bool) -> tuple[Notice, ...]:
    """Return the notice about owners that the authors of captured listings could not see, or nothing where they saw all.

    `hidden` counts sockets with hidden owners; `unprivileged`: a listing states that it was made without root rights.
    """
    if not hidden and not unprivileged:
        return ()
    what = f"the owners of {_sockets(hidden)} are hidden" if hidden else "there may be more owners"
    text = f"{what}: whoever made the listing could not see every process; as root it tells more"
    return (Notice("listing_unprivileged", hidden or None, text),)


def _sockets(number: int) -> str:
    return "1 socket" if number == 1 else f"{number} sockets"


def _processes(snapshot: Snapshot) -> str:
    pids = snapshot.unreadable
    if not pids:
        return "processes"
    if len(pids) <= 3:
        return ("process " if len(pids) == 1 else "processes ") + ", ".join(map(str, pids))
    return f"{len(pids)} processes"
