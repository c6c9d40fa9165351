"""Sockets from psutil: the only source on other systems, an alternative on Linux.

psutil reports no inode, queue or uid. On Linux it reports one holder of each internet socket; the others are found through
their descriptors, which refer to the same inode.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from portsock.addresses import unmap
from portsock.enums import Need, parse_state
from portsock.errors import ReadError
from portsock.model import (
    Family,
    InetEndpoint,
    Machine,
    Notice,
    OwnerReason,
    Process,
    SocketType,
    Source,
    State,
    UnixEndpoint,
)
from portsock.records import Collection, Holder, Ownership, Request, SocketRecord, Unreadable
from portsock.sources import failures, system

if TYPE_CHECKING:
    from types import ModuleType

_KINDS = {frozenset({"tcp"}): "tcp", frozenset({"udp"}): "udp", frozenset({"tcp", "udp"}): "inet", frozenset({"unix"}): "unix"}
"""The `kind` of psutil.net_connections for these protocols; 'all' for any other set."""
_SUPPORTED = frozenset({"tcp", "udp"} if sys.platform == "win32" else {"tcp", "udp", "unix"})
_LINUX = sys.platform.startswith("linux")
_EVERYWHERE = frozenset({"raw", "icmp", "sctp", "unix"})
"""Protocols besides TCP and UDP that other systems than Linux have, too. Only these can be missing there."""
_FAMILIES = {"AF_INET": Family.IPV4, "AF_INET6": Family.IPV6, "AF_UNIX": Family.UNIX}
_TYPES = {"SOCK_STREAM": SocketType.STREAM, "SOCK_DGRAM": SocketType.DGRAM, "SOCK_SEQPACKET": SocketType.SEQPACKET}
_PROTOCOLS = {SocketType.STREAM: "tcp", SocketType.DGRAM: "udp"}


class _Found(NamedTuple):
    """Connections as psutil returns them, each with its pid, and pids of unreadable processes."""

    connections: list[tuple[Any, int | None]]
    unreadable: list[int]


def collect(request: Request, psutil: "ModuleType | None" = None) -> Collection:
    """Collect with psutil. The argument `psutil` is for tests.

    The records have no inodes and therefore carry their holders (an empty tuple: none was found). The Ownership has no
    holders, only the processes that could not be read. Raises ReadError where psutil cannot list the sockets.
    """
    taken_at = time.time()
    if psutil is None:
        import psutil as installed

        if _LINUX:
            from portsock.sources.linux.visibility import shows_our_namespace

            if not shows_our_namespace():
                raise ReadError("--backend psutil: /proc is missing or shows another PID namespace; mount it anew")
        psutil = installed
    wanted = request.protocols & _SUPPORTED
    found = _connections(psutil, _KINDS.get(wanted, "all")) if wanted else _Found([], [])
    ownership = None if request.owners == "none" else _ownership(psutil, found.unreadable, request.owners)
    records = [
        record
        for record in _records(found.connections, ownership)
        if record.protocol in request.protocols and record.family in request.families
    ]
    if ownership is not None:
        ownership = ownership._replace(holders={})
    pids = {holder.pid for record in records for holder in record.holders or () if holder.pid is not None}
    host = system.host(facts=Need.HOST in request.needs)
    processes = _processes(psutil, pids, request) if Need.PROCESSES in request.needs else {}
    notices = (*_notices(request, found), *failures.take())
    machine = _machine(psutil) if Need.MACHINE in request.needs else None
    source = Source("live", "psutil")
    return Collection(source, host, taken_at, records, ownership, processes, {}, notices, machine=machine)


def _machine(psutil: "ModuleType") -> Machine:
    from portsock.sources.machine import describe, psutil_interfaces

    if not _LINUX:
        return describe(psutil_interfaces(psutil))
    from portsock.sources.linux.routes.interfaces import interfaces

    machine = describe(None)
    return machine._replace(interfaces=interfaces(machine.netns) or None)


def _processes(psutil: "ModuleType", pids: set[int], request: Request) -> dict[int, Process]:
    """Return facts of these processes. On Linux they are not psutil's, which reads command lines without a limit."""
    parents = Need.PARENTS in request.needs
    if _LINUX:
        from portsock.sources.linux.processes import facts

        commands, context = Need.COMMANDS in request.needs, Need.CONTEXT in request.needs
        return facts(pids, parents=parents, commands=commands, context=context)
    return system.read_processes(pids, partial(_process, psutil), parents)


def _connections(psutil: "ModuleType", kind: str) -> _Found:
    """Return all connections. Where psutil refuses (macOS without root), return those of each readable process."""
    try:
        return _Found([(connection, connection.pid) for connection in psutil.net_connections(kind)], [])
    except psutil.AccessDenied:
        pass
    except (psutil.Error, OSError) as error:
        raise ReadError(f"psutil cannot list the sockets of this system: {error}") from error
    found = _Found([], [])
    for process in psutil.process_iter():
        connections = getattr(process, "net_connections", None) or process.connections  # its name before psutil 6
        try:
            found.connections.extend((connection, process.pid) for connection in connections(kind))
        except psutil.NoSuchProcess:
            continue
        except (psutil.Error, OSError):
            found.unreadable.append(process.pid)
    return found


