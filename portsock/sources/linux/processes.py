"""Facts of processes from /proc, read relative to each process's open directory, so that all belong to one process."""

import os
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from portsock.model import Process
from portsock.parse.proc.cgroup import Placement, parse_cgroup
from portsock.parse.proc.forwarders import is_forwarder
from portsock.parse.proc.process import MOST_CMDLINE, Stat, parse_cmdline, parse_stat, shown_name, text
from portsock.sources.system import read_processes, users

if TYPE_CHECKING:
    from portsock.sources.linux.containers import Containers

_DELETED = b" (deleted)"
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


def facts(
    pids: Iterable[int], root: str = "/proc", parents: bool = False, started: Mapping[int, int] | None = None, files: str = ""
) -> dict[int, Process]:
    """Return facts of these processes, with `parents` also of their ancestors. Facts that cannot be read are None.

    `started` is Ownership.started: a process with another start time has only reused the pid, and none of its facts are
    returned. `files` is the root directory below which container runtimes keep their state.
    """
    found = read_processes(pids, _Reader(root, started or {}, files).read, parents)
    names = users({process.uid for process in found.values() if process.uid is not None})
    return {
        pid: process._replace(user=names.get(process.uid)) if process.uid is not None else process
        for pid, process in found.items()
    }


class _Reader:
    def __init__(self, root: str, started: Mapping[int, int], files: str) -> None:
        self._root = root
        self._started = started
        self._files = files
        self._boot = _boot_time(root)
        self._tick = 1 / os.sysconf("SC_CLK_TCK")

    @cached_property
    def _containers(self) -> "Containers":
        from portsock.sources.linux.containers import Containers  # here for start-up: most hosts have no container

        return Containers(self._files, self._root)

    def read(self, pid: int) -> Process:
        try:
            home = os.open(f"{self._root}/{pid}", _DIRECTORY)
        except OSError:
            return Process(pid)
        try:
            stat = parse_stat(_read(home, "stat"))
            if stat is None or self._started.get(pid, stat.started) != stat.started:
                return Process(pid)
            return self._process(pid, home, stat)
        finally:
            os.close(home)

    def _process(self, pid: int, home: int, stat: Stat) -> Process:
        raw = parse_cmdline(_read(home, "cmdline"))
        exe, deleted = _executable(home)
        arguments = tuple(text(argument) for argument in raw)
        placement = _placement(_read(home, "cgroup"))
        path, uid = text(exe) if exe is not None else None, os.fstat(home).st_uid
        forwards = placement.container_id is None and is_forwarder(path, arguments)
        return Process(
            pid,
            text(shown_name(stat.comm, raw, exe)),
            text(stat.comm),
            path,
            arguments or (() if stat.kernel_thread else None),
            None,
            uid,
            stat.ppid or None,
            self._boot + stat.started * self._tick if self._boot is not None else None,
            placement.unit,
            self._containers.name(placement) if placement.container_id else None,
            deleted,
            self._containers.forwards_to(pid, path, uid, arguments) if forwards else None,
        )


@lru_cache(maxsize=1024)
def _placement(data: bytes) -> Placement:
    return parse_cgroup(text(data))


def _read(home: int, name: str) -> bytes:
    """Return the bytes of a file of the process, little more than MOST_CMDLINE of them; empty where it cannot be read."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=home)
    except OSError:
        return b""
    try:
        data = b""
        while len(data) <= MOST_CMDLINE and (part := os.read(file, 65536)):
            data += part
        return data
    except OSError:
        return b""
    finally:
        os.close(file)


def _executable(home: int) -> tuple[bytes | None, bool]:
    """Return the path of the executable, and whether it has been deleted. A file may really be called 'x (deleted)'."""
    try:
        path = os.readlink(b"exe", dir_fd=home)
    except OSError:
        return None, False
    if not path.endswith(_DELETED):
        return path, False
    try:
        running, present = os.stat("exe", dir_fd=home), os.stat(path)
        if (running.st_dev, running.st_ino) == (present.st_dev, present.st_ino):
            return path, False
    except OSError:
        pass
    return path.removesuffix(_DELETED), True


def _boot_time(root: str) -> float | None:
    """Return the time of boot, in seconds since the epoch. Start times are relative to it."""
    try:
        with open(f"{root}/stat", "rb") as file:
            return next((float(line.split()[1]) for line in file if line.startswith(b"btime ")), None)
    except (OSError, ValueError, IndexError):
        return None
