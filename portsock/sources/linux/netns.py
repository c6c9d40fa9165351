"""The network namespaces of this host and their names. See network_namespaces(7), ip-netns(8).

A namespace exists while a process is in it, a mount refers to it, or a descriptor of it or of one of its sockets is open. The
first three are searched here; namespaces/by_socket.py has the last.
"""

import math
import os
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from portsock.errors import ReadError, UsageError
from portsock.model import Netns, Notice
from portsock.sources.failures import note, note_reason
from portsock.sources.linux.visibility import PROC, read_pids, shows_our_namespace
from portsock.sources.system import NETNS_NAMES, read_text

_LONGEST_NUMBER = 10
"""The most digits of a PID or a namespace; int() refuses thousands of digits."""
_FIRST_NUMBER = 0xEFFFFFF0
"""Numbers of namespaces are larger, those of processes smaller: *_INIT_INO in include/linux/proc_ns.h, proc_alloc_inum()."""
_MOST_MOUNTINFO = 1 << 24
"""Characters that are read of all lists of mounts: any user can make namespaces with 100,000 mounts each."""
_OWN = "/proc/self"


class Via(NamedTuple):
    """A socket that leads to its network namespace."""

    pid: int
    fd: int
    inode: int


class Place(NamedTuple):
    """A file that stands for a network namespace."""

    path: str
    home: str | None = None
    """The directory in /proc of a process that sees the path; None for a link in /proc."""
    via: Via | None = None
    """The path is that of this socket."""


class Namespace(NamedTuple):
    """A network namespace, and how to enter it."""

    netns: Netns
    own: bool
    """This process is in it."""
    paths: tuple["Place", ...]
    """Files through which it can be entered. Any of them may have disappeared."""
    pids: tuple[int, ...]
    """Processes in it, if processes were searched."""


