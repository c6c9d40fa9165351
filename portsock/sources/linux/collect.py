"""Linux as a source: sockets from netlink, or from /proc where there is no diag module; holders by inode; process facts."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from portsock.enums import Need
from portsock.errors import ReadError
from portsock.model import Netns, Notice, Process, Source, State, Viewpoint
from portsock.records import Collection, Dumped, Ownership, Request, SocketRecord
from portsock.sources import failures, system
from portsock.sources.linux import owners, processes

if TYPE_CHECKING:
    from portsock.sources.linux.netlink import Dump
    from portsock.sources.linux.netns import Namespace

_DIAG_ONLY = {"vsock": "AF_VSOCK", "sctp": "SCTP", "mptcp": "MPTCP"}
"""Protocols that are read with netlink only, and their names in /proc/net/protocols."""
_SUBFLOWS = frozenset({"tcp", "mptcp"})


def collect(request: Request, backend: str | None = None) -> Collection:
    """Collect what the request needs. `backend` forces 'netlink' or 'procfs'; by default /proc is used where netlink fails."""
    taken_at = time.time()
    records, notices, used, others, unseen, addresses, followed = _sockets(request, backend)
    ownership, unlisted_notices = _ownership(request, records, used)
    sockets: Sequence[SocketRecord] = records
    if ownership is not None and not ownership.unreadable and ownership.hidden_processes is None:
        from portsock.sources.linux.absence import confirm

        sockets, ownership = confirm(records, ownership, partial(_sockets_again, request, used), request.owners)
    host = system.host(facts=Need.HOST in request.needs)
    known_processes = _processes(request, ownership)
    users = system.users(_known(map(attrgetter("uid"), sockets)))
    all_notices = (*notices, *unlisted_notices, *failures.take())
    source = Source("live", used)
    # Only `explain` and questions about addresses need the namespace, which costs a look at the names of all.
    own = own_namespace() if Need.HOST in request.needs else None
    viewpoint = Viewpoint(own, os.geteuid(), others=others, unseen=unseen, addresses=addresses, followed=followed)
    return Collection(source, host, taken_at, sockets, ownership, known_processes, users, all_notices, viewpoint=viewpoint)


def _sockets(request: Request, backend: str | None) -> Dumped:
    if request.netns:
        return _every_namespace(request, backend)
    dumped = _dump(request, backend, own_namespace())
    if not request.pids and not request.inodes:
        return dumped
    from portsock.sources.linux.namespaces.named import follow

    return follow(request, dumped, partial(_each, request, backend))


def _sockets_again(request: Request, used: str, protocols: frozenset[str]) -> list[SocketRecord] | None:
    """Return the present sockets of these protocols, read as the first time; None where the tables could not be read whole."""
    if protocols & _SUBFLOWS:  # subflows of MPTCP are marked where both are requested
        protocols |= _SUBFLOWS & request.protocols
    again = _sockets(request._replace(protocols=protocols), "procfs" if used == "procfs" else None)
    return None if again.notices else again.sockets


def _known(values: Iterable[int | None]) -> set[int]:
    """Return the values without None."""
    found: set[Any] = set(values)
    found.discard(None)
    return found


def own_namespace() -> Netns | None:
    """Return the network namespace of this thread; None where /proc does not show it."""
    inode = None
    for path in ("/proc/thread-self/ns/net", "/proc/self/ns/net"):  # the first since Linux 3.17
        try:
            inode = os.stat(path).st_ino
            break
        except OSError as error:
            failures.note("file", path, error)
    if inode is None:
        return None
    if not os.path.isdir(system.NETNS_NAMES):  # no namespace has a name
        return Netns(inode)
    from portsock.sources.linux.netns import name_of

    return Netns(inode, name_of(inode))


def _dump(request: Request, backend: str | None, netns: Netns | None) -> Dumped:
    """Return sockets, notices and backend for the calling thread's namespace."""
    refused: list[Notice] = []
    if backend != "procfs":
        from portsock.sources.linux import netlink

        try:
            dump = netlink.dump(request, netns)
        except netlink.NetlinkRefused as error:
            if backend == "netlink":
                raise ReadError(f"netlink is refused here: {error}; --backend procfs reads /proc instead") from error
            text = (
                f"netlink is refused here ({error}), /proc is read instead: unix peers and details of connections are missing"
            )
            refused.append(Notice("netlink_refused", None, text))
        else:
            if dump.missing:
                return _add_tables(request, netns, dump, backend)
            return Dumped(dump.sockets, dump.notices, "netlink")
    from portsock.sources.linux import procfs

    tables = procfs.dump(request, pid="thread-self", netns=netns)
    missing = _missing_notice(request.protocols & _DIAG_ONLY.keys())
    return Dumped(list(tables.sockets), [*refused, *tables.notices, *missing], "procfs")


