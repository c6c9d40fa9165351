"""A query's conditions as functions of one socket, cheapest first; made once, then asked 50,000 times."""

from collections.abc import Sequence

from portsock.model import PASSIVE, Family, Snapshot, Socket, SocketType, State, UnixEndpoint
from portsock.query.query import EVERY_STATE, Predicate, Query

_STREAMS = frozenset({SocketType.STREAM, SocketType.SEQPACKET})


def predicates(snapshot: Snapshot, query: Query, side: str) -> list[Predicate]:
    """The conditions of the query but its protocols; all must hold."""
    found: list[Predicate] = []
    if query.families:
        # A source that does not tell IPv4 from IPv6 may mean either, or both.
        families = query.families | {Family.INET}
        found.append(lambda socket: socket.family in families)
    if (query.listening or query.established or query.states) and not query.states >= EVERY_STATE:
        found.append(_state_predicate(query))
    if query.ports or query.local or query.remote or query.targets or query.exclude:
        from portsock.query.target_matching import place_predicates

        found += place_predicates(snapshot, query, side)
    if query.pids or query.processes or query.users:
        found += _owner_predicates(snapshot, query)
    return found


def _owner_predicates(snapshot: Snapshot, query: Query) -> list[Predicate]:
    from portsock.query.owner_matching import name_predicate, pid_predicate

    found = [pid_predicate(query.pids)] if query.pids else []
    for kind, names in (("proc", query.processes), ("user", query.users)):
        if names:
            found.append(any_of([name_predicate(kind, name, snapshot.processes) for name in names]))
    return found


def is_listening(socket: Socket) -> bool:
    """Whether --listening shows it: a listener, or a bound socket of a kind that needs none to receive."""
    state = socket.state
    if state is State.LISTEN:
        return True
    if socket.family is Family.UNIX and socket.type is SocketType.DGRAM:  # ESTABLISHED, too, once others connect to it
        named = isinstance(socket.local, UnixEndpoint) and socket.local.path is not None
        return named and socket.peer_inode is None and socket.remote is None
    if state is not State.UNCONN:
        return state is None and socket.role in PASSIVE
    # A listing may spell CLOSED as UNCONN for TCP.
    return socket.family is not Family.UNIX and socket.type not in _STREAMS and socket.protocol != "tcp"


def _state_predicate(query: Query) -> Predicate:
    states = query.states | {State.ESTABLISHED} if query.established else query.states
    if not query.listening:
        return lambda socket: socket.state in states
    if not states:
        return is_listening
    return lambda socket: socket.state in states or is_listening(socket)


def any_of(found: Sequence[Predicate]) -> Predicate:
    """Whether one of them holds."""
    if len(found) == 1:
        return found[0]

    def holds(socket: Socket) -> bool:
        for predicate in found:  # noqa: SIM110 - any() over a generator takes twice the time
            if predicate(socket):
                return True
        return False

    return holds
