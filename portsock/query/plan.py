"""Plan the collection: the narrowest request that answers a question."""

from typing import TYPE_CHECKING

from portsock.enums import OWNER_NEEDS, Need
from portsock.model import Family, State
from portsock.query.query import (
    ALL_PROTOCOLS,
    EVERY_STATE,
    Query,
    Question,
    includes_connection_ports,
    named_processes,
    target_protocols,
    wanted_protocols,
)
from portsock.records import PortFilter, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portsock.query.target import Target

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
"""State of one end → states that the other end can be in (RFC 9293, 3.3.2), with segments still on their way."""


def plan(question: Question, owners: str = "auto") -> Request:
    """Return the narrowest request that loses no row, no role and no peer of the answer. `owners`: how to find them."""
    query, command, needs = question
    asks_owners = not question.all_needs.isdisjoint(OWNER_NEEDS)
    asks_address = _asks_for_address(query)
    # Addresses of other namespaces are not read: all their sockets together show which are local there.
    evidence = asks_address and bool(query.netns)
    if command == "explain":
        # An answer about one endpoint or connection covers other connections to the same remote endpoint.
        evidence = evidence or any(target.kind not in ("port", "service") for target in query.targets)
    ports = None if evidence else _ports(query, question.side)
    whole = evidence or command == "explain"
    protocols = _all_protocols(query, command) if whole else _protocols(query)
    # Facts of processes come with any owners: names and users are shown with pids.
    looked_up = frozenset({Need.PROCESSES} if asks_owners and owners != "none" else ())
    if command == "explain" or asks_address:
        looked_up |= {Need.HOST}
    return Request(
        protocols=protocols | {"tcp"} if "mptcp" in protocols else protocols,  # its subflows are TCP sockets
        # The other end of an IPv4 connection within this host may be an IPv6 socket; only `ports` shows no peers.
        families=query.families if query.families and command == "ports" and not whole else frozenset(Family),
        states=None if whole else _states(question),
        ports=ports,
        owners=owners if asks_owners else "none",
        # A row of ports shows processes; JSON, which needs peers, has the descriptors, too.
        descriptors=command != "ports" or not question.all_needs.isdisjoint({Need.DESCRIPTORS, Need.PEER}),
        netns=query.netns,
        pids=() if query.netns else named_processes(query),
        inodes=() if query.netns or command == "explain" else _named_sockets(query),  # explain has a second look for them
        needs=needs - {Need.PROCESSES} | looked_up,
        listeners=ports is not None and ports.side == "either",
    )


def _named_sockets(query: Query) -> tuple[int, ...]:
    return tuple(getattr(target, "number", 0) for target in query.targets if target.kind == "inode")


def _all_protocols(query: Query, command: str) -> frozenset[str]:
    """Return every protocol of the query; for `explain` of TCP also MPTCP, whose connections TCP sockets may be part of."""
    protocols = wanted_protocols(query) or ALL_PROTOCOLS
    return protocols | {"mptcp"} if command == "explain" and "tcp" in protocols else protocols


def _protocols(query: Query) -> frozenset[str]:
    """Return the protocols asked for; of the default set only those that the targets can have, if every target says."""
    if not query.protocols and not query.all_families and query.targets:
        named = [target_protocols(target) for target in query.targets]
        known = [protocols for protocols in named if protocols is not None]
        if len(known) == len(named):
            return frozenset().union(*known)
    return wanted_protocols(query) or ALL_PROTOCOLS


def _states(question: Question) -> frozenset[State] | None:
    """Return the TCP states to collect, None for all."""
    query, command, needs = question
    counts = command == "ports" and Need.CONNECTIONS in needs and not query.listening
    if query.states >= EVERY_STATE or counts:
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


def _ports(query: Query, side: str) -> PortFilter | None:
    """Return a bound on the ports: groups of filters are ANDed, so that the first group with a port in every value is one."""
    for group in (query.targets, query.local, () if side == "local" else query.remote):
        ranges = _port_ranges(group)
        if ranges:
            return PortFilter(ranges, side)
    return PortFilter(query.ports, side) if query.ports else None


def _port_ranges(targets: "Sequence[Target]") -> tuple[tuple[int, int], ...]:
    """Return the ports that the targets' sockets must have; empty where a target leaves the port open."""
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
    """Tell whether the host's addresses must be known, to tell what a wildcard covers."""
    return not query.exact and any(target.kind in ("address", "endpoint") for target in (*query.targets, *query.local))