def _add_tables(request: Request, netns: Netns | None, dump: "Dump", backend: str | None) -> Dumped:
    """Add from /proc what this kernel has no diag module for; where netlink is forced, add a notice instead."""
    names = {protocol for protocol, _ in dump.missing}
    if backend == "netlink":
        return Dumped(dump.sockets, [*dump.notices, *_missing_notice(names)], "netlink")
    from portsock.sources.linux import procfs

    tables = procfs.dump(request, pid="thread-self", netns=netns, only=dump.missing)
    return Dumped(
        [*dump.sockets, *tables.sockets],
        [*dump.notices, *tables.notices, *_missing_notice(names & _DIAG_ONLY.keys())],
        "netlink",
    )


def _missing_notice(protocols: Iterable[str]) -> list[Notice]:
    """Return the notice about protocols that this kernel has, but does not report to the backends that were tried.

    MPTCP needs none: its TCP subflows are listed with the same owners.
    """
    table = system.read_text("/proc/thread-self/net/protocols")
    in_kernel = _DIAG_ONLY.values() if table is None else {line.partition(" ")[0] for line in table.split("\n")}
    names = sorted(name for name in protocols if name != "mptcp" and _DIAG_ONLY.get(name, "TCP") in in_kernel)
    if not names:
        return []
    text = f"this kernel does not tell of {', '.join(names)} sockets here: they are missing"
    return [Notice("families_missing", None, text)]


def _every_namespace(request: Request, backend: str | None) -> Dumped:
    """Return the sockets of each requested namespace; of 'all' also those of namespaces that only sockets keep open."""
    from portsock.sources.linux import netns

    until = time.monotonic() + (float("inf") if request.seconds is None else request.seconds)
    found = netns.find(request.netns)
    dumped = _each(request, backend, found.namespaces, until)
    notices = found.notices
    if found.missing or "all" in request.netns:
        from portsock.sources.linux.namespaces import by_socket

        unread = {inode: found.sockets[inode] for inode in found.sockets.keys() - dumped.inodes}
        if len(unread) > by_socket.MANY:  # most of them are in other states, or of protocols that nobody asked for
            listed = _each(by_socket.whole(request), backend, found.namespaces, until).inodes
            unread = {inode: place for inode, place in unread.items() if inode not in listed}
        known = {each.netns.id for each in found.namespaces}
        further, late = by_socket.search(unread, request.protocols, known, None if "all" in request.netns else found.missing)
        dumped = dumped.joined(_each(request, backend, further, until))
        notices = notices + late
    return dumped._replace(notices=notices + dumped.notices)


