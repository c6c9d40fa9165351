"""A walk over the descriptors under /proc: the way to the holders of sockets that every Linux has.

A process's directory is opened once and read relative to that, which saves the kernel a path walk for each descriptor; and as
the open directory stays that of one process, a pid that is reused meanwhile cannot mix two up. Counting up from 0 to the
number of descriptors that Linux 6.2 and later tell, without listing, was measured to save a tenth and left out: it overlooks
the last sockets of a process that opens files meanwhile.
"""

import os
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from portsock.parse.proc.process import Stat, parse_stat
from portsock.records import Holder

GONE = (FileNotFoundError, ProcessLookupError)
"""What reading a process raises that has ended."""
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_ONE_THREAD = 3
"""Links of /proc/PID/task: '.', '..' and one for each thread."""


class Walk(NamedTuple):
    """What a look at some processes found."""

    holders: Mapping[int, Sequence[Holder]]
    """By socket inode."""
    denied: list[int]
    """The pids of processes that may not be read."""
    started: dict[int, int]
    """By pid of each holder: clock ticks since boot."""


class _Table(NamedTuple):
    """The sockets in one table of descriptors."""

    sockets: list[tuple[int, int]]
    """Inode and descriptor."""
    started: int | None
    """Of its process, read while the table was open; None where there is no socket to tell it for."""
    empty: bool


_NOTHING = _Table([], None, True)


def walk(pids: Iterable[int], inodes: Container[int] | None, root: str) -> Walk:
    """Read the descriptors of these processes, one after the other; of every socket where `inodes` is None."""
    holders: dict[int, tuple[Holder, ...]] = {}
    found = Walk(holders, [], {})
    for pid in pids:
        try:
            table = _process(pid, inodes, root)
        except GONE:
            continue
        except OSError:
            found.denied.append(pid)
            continue
        if table.started is not None:
            found.started[pid] = table.started
        for inode, fd in table.sockets:
            holder = (Holder(pid, fd),)
            holders[inode] = holders[inode] + holder if inode in holders else holder
    return found


def stat_of(path: str, directory: int | None = None) -> Stat:
    """The stat file of a process. Raises OSError where the process is gone or may not be read."""
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        stat = parse_stat(os.read(opened, 4096))
    finally:
        os.close(opened)
    if stat is None:
        raise ProcessLookupError(path)
    return stat


def _process(pid: int, inodes: Container[int] | None, root: str) -> _Table:
    """The sockets of one process. Raises OSError where it may not be read, or is gone."""
    home = f"{root}/{pid}"
    try:
        table = _table(f"{home}/fd", "../stat", inodes)
        if not table.empty or os.stat(f"{home}/task").st_nlink == _ONE_THREAD:
            return table
        stat = stat_of(f"{home}/stat")
    except PermissionError:
        # Kernel threads and zombies hold no descriptors, whoever asks; but a zombie may only be the main thread.
        stat = stat_of(f"{home}/stat")
        if not stat.kernel_thread and stat.state not in "ZX":
            raise
    return _of_threads(home, inodes) if stat.state in "ZX" and stat.threads > 1 else _NOTHING


def _of_threads(home: str, inodes: Container[int] | None) -> _Table:
    """The sockets that the other threads still hold after the main thread has exited: /proc/PID/fd then lists none."""
    sockets: dict[tuple[int, int], None] = {}
    started = None
    for thread in os.listdir(f"{home}/task"):
        try:
            table = _table(f"{home}/task/{thread}/fd", "../../../stat", inodes)
        except GONE:
            continue
        except PermissionError:
            if thread != home.rpartition("/")[2]:
                raise
            continue  # the main thread, whose table is gone and whose directory is root's
        sockets.update(dict.fromkeys(table.sockets))
        started = table.started if started is None else started
    return _Table(list(sockets), started, not sockets)


def _table(directory: str, stat: str, inodes: Container[int] | None) -> _Table:
    """The sockets among the descriptors of a directory; `stat` is the path of the process's stat file from there."""
    opened = os.open(directory, _DIRECTORY)
    try:
        names = os.listdir(opened)
        sockets = []
        readlink = os.readlink
        for name in names:
            try:
                target = readlink(name, dir_fd=opened)
            except FileNotFoundError:  # closed meanwhile
                continue
            if target[:8] == "socket:[":
                inode = int(target[8:-1])
                if inodes is None or inode in inodes:
                    sockets.append((inode, int(name)))
        return _Table(sockets, stat_of(stat, opened).started if sockets else None, not names)
    finally:
        os.close(opened)