class _Facts:
    """The facts gathered about one namespace."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.paths: list[Place] = []
        self.pids: list[int] = []


class Found(NamedTuple):
    """The namespaces that were asked for."""

    namespaces: list[Namespace]
    """Our own first."""
    notices: list[Notice]
    """About those that could not be read."""
    missing: list[int]
    """Numbers of namespaces that were asked for, and that no process, mount or descriptor refers to."""
    sockets: dict[int, tuple[int, int]]
    """Where every process was searched: a pid and a descriptor of each socket that is held, by inode."""
    cut: bool = False
    """The time was over before all descriptors were searched: namespaces that only these keep open may be missing."""


def namespaces(wanted: Sequence[str], proc: str = "/proc", named: str = NETNS_NAMES) -> tuple[list[Namespace], list[Notice]]:
    """Return the namespaces that `find` does, and the notices."""
    found = find(wanted, proc, named)
    return found.namespaces, found.notices


def find(wanted: Sequence[str], proc: str = "/proc", named: str = NETNS_NAMES, seconds: float | None = None) -> Found:
    """Return the namespaces for names, PIDs, numbers as in 'net:[4026532180]', or 'all'. Raises UsageError for other words.

    A bare number that can be a PID is one. Names are those of `ip netns`, then those of containers. After `seconds`
    no further descriptors are searched.
    """
    from portsock.sources.linux.namespaces.notices import unread_notice

    survey = _Survey(proc, named, math.inf if seconds is None else time.monotonic() + seconds)
    if survey.own is None or (proc == PROC and not shows_our_namespace()):
        raise ReadError(
            "--netns: /proc is missing or shows another PID namespace; enter that, too (nsenter --pid), or mount it anew"
        )
    chosen: set[int] = set()
    unreadable = 0
    for word in dict.fromkeys(wanted):
        if word == "all":
            survey.complete()
            chosen |= survey.facts.keys()
            unreadable += survey.unreadable
        elif (number := _number_in(word)) is not None:
            chosen.add(survey.of_number(number))
        elif word.isascii() and word.isdigit():
            inode = survey.of_process(word.lstrip("0") or "0")
            unreadable += inode is None
            chosen |= {inode} if inode is not None else set()
        else:
            chosen.add(_by_name(word, survey))
    missing = sorted(chosen - survey.facts.keys())
    found = [survey.namespace(inode) for inode in chosen.difference(missing)]
    found.sort(key=lambda namespace: (not namespace.own, namespace.netns.name or "", namespace.netns.id))
    return Found(found, [unread_notice(unreadable)] if unreadable else [], missing, survey.sockets, survey.cut)


def _number_in(word: str) -> int | None:
    """Return the number of a namespace that is written as in /proc, or by itself where it is larger than any PID."""
    digits = word[5:-1] if word.startswith("net:[") and word.endswith("]") else word
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER):
        return None
    return int(digits) if digits != word or int(digits) >= _FIRST_NUMBER else None


def name_of(inode: int, proc: str = "/proc", named: str = NETNS_NAMES) -> str | None:
    """Return the name of a namespace in `ip netns`, or None."""
    facts = _Survey(proc, named).facts.get(inode)
    return facts.name if facts else None


def _by_name(word: str, survey: "_Survey") -> int:
    """Return the namespace with this name. Raises UsageError."""
    for with_containers in (False, True):  # containers are searched only for a name that `ip netns` does not have
        if with_containers:
            survey.complete()
        for inode, facts in survey.facts.items():
            if facts.name == word:
                return inode
    from difflib import get_close_matches

    names = sorted(facts.name for facts in survey.facts.values() if facts.name)
    near = get_close_matches(word, names, 1, 0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(
        f"--netns {word!r}: no network namespace of that name; {hint}`ip netns list` names them; a PID, net:[NUMBER] or 'all'"
        " will do, too"
    )


class _Survey:
    """Gathers namespaces by inode number, first those with a name."""

    def __init__(self, proc: str, named: str, until: float = math.inf) -> None:
        self._proc = proc
        self._until = until
        self.cut = False
        self.facts: dict[int, _Facts] = {}
        self.unreadable = 0
        """The number of other namespaces that may not be read."""
        self.sockets: dict[int, tuple[int, int]] = {}
        self._complete = False
        self._mounts_left = _MOST_MOUNTINFO
        device, inode = _device_and_inode(f"{proc}/self/ns/net")
        self.own = inode
        for name in _entries(named):
            path = f"{named}/{name}"
            found, inode = _device_and_inode(path)
            if inode is not None and found == device:
                facts = self._add(inode, Place(path, _OWN))
                facts.name = facts.name or name

    def _add(self, inode: int, place: Place) -> _Facts:
        facts = self.facts.setdefault(inode, _Facts())
        facts.paths.append(place)
        return facts

    def namespace(self, inode: int) -> Namespace:
        facts = self.facts[inode]
        return Namespace(Netns(inode, facts.name), inode == self.own, tuple(facts.paths), tuple(facts.pids))

    def of_process(self, number: str) -> int | None:
        """Return the namespace of a process; None where it may not be read. Raises UsageError for a missing process."""
        pid = int(number) if len(number) <= _LONGEST_NUMBER else -1
        try:
            inode = os.stat(f"{self._proc}/{pid}/ns/net").st_ino
        except PermissionError:
            if self._tables(pid) != self._tables("self") or self.own is None:
                return None
            inode, pid = self.own, os.getpid()
        except OSError as error:
            text = number if pid >= 0 else f"{number[:_LONGEST_NUMBER]}…"
            raise UsageError(f"--netns {text}: no such process, or one that has ended; see `portsock procs`") from error
        self._add(inode, Place(f"{self._proc}/{pid}/ns/net")).pids.append(pid)
        return inode

    def of_number(self, number: int) -> int:
        """Search for the namespace with this number, and return the number."""
        if number == self.own:
            self._add(number, Place(f"{self._proc}/self/ns/net"))
        elif number not in self.facts:
            self.complete()
        return number

    def complete(self) -> None:
        """Search all processes, mounts and descriptors for namespaces."""
        from portsock.sources.linux.namespaces.descriptors import descriptors

        if self._complete:
            return
        self._complete = True
        denied = []
        mounts: dict[int, int] = {}
        try:
            processes = read_pids(self._proc)
        except OSError as error:
            raise ReadError(
                f"--netns all: cannot list {self._proc} ({error.strerror}); name the namespaces instead"
            ) from error
        for pid in processes:
            home = f"{self._proc}/{pid}"
            try:
                self._add(os.stat(f"{home}/ns/net").st_ino, Place(f"{home}/ns/net")).pids.append(pid)
                mounts.setdefault(os.stat(f"{home}/ns/mnt").st_ino, pid)
            except PermissionError:
                denied.append(pid)
            except OSError as error:
                note("network namespace of process", pid, error)
        self._add_mounted("self")
        for pid in mounts.values():
            self._add_mounted(pid)
        for pid in processes:
            if time.monotonic() > self._until:
                self.cut = True
                break
            home = f"{self._proc}/{pid}/fd"
            for fd, kind, inode in descriptors(home):
                if kind == "socket":
                    self.sockets.setdefault(inode, (pid, fd))
                elif kind == "net":
                    self._add(inode, Place(f"{home}/{fd}"))
        self.unreadable = self._count_others(denied)
        self._name_by_container()

    def _add_mounted(self, pid: int | str) -> None:
        """Add the namespaces mounted anywhere in the mount namespace of a process."""
        from portsock.parse.proc.mountinfo import parse_namespaces

        if self._mounts_left <= 0:
            note_reason("mounts of process", pid, f"all mounts together are more than {_MOST_MOUNTINFO} characters")
            return
        text = read_text(f"{self._proc}/{pid}/mountinfo", most=self._mounts_left) or ""
        self._mounts_left -= len(text)
        for inode, path in parse_namespaces(text, "net"):
            self._add(inode, Place(path, f"{self._proc}/{pid}"))

    def _count_others(self, pids: Iterable[int]) -> int:
        """Return how many namespaces, other than those already found, these processes are in.

        Even where a process's namespace may not be read, its /proc/PID/net can be, with inode numbers of its namespace.
        """
        tables = {self._tables(pid) for pid in pids}
        return len(tables.difference(self._tables(facts.pids[0]) for facts in self.facts.values() if facts.pids))

    def _tables(self, pid: int | str) -> int | None:
        return _device_and_inode(f"{self._proc}/{pid}/net/dev")[1]

    def _name_by_container(self) -> None:
        """Name each namespace without a name after the container of its first process."""
        from portsock.parse.proc.cgroup import parse_cgroup
        from portsock.sources.linux.containers.lookup import Containers

        containers = Containers(proc=self._proc)
        for inode, facts in self.facts.items():
            if facts.name or not facts.pids or inode == self.own:
                continue
            facts.name = containers.name(parse_cgroup(read_text(f"{self._proc}/{facts.pids[0]}/cgroup") or ""))


def _entries(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError as error:
        note("directory", directory, error)
        return []


def _device_and_inode(path: str) -> tuple[int, int] | tuple[None, None]:
    try:
        status = os.stat(path)
    except OSError as error:
        note("file", path, error)
        return None, None
    return status.st_dev, status.st_ino