def _each(request: Request, backend: str | None, found: "Sequence[Namespace]", until: float) -> Dumped:
    """Return the sockets of these namespaces, read inside each, or from a process in it where it may not be entered."""
    from portsock.sources.linux import netns
    from portsock.sources.linux.setns import visit

    records: list[SocketRecord] = []
    notices: list[Notice] = []
    used = backend or "netlink"
    denied: list[Namespace] = []
    late: list[Namespace] = []
    others: list[Netns] = []
    addresses: dict[int, frozenset[str]] = {}

    def read(namespace: "Namespace") -> Dumped | None:
        if time.monotonic() > until and not namespace.own:
            return None
        dumped = _dump(request, backend, namespace.netns)
        return dumped._replace(addresses=_addresses(request, namespace, "thread-self"))

    for namespace, outcome in zip(found, visit(found, read), strict=True):
        if isinstance(outcome, FileNotFoundError):  # it has ended since it was found
            continue
        dumped = _from_process(request, namespace) if isinstance(outcome, OSError) else outcome
        if dumped is None:
            (denied if isinstance(outcome, OSError) else late).append(namespace)
            continue
        records += dumped.sockets
        notices += dumped.notices
        used = dumped.backend
        others += [] if namespace.own else [namespace.netns]
        addresses |= dumped.addresses
    if denied:
        notices.append(netns.denied_notice(denied))
    if late:
        what = "1 network namespace was" if len(late) == 1 else f"{len(late)} network namespaces were"
        notices.append(Notice("netns_late", len(late), f"{what} not looked into for lack of time"))
    unseen = tuple(each.netns.name or f"net:[{each.netns.id}]" for each in (*denied, *late))
    return Dumped(records, notices, used, tuple(others), unseen, addresses)


def _addresses(request: Request, namespace: "Namespace", process: str) -> dict[int, frozenset[str]]:
    """Return the addresses of a namespace, seen from a process in it, if they are requested and can be read."""
    found = system.addresses_in(process) if Need.HOST in request.needs else None
    return {} if found is None else {namespace.netns.id: found}


def _from_process(request: Request, namespace: "Namespace") -> Dumped | None:
    """Return the sockets of a namespace from /proc/PID/net of a process in it; None where no process can be read."""
    from portsock.sources.linux import procfs

    for pid in namespace.pids:
        try:
            tables = procfs.dump(request, pid=str(pid), netns=namespace.netns)
        except ReadError:
            continue
        found = _addresses(request, namespace, str(pid))
        return Dumped(list(tables.sockets), list(tables.notices), "procfs", addresses=found)
    return None


def _ownership(request: Request, records: Sequence[SocketRecord], used: str) -> tuple[Ownership | None, list[Notice]]:
    """Return the holders of these sockets, None where not requested, and notices about sockets held but not listed.

    Sockets without an inode have no holders.
    """
    if request.owners == "none":
        return None, []
    inodes = _known(map(attrgetter("inode"), records))
    if "unix" in request.protocols:  # a peer may be in a namespace that is not listed
        inodes |= {record.peer_inode for record in records if record.peer_inode is not None}
    if not _wants_bound(request) or system.bound_sockets_listed(used):
        return _with_threads(owners.find(inodes, method=request.owners), inodes, request, records), []
    from portsock.sources.linux import unlisted

    ownership = owners.find(None, method=request.owners)
    wanted = {inode: held for inode, held in ownership.holders.items() if inode in inodes}
    notices = unlisted.unlisted_notices(ownership.holders, inodes)
    return _with_threads(ownership._replace(holders=wanted), inodes, request, records), notices


def _with_threads(ownership: Ownership, inodes: set[int], request: Request, records: Sequence[SocketRecord]) -> Ownership:
    """Add holders that only a thread's own table has: of the processes that are named, and of sockets without a holder."""
    if request.pids:
        ownership = owners.with_threads(ownership, inodes, thorough=True, pids=request.pids)
    if len(ownership.holders) == len(inodes):
        return ownership
    from portsock.sources.linux.absence import search_threads

    return search_threads(records, ownership)


def _wants_bound(request: Request) -> bool:
    """Tell whether the request includes bound TCP sockets that neither listen nor are connected, of our own namespace."""
    return "tcp" in request.protocols and not request.netns and (request.states is None or State.BOUND in request.states)


def _processes(request: Request, ownership: Ownership | None) -> Mapping[int, Process]:
    if ownership is None or Need.PROCESSES not in request.needs:
        return {}
    pids = {holder.pid for holders in ownership.holders.values() for holder in holders if holder.pid is not None}
    parents, commands, context = (need in request.needs for need in (Need.PARENTS, Need.COMMANDS, Need.CONTEXT))
    return processes.facts(pids, parents=parents, started=ownership.started, commands=commands, context=context)
