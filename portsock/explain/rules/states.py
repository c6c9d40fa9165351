"""Rules about connections that stay in a state too long, or that only look alarming."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from portsock.endpoints import port_of
from portsock.explain.rules.finding import evidence_line, evidence_lines, make_finding
from portsock.explain.rules.queues import is_full
from portsock.explain.sections.durations import time_text
from portsock.explain.subject import Subject, takes
from portsock.explain.texts.findings import SYN_SENT_FEW, Code
from portsock.explain.transfer import closing_ms, queued
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text, holders_text, plural
from portsock.model import Family, InetEndpoint, Role, Socket, State

CLOSE_WAIT_MANY, CLOSE_WAIT_SETTLED_MS = 5, 1000
"""A program closes within microseconds of reading the end, and a reply to a half-closed connection seldom takes a second."""
CLOSE_WAIT_OLD_MS = 60_000
"""Few programs still send for a minute to a peer that has closed its side and acknowledges nothing new."""
SYN_SENT_MANY = 3
"""An answer takes one round trip, well below a second: several unanswered attempts at a time are no coincidence."""
FIN_WAIT_2_MANY = 10
"""As CLOSE_WAIT, seen from the other side; a few are connections that are just closing."""
TIME_WAIT_MANY = 100
"""So many worry people; the finding says that it is normal."""


def close_wait(subject: Subject) -> Iterator[Finding]:
    """Find programs that do not close what their peers have closed: many connections, or old ones.

    A peer that has shut only its sending side leaves the same state for a while: few and young ones are no finding.
    """
    by_holder: dict[str, list[Socket]] = defaultdict(list)
    for socket in subject.sockets:
        if socket.state is State.CLOSE_WAIT:
            by_holder[holders_text([socket]) or "A process that is not known"].append(socket)
    linux = subject.snapshot.host.system == "Linux"
    for holder, sockets in by_holder.items():
        ages = [closing_ms(socket) for socket in sockets]
        if len(sockets) >= CLOSE_WAIT_MANY:
            settled = sum(age is None or age >= CLOSE_WAIT_SETTLED_MS for age in ages)
            leaks = settled >= CLOSE_WAIT_MANY
            lines = evidence_lines(sockets)
            unread = sum(queued(socket, linux).end_unread for socket in sockets)
            if unread and subject.snapshot.host.system == "Linux":
                lines.insert(0, f"{unread} of {len(sockets)}: not even the end of the stream was read")
            yield make_finding(Code.CLOSE_WAIT_PILE_UP, lines, None if leaks else Severity.NOTICE, who=holder,
                               does="does not close" if leaks else "has not closed yet",
                               count=_connections_text(sockets))  # fmt: skip
            continue
        old = [
            (age, socket) for age, socket in zip(ages, sockets, strict=True) if age is not None and age >= CLOSE_WAIT_OLD_MS
        ]
        if old:
            youngest = min(age for age, _ in old)
            count = "a connection" if len(old) == 1 else f"{len(old)} connections"
            yield make_finding(Code.CLOSE_WAIT_OLD, evidence_lines([socket for _, socket in old]), who=holder, count=count,
                               time=time_text(youngest / 1000))  # fmt: skip


def _connections_text(sockets: Sequence[Socket]) -> str:
    """Return '60 connections to 8081/tcp', or without the port where they have none in common."""
    ports = {port_of(socket.local) for socket in sockets}
    to = f" to {ports.pop()}/tcp" if len(ports) == 1 and sockets[0].role is Role.SERVER else ""
    return f"{len(sockets)} connections{to}"


def syn_sent(subject: Subject) -> Iterator[Finding]:
    """Find unanswered attempts: several to one destination, or one that was already repeated."""
    full = [socket for socket in subject.snapshot.sockets if is_full(socket)]
    for where, sockets in _by_remote(subject.sockets, State.SYN_SENT).items():
        busy = next((listener for listener in full if takes(listener, sockets[0].remote)), None)
        if busy is not None and busy in subject.local_sockets:
            continue  # the finding about the listener's full queue says it all
        resent = max((socket.timer.retransmits or 0 for socket in sockets if socket.timer), default=0)
        lines = evidence_lines(sockets)
        if resent:
            lines.append(f"the SYN was sent again {resent} time{'' if resent == 1 else 's'}")
        serious = resent > 0 or len(sockets) >= SYN_SENT_MANY
        if busy is not None:
            lines.append(f"the listener is on this host, and its accept queue is full: {evidence_line(busy)}")
        if not serious:
            lines.append(SYN_SENT_FEW)
        severity = Severity.WARNING if serious else Severity.INFO
        holder = holders_text(sockets)
        yield make_finding(Code.SYN_SENT_UNANSWERED, lines, severity, attempts=plural(len(sockets), "attempt"), where=where,
                           who=f" of {holder}" if holder else "", verb="has" if len(sockets) == 1 else "have")  # fmt: skip


def fin_wait_2(subject: Subject) -> Iterator[Finding]:
    """Find many connections that are closed on this side only."""
    sockets = [socket for socket in subject.local_sockets if socket.state is State.FIN_WAIT_2]
    if len(sockets) >= FIN_WAIT_2_MANY:
        orphans = sum(not socket.owners for socket in sockets)
        lines = [*evidence_lines(sockets), f"{orphans} of them without a process"]
        yield make_finding(Code.FIN_WAIT_2_MANY, lines, count=len(sockets))


def time_wait(subject: Subject) -> Iterator[Finding]:
    """Find many connections in TIME_WAIT."""
    sockets = [socket for socket in subject.sockets if socket.state is State.TIME_WAIT]
    if len(sockets) >= TIME_WAIT_MANY:
        destination, count = Counter(end_text(socket.remote) for socket in sockets).most_common(1)[0]
        lines = [f"{len(sockets)} in TIME_WAIT, most of them toward {destination} ({count})"]
        yield make_finding(Code.TIME_WAIT_MANY, lines, count=len(sockets))


def time_wait_holds_port(subject: Subject) -> Iterator[Finding]:
    """Find a port that nothing but connections in TIME_WAIT keep in use."""
    sockets = subject.local_sockets
    if subject.port is None or not sockets or any(socket.state is not State.TIME_WAIT for socket in sockets):
        return
    if subject.snapshot.host.system == "Linux" and all(port_of(socket.local) == subject.port for socket in sockets):
        left = max((socket.timer.expires_ms or 0 for socket in sockets if socket.timer), default=0)
        count = "1 connection is" if len(sockets) == 1 else f"{len(sockets)} connections are"
        yield make_finding(Code.TIME_WAIT_HOLDS_PORT, evidence_lines(sockets), port=f"{subject.port}/{sockets[0].protocol}",
                           time=f" for another {time_text(left / 1000)}" if left else "", count=count)  # fmt: skip


def self_connection(subject: Subject) -> Iterator[Finding]:
    """Find sockets whose two ends are the same."""
    for socket in subject.sockets:
        if socket.family is not Family.UNIX and isinstance(socket.local, InetEndpoint) and socket.local == socket.remote:
            who = holders_text([socket]) or "A process that is not known"
            yield make_finding(Code.SELF_CONNECTION, evidence_lines([socket]), who=who, where=end_text(socket.local))


def _by_remote(sockets: Sequence[Socket], state: State) -> dict[str, list[Socket]]:
    found: dict[str, list[Socket]] = defaultdict(list)
    for socket in sockets:
        if socket.state is state:
            found[end_text(socket.remote)].append(socket)
    return found
