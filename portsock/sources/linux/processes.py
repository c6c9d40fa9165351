"""Facts of processes from /proc, read relative to each process's open directory, so that all belong to one process."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from portsock.model import Process
from portsock.parse.proc.cgroup import Placement, parse_cgroup
from portsock.parse.proc.forwarders import is_forwarder, may_be_forwarder
from portsock.parse.proc.process import (
    STATES,
    Stat,
    needs_arguments,
    parse_cmdline,
    parse_stat,
    shown_name,
    text,
)
from portsock.sources.failures import note, note_reason
from portsock.sources.linux.process_context import NOTHING, Context, read_context, read_file
from portsock.sources.system import read_text, users

if TYPE_CHECKING:
    from portsock.sources.linux.containers.lookup import Containers

_DELETED = b" (deleted)"
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_AT_ONCE = 128
"""Processes whose directories are open at one time."""


def facts(
    pids: Iterable[int],
    root: str = "/proc",
    parents: bool = False,
    started: Mapping[int, int] | None = None,
    files: str = "",
    commands: bool = True,
    context: bool = False,
) -> dict[int, Process]:
    """Return facts of these processes, with `parents` also of their ancestors. Facts that cannot be read are None.

    `started` is Ownership.started: a process with another start time has only reused the pid, and none of its facts are
    returned. `files` is the root directory below which container runtimes keep their state. Without `commands`, command lines
    are read only for the names that depend on them. `context`: Need.CONTEXT.
    """
    reader = _Reader(root, started or {}, files, commands, context)
    found: dict[int, Process] = {}
    waiting = list(dict.fromkeys(pids))
    while waiting:
        read = reader.read(waiting[:_AT_ONCE])
        found |= read
        waiting = waiting[_AT_ONCE:]
        if parents:
            ancestors = dict.fromkeys(process.ppid for process in read.values() if process.ppid)
            waiting += ancestors.keys() - found.keys() - set(waiting)
    names = users({uid for process in found.values() for uid in (process.uid, process.login_uid) if uid is not None})
    return {pid: _with_users(process, names) for pid, process in found.items()}


def _with_users(process: Process, names: Mapping[int, str]) -> Process:
    """Return the process with the names of its users."""
    if process.uid is None:
        return process
    if process.login_uid is None:
        return process._replace(user=names.get(process.uid))
    return process._replace(user=names.get(process.uid), login_user=names.get(process.login_uid))


class _Opened(NamedTuple):
    """A process whose directory is open, and what never takes long to read."""

    pid: int
    home: int
    stat: Stat
    uid: int
    exe: bytes | None
    deleted: bool
    placement: Placement
    context: Context


class _Reader:
    def __init__(self, root: str, started: Mapping[int, int], files: str, commands: bool, context: bool) -> None:
        self._root = root
        self._started = started
        self._files = files
        self._commands = commands
        self._context = context
        self._boot = _boot_time(root)
        self._tick = 1 / os.sysconf("SC_CLK_TCK")

    @cached_property
    def _containers(self) -> "Containers":
        from portsock.sources.linux.containers.lookup import Containers  # here for start-up: most hosts have no container

        return Containers(self._files, self._root)

    def read(self, pids: Sequence[int]) -> dict[int, Process]:
        """Return the facts of a few processes; only the pid of one that has ended."""
        found = {pid: Process(pid) for pid in pids}
        opened = list(self._open_each(pids))
        lines = self._command_lines([process for process in opened if self._needs_command_line(process)])
        for process in opened:
            found[process.pid] = self._process(process, lines.get(process.home))
            if process.home in lines or not self._needs_command_line(process):  # else a blocked call may still use it
                os.close(process.home)
        return found

    def _open_each(self, pids: Iterable[int]) -> Iterator[_Opened]:
        for pid in pids:
            try:
                home = os.open(f"{self._root}/{pid}", _DIRECTORY)
                try:
                    opened = self._open(pid, home)
                except BaseException:
                    os.close(home)
                    raise
            except OSError as error:
                note("process", pid, error)
                continue
            if opened is None:
                os.close(home)
            else:
                yield opened

    def _open(self, pid: int, home: int) -> _Opened | None:
        """Return the process; None where it has ended or is another one with the same pid. Raises OSError."""
        stat = parse_stat(read_file(home, "stat"))
        if stat is None or self._started.get(pid, stat.started) != stat.started:
            return None
        exe, deleted = _executable(pid, home, f"{self._root}/{pid}", pid in self._started)
        context = read_context(pid, home, pid not in self._started) if self._context and not stat.kernel_thread else NOTHING
        return _Opened(pid, home, stat, os.fstat(home).st_uid, exe, deleted, _placement(pid, home), context)

    def _needs_command_line(self, process: _Opened) -> bool:
        if process.stat.kernel_thread:
            return False
        exe = process.exe
        return self._commands or needs_arguments(process.stat.comm, exe) or (exe is not None and may_be_forwarder(text(exe)))

    def _command_lines(self, processes: Sequence[_Opened]) -> dict[int, tuple[bytes, ...]]:
        """Return the arguments by the descriptor of the process's directory, of those that can be read in time."""
        if not processes:
            return {}
        from portsock.sources.linux.blocking import patience

        pids = {process.home: process.pid for process in processes}
        found = patience().call_each(lambda home: _command_line(pids[home], home), pids)
        for homes, reason in ((found.blocked, "its memory is locked"), (found.unmade, "others took too long")):
            for home in homes:
                note_reason("command line of process", pids[home], reason)
        return found.results

    def _process(self, process: _Opened, raw: tuple[bytes, ...] | None) -> Process:
        pid, _, stat, uid, exe, deleted, placement, context = process
        arguments = tuple(text(argument) for argument in raw or ())
        path = text(exe) if exe is not None else None
        forwards = placement.container_id is None and is_forwarder(path, arguments)
        return Process(
            pid,
            text(shown_name(stat.comm, raw or (), exe)),
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
            state=STATES.get(stat.state, stat.state),
            container_runtime=placement.runtime if placement.container_id else None,
            descriptors=context.descriptors,
            descriptor_limit=context.descriptor_limit,
            cwd=text(context.cwd) if context.cwd is not None else None,
            login_uid=context.login_uid,
            login_session=context.login_session,
            sigterm=context.sigterm,
        )


