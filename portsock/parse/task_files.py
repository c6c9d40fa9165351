"""Records of the iterator over open files (sources/linux/bpf.py): a process, a descriptor, and the inode of its socket."""

import struct
from collections import Counter
from collections.abc import Container, Sequence
from functools import partial
from itertools import compress, repeat

from portsock.records import Holder

RECORD = struct.Struct("=IIQ")
PID, _FD, _INODE = slice(0, None, 4), slice(1, None, 4), slice(1, None, 2)
"""The columns of the records: the first two in words of 32 bits, the last in words of 64."""


def holders_by_inode(words: memoryview, inodes: Container[int] | None) -> tuple[dict[int, Sequence[Holder]], set[int]]:
    """Return the holders by inode, and their pids. In columns: a loop over 50,000 records takes three times as long."""
    pids, fds = words[PID].tolist(), words[_FD].tolist()
    found = words.cast("B").cast("Q")[_INODE].tolist()
    if inodes is not None:
        wanted = list(map(inodes.__contains__, found))
        pids, fds, found = (list(compress(column, wanted)) for column in (pids, fds, found))
    each = list(map(partial(tuple.__new__, Holder), zip(pids, fds, repeat(None), repeat(None), repeat(None))))
    holders: dict[int, Sequence[Holder]] = dict(zip(found, zip(each, strict=True), strict=True))
    if len(holders) < len(found):
        shared: dict[int, dict[Holder, None]] = {inode: {} for inode, times in Counter(found).items() if times > 1}
        for inode, holder in zip(found, each, strict=True):
            if inode in shared:  # as keys: after the main thread has exited, each other thread reports the same descriptors
                shared[inode][holder] = None
        holders.update((inode, tuple(held)) for inode, held in shared.items())
    return holders, set(pids)


def processes_by_inode(words: memoryview, inodes: Container[int] | None) -> tuple[dict[int, Sequence[Holder]], set[int]]:
    """Return each process that holds the sockets, once, by inode, and their pids. Of millions of records few objects stay."""
    pids, found = words[PID], words.cast("B").cast("Q")[_INODE]
    holders: dict[int, list[Holder]] = {}
    processes: dict[int, Holder] = {}
    wanted = repeat(True) if inodes is None else map(inodes.__contains__, found)
    for pid, inode in compress(zip(pids, found, strict=True), wanted):
        holder = processes.get(pid) or processes.setdefault(pid, Holder(pid, None))
        held = holders.get(inode)
        if held is None:
            holders[inode] = [holder]
        elif held[-1] is not holder:  # the records of one process follow each other
            held.append(holder)
    return dict(holders), set(processes)
