"""Holders of sockets: from the kernel's iterator over open files where it may be used and is faster, else from a walk."""

import os
from collections.abc import Container, Iterable

from portsock.enums import OwnerReason
from portsock.errors import ReadError
from portsock.records import Ownership, Unreadable
from portsock.sources.failures import note_reason
from portsock.sources.linux.visibility import PROC, Visibility, read_pids, read_visibility
from portsock.sources.linux.walk import GONE, Walk, merged, walk, walk_in_two_threads, walk_threads
from portsock.sources.system import read_text

_MANY = 6000
"""The number of descriptors from which the iterator is faster. Measured on Linux 6.18: the iterator takes 20 ms in any case,
the walk 4 µs for each descriptor; they are even at 4,500."""
_ROUNDS = 20
"""Times that /proc is listed again for processes that have begun meanwhile."""


def find(
    inodes: Container[int] | None, root: str = PROC, method: str = "auto", settle: bool = False, numbers: bool = True
) -> Ownership:
    """Return the holders of these sockets, or of every socket where `inodes` is None.

    `method` is 'walk', 'bpf' for the iterator, or 'auto' for the faster one here. A process that exits meanwhile is ignored;
    one that may not be read is reported. `settle`: read the processes that begin meanwhile, too. Raises ReadError where 'bpf'
    is requested and refused, or /proc cannot be listed. A /proc of other processes has no holders. Without `numbers` each
    process is named once, without the numbers of its descriptors.
    """
    visible = read_visibility(root)
    if visible.unlisted is OwnerReason.NO_PROC:
        return Ownership({}, (), visible.unlisted, "walk")
    found = None
    # The iterator and the count are those of the real /proc.
    many = root == PROC and method != "bpf" and _open_files() >= _MANY
    if root == PROC and (method == "bpf" or (method == "auto" and many)):
        found = _iterate(inodes, method, numbers)
    used = "walk" if found is None else "bpf"
    settled = found is not None  # the iterator goes by ascending pid over the processes of the very instant
    if found is None:
        parallel = many and len(os.sched_getaffinity(0)) > 1
        pids = _pids(root)
        found = (walk_in_two_threads if parallel else walk)(pids, inodes, root, numbers)
        if settle:
            found, settled = _with_later(found, pids, inodes, root, numbers)
    unreadable = _unreadable(found, root, visible)
    return Ownership(found.holders, unreadable, visible.unlisted, used, found.started, settled)


def with_threads(
    found: Ownership, inodes: Container[int], thorough: bool, pids: Iterable[int] | None = None, root: str = PROC
) -> Ownership:
    """Add the holders of these sockets among threads with their own table of descriptors, in these processes or all."""
    if found.hidden_processes is OwnerReason.NO_PROC:  # the numbers are those of other processes
        return found
    unreadable = {process.pid for process in found.unreadable}
    readable = [pid for pid in (_pids(root) if pids is None else pids) if pid not in unreadable]
    inside = walk_threads(readable, inodes, root, thorough)
    holders = dict(found.holders)
    threads = dict(found.threads)
    for inode, held in inside.holders.items():
        known = holders.get(inode, ())
        further = [holder for holder in held if holder not in known]
        holders[inode] = (*known, *further)
        places = [(inode, holder.pid or 0, holder.fd or 0) for holder in further]
        threads.update((place, inside.threads[place]) for place in places)
    return found._replace(holders=holders, threads=threads, started={**inside.started, **found.started})


def _with_later(
    found: Walk, pids: Iterable[int], inodes: Container[int] | None, root: str, numbers: bool
) -> tuple[Walk, bool]:
    """Add the holders among processes that have begun since, and tell whether in the end none was left unread.

    A child has what its parent had. So a socket that is only inherited is found as soon as no process is unread: whoever was
    read without it had passed it on to a child by then.
    """
    read = set(pids)
    for _ in range(_ROUNDS):
        later = [pid for pid in _pids(root) if pid not in read]
        if not later:
            return found, True
        read.update(later)
        found = merged(found, walk(later, inodes, root, numbers))
    return found, False


def _unreadable(found: Walk, root: str, visible: Visibility) -> tuple[Unreadable, ...]:
    """Return the processes that could not be read, with their users and the reasons."""
    unreadable = []
    for pid in (*found.denied, *found.failed):
        try:
            uid = os.stat(f"{root}/{pid}").st_uid
        except GONE:
            continue
        except OSError:
            uid = None
        if pid in found.failed:
            note_reason("descriptors of process", pid, found.failed[pid])
        unreadable.append(Unreadable(pid, uid, OwnerReason.FAILED if pid in found.failed else visible.reason(uid)))
    return tuple(unreadable)


def count_descriptors(root: str = PROC) -> int | None:
    """Return roughly how many descriptors all processes have, with one stat(2) for each process.

    None before Linux 6.2, where the size of /proc/PID/fd is 0.
    """
    if not _size(f"{root}/self/fd"):
        return None
    return sum(_size(f"{root}/{pid}/fd") for pid in _pids(root))


def _iterate(inodes: Container[int] | None, method: str, numbers: bool) -> Walk | None:
    """Return the iterator's holders, or None where it cannot be used. Raises ReadError instead of None for method 'bpf'."""
    from portsock.sources.linux import bpf

    try:
        return bpf.holders_of(bpf.scan(_pids(PROC)), inodes, numbers)
    except bpf.BpfUnavailable as error:
        if method == "bpf":
            raise ReadError(f"--owners bpf cannot be used here ({error}); leave it out, or use --owners walk") from error
        return None


def _open_files() -> int:
    """Return roughly how many descriptors there are. Before Linux 6.2 it is the kernel's own count of open files."""
    counted = count_descriptors()
    if counted is not None:
        return counted
    first, _, _ = (read_text(f"{PROC}/sys/fs/file-nr") or "0").partition("\t")
    return int(first)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _pids(root: str) -> list[int]:
    try:
        return read_pids(root)
    except OSError as error:
        raise ReadError(f"cannot read {root} ({error.strerror}): no owner can be found without; see --owners none") from error
