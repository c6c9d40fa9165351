"""Confirm that nobody holds a socket before it is said: the socket may be closed, or its holders have changed, meanwhile.

The kernel is asked for the sockets once more, then the processes are read again. What is proven: a socket passed on by fork(2)
alone is found once every process that exists at the end was read, if process numbers have only risen meanwhile. Between
processes that send each other descriptors it can be missed each time, which is why more than one search must agree.
"""

import os
from collections.abc import Callable, Sequence
from operator import attrgetter
from time import monotonic

from portsock.model import NetlinkEndpoint, OwnerReason
from portsock.records import Ownership, SocketRecord
from portsock.sources.linux import owners
from portsock.sources.system import read_text

_AGREEING = 2
"""Proven searches, after the first one, that must find no holder: of a socket of root, as the kernel's own are."""
_AGREEING_OF_USERS = 12
"""The same of other users' sockets. The kernel has none of these, so that somebody may be passing them on."""
_SEARCHES = 16
"""The most searches after the first one."""
_SECONDS = 0.5
"""Time after which no further search begins."""

Dump = Callable[[frozenset[str]], Sequence[SocketRecord] | None]
"""Returns the present sockets of these protocols; None where the kernel's table changed while it was read."""


def confirm(
    records: Sequence[SocketRecord], ownership: Ownership, dump: Dump, method: str
) -> tuple[Sequence[SocketRecord], Ownership]:
    """Look again for the holders of sockets for which none was found, and leave out those that are closed by now.

    Where some process cannot be read, an absent holder means nothing anyway, and nothing is done. In a nested PID namespace it
    means that the holder is outside, or the kernel.
    """
    if ownership.unreadable or ownership.hidden_processes not in (None, OwnerReason.PIDNS):
        return records, ownership
    missing = set(map(attrgetter("inode"), records)).difference(ownership.holders, (None,))
    suspects = [record for record in records if _is_suspect(record, ownership)] if missing else []
    if not suspects:
        return records, ownership
    records = _without_closed(records, suspects, dump)
    wanted = {
        record.inode: _AGREEING_OF_USERS if record.uid else _AGREEING
        for record in records
        if record.inode is not None and _is_suspect(record, ownership)
    }
    return records, _search_again(wanted, ownership, method)


def search_threads(records: Sequence[SocketRecord], ownership: Ownership) -> Ownership:
    """Look for the holders of sockets for which none was found among threads with a table of descriptors of their own.

    For an ordinary user only those of sockets of the same user: all others' processes are unreadable.
    """
    user = os.geteuid()
    lost = [record for record in records if _is_suspect(record, ownership) and user in (0, record.uid)]
    if not lost:
        return ownership
    explained = {process.uid for process in ownership.unreadable}  # their owner is likely one that may not be read
    thorough = any(record.uid not in explained for record in lost)
    return owners.with_threads(ownership, {record.inode for record in lost if record.inode is not None}, thorough)


def _is_suspect(record: SocketRecord, ownership: Ownership) -> bool:
    """Tell whether no holder of a socket was found that must have one, or belong to the kernel."""
    if record.inode is None or record.inode in ownership.holders:
        return False
    return not (isinstance(record.local, NetlinkEndpoint) and record.local.portid == 0)  # the kernel's own end: netlink(7)


def _without_closed(records: Sequence[SocketRecord], suspects: Sequence[SocketRecord], dump: Dump) -> Sequence[SocketRecord]:
    """Return the records without the suspects that are closed; those that have changed as they are now."""
    fresh = dump(frozenset(record.protocol for record in suspects))
    if fresh is None:
        return records
    now: dict[object, list[SocketRecord]] = {}
    for record in fresh:
        now.setdefault(_identity(record), []).append(record)
    replaced: dict[int, SocketRecord | None] = {}
    for record in suspects:
        present = now.get(_identity(record), [])
        replaced[id(record)] = record if len(present) > 1 else present[0] if present else None
    kept = (replaced.get(id(record), record) for record in records)
    return [record for record in kept if record is not None]


def _identity(record: SocketRecord) -> object:
    """Return what stays with a socket until its end: the kernel's cookie, which TIME_WAIT keeps, or the inode number."""
    return record.netns, record.protocol, record.inode if record.cookie is None else record.cookie


def _search_again(wanted: dict[int, int], ownership: Ownership, method: str) -> Ownership:
    """Add the holders of these sockets; `wanted` has the number of proven searches that each takes."""
    end = monotonic() + _SECONDS
    proven = 0
    for _ in range(_SEARCHES):
        wanted = {inode: number for inode, number in wanted.items() if number > proven}
        if not wanted or monotonic() > end:
            break
        before = _last_pid()
        found = owners.find(wanted, method=method, settle=True)
        lost = wanted.keys() - found.holders.keys()
        found = owners.with_threads(found, lost, thorough=True) if lost else found
        ownership = ownership._replace(
            holders={**ownership.holders, **found.holders},
            threads={**ownership.threads, **found.threads},
            unreadable=found.unreadable,
            started={**ownership.started, **found.started},
        )
        if found.unreadable:
            return ownership
        wanted = {inode: number for inode, number in wanted.items() if inode not in found.holders}
        proven += found.settled and before is not None and before <= (_last_pid() or 0)
    return ownership._replace(raced=frozenset(inode for inode, number in wanted.items() if number > proven))


def _last_pid() -> int | None:
    """Return the number of the youngest process, which falls when the numbers begin anew: proc(5), /proc/loadavg."""
    _, _, last = (read_text("/proc/loadavg") or "").strip().rpartition(" ")
    return int(last) if last.isdecimal() else None
