"""What a query needs to have collected: the narrowest request that loses no row, no role and no peer."""

from typing import TYPE_CHECKING

from portsock.model import Family, State
from portsock.query.selection import (
    ALL_PROTOCOLS,
    EVERY_STATE,
    OWNER_KINDS,
    Query,
    filters_owners,
    includes_connection_ports,
    target_protocols,
    wanted_protocols,
)
from portsock.records import PortFilter, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portsock.query.target import Target

_PASSIVE = frozenset({State.LISTEN, State.BOUND})

_OPPOSITE: dict[State, frozenset[State]] = {
    State.SYN_SENT: frozenset({State.SYN_SENT, State.SYN_RECV, State.ESTABLISHED}),
    State.SYN_RECV: frozenset({State.SYN_SENT, State.SYN_RECV, State.ESTABLISHED}),
    State.ESTABLISHED: frozenset({State.SYN_SENT, State.SYN_RECV, State.ESTABLISHED, State.FIN_WAIT_1}),
    State.FIN_WAIT_1: frozenset({State.ESTABLISHED, State.FIN_WAIT_1, State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK}),
    State.FIN_WAIT_2: frozenset({State.CLOSE_WAIT, State.LAST_ACK}),
    State.CLOSE_WAIT: frozenset({State.FIN_WAIT_1, State.FIN_WAIT_2}),
    State.CLOSING: frozenset({State.FIN_WAIT_1, State.CLOSING, State.TIME_WAIT}),
    State.LAST_ACK: frozenset({State.FIN_WAIT_1, State.FIN_WAIT_2, State.TIME_WAIT}),
    State.TIME_WAIT: frozenset({State.CLOSING, State.LAST_ACK}),
}
"""In which states the other end of a connection can be (RFC 9293, 3.3.2), a FIN on its way included: it is to be seen, too."""


def plan(
    query: Query,
    *,
    command: str,
    needs_owners: bool,
    needs_connections: bool,
    owners: str = "auto",
    info: bool = False,
    timers: bool = False,
    memory: bool = False,
    parents: bool = False,
) -> Request:
    """The request that the query and the command's output need.

    `command` is 'ports', 'sockets', 'procs' or 'explain'. `needs_owners`: the output names owners (owner filters speak for
    themselves). `needs_connections`: `ports` counts them, for which it takes all states. `owners`: how to find them.
    """
    asks_owners = needs_owners or filters_owners(query) or any(target.kind in OWNER_KINDS for target in query.exclude)
    asks_address = _asks_for_address(query)
    # Addresses of other namespaces are not read: what is local there is told by all the sockets there are.
    evidence = asks_address and bool(query.netns)
    if command == "explain":
        # What goes to the same remote endpoint from other local ports belongs to the answer about one endpoint or connection.
        evidence = evidence or any(target.kind not in ("port", "service") for target in query.targets)
    ports = None if evidence else _ports(query, command)
    whole = evidence or command == "explain"
    return Request(
        protocols=(wanted_protocols(query) or ALL_PROTOCOLS) if whole else _protocols(query),
        # The other end of an IPv4 connection within this host may be an IPv6 socket; only `ports` shows no peers.
        families=query.families if query.families and command == "ports" and not whole else frozenset(Family),
        states=None if whole else _states(query, command, needs_connections),
        ports=ports,
        owners=owners if asks_owners else "none",
        netns=query.netns,
        info=info,
        timers=timers,
        memory=memory,
        processes=asks_owners and owners != "none",
        parents=parents,
        facts=command == "explain" or asks_address,
        listeners=ports is not None and ports.side == "either",
    )


def _protocols(query: Query) -> frozenset[str]:
    """Those asked for; of a default set only the ones that the targets can have, if all of them tell."""
    if not query.protocols and not query.all_families and query.targets:
        named = [target_protocols(target) for target in query.targets]
        known = [protocols for protocols in named if protocols is not None]
        if len(known) == len(named):
            return frozenset().union(*known)
    return wanted_protocols(query) or ALL_PROTOCOLS


def _states(query: Query, command: str, needs_connections: bool) -> frozenset[State] | None:
    if query.states >= EVERY_STATE or (command == "ports" and needs_connections):
        return None
    wanted = query.states | ({State.ESTABLISHED} if query.established else set())
    if not wanted and not query.listening:
        if command != "ports" or includes_connection_ports(query):
            return None
        wanted = frozenset({State.BOUND})
    if command != "ports":
        wanted = wanted.union(*(_OPPOSITE.get(state, ()) for state in wanted))
    if State.BOUND in wanted:
        wanted |= {State.CLOSED}  # the kernel's tables call both TCP_CLOSE
    return wanted | {State.LISTEN}


def _ports(query: Query, command: str) -> PortFilter | None:
    """The ports of the first group of filters that has one in every value: groups are ANDed, so that each is a bound."""
    local = command == "ports"
    for group in (query.targets, query.local, () if local else query.remote):
        ranges = _port_ranges(group)
        if ranges:
            return PortFilter(ranges, "local" if local else "either")
    return PortFilter(query.ports, "local" if local else "either") if query.ports else None


def _port_ranges(targets: "Sequence[Target]") -> tuple[tuple[int, int], ...]:
    """The ports that the targets' sockets must have, or none where one of them leaves the port open."""
    ranges: set[tuple[int, int]] = set()
    for target in targets:
        found = _ports_of(target)
        if not found:
            return ()
        ranges |= found
    return tuple(sorted(ranges))


def _ports_of(target: "Target") -> set[tuple[int, int]]:
    from portsock.query.target import ConnectionTarget, InetTarget, ServiceTarget

    if isinstance(target, InetTarget):
        return set() if target.ports is None else {target.ports}
    if isinstance(target, ServiceTarget):
        return {(port, port) for _, port in target.pairs}
    if isinstance(target, ConnectionTarget):
        return {end.ports for end in target.ends if end.ports is not None}
    return set()


def _asks_for_address(query: Query) -> bool:
    """Whether it must be known which addresses are this host's, for what a wildcard covers."""
    return not query.exact and any(target.kind in ("address", "endpoint") for target in (*query.targets, *query.local))
