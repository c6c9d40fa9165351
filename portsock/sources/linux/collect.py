"""Linux as a source: sockets from netlink, or from /proc where there is no diag module; holders by inode; process facts."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from portsock.enums import Need, OwnerReason
from portsock.errors import ReadError
from portsock.model import Interface, Machine, Netns, Notice, Process, Source, State, Viewpoint
from portsock.records import Collection, Dumped, Ownership, Request, SocketRecord
from portsock.sources import failures, system
from portsock.sources.linux import owners, processes
from portsock.sources.linux.namespaces.tables import read_tables
from portsock.sources.linux.visibility import nested_namespace

if TYPE_CHECKING:
    from portsock.sources.linux.joining.crossing import Place
    from portsock.sources.linux.netns import Namespace

_SUBFLOWS = frozenset({"tcp", "mptcp"})
_ONE_END = frozenset({State.LISTEN, State.BOUND, State.CLOSED})
"""States of TCP sockets that no other one can be the end of."""
_HANDSHAKES = (State.SYN_SENT, State.SYN_RECV)
_STATE = attrgetter("state")


def collect(request: Request, backend: str | None = None) -> Collection:
    """Collect what the request needs. `backend` forces 'netlink' or 'procfs'; by default /proc is used where netlink fails."""
    taken_at = time.time()
    dumped = _sockets(request, backend)
    sockets: Sequence[SocketRecord] = dumped.sockets
    used = dumped.backend
    ownership, unlisted_notices = _ownership(request, sockets, used)
    if ownership is not None and not ownership.unreadable:
        from portsock.sources.linux.absence import confirm

        sockets, ownership = confirm(sockets, ownership, partial(_sockets_again, request, used), request.owners)
    host = system.host(facts=Need.HOST in request.needs)
    known_processes = _processes(request, ownership)
    users = system.users(_known(map(attrgetter("uid"), sockets)))
    notices = (*dumped.notices, *unlisted_notices, *failures.take())
    source = Source("live", used)
    # Only `explain` and questions about addresses need the namespace, which costs a look at the names of all.
    own = own_namespace() if Need.HOST in request.needs else None
    pidns = nested_namespace() if ownership is not None and ownership.hidden_processes is OwnerReason.PIDNS else None
    viewpoint = Viewpoint(
        own, os.geteuid(), others=dumped.others, unseen=dumped.unseen, addresses=dumped.addresses, pidns=pidns,
        followed=dumped.followed,
    )  # fmt: skip
    found = Collection(source, host, taken_at, sockets, ownership, known_processes, users, notices, viewpoint=viewpoint)
    found = found._replace(apart=dumped.apart, apart_elsewhere=dumped.apart_elsewhere, translated=dumped.translated)
    return found._replace(machine=_machine(request, dumped), spaces=dumped.spaces or None)


def _machine(request: Request, dumped: Dumped) -> Machine | None:
    if Need.MACHINE not in request.needs:
        return None
    from portsock.sources.machine import describe

    return describe(dumped.interfaces or None)


def _interfaces(request: Request, netns: int | None) -> tuple[Interface, ...]:
    """Return the interfaces of the calling thread's namespace, if they are requested."""
    if Need.MACHINE not in request.needs:
        return ()
    from portsock.sources.linux.routes.interfaces import interfaces

    return interfaces(netns)


def _sockets(request: Request, backend: str | None) -> Dumped:
    places: list[Place] = []
    each = partial(_each, request, backend, places)
    if request.netns:
        dumped = _every_namespace(request, each)
    else:
        own = own_namespace()
        dumped = _dump(request, backend, own)
        if own is not None:
            dumped = dumped._replace(spaces=(own,), interfaces=_interfaces(request, own.id))
        if own is None or not (request.pids or request.inodes):
            return dumped
        from portsock.sources.linux.namespaces.named import follow, own_place

        places.append(own_place(own, dumped))
        dumped = follow(request, dumped, each)
    from portsock.sources.linux.joining.crossing import find_apart
    from portsock.sources.linux.joining.translated import find_translated

    apart, apart_elsewhere = find_apart(places, request)
    return dumped._replace(apart=apart, apart_elsewhere=apart_elsewhere, translated=find_translated(places, request))


def _sockets_again(request: Request, used: str, protocols: frozenset[str]) -> list[SocketRecord] | None:
    """Return the present sockets of these protocols, read as the first time; None where the tables could not be read whole."""
    if protocols & _SUBFLOWS:  # subflows of MPTCP are marked where both are requested
        protocols |= _SUBFLOWS & request.protocols
    needs = request.needs - {Need.MACHINE}
    again = _sockets(request._replace(protocols=protocols, needs=needs), "procfs" if used == "procfs" else None)
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
    """Return what is in the calling thread's namespace, with the sockets that are joined with no other."""
    if not request.protocols & _SUBFLOWS or (request.states is not None and request.states <= _ONE_END):
        return read_tables(request, backend, netns)
    before = system.passive_opens()
    dumped = read_tables(request, backend, netns)
    states = list(map(_STATE, dumped.sockets))  # one column, since every other way to look for two states takes longer
    if before is not None and before == system.passive_opens() and not any(state in states for state in _HANDSHAKES):
        return dumped
    from portsock.sources.linux.joining import reuse

    return dumped._replace(apart=reuse.find_apart(dumped.sockets, before, request, dumped.backend))


