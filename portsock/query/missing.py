"""Notices about facts that a question needs and its source does not report.

Without them an empty column would look like an empty fact, and a filter on the fact like an answer.
"""

from collections.abc import Callable, Iterable

from portsock.enums import DETAILS, GROUPS, SOURCE_DEPENDENT, Need
from portsock.model import PASSIVE, Family, Notice, Snapshot, Socket, State
from portsock.query.query import UNANSWERABLE, Question, filters

_OPTIONS = {Need.INFO: "--info", Need.TIMERS: "--timers", Need.MEMORY: "--memory"}

_STATEFUL = frozenset({"tcp", "mptcp"})

_BY_BACKEND = {"netlink": SOURCE_DEPENDENT, "procfs": SOURCE_DEPENDENT - {Need.INFO, Need.MEMORY}}
"""Facts that live sources report. psutil depends on the system: its facts are judged by its sockets."""

_EVIDENCE: dict[Need, Callable[[Socket], object]] = {
    Need.INFO: lambda socket: socket.info is not None,
    Need.TIMERS: lambda socket: socket.timer is not None,
    Need.MEMORY: lambda socket: socket.memory is not None,
    Need.INODES: lambda socket: socket.inode is not None,
    Need.DESCRIPTORS: lambda socket: any(owner.fd is not None for owner in socket.owners),
    Need.USERS: lambda socket: socket.user or socket.uid is not None or any(owner.user for owner in socket.owners),
}
"""Tests by which a socket shows that its source reports the fact."""


def missing_notices(question: Question, snapshot: Snapshot) -> tuple[Notice, ...]:
    """Return the notices about details, and about filters, whose facts the source does not report."""
    reported = _reported(question.source_dependent_needs, snapshot)
    notices = [_details_notice(question.source_dependent_needs & DETAILS - reported, snapshot)]
    # Where no socket has an owner, the notices about owners say all that there is to say.
    owned = any(socket.owners for socket in snapshot.sockets)
    for typed, needs in filters(question.query):
        lacking = [need for need in needs if need in SOURCE_DEPENDENT and need not in reported]
        if lacking and snapshot.sockets and (owned or Need.OWNERS not in needs):
            text = f"{_source(snapshot)} not report {lacking[0]}: it cannot tell what matches {typed}"
            notices.append(Notice(UNANSWERABLE, None, text))
    return tuple(filter(None, notices))


def unknown_states(question: Question, snapshot: Snapshot, select: Callable[..., list[Socket]]) -> tuple[Notice, ...]:
    """Return the notice that a listing does not tell the states of sockets that meet all conditions but those on states.

    `select` returns the sockets that match a query. SCTP's own states and families without states are known to be others.
    """
    query = question.query
    if all(socket.state is not None for socket in snapshot.sockets):
        return ()
    found = [
        socket
        for socket in select(
            snapshot, query._replace(listening=False, established=False, states=frozenset()), side=question.side
        )
        if socket.state is None and (socket.protocol in _STATEFUL or (socket.family is Family.UNIX and socket.state_raw))
    ]
    wanted = query.states | {State.ESTABLISHED} if query.established else query.states
    if not query.listening and wanted <= GROUPS["connected"]:
        found = [socket for socket in found if socket.remote is not None]
    elif not wanted:
        found = [socket for socket in found if socket.remote is None and socket.role not in PASSIVE]
    if not found:
        return ()
    raw = next((socket.state_raw for socket in found if socket.state_raw), None)
    which = "1 socket has a state that is" if len(found) == 1 else f"{len(found)} sockets have states that are"
    shown = f" ({ascii(raw[:40]) if not raw.isprintable() else raw[:40]})" if raw else ""
    return (
        Notice(UNANSWERABLE, len(found), f"{which} not known{shown}: the filter on states cannot tell whether they match"),
    )


def _reported(needs: Iterable[Need], snapshot: Snapshot) -> frozenset[Need]:
    """Return those of the needs that the source reports."""
    source = snapshot.source
    if source.kind == "live" and source.backend in _BY_BACKEND:
        return _BY_BACKEND[source.backend]
    if source.kind == "capture" and any(item.format == "portsock" for item in source.inputs):
        return SOURCE_DEPENDENT - DETAILS | _shown(DETAILS.intersection(needs), snapshot)
    return _shown(needs, snapshot)


def _shown(needs: Iterable[Need], snapshot: Snapshot) -> frozenset[Need]:
    """Return those of the needs that some socket or process of the snapshot shows."""
    processes = snapshot.processes.values()
    by_process = {
        Need.USERS: any(process.user or process.uid is not None for process in processes),
        Need.UNITS: any(process.unit for process in processes),
        Need.CONTAINERS: any(process.container or process.forwards_to for process in processes),
    }
    return frozenset(
        need for need in needs if by_process.get(need) or (need in _EVIDENCE and any(map(_EVIDENCE[need], snapshot.sockets)))
    )


def _details_notice(missing: frozenset[Need], snapshot: Snapshot) -> Notice | None:
    """Return the notice about options whose details are missing, None where none is."""
    options = [option for need, option in _OPTIONS.items() if need in missing]
    if not options:
        return None
    named = f"{' and '.join(options)} ask{'s' if len(options) == 1 else ''}"
    return Notice("details_missing", None, f"{_source(snapshot)} not tell what {named} for", incomplete=False)


def _source(snapshot: Snapshot) -> str:
    """Return the subject of a sentence about the source, with its verb: '/proc does'."""
    if snapshot.source.kind == "live":
        return {"procfs": "/proc does", "psutil": "psutil does"}.get(snapshot.source.backend or "", "this source does")
    return "this listing does" if len(snapshot.source.inputs) == 1 else "these listings do"
