"""Answer a question from a snapshot: the sockets that match, those that might, and notices about what was not seen."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from portsock.model import Notice, OwnerReason, OwnerStatus, Snapshot, Socket
from portsock.query.query import (
    Predicate,
    Query,
    Question,
    is_selective,
    selects_by_owner,
    selects_by_state,
    wanted_protocols,
    without_owners,
)

Row = TypeVar("Row")

_MAY_HAVE_OTHER_OWNERS = frozenset({OwnerStatus.HIDDEN, OwnerStatus.PARTIAL, OwnerStatus.UNREPORTED, OwnerStatus.ELSEWHERE})


class Answer(NamedTuple, Generic[Row]):
    """The answer to a question: what matches, and what might."""

    question: Question
    rows: Sequence[Row]
    sockets: Sequence[Socket]
    """The sockets that the rows show."""
    possible: Sequence[Socket]
    """Further sockets that might match: their owners, by which the question selects, could not be seen."""
    snapshot: Snapshot
    """The snapshot searched, with notices about what could not be seen."""


def answer(
    question: Question,
    snapshot: Snapshot,
    rows_of: Callable[[list[Socket]], Sequence[Row]],
    sockets_of: Callable[[Row], Iterable[Socket]] | None,
) -> Answer[Row]:
    """Answer the question from the snapshot.

    `rows_of` groups the selected sockets into rows, `sockets_of` opens a row; it is None where every socket is a row.
    """
    selected = select(snapshot, question.query, side=question.side)
    rows = rows_of(selected)
    shown = selected if sockets_of is None else [socket for row in rows for socket in sockets_of(row)]
    # A process that cannot be seen is a missing row of `procs`; elsewhere it is a missing cell.
    reported = selected if question.command == "procs" else shown
    possible = possible_sockets(question, snapshot, reported)
    snapshot = with_notices(question, snapshot, reported, possible)
    if question.command == "procs":
        possible += [socket for socket in reported if socket.owner_status in _MAY_HAVE_OTHER_OWNERS and not socket.owners]
    return Answer(question, rows, shown, possible, snapshot)


def select(snapshot: Snapshot, query: Query, *, side: str) -> list[Socket]:
    """Return the sockets that match the query, in the snapshot's order; the snapshot's own list where all do.

    `side` is the end that a port or address means: 'local' or 'either'.
    """
    sockets = snapshot.sockets
    protocols = wanted_protocols(query)
    if protocols is not None and not protocols.issuperset(set(map(attrgetter("protocol"), sockets))):
        sockets = [socket for socket in sockets if socket.protocol in protocols]
    if is_selective(query):
        from portsock.query.matching.conditions import predicates

        for predicate in predicates(snapshot, query, side):
            sockets = [socket for socket in sockets if predicate(socket)]
    return sockets if protocols is not None and "mptcp" not in protocols else _without_twin_subflows(sockets)


def _without_twin_subflows(sockets: list[Socket]) -> list[Socket]:
    """Leave out the TCP subflow that has the same ends as its MPTCP socket: the kernel lists that socket twice.

    The two share their inode, or have none before they are accepted. Subflows over other addresses stay.
    """
    listed = {(item.netns, item.inode, item.local, item.remote) for item in sockets if item.protocol == "mptcp"}
    if not listed:
        return sockets
    return [
        item for item in sockets if item.protocol != "tcp" or (item.netns, item.inode, item.local, item.remote) not in listed
    ]


def possible_sockets(question: Question, snapshot: Snapshot, reported: Sequence[Socket]) -> list[Socket]:
    """Return sockets not reported that meet all but the conditions on owners, and whose owners were not all seen.

    Empty where the query has no such conditions, or names only processes that could be read.
    """
    query = question.query
    if not selects_by_owner(query) or _names_readable_processes_only(snapshot, query):
        return []
    candidates = select(snapshot, without_owners(query), side=question.side)
    known = set(map(id, reported))
    return [socket for socket in candidates if socket.owner_status in _MAY_HAVE_OTHER_OWNERS and id(socket) not in known]


def _names_readable_processes_only(snapshot: Snapshot, query: Query) -> bool:
    """Tell whether the query selects processes by number alone, and each of them could be read."""
    numbers = set(query.pids)
    for target in query.targets:
        if target.kind not in ("pid", "fd"):
            return False
        numbers.add(getattr(target, "number", 0))
    if query.processes or query.users or snapshot.source.kind != "live":
        return False
    if snapshot.unlisted not in (None, OwnerReason.PIDNS):  # a pid is one of our own PID namespace, which is listed whole
        return False
    return numbers.isdisjoint(snapshot.unreadable)


def with_notices(
    question: Question, snapshot: Snapshot, reported: Sequence[Socket], possible: Sequence[Socket] = ()
) -> Snapshot:
    """Add the notices about what the source does not report, whose owners were not seen, and which sockets are wildcards."""
    from portsock.normalize.visibility import with_owner_notices

    if question.source_dependent_needs:
        from portsock.query.missing import missing_notices

        snapshot = snapshot.with_notices(missing_notices(question, snapshot))
    if snapshot.source.kind == "capture" and selects_by_state(question.query):
        from portsock.query.missing import unknown_states

        snapshot = snapshot.with_notices(unknown_states(question, snapshot, select))
    snapshot = with_owner_notices(snapshot, [*reported, *possible])
    snapshot = snapshot.with_notices(_followed_notices(question, snapshot, reported))
    return snapshot.with_notices(_wildcard_notices(question, snapshot, [*reported, *possible]))


def _followed_notices(question: Question, snapshot: Snapshot, reported: Sequence[Socket]) -> tuple[Notice, ...]:
    """Return the notice that some sockets are in other network namespaces, which nobody asked for, if any are."""
    followed = snapshot.viewpoint.followed if snapshot.viewpoint is not None and question.command != "explain" else ()
    inside = [socket.netns for socket in reported if socket.netns in followed] if followed else []
    if not inside:
        return ()
    names = sorted({netns.name or f"net:[{netns.id}]" for netns in inside if netns is not None})
    number = "1 of these is" if len(inside) == 1 else f"{len(inside)} of these are"
    space = "namespace" if len(names) == 1 else "namespaces"
    text = f"{number} in network {space} {', '.join(names)}, not in this one"
    return (Notice("netns_followed", len(inside), text, incomplete=False),)


def _wildcard_notices(question: Question, snapshot: Snapshot, reported: Sequence[Socket]) -> tuple[Notice, ...]:
    """Return the notice that some sockets match only because their wildcard covers the address asked for, if any do."""
    covered = covering(snapshot, question.query, side=question.side) if question.command != "explain" else None
    number = sum(map(covered, reported)) if covered else 0
    if not number:
        return ()
    text = f"{number} of these {'is' if number == 1 else 'are'} bound to a wildcard that covers the address asked for"
    return (Notice("covered_by_wildcard", number, f"{text}; --exact leaves such sockets out", incomplete=False),)


def covering(snapshot: Snapshot, query: Query, *, side: str) -> Predicate | None:
    """Return a test whether a selected socket matches only because its wildcard covers the address asked for.

    None where no socket can.
    """
    places = (*query.targets, *query.local)
    if query.exact or not any(place.kind in ("address", "endpoint") for place in places):
        return None
    from portsock.query.matching.conditions import predicates

    exact = predicates(snapshot, query._replace(exact=True, exclude=()), side)
    return lambda socket: not all(predicate(socket) for predicate in exact)
