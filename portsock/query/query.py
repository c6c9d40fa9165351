"""Queries: the targets and filters of a command line, and what follows from them alone."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from portsock.enums import DETAILS, SOURCE_DEPENDENT, Need
from portsock.model import Family, Socket, State
from portsock.port_numbers import naming_protocol

if TYPE_CHECKING:
    # Defining these types takes milliseconds of every start; most commands parse no target.
    from portsock.query.target import SocketEnd, Target

DEFAULT_PROTOCOLS = frozenset({"tcp", "udp", "udplite"})
ALL_PROTOCOLS = DEFAULT_PROTOCOLS | {"raw", "icmp", "unix", "netlink", "packet", "vsock", "sctp", "mptcp"}
EVERY_STATE = frozenset(State)

_NEEDS_OF_KIND = {
    "pid": (Need.OWNERS,),
    "fd": (Need.OWNERS, Need.DESCRIPTORS),
    "proc": (Need.OWNERS,),
    "user": (Need.OWNERS, Need.USERS),
    "unit": (Need.OWNERS, Need.UNITS),
    "container": (Need.OWNERS, Need.CONTAINERS),
    "inode": (Need.INODES,),
}
"""Kind of a target → what a source must report to answer it. Ports and addresses are always reported."""

UNANSWERABLE = "filter_unreported"
"""The code of the notice that a filter needs a fact that the source does not report."""

Predicate = Callable[[Socket], bool]


def any_of(found: Sequence[Predicate]) -> Predicate:
    """Combine predicates: one of them must hold."""
    if len(found) == 1:
        return found[0]

    def holds(socket: Socket) -> bool:
        for predicate in found:  # noqa: SIM110 - any() over a generator takes twice the time
            if predicate(socket):
                return True
        return False

    return holds


class Query(NamedTuple):
    """Targets and filters.

    Values of one field are ORed, the fields are ANDed. `listening`, `established` and `states` count as one field.
    """

    targets: tuple["Target", ...] = ()
    exclude: tuple["Target", ...] = ()
    listening: bool = False
    established: bool = False
    states: frozenset[State] = frozenset()
    families: frozenset[Family] = frozenset()
    protocols: frozenset[str] = frozenset()
    """Replace the default set, unless empty."""
    all_families: bool = False
    """Every protocol, also those outside the internet families."""
    local: tuple["SocketEnd", ...] = ()
    remote: tuple["SocketEnd", ...] = ()
    ports: tuple[tuple[int, int], ...] = ()
    """Ranges, first and last."""
    pids: tuple[int, ...] = ()
    processes: tuple[str, ...] = ()
    """Globs, as after proc:."""
    users: tuple[str, ...] = ()
    """Names or uids."""
    netns: tuple[str, ...] = ()
    """For the source, which returns sockets of these namespaces only."""
    all: bool = False
    exact: bool = False
    """A wildcard address does not cover a specific one."""


class Question(NamedTuple):
    """A query, the command that asks it, and what the command's output needs."""

    query: Query
    command: str
    """'ports', 'sockets', 'procs' or 'explain'."""
    needs: frozenset[Need]

    @property
    def side(self) -> str:
        """The end that a port or address of a target means: 'local' in `ports`, else 'either'."""
        return "local" if self.command == "ports" else "either"

    @property
    def all_needs(self) -> frozenset[Need]:
        """The needs of the output and of the query's filters."""
        return self.needs.union(*(needs for _, needs in filters(self.query)), *_exclusion_needs(self.query))

    @property
    def source_dependent_needs(self) -> frozenset[Need]:
        """The needs that only some sources serve. `explain` makes do with the details that there are."""
        needs = self.all_needs & SOURCE_DEPENDENT
        return needs - DETAILS if self.command == "explain" else needs


def filters(query: Query) -> Iterator[tuple[str, tuple[Need, ...]]]:
    """Yield each target and filter that needs a fact not every source reports, as typed, with these facts."""
    for target in query.targets:
        if target.kind in _NEEDS_OF_KIND:
            yield target.text, _NEEDS_OF_KIND[target.kind]
    for option, kind, values in (
        ("--pid", "pid", query.pids),
        ("--process", "proc", query.processes),
        ("--user", "user", query.users),
    ):
        for value in values:
            yield f"{option} {value}", _NEEDS_OF_KIND[kind]


def _exclusion_needs(query: Query) -> list[tuple[Need, ...]]:
    return [_NEEDS_OF_KIND[target.kind] for target in query.exclude if target.kind in _NEEDS_OF_KIND]


def names_process(target: "Target") -> bool:
    """Tell whether the target names a process, so that owners decide what matches it."""
    return Need.OWNERS in _NEEDS_OF_KIND.get(target.kind, ())


def named_processes(query: Query) -> tuple[int, ...]:
    """Return the processes that the query names by number, also as pid:N and fd:N/D."""
    return (*query.pids, *(getattr(target, "number", 0) for target in query.targets if target.kind in ("pid", "fd")))


def target_protocols(target: "Target") -> frozenset[str] | None:
    """Return the protocols that a target's sockets can have: ALL_PROTOCOLS for any, None where the target does not say."""
    from portsock.query.target import ConnectionTarget, InetTarget, ServiceTarget, UnixTarget

    if isinstance(target, InetTarget | ConnectionTarget):
        return None if target.protocol is None else frozenset({target.protocol})
    if isinstance(target, ServiceTarget):
        named = {protocol for protocol, _ in target.pairs}
        return frozenset(named.union(protocol for protocol in DEFAULT_PROTOCOLS if naming_protocol(protocol) in named))
    if isinstance(target, UnixTarget):
        return frozenset({"unix"})
    return ALL_PROTOCOLS if target.kind in ("fd", "inode") else None


def wanted_protocols(query: Query) -> frozenset[str] | None:
    """Return the protocols that the query selects; None for every one, known here or not."""
    if query.all_families:
        return None
    if query.protocols:
        return query.protocols
    named = [target_protocols(target) for target in (*query.targets, *query.local, *query.remote)]
    if any(protocols == ALL_PROTOCOLS for protocols in named):
        return None
    return DEFAULT_PROTOCOLS.union(*(protocols for protocols in named if protocols is not None))


def is_selective(query: Query) -> bool:
    """Tell whether a target or filter is given, so that an empty result is exit status 1."""
    return query._replace(netns=(), all=False, exact=False, all_families=False) != Query()


def selects_by_state(query: Query) -> bool:
    """Tell whether states decide what matches."""
    return (query.listening or query.established or bool(query.states)) and not query.states >= EVERY_STATE


def selects_by_owner(query: Query) -> bool:
    """Tell whether owners decide which sockets match; owners may be hidden (exit status 3)."""
    return bool(query.pids or query.processes or query.users) or any(map(names_process, query.targets))


def without_owners(query: Query) -> Query:
    """Return the query without its conditions on owners.

    Targets are alternatives: where one of them names a process, none of them is a condition any more.
    """
    return query._replace(
        targets=() if any(map(names_process, query.targets)) else query.targets,
        exclude=tuple(target for target in query.exclude if not names_process(target)),
        pids=(),
        processes=(),
        users=(),
    )


def includes_connection_ports(query: Query) -> bool:
    """Tell whether `ports` also lists ports that only connections use: with --all, a port, an address or a state."""
    if query.all or query.established or query.states or query.ports or query.local or query.remote:
        return True
    return not all(map(names_process, query.targets))
