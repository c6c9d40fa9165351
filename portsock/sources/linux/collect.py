"""Linux: sockets from netlink, /proc for what its diag modules lack, holders by inode, process facts from /proc."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from portsock.errors import ReadError
from portsock.model import Netns, Notice, Process, Source, State
from portsock.records import Collection, Ownership, Request, SocketRecord
from portsock.sources import system
from portsock.sources.linux import owners, processes

if TYPE_CHECKING:
    from portsock.sources.linux.netlink import Dump
    from portsock.sources.linux.netns import Found

_DIAG_ONLY = {"vsock": "AF_VSOCK", "sctp": "SCTP", "mptcp": "MPTCP"}
"""Protocols of which /proc/net has no table that is read, and their names in /proc/net/protocols."""


def collect(request: Request, backend: str | None = None) -> Collection:
    """Collect what the request needs. `backend` forces 'netlink' or 'procfs'; by default /proc serves where netlink cannot."""
    taken_at = time.time()
    if request.netns:
        records, notices, used = _every_namespace(request, backend)
    else:
        records, notices, used = _dump(request, backend, own_namespace())
    ownership, unseen = _ownership(request, records, used)
    return Collection(
        Source("live", used),
        system.host(facts=request.facts),
        taken_at,
        records,
        ownership,
        _processes(request, ownership),
        system.users(_some(map(attrgetter("uid"), records))),
        (*notices, *unseen),
    )


def _some(values: Iterable[int | None]) -> set[int]:
    """Those that are known."""
    found: set[Any] = set(values)
    found.discard(None)
    return found


def own_namespace(proc: str = "/proc") -> Netns | None:
    """The network namespace of this thread; None where /proc does not tell."""
    try:
        inode = os.stat(f"{proc}/thread-self/ns/net").st_ino
    except OSError:
        return None
    if not os.path.isdir(system.NETNS_NAMES):  # where nothing has a name, none needs to be looked up
        return Netns(inode)
    from portsock.sources.linux.netns import name_of

    return Netns(inode, name_of(inode))


_Dumped = tuple[list[SocketRecord], list[Notice], str]


def _dump(request: Request, backend: str | None, netns: Netns | None) -> _Dumped:
    """Return the sockets of the namespace that the calling thread is in."""
    if backend != "procfs":
        from portsock.sources.linux import netlink

        try:
            dump = netlink.dump(request, netns)
        except netlink.NetlinkRefused as error:
            if backend == "netlink":
                raise ReadError(f"netlink is refused here: {error}; --backend procfs reads /proc instead") from error
        else:
            if dump.missing:
                return _filled(request, netns, dump, backend)
            return dump.sockets, dump.notices, "netlink"
    from portsock.sources.linux import procfs

    tables = procfs.dump(request, pid="thread-self", netns=netns)
    return list(tables.sockets), [*tables.notices, *_untold(request.protocols & _DIAG_ONLY.keys())], "procfs"


def _filled(request: Request, netns: Netns | None, dump: "Dump", backend: str | None) -> _Dumped:
    """With what this kernel's diag modules cannot tell from /proc; under a forced netlink with a notice in its place."""
    names = {protocol for protocol, _ in dump.missing}
    if backend == "netlink":
        return dump.sockets, [*dump.notices, *_untold(names)], "netlink"
    from portsock.sources.linux import procfs

    tables = procfs.dump(request, pid="thread-self", netns=netns, only=dump.missing)
    return (
        [*dump.sockets, *tables.sockets],
        [*dump.notices, *tables.notices, *_untold(names & _DIAG_ONLY.keys())],
        "netlink",
    )


def _untold(protocols: Iterable[str]) -> list[Notice]:
    """The notice about protocols that this kernel has, but tells nothing of by the ways that were tried.

    MPTCP needs none: what it runs over are TCP sockets, with the same owners.
    """
    try:
        with open("/proc/thread-self/net/protocols", encoding="ascii", errors="replace") as file:
            known = {line.partition(" ")[0] for line in file}
    except OSError:
        known = set(_DIAG_ONLY.values())
    names = sorted(name for name in protocols if name != "mptcp" and _DIAG_ONLY.get(name, "TCP") in known)
    if not names:
        return []
    text = f"this kernel does not tell of {', '.join(names)} sockets here: they are missing"
    return [Notice("families_missing", None, text)]


def _every_namespace(request: Request, backend: str | None) -> _Dumped:
    """The sockets of each namespace asked for, read from inside, or where it may not be entered, from a process in it."""
    from portsock.sources.linux import netns
    from portsock.sources.linux.setns import visit

    founds, notices = netns.namespaces(request.netns)
    records: list[SocketRecord] = []
    used = backend or "netlink"
    closed = []
    for found, outcome in zip(founds, visit(founds, lambda found: _dump(request, backend, found.netns)), strict=True):
        if isinstance(outcome, FileNotFoundError):  # it has ended since it was found
            continue
        if isinstance(outcome, OSError):
            dumped = _from_outside(request, found)
            if dumped is None:
                closed.append(found)
                continue
            outcome = dumped
        records += outcome[0]
        notices += outcome[1]
        used = outcome[2]
    if closed:
        notices.append(netns.denied(closed))
    return records, notices, used


def _from_outside(request: Request, found: "Found") -> _Dumped | None:
    """The sockets of a namespace by /proc/PID/net of a process in it; None where none of them can be read."""
    from portsock.sources.linux import procfs

    for pid in found.pids:
        try:
            tables = procfs.dump(request, pid=str(pid), netns=found.netns)
        except ReadError:
            continue
        return list(tables.sockets), list(tables.notices), "procfs"
    return None


def _ownership(request: Request, records: Sequence[SocketRecord], used: str) -> tuple[Ownership | None, list[Notice]]:
    """The holders of these sockets, None where nobody asked, and what else they hold that should have been listed.

    Without an inode there is nobody to look for.
    """
    if request.owners == "none":
        return None, []
    inodes = _some(map(attrgetter("inode"), records))
    if "unix" in request.protocols:  # whose other ends may be in a namespace that is not listed
        inodes |= {record.peer_inode for record in records if record.peer_inode is not None}
    if not _asks_for_bound(request) or system.bound_sockets_listed(used):
        return owners.find(inodes, method=request.owners), []
    from portsock.sources.linux import unlisted

    ownership = owners.find(None, method=request.owners)
    wanted = {inode: held for inode, held in ownership.holders.items() if inode in inodes}
    return ownership._replace(holders=wanted), unlisted.unlisted(ownership.holders, inodes)


def _asks_for_bound(request: Request) -> bool:
    """Whether TCP sockets that neither listen nor are connected are wanted, of the own namespace."""
    return "tcp" in request.protocols and not request.netns and (request.states is None or State.BOUND in request.states)


def _processes(request: Request, ownership: Ownership | None) -> Mapping[int, Process]:
    if ownership is None or not request.processes:
        return {}
    pids = {holder.pid for holders in ownership.holders.values() for holder in holders if holder.pid is not None}
    return processes.facts(pids, parents=request.parents, started=ownership.started)
