"""Predicates for targets, ports and ends. Imported only where a query has some."""

from collections.abc import Iterable, Set

from portsock.model import Netns, Snapshot
from portsock.query.matching.endpoints import (
    IsLocal,
    connection_predicate,
    inet_predicate,
    locality,
    port_predicate,
    service_predicate,
    unix_predicate,
)
from portsock.query.matching.owners import fd_predicate, name_predicate, pid_predicate
from portsock.query.query import Predicate, Query, any_of
from portsock.query.target import ConnectionTarget, InetTarget, NumberTarget, ServiceTarget, Target, UnixTarget


def target_predicates(snapshot: Snapshot, query: Query, side: str) -> list[Predicate]:
    """Return the conditions of ports, ends, targets and exclusions; a socket matches where all hold."""
    is_local = None if query.exact else locality(snapshot, query)
    found: list[Predicate] = []
    if query.ports:
        found.append(port_predicate(query.ports, side))
    if query.local:
        found.append(_any_target(query.local, "local", snapshot, is_local))
    if query.remote:
        found.append(_any_target(query.remote, "remote", snapshot, None))
    if query.targets:
        found.append(_any_target(query.targets, side, snapshot, is_local, _followed(snapshot)))
    if query.exclude:
        found.append(_none_of(_any_target(query.exclude, side, snapshot, None)))
    return found


def _none_of(excluded: Predicate) -> Predicate:
    return lambda socket: not excluded(socket)


def _followed(snapshot: Snapshot) -> Set[Netns]:
    """Return the namespaces that were read only because a process or socket that is named is in them."""
    return snapshot.viewpoint.followed if snapshot.viewpoint is not None else frozenset()


def _any_target(
    targets: Iterable[Target], side: str, snapshot: Snapshot, is_local: IsLocal | None, followed: Set[Netns] = frozenset()
) -> Predicate:
    """Match a socket that one of the targets names. `is_local` None: no wildcard covers an address.

    In the `followed` namespaces, only targets that name processes and sockets by number match.
    """
    ranges: list[tuple[int, int]] = []
    pids: list[int] = []
    others: list[Predicate] = []
    numbered: list[Predicate] = []
    for target in targets:
        if isinstance(target, InetTarget) and target.ports is not None and _is_plain_port(target):
            ranges.append(target.ports)
        elif isinstance(target, NumberTarget) and target.kind == "pid":
            pids.append(target.number)
        elif isinstance(target, NumberTarget):
            numbered.append(_target_predicate(target, side, snapshot, is_local))
        else:
            others.append(_target_predicate(target, side, snapshot, is_local))
    # Plain ports and pids go into one set each: the shell may expand $(pgrep …) into a hundred.
    found: list[Predicate] = [port_predicate(ranges, side)] if ranges else []
    found += others
    if followed and found:
        near = any_of(found)
        found = [lambda socket: socket.netns not in followed and near(socket)]
    found += numbered
    found += [pid_predicate(pids)] if pids else []
    return any_of(found)


def _is_plain_port(target: InetTarget) -> bool:
    return target.kind == "port" and target.protocol is None and target.zone is None


def _target_predicate(target: Target, side: str, snapshot: Snapshot, is_local: IsLocal | None) -> Predicate:
    if isinstance(target, InetTarget):
        return inet_predicate(target, side, is_local)
    if isinstance(target, ServiceTarget):
        return service_predicate(target, side)
    if isinstance(target, ConnectionTarget):
        return connection_predicate(target)
    if isinstance(target, UnixTarget):
        return unix_predicate(target, side)
    if isinstance(target, NumberTarget):
        number = target.number
        return fd_predicate(number, target.fd) if target.kind == "fd" else lambda socket: socket.inode == number
    return name_predicate(target.kind, target.name, snapshot.processes)