def _command_line(pid: int, home: int) -> tuple[bytes, ...]:
    """Return the arguments; empty where there are none, or they cannot be read."""
    try:
        return parse_cmdline(read_file(home, "cmdline"))
    except OSError as error:
        note("command line of process", pid, error)
        return ()


def _placement(pid: int, home: int) -> Placement:
    """Return where the process is among the control groups; nowhere if that cannot be read."""
    try:
        return _parsed_cgroup(read_file(home, "cgroup"))
    except OSError as error:
        note("control group of process", pid, error)
        return _parsed_cgroup(b"")


@lru_cache(maxsize=1024)
def _parsed_cgroup(data: bytes) -> Placement:
    return parse_cgroup(text(data))


def _executable(pid: int, home: int, path_of_home: str, holds_sockets: bool) -> tuple[bytes | None, bool]:
    """Return the path of the executable, and whether it has been deleted. A file may really be called 'x (deleted)'.

    It may be denied of an ancestor; a process whose descriptors could be read has an executable that can be read.
    """
    try:
        path = os.readlink(b"exe", dir_fd=home)
    except OSError as error:  # a kernel thread has none
        if holds_sockets or not isinstance(error, PermissionError):
            note("executable of process", pid, error)
        return None, False
    if not path.endswith(_DELETED):
        return path, False
    if _is_file_at(path_of_home, home, path):
        return path, False
    return path.removesuffix(_DELETED), True


def _is_file_at(path_of_home: str, home: int, path: bytes) -> bool:
    """Tell whether the executable is the file at this path. No file system is entered that may never answer."""
    from portsock.sources.linux.local_files import mount_of, number_of, open_path

    try:
        running = os.open("exe", getattr(os, "O_PATH", 0) | os.O_CLOEXEC, dir_fd=home)
        try:
            with open_path(path, path_of_home) as present:
                ends = [(mount_of(each), number_of(each)) for each in (running, present.descriptor)]
                return ends[0] == ends[1] and ends[0][1] is not None
        finally:
            os.close(running)
    except (OSError, KeyError):
        return False


def _boot_time(root: str) -> float | None:
    """Return the time of boot, in seconds since the epoch. Start times are relative to it."""
    for line in (read_text(f"{root}/stat") or "").split("\n"):
        name, _, value = line.partition(" ")
        if name == "btime" and value.isdecimal():
            return float(value)
    note_reason("file", f"{root}/stat", "it has no time of boot")
    return None
