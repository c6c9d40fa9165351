"""The network namespaces of the processes and sockets that a question names, where it says nothing of namespaces."""

import os
import time
from collections.abc import Callable, Sequence, Set
from contextlib import suppress

from portsock.errors import UsageError
from portsock.model import Netns, Notice
from portsock.records import Dumped, Request
from portsock.sources.linux import netns
from portsock.sources.linux.joining.crossing import Place
from portsock.sources.linux.namespaces import by_socket
from portsock.sources.linux.namespaces.descriptors import descriptors
from portsock.sources.linux.namespaces.unbound import unbound
from portsock.sources.linux.netns import Namespace
from portsock.sources.linux.visibility import shows_our_namespace
from portsock.sources.system import bound_sockets_listed

_SECONDS = 1.5
"""The time after which no further namespace is entered to look for a socket that may be in any of them."""

Read = Callable[[Sequence[Namespace], float], Dumped]
"""Returns the sockets of these namespaces; from the given time on, time.monotonic(), it enters no further one."""


def follow(request: Request, own: Dumped, read: Read) -> Dumped:
    """Add to the sockets of our own namespace those of each that the request's processes and sockets are in."""
    if not shows_our_namespace():  # the numbers of /proc are those of other processes
        return own
    dumped = _with_processes(request, own, read) if request.pids else own
    lost = set(request.inodes) - dumped.inodes
    if lost:
        dumped = dumped.joined(_holding(lost, request, dumped, read))
    return dumped._replace(followed=frozenset(dumped.others))


def own_place(own: Netns, dumped: Dumped) -> Place:
    """Return what was read of our own namespace, to be compared with the others."""
    return Place(Namespace(own, True, (), ()), dumped.sockets, dumped.backend, None, dumped.apart)


def _with_processes(request: Request, dumped: Dumped, read: Read) -> Dumped:
    """Add the namespaces that the request's processes are in, those of further sockets that they hold, and what has none."""
    spaces = {pid: _space_of(pid) for pid in request.pids}
    found = {each.netns.id: each for each in spaces.values() if each is not None and not each.own}
    denied = [pid for pid, space in spaces.items() if space is None]
    dumped = dumped.joined(read(list(found.values()), float("inf"))).noted(_denied_notices(denied))
    listed = dumped.inodes
    sockets = {
        inode: (pid, fd)
        for pid in spaces
        for fd, kind, inode in descriptors(f"/proc/{pid}/fd")
        if kind == "socket" and inode not in listed
    }
    further, notices = by_socket.search(sockets, request.protocols, {_own_number(), *found})
    dumped = dumped.joined(read(further, float("inf"))).noted(notices)
    listed = dumped.inodes
    rest = {inode: place for inode, place in sockets.items() if inode not in listed}
    bare = unbound(request, rest, bound_sockets_listed(dumped.backend)) if rest else []
    return dumped._replace(sockets=[*dumped.sockets, *bare])


def _holding(lost: Set[int], request: Request, dumped: Dumped, read: Read) -> Dumped:
    """Return what is read of the namespaces that have these sockets, with notices if one of them is not found."""
    everywhere = netns.find(("all",), seconds=_SECONDS)
    known = {_own_number(), *(each.id for each in dumped.others)}
    held = {inode: everywhere.sockets[inode] for inode in lost & everywhere.sockets.keys()}
    found, notices = by_socket.search(held, request.protocols, known)
    if len(held) < len(lost) or not found:  # without a holder, or we may not ask for a socket's namespace
        found = [each for each in everywhere.namespaces if each.netns.id not in known]
        notices = everywhere.notices
    further = read(found, time.monotonic() + _SECONDS)
    if lost <= further.inodes:
        further, notices = further._replace(notices=[]), []
    return further.only({record.netns for record in further.sockets if record.inode in lost}).noted(notices)


def _own_number() -> int:
    return os.stat("/proc/thread-self/ns/net").st_ino


def _space_of(pid: int) -> Namespace | None:
    """Return the namespace of a process, our own for one that has ended; None where it is another one and may not be known."""
    own = Namespace(Netns(_own_number()), True, (), ())
    with suppress(PermissionError):
        try:
            if os.stat(f"/proc/{pid}/ns/net").st_ino == own.netns.id:
                return own
        except (FileNotFoundError, ProcessLookupError):
            return own
    try:
        found, _ = netns.namespaces((str(pid),))
    except UsageError:
        return own
    return found[0] if found else None


def _denied_notices(pids: Sequence[int]) -> list[Notice]:
    """Return the notice about processes whose namespace is not ours and may not be entered."""
    if not pids:
        return []
    one = len(pids) == 1
    listed = ", ".join(map(str, pids[:3])) + (", …" if len(pids) > 3 else "")
    what = (
        f"process {listed} is in another network namespace" if one else f"processes {listed} are in other network namespaces"
    )
    targets = " ".join(f"pid:{pid}" for pid in pids[:3])
    text = f'{what}, whose sockets only root may see: sudo "$(command -v portsock)" sockets {targets}'
    return [Notice("netns_denied", len(pids), text)]
