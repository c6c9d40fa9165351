"""What a query asks for, and which sockets of a snapshot answer it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from portsock.enums import GROUPS, parse_state
from portsock.errors import UsageError
from portsock.model import Family, Snapshot, Socket, State
from portsock.port_numbers import naming_protocol

if TYPE_CHECKING:
    # Defining these types costs every start some milliseconds; they are there once a target has been parsed.
    from portsock.query.target import InetTarget, ServiceTarget, Target, UnixTarget

    Place = InetTarget | ServiceTarget | UnixTarget

DEFAULT_PROTOCOLS = frozenset({"tcp", "udp", "udplite"})
ALL_PROTOCOLS = DEFAULT_PROTOCOLS | {"raw", "icmp", "unix", "netlink", "packet", "vsock", "sctp", "mptcp"}
EVERY_STATE = frozenset(State)

OWNER_KINDS = frozenset({"pid", "fd", "proc", "user", "unit", "container"})
"""Kinds of targets that name a process."""

Predicate = Callable[[Socket], bool]


class Query(NamedTuple):
    """Targets and filters. Values of one field are ORed, the fields ANDed; listening, established and states are one group."""

    targets: tuple["Target", ...] = ()
    exclude: tuple["Target", ...] = ()
    listening: bool = False
    established: bool = False
    states: frozenset[State] = frozenset()
    families: frozenset[Family] = frozenset()
    protocols: frozenset[str] = frozenset()
    """Replace the default set where there are any."""
    all_families: bool = False
    """Every protocol, also those of no internet family."""
    local: tuple["Place", ...] = ()
    remote: tuple["Place", ...] = ()
    ports: tuple[tuple[int, int], ...] = ()
    """Ranges, first and last."""
    pids: tuple[int, ...] = ()
    processes: tuple[str, ...] = ()
    """Globs, as behind proc:."""
    users: tuple[str, ...] = ()
    """Names or uids."""
    netns: tuple[str, ...] = ()
    """For the source, which gives no sockets of others; selection does not look at it."""
    all: bool = False
    exact: bool = False
    """Do not count the wildcard as covering an address."""


def parse_states(text: str) -> frozenset[State]:
    """The states that a value of --state means: one by any tool's spelling, or a group. Raises UsageError.

    'closing' is the group and 'CLOSING' the state, which no other group shares its name with.
    """
    group = GROUPS.get(text)
    if group is not None:
        return group
    state = parse_state(text)
    if state is not None:
        return frozenset({state})
    group = GROUPS.get(text.lower())
    if group is not None:
        return group
    from portsock.query.refusals import near, shown

    close = near(text.upper().replace("-", "_"), [*State, *(name.upper() for name in GROUPS)])
    names = [name.lower() if name.lower() in GROUPS else name for name in close]
    hint = f"did you mean {' or '.join(names)}?" if names else f"states are {', '.join([*State, *GROUPS])}"
    raise UsageError(f"{shown(text)} is no state; {hint}")


def target_protocols(target: "Target") -> frozenset[str] | None:
    """The protocols that a target's sockets can have: ALL_PROTOCOLS where it can be any, None where it does not tell."""
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
    """The protocols that the query asks for; None is every one, also those not known here."""
    if query.all_families:
        return None
    if query.protocols:
        return query.protocols
    named = [target_protocols(target) for target in (*query.targets, *query.local, *query.remote)]
    if any(protocols == ALL_PROTOCOLS for protocols in named):
        return None
    return DEFAULT_PROTOCOLS.union(*(protocols for protocols in named if protocols is not None))


def names_something(query: Query) -> bool:
    """Whether a target or a filter is given, so that finding nothing is an answer of its own (exit status 1)."""
    return query._replace(netns=(), all=False, exact=False, all_families=False) != Query()


def filters_owners(query: Query) -> bool:
    """Whether the query finds sockets by their owners, which may be hidden (exit status 3)."""
    return bool(query.pids or query.processes or query.users) or any(item.kind in OWNER_KINDS for item in query.targets)


def without_owners(query: Query) -> Query:
    """The query without its conditions on owners. Targets are alternatives: where one names a process, none is a condition."""
    owning = any(item.kind in OWNER_KINDS for item in query.targets)
    return query._replace(
        targets=() if owning else query.targets,
        exclude=tuple(item for item in query.exclude if item.kind not in OWNER_KINDS),
        pids=(),
        processes=(),
        users=(),
    )


def includes_connection_ports(query: Query) -> bool:
    """Whether `ports` also has rows for ports that only connections use: with --all, a place, or a state to look for."""
    if query.all or query.established or query.states or query.ports or query.local or query.remote:
        return True
    return any(item.kind not in OWNER_KINDS for item in query.targets)


def select(snapshot: Snapshot, query: Query, *, side: str) -> list[Socket]:
    """The sockets that answer the query, in the snapshot's order; the snapshot's own list where all do.

    `side`: 'local' where a port or address means the local end (ports), else 'either'.
    """
    sockets = snapshot.sockets
    protocols = wanted_protocols(query)
    if protocols is not None and not protocols.issuperset({socket.protocol for socket in sockets}):
        sockets = [socket for socket in sockets if socket.protocol in protocols]
    if names_something(query):
        from portsock.query.matching import predicates

        for predicate in predicates(snapshot, query, side):
            sockets = [socket for socket in sockets if predicate(socket)]
    return sockets if protocols is not None and "mptcp" not in protocols else _once(sockets)


def _once(sockets: list[Socket]) -> list[Socket]:
    """Without the TCP subflows that have the ends of a selected MPTCP socket: the same socket, told a second time.

    The two share their inode, or have none before they are accepted. Subflows over other addresses stay.
    """
    told = {(item.netns, item.inode, item.local, item.remote) for item in sockets if item.protocol == "mptcp"}
    if not told:
        return sockets
    return [
        item for item in sockets if item.protocol != "tcp" or (item.netns, item.inode, item.local, item.remote) not in told
    ]


def covering(snapshot: Snapshot, query: Query, *, side: str) -> Predicate | None:
    """Tells of a selected socket whether it answers only because its wildcard address covers the address asked for.

    None where none can.
    """
    places = (*query.targets, *query.local)
    if query.exact or not any(place.kind in ("address", "endpoint") for place in places):
        return None
    from portsock.query.matching import predicates

    exact = predicates(snapshot, query._replace(exact=True, exclude=()), side)
    return lambda socket: not all(predicate(socket) for predicate in exact)
