"""Network namespaces to which a socket leads: no process may be in them, and no mount or descriptor refer to them.

A process makes one by opening a socket in a namespace, and leaving it. The kernel opens the namespace of a socket by ioctl(2)
SIOCGSKNS: sock_ioctl() in net/socket.c. It takes CAP_NET_ADMIN over the namespace, and a copy of the process's descriptor.
"""

import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from portsock.errors import UsageError
from portsock.model import Netns, Notice
from portsock.records import Request
from portsock.sources.failures import note
from portsock.sources.linux.namespaces.descriptors import opened
from portsock.sources.linux.netns import Namespace, Place, Via

_SIOCGSKNS = 0x894C
_SECONDS = 1.0
"""Time after which no further socket is asked for its namespace: 10 µs each."""
MANY = 500
"""Sockets from which a second look at the tables takes less time than to ask each for its namespace."""
_MOST_PLACES = 8
"""Sockets that are kept to enter one namespace: each of them may be closed by then."""
_PREFIXES = {"unix": b"UNIX", "netlink": b"NETLINK", "packet": b"PACKET"}
"""Protocols of which a process may hold thousands of sockets, and how their names in the kernel begin."""


class Search(NamedTuple):
    """The outcome of a search."""

    namespaces: list[Namespace]
    notices: list[Notice]


def whole(request: Request) -> Request:
    """Return the request for all sockets that the kernel lists, without their details."""
    protocols = frozenset({"tcp", "udp", "udplite", "raw", "icmp", *_PREFIXES})
    return Request(protocols, owners="none", needs=frozenset(), netns=request.netns)


def search(
    sockets: Mapping[int, tuple[int, int]],
    protocols: Collection[str],
    known: Collection[int],
    wanted: Collection[int] | None = None,
) -> Search:
    """Return the namespaces of these sockets, by inode with pid and descriptor, other than the `known` ones.

    Unix, netlink and packet sockets are looked at only if these protocols are asked for. `wanted`: the numbers of the
    namespaces to look for, through sockets of any protocol. Raises UsageError where one of these is not found.
    """
    if not sockets and wanted is None:
        return Search([], [])
    from portsock.sources.linux.blocking import patience

    until = time.monotonic() + _SECONDS
    unwanted = tuple(prefix for protocol, prefix in _PREFIXES.items() if not (wanted or protocol in protocols))
    places: dict[int, list[Place]] = {}

    def look_at(inode: int) -> bool:
        if wanted is not None and places.keys() >= set(wanted):
            return True
        if time.monotonic() > until:
            return False
        via = Via(*sockets[inode], inode)
        found = _namespace_of(via, unwanted)
        if found is not None and found not in known and len(places.setdefault(found, [])) < _MOST_PLACES:
            places[found].append(Place(f"/proc/{via.pid}/fd/{via.fd}", via=via))
        return True

    # The kernel waits for a process that is within execve(2): __pidfd_fget() in kernel/pid.c.
    looked_at = patience().call_each(look_at, sockets).results
    late = len(sockets) - sum(looked_at.values())
    if wanted is not None:
        _check(wanted, places)
        late, places = 0, {number: places[number] for number in wanted}
    found = [Namespace(Netns(number), False, tuple(ways), ()) for number, ways in sorted(places.items())]
    return Search(found, [_late_notice(late)] if late else [])


def _check(wanted: Collection[int], found: Collection[int]) -> None:
    """Raise UsageError for a namespace that was not found."""
    for number in wanted:
        if number not in found:
            more = "; sudo portsock would look at every process" if os.geteuid() else ""
            raise UsageError(f"--netns net:[{number}]: no such network namespace was found{more}")


def _late_notice(late: int) -> Notice:
    what = "1 socket was" if late == 1 else f"{late} sockets were"
    text = f"{what} not asked for its network namespace, for lack of time or of an answer: there may be further namespaces"
    return Notice("netns_late", late, text)


def _namespace_of(via: Via, unwanted: tuple[bytes, ...]) -> int | None:
    """Return the number of a socket's namespace; None where it may not be known, or its protocol is not wanted."""
    try:
        if _protocol_of(via).startswith(unwanted):
            return None
        with opened_namespace(via) as namespace:
            return os.fstat(namespace).st_ino
    except PermissionError:
        return None
    except OSError as error:
        note("network namespace of a socket of process", via.pid, error)
        return None


def _protocol_of(via: Via) -> bytes:
    """Return the name of a socket's protocol in the kernel: sockfs_xattr_get() in net/socket.c. Raises OSError."""
    with held_socket(via) as path:
        return os.getxattr(path, "system.sockprotoname")


@contextmanager
def held_socket(via: Via) -> Iterator[str]:
    """Yield a path of our own that leads to the socket of a process. Raises OSError."""
    # The descriptor may be another file by now, on a file system that never answers: hold it before asking it.
    with opened(f"/proc/{via.pid}/fd/{via.fd}", os.O_PATH | os.O_CLOEXEC) as held:
        path = f"/proc/self/fd/{held}"
        if os.readlink(path) != f"socket:[{via.inode}]":
            raise FileNotFoundError(2, "closed meanwhile")
        yield path


@contextmanager
def opened_namespace(via: Via) -> Iterator[int]:
    """Yield a descriptor of the namespace that a socket of a process is in. Raises OSError."""
    import fcntl

    from portsock.sources.linux.sockopts import duplicate

    copy = duplicate(via.pid, via.fd)
    try:
        if os.readlink(f"/proc/self/fd/{copy}") != f"socket:[{via.inode}]":
            raise FileNotFoundError(2, "closed meanwhile")
        namespace = fcntl.ioctl(copy, _SIOCGSKNS)
    finally:
        os.close(copy)
    try:
        yield namespace
    finally:
        os.close(namespace)
