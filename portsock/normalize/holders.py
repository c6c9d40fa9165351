"""The owners of each socket, and the reason where none was found."""

from collections.abc import Iterable, Iterator, Sequence

from portsock.model import CONNECTIONLESS, INTERNET, Family, NetlinkEndpoint, Owner, OwnerReason, OwnerStatus, Process, State
from portsock.records import Collection, Holder, SocketRecord, Unreadable

Visibility = tuple[OwnerStatus, OwnerReason | None, tuple[Owner, ...]]
"""Owner status, reason, and the owners that were found."""

_NO_DESCRIPTOR = {State.TIME_WAIT: OwnerReason.TIME_WAIT, State.SYN_RECV: OwnerReason.SYN_RECV}
"""States in which the kernel keeps no struct socket at all, on every system."""

_WITHOUT_INODE = {
    **_NO_DESCRIPTOR,
    **dict.fromkeys((State.ESTABLISHED, State.CLOSE_WAIT, State.CONNECTING), OwnerReason.UNACCEPTED),
    **dict.fromkeys((State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK, State.CLOSED), OwnerReason.ORPHANED),
}
"""On Linux: why a socket in this state has no inode."""


class OwnerLookup:
    """Look up the owners, owner status and reason of each record of one collection."""

    def __init__(self, collection: Collection) -> None:
        ownership = collection.ownership
        self._by_inode = ownership.holders if ownership else {}
        self._processes = collection.processes
        self._searched = ownership is not None
        self._unprivileged = collection.unprivileged
        self._keeps_inodes = collection.source.kind == "live" and collection.source.backend != "psutil"
        self._unreadable = ownership.unreadable if ownership else ()
        self._unlisted = ownership.hidden_processes if ownership else None
        self._threads = ownership.threads if ownership else {}
        self._raced = ownership.raced if ownership else frozenset()
        self._reason_by_uid = {process.uid: process.reason for process in self._unreadable}
        self._first_reason = _likeliest(self._unreadable) or self._unlisted
        self._found = OwnerStatus.PARTIAL if self._unreadable or self._unlisted is OwnerReason.HIDEPID else OwnerStatus.KNOWN
        self._found_reason = self._first_reason if self._found is OwnerStatus.PARTIAL else None
        self._held, self._held_reason = (self._found, self._found_reason) if self._searched else (OwnerStatus.KNOWN, None)
        self._names: dict[int, tuple[str | None, str | None]] = {}

    def for_records(self, records: Iterable[SocketRecord]) -> Iterator[Visibility]:
        """Yield status, reason and owners of each record."""
        status, reason = self._held, self._held_reason
        by_inode = self._all_owners()
        # Of thousands in TIME_WAIT each has the same.
        reasons = (_WITHOUT_INODE if self._keeps_inodes else _NO_DESCRIPTOR) if self._searched else {}
        without: dict[State | None, Visibility] = {state: (OwnerStatus.NONE, why, ()) for state, why in reasons.items()}
        shared: dict[int, tuple[Owner, ...]] = {}  # by id() of holders that many records of a listing share
        for record in records:
            held = record.holders
            if held is None:
                owners = by_inode.get(record.inode)
            elif not self._processes or (len(held) == 1 and held[0].name is not None):  # nearly every socket of a listing
                owners = held
            elif held and held[0].fd is None:
                owners = shared.get(id(held)) or shared.setdefault(id(held), self._owners(held))
            else:
                owners = self._owners(held)
            if not owners:
                yield (without.get(record.state) if record.inode is None else None) or (*self._absence(record), ())
            elif not self._searched and (record.names_one or self._unprivileged):
                yield OwnerStatus.PARTIAL, None, owners
            else:
                yield status, reason, owners

    def for_inode(self, inode: int) -> tuple[OwnerStatus, tuple[Owner, ...]] | None:
        """Return status and owners of a socket that has no record; None where no holder was found."""
        held = self._by_inode.get(inode)
        return (self._found, self._owners(held)) if held else None

    def _all_owners(self) -> dict[int | None, tuple[Owner, ...]]:
        """Return the owners of every socket by inode, made in the order in which the holders lie in memory."""
        owners: dict[int | None, tuple[Owner, ...]] = {}
        names, make = self._names, tuple.__new__
        shared: dict[tuple[int | None, ...], tuple[Owner, ...]] = {}
        for inode, held in self._by_inode.items():
            if len(held) == 1:
                pid, fd, name, user, _ = held[0]
                if name is None and user is None and pid is not None:  # nearly every socket of a live system
                    owners[inode] = (make(Owner, (pid, fd, *(names.get(pid) or self._name(pid)), None)),)
                    continue
            if held[0].fd is None:  # without the numbers of descriptors many sockets have the same owners: workers of a server
                key = tuple([holder.pid for holder in held])
                owners[inode] = shared[key] = shared.get(key) or self._owners(held)
                continue
            owners[inode] = self._owners(held)
        for (inode, pid, fd), tid in self._threads.items():
            named = (each._replace(tid=tid) if (each.pid, each.fd) == (pid, fd) else each for each in owners.get(inode, ()))
            owners[inode] = tuple(named)
        return owners

    def _owners(self, held: Sequence[Holder]) -> tuple[Owner, ...]:
        owners, make = [], tuple.__new__
        for pid, fd, name, user, _ in held:
            if name is None and pid is not None:
                name, found = self._names.get(pid) or self._name(pid)
                user = user or found
            owners.append(make(Owner, (pid, fd, name, user, None)))
        return tuple(owners)

    def _name(self, pid: int) -> tuple[str | None, str | None]:
        process = self._processes.get(pid) or Process(pid)
        name = self._names[pid] = process.name, process.user
        return name

    def _absence(self, record: SocketRecord) -> tuple[OwnerStatus, OwnerReason | None]:
        state = record.state
        if not self._searched:
            if record.holders is None:
                return OwnerStatus.UNREPORTED, None if self._keeps_inodes else OwnerReason.NO_COLUMN
            if state in _NO_DESCRIPTOR:
                return OwnerStatus.NONE, _NO_DESCRIPTOR[state]
            if self._unprivileged or (record.inode is not None and not record.names_one):
                return OwnerStatus.HIDDEN, None  # it has or may have a descriptor whose process the author could not see
            return OwnerStatus.UNREPORTED, None
        if record.inode is None and state is not None:
            reasons = _WITHOUT_INODE if self._keeps_inodes else _NO_DESCRIPTOR
            if state in reasons:
                return OwnerStatus.NONE, reasons[state]
        return self._unfound(record)

    def _unfound(self, record: SocketRecord) -> tuple[OwnerStatus, OwnerReason | None]:
        """Return status and reason of a socket that has, or may have, a descriptor that was not found."""
        if isinstance(record.local, NetlinkEndpoint) and record.local.portid == 0:
            return OwnerStatus.UNHELD, OwnerReason.KERNEL_CANDIDATE  # the kernel's own end: netlink(7)
        if record.inode in self._raced:
            return OwnerStatus.HIDDEN, OwnerReason.RACED
        if self._unreadable or self._unlisted in {OwnerReason.HIDEPID, OwnerReason.NO_PROC}:
            return OwnerStatus.HIDDEN, self._reason_by_uid.get(record.uid, self._first_reason)
        if self._unlisted is OwnerReason.PIDNS:
            return OwnerStatus.ELSEWHERE, OwnerReason.PIDNS
        if record.family is Family.UNIX:
            return OwnerStatus.UNHELD, OwnerReason.IN_FLIGHT_CANDIDATE
        if self._keeps_inodes or record.state in CONNECTIONLESS or record.family not in INTERNET:
            return OwnerStatus.UNHELD, OwnerReason.KERNEL_CANDIDATE
        return OwnerStatus.UNHELD, OwnerReason.RACED


def _likeliest(unreadable: Sequence[Unreadable]) -> OwnerReason | None:
    """Return the reason to name where the socket's uid decides none: another user's process is the most common case."""
    reasons = {process.reason for process in unreadable}
    order = (
        OwnerReason.OTHER_USER,
        OwnerReason.NOT_DUMPABLE,
        OwnerReason.FAILED,
        OwnerReason.DENIED,
        OwnerReason.HIDEPID,
        OwnerReason.PIDNS,
    )
    return next((reason for reason in order if reason in reasons), None)