def _every_namespace(request: Request, each: "Callable[..., Dumped]") -> Dumped:
    """Return the sockets of each requested namespace; of 'all' also those of namespaces that only sockets keep open."""
    from portsock.sources.linux import netns

    until = time.monotonic() + (float("inf") if request.seconds is None else request.seconds)
    found = netns.find(request.netns, seconds=request.seconds)
    dumped = each(found.namespaces, until)
    notices = found.notices
    if found.missing or "all" in request.netns:
        from portsock.sources.linux.namespaces import by_socket

        unread = {inode: found.sockets[inode] for inode in found.sockets.keys() - dumped.inodes}
        if len(unread) > by_socket.MANY:  # most of them are in other states, or of protocols that nobody asked for
            listed = each(found.namespaces, until, by_socket.whole(request)).inodes
            unread = {inode: place for inode, place in unread.items() if inode not in listed}
        known = {each.netns.id for each in found.namespaces}
        further, late = by_socket.search(unread, request.protocols, known, None if "all" in request.netns else found.missing)
        dumped = dumped.joined(each(further, until))
        notices = notices + late
    return dumped._replace(notices=notices + dumped.notices)


def _each(
    asked: Request,
    backend: str | None,
    places: "list[Place]",
    found: "Sequence[Namespace]",
    until: float,
    instead: Request | None = None,
) -> Dumped:
    """Return the sockets of these namespaces, read inside each, or from a process in it where it may not be entered.

    What was read of each is added to `places`, unless another request is made `instead`.
    """
    from portsock.sources.linux.joining.crossing import Place
    from portsock.sources.linux.namespaces.notices import denied_notice, late_notice

    all_read = Dumped([], [], backend or "netlink")
    denied: list[Namespace] = []
    late: list[Namespace] = []
    for namespace, dumped, refused in _visited(instead or asked, backend, found, until):
        if dumped is None:
            (denied if refused else late).append(namespace)
            continue
        others = () if namespace.own else (namespace.netns,)
        dumped = dumped._replace(others=others, spaces=(namespace.netns,))
        all_read = all_read.joined(dumped)._replace(backend=dumped.backend)
        if instead is None:
            places.append(Place(namespace, dumped.sockets, dumped.backend, dumped.pid, dumped.apart))
    notices = [denied_notice(denied)] if denied else []
    notices += [late_notice(len(late))] if late else []
    unseen = tuple(each.netns.name or f"net:[{each.netns.id}]" for each in (*denied, *late))
    return all_read.noted(notices)._replace(unseen=unseen)


def _visited(
    request: Request, backend: str | None, found: "Sequence[Namespace]", until: float
) -> "Iterator[tuple[Namespace, Dumped | None, bool]]":
    """Yield each namespace with what was read of it, None where it was not; and whether entering it was refused."""
    from portsock.sources.linux.setns import visit

    def read(namespace: "Namespace") -> Dumped | None:
        if time.monotonic() > until and not namespace.own:
            return None
        dumped = _dump(request, backend, namespace.netns)
        addresses = _addresses(request, namespace, "thread-self")
        return dumped._replace(addresses=addresses, interfaces=_interfaces(request, namespace.netns.id))

    for namespace, outcome in zip(found, visit(found, read), strict=True):
        if isinstance(outcome, FileNotFoundError):  # it has ended since it was found
            continue
        refused = isinstance(outcome, OSError)
        yield namespace, _from_process(request, namespace) if isinstance(outcome, OSError) else outcome, refused


def _addresses(request: Request, namespace: "Namespace", process: str) -> dict[int, frozenset[str]]:
    """Return the addresses of a namespace, seen from a process in it, if they are requested and can be read."""
    found = system.addresses_in(process) if Need.HOST in request.needs else None
    return {} if found is None else {namespace.netns.id: found}


def _from_process(request: Request, namespace: "Namespace") -> Dumped | None:
    """Return the sockets of a namespace from /proc/PID/net of a process in it; None where no process can be read."""
    from portsock.sources.linux import procfs
    from portsock.sources.linux.joining import reuse

    for pid in namespace.pids:
        before = system.passive_opens(str(pid))
        try:
            tables = procfs.dump(request, pid=str(pid), netns=namespace.netns)
        except ReadError:
            continue
        found = _addresses(request, namespace, str(pid))
        apart = reuse.find_apart(tables.sockets, before, request, "procfs", str(pid))
        return Dumped(list(tables.sockets), list(tables.notices), "procfs", addresses=found, pid=pid, apart=apart)
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
        ownership = owners.find(inodes, method=request.owners, numbers=request.descriptors)
        return _with_threads(ownership, inodes, request, records), []
    from portsock.sources.linux import unlisted

    ownership = owners.find(None, method=request.owners, numbers=request.descriptors)
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
