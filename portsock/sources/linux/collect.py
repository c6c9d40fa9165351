"""Linux as a source: sockets from netlink, or from /proc where there is no diag module; holders by inode; process facts."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from portsock.enums import Need, OwnerReason
from portsock.errors import ReadError
from portsock.model import Netns, Notice, Process, Source, State, Viewpoint
from portsock.records import Collection, Ownership, Request, SocketRecord
from portsock.sources import failures, system
from portsock.sources.linux import owners, processes
from portsock.sources.linux.visibility import nested_namespace

if TYPE_CHECKING:
    from portsock.sources.linux.netlink import Dump
    from portsock.sources.linux.netns import Namespace

_DIAG_ONLY = {"vsock": "AF_VSOCK", "sctp": "SCTP", "mptcp": "MPTCP"}
"""Protocols that are read with netlink only, and their names in /proc/net/protocols."""
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
        own, os.geteuid(), others=dumped.others, unseen=dumped.unseen, addresses=dumped.addresses, pidns=pidns
    )
    found = Collection(source, host, taken_at, sockets, ownership, known_processes, users, notices, viewpoint=viewpoint)
    return found._replace(apart=dumped.apart, apart_elsewhere=dumped.apart_elsewhere)


def _sockets(request: Request, backend: str | None) -> "_Dumped":
    if request.netns:
        return _every_namespace(request, backend)
    return _dump(request, backend, own_namespace())


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


class _Dumped(NamedTuple):
    """The sockets of one or several namespaces."""

    sockets: list[SocketRecord]
    notices: list[Notice]
    backend: str
    others: tuple[Netns, ...] = ()
    """Requested namespaces that were read, other than our own."""
    unseen: tuple[str, ...] = ()
    """Requested namespaces that were not read."""
    addresses: Mapping[int, frozenset[str]] = {}
    """The addresses of each requested namespace by its number, if asked for."""
    apart: frozenset[int] = frozenset()
    apart_elsewhere: frozenset[int] = frozenset()
    """See Collection."""
    pid: int | None = None
    """The process through which the namespace was read; None where it was entered."""


def _dump(request: Request, backend: str | None, netns: Netns | None) -> _Dumped:
    """Return what is in the calling thread's namespace, with the sockets that are joined with no other."""
    if not request.protocols & _SUBFLOWS or (request.states is not None and request.states <= _ONE_END):
        return _read_tables(request, backend, netns)
    before = system.passive_opens()
    dumped = _read_tables(request, backend, netns)
    states = list(map(_STATE, dumped.sockets))  # one column, since every other way to look for two states takes longer
    if before is not None and before == system.passive_opens() and not any(state in states for state in _HANDSHAKES):
        return dumped
    from portsock.sources.linux.joining import reuse

    return dumped._replace(apart=reuse.find_apart(dumped.sockets, before, request, dumped.backend))


def _read_tables(request: Request, backend: str | None, netns: Netns | None) -> _Dumped:
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
            return _Dumped(dump.sockets, dump.notices, "netlink")
    from portsock.sources.linux import procfs

    tables = procfs.dump(request, pid="thread-self", netns=netns)
    missing = _missing_notice(request.protocols & _DIAG_ONLY.keys())
    return _Dumped(list(tables.sockets), [*refused, *tables.notices, *missing], "procfs")


def _add_tables(request: Request, netns: Netns | None, dump: "Dump", backend: str | None) -> _Dumped:
    """Add from /proc what this kernel has no diag module for; where netlink is forced, add a notice instead."""
    names = {protocol for protocol, _ in dump.missing}
    if backend == "netlink":
        return _Dumped(dump.sockets, [*dump.notices, *_missing_notice(names)], "netlink")
    from portsock.sources.linux import procfs

    tables = procfs.dump(request, pid="thread-self", netns=netns, only=dump.missing)
    return _Dumped(
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


def _every_namespace(request: Request, backend: str | None) -> _Dumped:
    """Return the sockets of each requested namespace, read inside it, or from a process in it where it may not be entered."""
    from portsock.sources.linux import netns
    from portsock.sources.linux.joining.crossing import Place, find_apart
    from portsock.sources.linux.setns import visit

    found, notices = netns.namespaces(request.netns)
    records: list[SocketRecord] = []
    used = backend or "netlink"
    places: list[Place] = []
    denied: list[Namespace] = []
    late: list[Namespace] = []
    others: list[Netns] = []
    addresses: dict[int, frozenset[str]] = {}
    until = time.monotonic() + (float("inf") if request.seconds is None else request.seconds)

    def read(namespace: "Namespace") -> _Dumped | None:
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
        places.append(Place(namespace, dumped.sockets, used, dumped.pid, dumped.apart))
    if denied:
        notices.append(netns.denied_notice(denied))
    unseen = tuple(each.netns.name or f"net:[{each.netns.id}]" for each in (*denied, *late))
    return _Dumped(records, notices, used, tuple(others), unseen, addresses, *find_apart(places, request))


def _addresses(request: Request, namespace: "Namespace", process: str) -> dict[int, frozenset[str]]:
    """Return the addresses of a namespace, seen from a process in it, if they are requested and can be read."""
    found = system.addresses_in(process) if Need.HOST in request.needs else None
    return {} if found is None else {namespace.netns.id: found}


def _from_process(request: Request, namespace: "Namespace") -> _Dumped | None:
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
        return _Dumped(list(tables.sockets), list(tables.notices), "procfs", addresses=found, pid=pid, apart=apart)
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
        return owners.find(inodes, method=request.owners, numbers=request.descriptors), []
    from portsock.sources.linux import unlisted

    ownership = owners.find(None, method=request.owners, numbers=request.descriptors)
    wanted = {inode: held for inode, held in ownership.holders.items() if inode in inodes}
    return ownership._replace(holders=wanted), unlisted.unlisted_notices(ownership.holders, inodes)


def _wants_bound(request: Request) -> bool:
    """Tell whether the request includes bound TCP sockets that neither listen nor are connected, of our own namespace."""
    return "tcp" in request.protocols and not request.netns and (request.states is None or State.BOUND in request.states)


def _processes(request: Request, ownership: Ownership | None) -> Mapping[int, Process]:
    if ownership is None or Need.PROCESSES not in request.needs:
        return {}
    pids = {holder.pid for holders in ownership.holders.values() for holder in holders if holder.pid is not None}
    parents, commands, context = (need in request.needs for need in (Need.PARENTS, Need.COMMANDS, Need.CONTEXT))
    return processes.facts(pids, parents=parents, started=ownership.started, commands=commands, context=context)
