"""A walk over the descriptors in /proc, which finds the holders of sockets on every Linux.

Each directory of descriptors is opened once and read relative to its descriptor. This saves the kernel a path lookup for each
link, and keeps to one process even if its pid is reused meanwhile. Linux 6.2 and later report the number of descriptors;
counting up to it instead of listing saves a tenth, but misses the last sockets of a process that opens files meanwhile.
"""

import os
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from portsock.parse.proc.process import Stat, parse_stat
from portsock.records import Holder
from portsock.sources.failures import note

if TYPE_CHECKING:
    import ctypes

GONE = (FileNotFoundError, ProcessLookupError)
"""Errors raised when a process exits while it is being read."""
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_KCMP = {"x86_64": 312, "aarch64": 272, "riscv64": 272, "loongarch64": 272, "ppc64le": 354, "s390x": 343}
"""The number of kcmp(2), by machine."""
_KCMP_FILES = 2
_ONE_THREAD = 3
"""The link count of /proc/PID/task with one thread: '.', '..' and one for each thread."""


class Walk(NamedTuple):
    """The holders found in some processes."""

    holders: Mapping[int, Sequence[Holder]]
    """By socket inode."""
    denied: list[int]
    """Pids of processes that may not be read."""
    failed: dict[int, str]
    """Pids of processes that could not be read, and why: lack of memory, of descriptors."""
    started: dict[int, int]
    """Start times by the holder's pid, in clock ticks since boot."""


class _Table(NamedTuple):
    """The sockets in one table of descriptors."""

    sockets: list[tuple[int, int]]
    """Inode and descriptor."""
    started: int | None
    """Start time of the process, read while the table was open; None where it has none of the sockets."""
    empty: bool


_NOTHING = _Table([], None, True)


def walk(pids: Iterable[int], inodes: Container[int] | None, root: str, numbers: bool = True) -> Walk:
    """Return the holders of these sockets, or of every socket where `inodes` is None, among these processes.

    Without `numbers` a process that has several descriptors of a socket is named once.
    """
    holders: dict[int, tuple[Holder, ...]] = {}
    found = Walk(holders, [], {}, {})
    for pid in pids:
        try:
            table = _process(pid, inodes, root)
        except GONE:
            continue
        except PermissionError:
            found.denied.append(pid)
            continue
        except OSError as error:
            found.failed[pid] = error.strerror or str(error)
            continue
        if table.started is not None:
            found.started[pid] = table.started
        found_here = [(inode, (Holder(pid, fd),)) for inode, fd in table.sockets] if numbers else _once(pid, table.sockets)
        for inode, holder in found_here:
            holders[inode] = holders[inode] + holder if inode in holders else holder
    return found


def _once(pid: int, sockets: Iterable[tuple[int, int]]) -> list[tuple[int, tuple[Holder, ...]]]:
    holder = (Holder(pid, None),)
    return [(inode, holder) for inode in dict.fromkeys(inode for inode, _ in sockets)]


def walk_in_two_threads(pids: Sequence[int], inodes: Container[int] | None, root: str, numbers: bool = True) -> Walk:
    """Return what `walk` returns for these ascending pids, in about two thirds of its time where there are many descriptors:
    readlink(2) runs without the interpreter's lock. Where no thread can start, all is read by the caller's."""
    from collections import deque
    from threading import Thread

    waiting: deque[int | None] = deque([*pids, None, None])  # each thread stops at a None
    outcomes: list[Walk | BaseException] = []

    def read_some() -> None:
        try:
            outcomes.append(walk(iter(waiting.popleft, None), inodes, root, numbers))
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            outcomes.append(error)

    helper = Thread(target=read_some, daemon=True)  # Ctrl-C does not wait for it
    with suppress(RuntimeError):
        helper.start()
    found = walk(iter(waiting.popleft, None), inodes, root, numbers)
    if helper.ident is None:
        return found
    helper.join()
    if isinstance(other := outcomes[0], BaseException):
        raise other
    return merged(found, other)


class InThreads(NamedTuple):
    """The holders found among threads with a table of descriptors of their own."""

    holders: dict[int, tuple[Holder, ...]]
    """By socket inode."""
    threads: dict[tuple[int, int, int], int]
    """The thread by inode, pid and descriptor."""
    started: dict[int, int]
    """Start times by the holder's pid, in clock ticks since boot."""


