"""Network namespaces: which there are, and what they are called. network_namespaces(7), ip-netns(8).

A namespace lives as long as a process is in it, a file is mounted from it or a descriptor refers to it, so that all three are
looked for.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from portsock.errors import UsageError
from portsock.model import Netns, Notice
from portsock.sources.system import NETNS_NAMES

_LONGEST_PID = 10
"""Digits; int() refuses thousands of them."""
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)


class Found(NamedTuple):
    """A network namespace, and the ways into it."""

    netns: Netns
    own: bool
    """Whether this process is in it already."""
    paths: tuple[str, ...]
    """Files to enter it by; any of them may be gone meanwhile."""
    pids: tuple[int, ...]
    """Processes in it, where they were looked for."""


class _Place:
    """What is gathered of one namespace."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.paths: list[str] = []
        self.pids: list[int] = []


def namespaces(wanted: Sequence[str], proc: str = "/proc", named: str = NETNS_NAMES) -> tuple[list[Found], list[Notice]]:
    """The namespaces meant by names, PIDs or 'all', the own one first, and what could not be looked at.

    A number is always a PID. Names are those of `ip netns`, then those of containers. Raises UsageError for others.
    """
    own = _inode(f"{proc}/self/ns/net")
    survey = _Survey(proc, named)
    chosen: set[int] = set()
    unreadable = 0
    for word in dict.fromkeys(wanted):
        if word == "all":
            survey.complete()
            chosen |= survey.places.keys()
            unreadable += survey.unreadable
        elif word.isascii() and word.isdigit():
            inode = survey.of_process(word.lstrip("0") or "0")
            unreadable += inode is None
            chosen |= {inode} if inode is not None else set()
        else:
            chosen.add(_by_name(word, survey))
    founds = [_found(inode, survey.places[inode], inode == own) for inode in chosen]
    founds.sort(key=lambda found: (not found.own, found.netns.name or "", found.netns.id))
    return founds, [_unreadable(unreadable)] if unreadable else []


def name_of(inode: int, proc: str = "/proc", named: str = NETNS_NAMES) -> str | None:
    """What `ip netns` calls a namespace; None where it has no name for it."""
    place = _Survey(proc, named).places.get(inode)
    return place.name if place else None


def denied(founds: Sequence[Found]) -> Notice:
    """The notice about namespaces that could not be entered."""
    names = [found.netns.name or f"net:[{found.netns.id}]" for found in founds]
    listed = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    what = "1 network namespace" if len(names) == 1 else f"{len(names)} network namespaces"
    text = f"{what} could not be entered: {listed}; that takes root (CAP_SYS_ADMIN) on the host"
    return Notice("netns_denied", len(names), text)


def _unreadable(number: int) -> Notice:
    what = "1 other network namespace" if number == 1 else f"{number} other network namespaces"
    text = f"{what} may not be looked at from here: run as root on the host to see the sockets in there"
    return Notice("netns_denied", number, text)


