"""What could not be seen of the sockets that are shown: the notices that no answer may be without."""

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter

from portsock.model import Notice, OwnerReason, OwnerStatus, Snapshot, Socket

_ADVICE = {
    OwnerReason.OTHER_USER: "run as root to see them",
    OwnerReason.HIDEPID: "/proc is mounted with hidepid: run as root, or as a member of its gid= group",
    OwnerReason.DENIED: "the system denies it even to you",
    OwnerReason.PIDNS: "look from the host's PID namespace",
}

_Sight = tuple[OwnerStatus, OwnerReason | None]
_SIGHT = itemgetter(*map(Socket._fields.index, ("owner_status", "owner_reason")))


def with_sight(snapshot: Snapshot, shown: Sequence[Socket]) -> Snapshot:
    """The snapshot with notices about the owners of the shown sockets, and `complete` set by them.

    A listing's own notices stand as they are: what its author could not see, nobody can look for here.
    """
    if snapshot.source.kind != "live":
        return snapshot
    notices = (*snapshot.notices, *sight_notices(snapshot, shown))
    return snapshot._replace(notices=notices, complete=not any(notice.incomplete for notice in notices))


def sight_notices(snapshot: Snapshot, shown: Sequence[Socket]) -> tuple[Notice, ...]:
    """Notices about the owners of the shown sockets, empty where every process could be read."""
    sights = Counter(map(_SIGHT, shown))
    statuses: Counter[OwnerStatus] = Counter()
    for (status, _), number in sights.items():
        statuses[status] += number
    notices = []
    hidden, partial = statuses[OwnerStatus.HIDDEN], statuses[OwnerStatus.PARTIAL]
    if hidden:
        text = f"the owners of {_sockets(hidden)} are hidden: {_processes(snapshot)} could not be read"
        notices.append(Notice("owners_hidden", hidden, f"{text}; {_advice(sights, OwnerStatus.HIDDEN)}"))
    if partial:
        text = f"{_sockets(partial)} may have more owners: {_processes(snapshot)} could not be read"
        notices.append(Notice("owners_partial", partial, f"{text}; {_advice(sights, OwnerStatus.PARTIAL)}"))
    elsewhere = statuses[OwnerStatus.ELSEWHERE]
    if elsewhere:
        text = f"{_sockets(elsewhere)} held by processes of another PID namespace"
        notices.append(Notice("owners_elsewhere", elsewhere, f"{text}; {_ADVICE[OwnerReason.PIDNS]}"))
    return tuple(notices)


def is_hidden(socket: Socket) -> bool:
    """Whether its owners are hidden."""
    return socket.owner_status is OwnerStatus.HIDDEN


def listing_notices(hidden: int, unprivileged: bool) -> tuple[Notice, ...]:
    """The notice about what the authors of captured listings could not see: the owners of so many sockets, or, where a
    listing says so of itself, perhaps of some."""
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


def _advice(sights: Mapping[_Sight, int], status: OwnerStatus) -> str:
    """What would show more: for the reason that most have."""
    numbers = {reason: number for (of, reason), number in sights.items() if of is status}
    reason = max(numbers, key=numbers.__getitem__)
    return _ADVICE.get(reason, "there may be more to see") if reason else "there may be more to see"
