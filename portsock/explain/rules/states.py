"""Rules about connections that stay in a state too long, or that only look alarming."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from portsock.explain.rules.finding import evidence_line, evidence_lines, make_finding
from portsock.explain.rules.queues import is_full
from portsock.explain.sections.durations import sysctl_number
from portsock.explain.subject import Subject, takes
from portsock.explain.texts.findings import SYN_SENT_FEW, Code
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text, holders_text, plural
from portsock.model import Family, InetEndpoint, Socket, State

CLOSE_WAIT_MANY = 5
"""A program closes within microseconds of reading the end: even a busy one seldom has more than a few at a time."""
SYN_SENT_MANY = 3
"""An answer takes one round trip, well below a second: several unanswered attempts at a time are no coincidence."""
SYN_RECV_MANY = 20
"""A handshake is unfinished for one round trip: with 100 ms that takes 200 new clients a second."""
FIN_WAIT_2_MANY = 10
"""As CLOSE_WAIT, seen from the other side; a few are connections that are just closing."""
TIME_WAIT_MANY = 100
"""So many worry people; the finding says that it is normal."""


def close_wait(subject: Subject) -> Iterator[Finding]:
    """Find programs that do not close what their peers have closed."""
    by_holder: dict[str, list[Socket]] = defaultdict(list)
    for socket in subject.local_sockets:
        if socket.state is State.CLOSE_WAIT:
            by_holder[holders_text([socket]) or "a process that is not known"].append(socket)
    for holder, sockets in by_holder.items():
        if len(sockets) >= CLOSE_WAIT_MANY:
            yield make_finding(Code.CLOSE_WAIT_PILE_UP, evidence_lines(sockets), count=len(sockets), who=holder)


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
        yield make_finding(Code.SYN_SENT_UNANSWERED, lines, severity, attempts=plural(len(sockets), "attempt"), where=where,
                           verb="has" if len(sockets) == 1 else "have")  # fmt: skip


def syn_recv(subject: Subject) -> Iterator[Finding]:
    """Find many unfinished handshakes."""
    counts: dict[str, list[Socket]] = defaultdict(list)
    for socket in subject.local_sockets:
        if socket.state is State.SYN_RECV:
            counts[end_text(socket.local)].append(socket)
    for where, sockets in counts.items():
        if len(sockets) >= SYN_RECV_MANY:
            cookies = sysctl_number(subject.snapshot.host, "net.ipv4.tcp_syncookies")
            lines = [*evidence_lines(sockets), *([f"net.ipv4.tcp_syncookies = {cookies}"] if cookies is not None else [])]
            yield make_finding(Code.SYN_RECV_FLOOD, lines, count=len(sockets), where=where)


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


def self_connection(subject: Subject) -> Iterator[Finding]:
    """Find sockets whose two ends are the same."""
    for socket in subject.sockets:
        if socket.family is not Family.UNIX and isinstance(socket.local, InetEndpoint) and socket.local == socket.remote:
            yield make_finding(Code.SELF_CONNECTION, evidence_lines([socket]), where=end_text(socket.local))


def _by_remote(sockets: Sequence[Socket], state: State) -> dict[str, list[Socket]]:
    found: dict[str, list[Socket]] = defaultdict(list)
    for socket in sockets:
        if socket.state is state:
            found[end_text(socket.remote)].append(socket)
    return found
