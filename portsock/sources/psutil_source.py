"""Every system through psutil: the only source off Linux, and a second opinion on Linux.

psutil tells no inode, queue or uid, and on Linux one holder of each internet socket where there may be several: the others
are those whose descriptors refer to the same inode.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from portsock.addresses import unmap
from portsock.enums import parse_state
from portsock.errors import ReadError
from portsock.model import Family, InetEndpoint, Notice, OwnerReason, Process, SocketType, Source, State, UnixEndpoint
from portsock.records import Collection, Holder, Ownership, Request, SocketRecord, Unreadable
from portsock.sources import system

if TYPE_CHECKING:
    from types import ModuleType

_KINDS = {
    frozenset({"tcp"}): "tcp",
    frozenset({"udp"}): "udp",
    frozenset({"tcp", "udp"}): "inet",
    frozenset({"unix"}): "unix",
}
"""psutil's names for what to ask; 'all' for every other mixture."""
_KNOWN = frozenset({"tcp", "udp"} if sys.platform == "win32" else {"tcp", "udp", "unix"})
_LINUX = sys.platform.startswith("linux")
_EVERYWHERE = frozenset({"raw", "icmp", "sctp", "unix"})
"""Protocols besides TCP and UDP that systems other than Linux have, too: there the rest is not lacking."""
_FAMILIES = {"AF_INET": Family.IPV4, "AF_INET6": Family.IPV6, "AF_UNIX": Family.UNIX}
_TYPES = {"SOCK_STREAM": SocketType.STREAM, "SOCK_DGRAM": SocketType.DGRAM, "SOCK_SEQPACKET": SocketType.SEQPACKET}
_PROTOCOLS = {SocketType.STREAM: "tcp", SocketType.DGRAM: "udp"}


class _Found(NamedTuple):
    """Connections as psutil gives them, each with its process."""

    connections: list[tuple[Any, int | None]]
    unreadable: list[int]


def collect(request: Request, psutil: "ModuleType | None" = None) -> Collection:
    """Collect through psutil; `psutil` is for tests.

    The records carry their holders (an empty tuple: none was found), as they have no inodes. The Ownership has none: it only
    reports the processes that could not be read. Raises ReadError where psutil cannot list the sockets.
    """
    taken_at = time.time()
    if psutil is None:
        import psutil as installed

        psutil = installed
    wanted = request.protocols & _KNOWN
    found = _connections(psutil, _KINDS.get(wanted, "all")) if wanted else _Found([], [])
    ownership = None if request.owners == "none" else _ownership(psutil, found.unreadable, request.owners)
    records = [record for record in _records(found.connections, ownership) if _asked(record, request)]
    if ownership is not None:
        ownership = ownership._replace(holders={})
    pids = {holder.pid for record in records for holder in record.holders or () if holder.pid is not None}
    return Collection(
        Source("live", "psutil"),
        system.host(facts=request.facts),
        taken_at,
        records,
        ownership,
        _processes(psutil, pids, request.parents) if request.processes else {},
        {},
        tuple(_notices(request, found)),
    )


def _connections(psutil: "ModuleType", kind: str) -> _Found:
    """All connections at once; where that is refused (macOS without root), those of each process that may be read."""
    try:
        return _Found([(connection, connection.pid) for connection in psutil.net_connections(kind)], [])
    except psutil.AccessDenied:
        pass
    except (psutil.Error, OSError) as error:
        raise ReadError(f"psutil cannot list the sockets of this system: {error}") from error
    found = _Found([], [])
    for process in psutil.process_iter():
        ask = getattr(process, "net_connections", None) or process.connections  # so called before psutil 6
        try:
            found.connections.extend((connection, process.pid) for connection in ask(kind))
        except psutil.NoSuchProcess:
            continue
        except (psutil.Error, OSError):
            found.unreadable.append(process.pid)
    return found


def _records(connections: Iterable[tuple[Any, int | None]], ownership: Ownership | None) -> Iterator[SocketRecord]:
    """One record for each socket. Without an inode two holders of one socket cannot be told from two sockets, except that no
    two connected TCP sockets have the same ends: those become one, with all its holders. `ownership` has the inodes of the
    descriptors where the system tells them."""
    joined: dict[tuple[object, ...], SocketRecord] = {}
    inodes = _inodes(ownership)
    told: set[int] = set()
    for connection, pid in connections:
        inode = inodes.get((pid, connection.fd))
        if inode in told:  # psutil lists a unix socket once for each holder
            continue
        holders = None if ownership is None else _holders(connection, pid)
        if ownership is not None and inode is not None:
            told.add(inode)
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
    """The socket's inode of each descriptor, by process and descriptor."""
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
    """psutil says -1 for a descriptor that it does not know; Windows lists what has no process any more under pid 0."""
    return () if not pid else (Holder(pid, connection.fd if connection.fd >= 0 else None),)


def _inet(address: Any) -> InetEndpoint | None:
    """psutil gives an empty tuple where there is no address."""
    if not address:
        return None
    text, _, zone = address[0].partition("%")
    return InetEndpoint(unmap(text), address[1], zone or None)


def _unix(path: Any) -> UnixEndpoint:
    if not isinstance(path, str) or not path:
        return UnixEndpoint(None)
    name = path.encode("utf-8", "surrogateescape")
    return UnixEndpoint(name[1:], True) if name[:1] in {b"@", b"\0"} else UnixEndpoint(name)


def _asked(record: SocketRecord, request: Request) -> bool:
    return record.protocol in request.protocols and record.family in request.families


def _ownership(psutil: "ModuleType", unreadable: Iterable[int], method: str) -> Ownership:
    """On Linux psutil leaves out in silence what it may not read, and all holders but the first: /proc is asked for those."""
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


def _processes(psutil: "ModuleType", pids: Iterable[int], parents: bool) -> dict[int, Process]:
    found: dict[int, Process] = {}
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        if pid in found:
            continue
        found[pid] = process = _process(psutil, pid)
        if parents and process.ppid:
            waiting.append(process.ppid)
    return found


def _process(psutil: "ModuleType", pid: int) -> Process:
    """What psutil tells of one process; a field that it is refused stays None."""
    try:
        process = psutil.Process(pid)
    except (psutil.Error, OSError):
        return Process(pid)

    def ask(name: str) -> Any:
        try:
            return getattr(process, name)()
        except (psutil.Error, OSError, AttributeError):
            return None

    with process.oneshot():
        cmdline, uids = ask("cmdline"), ask("uids")
        return Process(
            pid,
            ask("name") or None,
            None,
            ask("exe") or None,
            tuple(cmdline) if cmdline is not None else None,
            ask("username"),
            uids.effective if uids else None,
            ask("ppid") or None,
            ask("create_time"),
        )


def _notices(request: Request, found: _Found) -> Iterator[Notice]:
    lacking = sorted((request.protocols if _LINUX else request.protocols & _EVERYWHERE) - _KNOWN)
    if lacking:
        yield Notice("families_missing", None, f"psutil does not tell of {', '.join(lacking)} sockets")
    if found.unreadable:
        number = len(found.unreadable)
        text = f"the sockets of {number} process{'es' if number > 1 else ''} could not be read; run as root to see them"
        yield Notice("sockets_unread", number, text)