def _records(connections: Iterable[tuple[Any, int | None]], ownership: Ownership | None) -> Iterator[SocketRecord]:
    """Yield one record for each socket.

    Without an inode, two holders of one socket look like two sockets. Only connected TCP sockets with the same endpoints are
    certainly one, and are joined with all their holders. `ownership` has the inodes of descriptors, on systems with inodes.
    """
    joined: dict[tuple[object, ...], SocketRecord] = {}
    inodes = _inodes(ownership)
    reported: set[int] = set()
    for connection, pid in connections:
        inode = inodes.get((pid, connection.fd))
        if inode in reported:  # psutil lists a unix socket once for each holder
            continue
        holders = None if ownership is None else _holders(connection, pid)
        if ownership is not None and inode is not None:
            reported.add(inode)
            holders = tuple(ownership.holders[inode])
        record = _record(connection, holders)
        if record is None:
            continue
        if record.protocol != "tcp" or record.remote is None:
            yield record
            continue
        key = (record.family, record.local, record.remote)
        held = joined.get(key)
        if held is not None and held.holders and record.holders:
            record = held._replace(holders=tuple(dict.fromkeys((*held.holders, *record.holders))))
        joined[key] = record
    yield from joined.values()


def _inodes(ownership: Ownership | None) -> dict[tuple[int | None, int | None], int]:
    """Return the socket's inode for each (pid, descriptor)."""
    if ownership is None:
        return {}
    return {(holder.pid, holder.fd): inode for inode, held in ownership.holders.items() for holder in held}


def _record(connection: Any, holders: tuple[Holder, ...] | None) -> SocketRecord | None:
    family = _FAMILIES.get(getattr(connection.family, "name", ""))
    kind = _TYPES.get(getattr(connection.type, "name", ""))
    if family is None:
        return None
    if family is Family.UNIX:
        return SocketRecord(family, kind, "unix", None, None, None, _unix(connection.laddr), None, holders=holders)
    if kind not in _PROTOCOLS:
        return None
    local, remote = _inet(connection.laddr), _inet(connection.raddr)
    state, raw = _state(connection.status, kind, remote is not None)
    return SocketRecord(family, kind, _PROTOCOLS[kind], None, state, raw, local, remote, holders=holders)


def _state(status: str, kind: SocketType, connected: bool) -> tuple[State | None, str | None]:
    if kind is SocketType.DGRAM:
        return (State.ESTABLISHED if connected else State.UNCONN), None
    state = parse_state(status)
    return state, None if state or status == "NONE" else status


def _holders(connection: Any, pid: int | None) -> tuple[Holder, ...]:
    """Return the holders. psutil's -1 is an unknown descriptor; pid 0 on Windows means that the process has ended."""
    return () if not pid else (Holder(pid, connection.fd if connection.fd >= 0 else None),)


def _inet(address: Any) -> InetEndpoint | None:
    """Return the endpoint of psutil's address, which is an empty tuple where there is none."""
    if not address:
        return None
    text, _, zone = address[0].partition("%")
    return InetEndpoint(unmap(text), address[1], zone or None)


def _unix(path: Any) -> UnixEndpoint:
    if not isinstance(path, str) or not path:
        return UnixEndpoint(None)
    name = path.encode("utf-8", "surrogateescape")
    return UnixEndpoint(name[1:], True) if name[:1] in {b"@", b"\0"} else UnixEndpoint(name)


def _ownership(psutil: "ModuleType", unreadable: Iterable[int], method: str) -> Ownership:
    """Return holders and unreadable processes.

    On Linux they are read from /proc: psutil silently skips unreadable processes and reports one holder of each socket.
    """
    if _LINUX:
        from portsock.sources.linux import owners

        return owners.find(None, method=method)._replace(method="psutil")
    return Ownership({}, tuple(_unreadable(psutil, unreadable)), None, "psutil")


def _unreadable(psutil: "ModuleType", pids: Iterable[int]) -> Iterator[Unreadable]:
    own = None
    for pid in pids:
        try:
            if own is None:
                own = psutil.Process().uids().effective
            uid = psutil.Process(pid).uids().effective
        except psutil.NoSuchProcess:
            continue
        except (psutil.Error, OSError, AttributeError):  # Windows has no uids
            uid = None
        yield Unreadable(pid, uid, OwnerReason.DENIED if own == 0 or uid == own else OwnerReason.OTHER_USER)


def _process(psutil: "ModuleType", pid: int) -> Process:
    """Return psutil's facts of a process; a fact that may not be read is None."""
    try:
        process = psutil.Process(pid)
    except (psutil.Error, OSError):
        return Process(pid)

    def read(name: str) -> Any:
        try:
            return getattr(process, name)()
        except (psutil.Error, OSError, AttributeError):
            return None

    with process.oneshot():
        cmdline, uids = read("cmdline"), read("uids")
        return Process(
            pid,
            read("name") or None,
            None,
            read("exe") or None,
            tuple(cmdline) if cmdline is not None else None,
            read("username"),
            uids.effective if uids else None,
            read("ppid") or None,
            read("create_time"),
        )


def _notices(request: Request, found: _Found) -> Iterator[Notice]:
    lacking = sorted((request.protocols if _LINUX else request.protocols & _EVERYWHERE) - _SUPPORTED)
    if lacking:
        yield Notice("families_missing", None, f"psutil does not tell of {', '.join(lacking)} sockets")
    if found.unreadable:
        number = len(found.unreadable)
        text = f"the sockets of {number} process{'es' if number > 1 else ''} could not be read; run as root to see them"
        yield Notice("sockets_unread", number, text)