def walk_threads(pids: Iterable[int], inodes: Container[int] | None, root: str, thorough: bool) -> InThreads:
    """Return the holders of these sockets that only a thread's own table has: unshare(2), CLONE_FILES.

    `thorough`: compare also tables with the same number of descriptors. Processes that may not be read are left out.
    """
    found = InThreads({}, {}, {})
    for pid in pids:
        home = f"{root}/{pid}"
        try:
            if os.stat(f"{home}/task").st_nlink == _ONE_THREAD:
                continue
            sockets = {thread: _table_of(home, thread, inodes) for thread in _with_own_table(pid, home, thorough)}
        except (*GONE, PermissionError):
            continue
        except OSError as error:
            note("descriptors of the threads of process", pid, error)
            continue
        for thread, table in sockets.items():
            for inode, fd in table.sockets:
                if found.threads.setdefault((inode, pid, fd), thread) == thread:
                    found.holders[inode] = (*found.holders.get(inode, ()), Holder(pid, fd))
            if table.started is not None:
                found.started[pid] = table.started
    return found


def _with_own_table(pid: int, home: str, thorough: bool) -> list[int]:
    """Return the threads whose table is, or may be, another one than that of their process. Raises OSError.

    One stat(2) for each thread, relative to their directory: a host may have tens of thousands.
    """
    usual = os.stat(f"{home}/fd").st_size
    tasks = os.open(f"{home}/task", _DIRECTORY)
    try:
        found = []
        for name in os.listdir(tasks):
            if name == str(pid):
                continue
            with suppress(*GONE):
                same_size = os.stat(f"{name}/fd", dir_fd=tasks).st_size == usual
                if not same_size or (thorough and not _share_table(pid, int(name))):
                    found.append(int(name))
        return found
    finally:
        os.close(tasks)


def _table_of(home: str, thread: int, inodes: Container[int] | None) -> _Table:
    """Return the sockets of a thread's table. Raises OSError."""
    try:
        return _table(f"{home}/task/{thread}/fd", "../../../stat", inodes)
    except GONE:
        return _NOTHING


def _share_table(one: int, other: int) -> bool:
    """Tell whether two tasks have one table of descriptors: kcmp(2). Where that cannot be asked, False."""
    import ctypes

    number = _KCMP.get(os.uname().machine)
    return number is not None and _libc().syscall(ctypes.c_long(number), one, other, _KCMP_FILES, 0, 0) == 0


@cache
def _libc() -> "ctypes.CDLL":
    import ctypes

    return ctypes.CDLL(None)


def merged(one: Walk, other: Walk) -> Walk:
    """Return what two walks over different processes found."""
    both = {**one.holders, **other.holders}
    for inode in one.holders.keys() & other.holders.keys():
        both[inode] = tuple(sorted((*one.holders[inode], *other.holders[inode]), key=attrgetter("pid")))
    return Walk(both, sorted(one.denied + other.denied), one.failed | other.failed, one.started | other.started)


def stat_of(path: str, directory: int | None = None) -> Stat:
    """Read the stat file of a process. Raises OSError where the process has ended or may not be read."""
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        stat = parse_stat(os.read(opened, 4096))
    finally:
        os.close(opened)
    if stat is None:
        raise ProcessLookupError(path)
    return stat


def _process(pid: int, inodes: Container[int] | None, root: str) -> _Table:
    """Return the sockets of one process. Raises OSError where it may not be read or has ended."""
    home = f"{root}/{pid}"
    try:
        table = _table(f"{home}/fd", "../stat", inodes)
        if not table.empty or os.stat(f"{home}/task").st_nlink == _ONE_THREAD:
            return table
        stat = stat_of(f"{home}/stat")
    except PermissionError:
        # Kernel threads and zombies hold no descriptors. Of a process with threads, only the main one may be a zombie.
        stat = stat_of(f"{home}/stat")
        if not stat.kernel_thread and stat.state not in "ZX":
            raise
    return _of_threads(home, inodes) if stat.state in "ZX" and stat.threads > 1 else _NOTHING


def _of_threads(home: str, inodes: Container[int] | None) -> _Table:
    """Return the sockets that other threads hold after the main thread has exited: /proc/PID/fd is then empty."""
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
            continue  # the main thread has no table any more, and its directory belongs to root
        sockets.update(dict.fromkeys(table.sockets))
        started = table.started if started is None else started
    return _Table(list(sockets), started, not sockets)


def _table(directory: str, stat: str, inodes: Container[int] | None) -> _Table:
    """Return the sockets of a directory of descriptors. `stat` is the relative path of the process's stat file."""
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