def _by_name(word: str, survey: "_Survey") -> int:
    """The namespace of this name. Raises UsageError."""
    for further in (False, True):  # containers are only looked for where `ip netns` does not know the name
        if further:
            survey.complete()
        for inode, place in survey.places.items():
            if place.name == word:
                return inode
    from difflib import get_close_matches

    names = sorted(place.name for place in survey.places.values() if place.name)
    near = get_close_matches(word, names, 1, 0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(
        f"--netns {word!r}: no network namespace of that name; {hint}`ip netns list` names them; a PID or 'all' will do, too"
    )


def _found(inode: int, place: _Place, own: bool) -> Found:
    return Found(Netns(inode, place.name), own, tuple(place.paths), tuple(place.pids))


class _Survey:
    """Gathers namespaces by inode number, beginning with those that have a name."""

    def __init__(self, proc: str, named: str) -> None:
        self._proc = proc
        self.places: dict[int, _Place] = {}
        self.unreadable = 0
        """How many other namespaces there are that may not be looked at."""
        self._whole = False
        self._own = _inode(f"{proc}/self/ns/net")
        device = _device(f"{proc}/self/ns/net")
        for name in _entries(named):
            path = f"{named}/{name}"
            if _device(path) == device and (inode := _inode(path)) is not None:
                place = self._add(inode, path)
                place.name = place.name or name

    def _add(self, inode: int, path: str) -> _Place:
        place = self.places.setdefault(inode, _Place())
        place.paths.append(path)
        return place

    def of_process(self, number: str) -> int | None:
        """The namespace of a process; None where it may not be known. Raises UsageError for no process."""
        pid = int(number) if len(number) <= _LONGEST_PID else -1
        try:
            inode = os.stat(f"{self._proc}/{pid}/ns/net").st_ino
        except PermissionError:
            if self._tables(pid) != self._tables("self") or self._own is None:
                return None
            inode, pid = self._own, os.getpid()
        except OSError as error:
            text = number if pid >= 0 else f"{number[:_LONGEST_PID]}…"
            raise UsageError(f"--netns {text}: no such process, or one that has ended; see `portsock procs`") from error
        self._add(inode, f"{self._proc}/{pid}/ns/net").pids.append(pid)
        return inode

    def complete(self) -> None:
        """Look for all that there are: by process, by mount and by descriptor."""
        if self._whole:
            return
        self._whole = True
        silent = []
        mounts: dict[int, int] = {}
        processes = sorted(int(name) for name in _entries(self._proc) if name.isascii() and name.isdigit())
        for pid in processes:
            home = f"{self._proc}/{pid}"
            try:
                self._add(os.stat(f"{home}/ns/net").st_ino, f"{home}/ns/net").pids.append(pid)
                mounts.setdefault(os.stat(f"{home}/ns/mnt").st_ino, pid)
            except PermissionError:
                silent.append(pid)
            except OSError:  # ended
                continue
        self._mounted("self")
        for pid in mounts.values():
            self._mounted(pid)
        for pid in processes:
            for inode, path in _held(f"{self._proc}/{pid}/fd"):
                self._add(inode, path)
        self.unreadable = self._foreign(silent)
        self._name_by_container()

    def _mounted(self, pid: int | str) -> None:
        """Those mounted anywhere in the mount namespace of a process."""
        from portsock.parse.proc.mountinfo import parse_namespaces

        try:
            with open(f"{self._proc}/{pid}/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
        except OSError:
            return
        for inode, path in parse_namespaces(text, "net"):
            self._add(inode, path if pid == "self" else f"{self._proc}/{pid}/root{path}")

    def _foreign(self, pids: Iterable[int]) -> int:
        """How many other namespaces than those found these processes are in.

        Whoever may not read a process's namespace may still see its tables, whose inode numbers are each namespace's own.
        """
        tables = {self._tables(pid) for pid in pids}
        return len(tables.difference(self._tables(place.pids[0]) for place in self.places.values() if place.pids))

    def _tables(self, pid: int | str) -> int | None:
        return _inode(f"{self._proc}/{pid}/net/dev")

    def _name_by_container(self) -> None:
        """Give the namespaces without a name that of the container which their first process is in."""
        from portsock.parse.proc.cgroup import parse_cgroup
        from portsock.sources.linux.containers import Containers

        containers = Containers(proc=self._proc)
        for inode, place in self.places.items():
            if place.name or not place.pids or inode == self._own:
                continue
            try:
                with open(f"{self._proc}/{place.pids[0]}/cgroup", encoding="utf-8", errors="replace") as file:
                    place.name = containers.name(parse_cgroup(file.read()))
            except OSError:
                continue


def _held(directory: str) -> Iterator[tuple[int, str]]:
    """The network namespaces among a process's descriptors."""
    try:
        opened = os.open(directory, _READ)
    except OSError:
        return
    try:
        for name in os.listdir(opened):
            try:
                target = os.readlink(name, dir_fd=opened)
            except OSError:
                continue
            if target.startswith("net:["):
                yield int(target[5:-1]), f"{directory}/{name}"
    except OSError:
        return
    finally:
        os.close(opened)


def _entries(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def _inode(path: str) -> int | None:
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def _device(path: str) -> int | None:
    try:
        return os.stat(path).st_dev
    except OSError:
        return None
