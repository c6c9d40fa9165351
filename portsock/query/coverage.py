"""What an answer covers: within that, what it does not have was not there."""

from collections.abc import Iterator, Sequence

from portsock.enums import WITH_PORTS
from portsock.model import Coverage, Netns, State
from portsock.query.query import ALL_PROTOCOLS, EVERY_STATE, Query, Question, wanted_protocols

_WITHOUT_PEER = frozenset({State.LISTEN, State.BOUND})


def coverage(question: Question, netns: Sequence[Netns] | None) -> Coverage:
    """Return what the answer to this question covers. `netns`: the network namespaces that were read."""
    protocols = wanted_protocols(question.query) or ALL_PROTOCOLS
    if question.command == "ports":
        protocols &= WITH_PORTS
    spaces = None if netns is None else tuple(netns)
    return Coverage(protocols, _states(question), spaces, tuple(_filters(question)))


def narrowed(earlier: Coverage, question: Question) -> Coverage:
    """Return what the answer to this question covers, out of a record that covers `earlier`."""
    own = coverage(question, earlier.netns)
    states = [each for each in (earlier.states, own.states) if each is not None]
    return Coverage(
        earlier.protocols & own.protocols,
        frozenset.intersection(*states) if states else None,
        earlier.netns,
        tuple(dict.fromkeys((*earlier.filters, *own.filters))),
    )


def _states(question: Question) -> frozenset[State] | None:
    """Return the TCP states of which every socket is in the answer."""
    query = question.query
    wanted = query.states | ({State.ESTABLISHED} if query.established else frozenset())
    if query.listening:
        wanted |= {State.LISTEN}
    found = wanted if wanted and not wanted >= EVERY_STATE else None
    if question.command != "ports":
        return found
    # The rows of a port that is listened on have no other sockets.
    passive = _WITHOUT_PEER if found is None else found & _WITHOUT_PEER
    return passive or found


def _filters(question: Question) -> Iterator[str]:
    """Yield the targets and options that left sockets out, and the command where it shows only sockets that something has."""
    query = question.query
    if question.command in ("procs", "explain"):
        yield question.command
    yield from (target.text for target in query.targets)
    for family in sorted(query.families):
        yield f"--{family}"
    for option, values in _options(query):
        yield from (f"{option} {value}" for value in values)


def _options(query: Query) -> Iterator[tuple[str, Sequence[object]]]:
    yield "--local", [end.text for end in query.local]
    yield "--remote", [end.text for end in query.remote]
    yield "--port", [str(first) if first == last else f"{first}-{last}" for first, last in query.ports]
    yield "--pid", query.pids
    yield "--process", query.processes
    yield "--user", query.users
    yield "--exclude", [target.text for target in query.exclude]
