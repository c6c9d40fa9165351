"""Rules about connections that stay in a state in which they should not, or that only look alarming."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from portsock.endpoints import port_of
from portsock.explain.rules.finding import evidence, evidence_line, finding
from portsock.explain.rules.queues import is_full
from portsock.explain.scene import Scene, takes
from portsock.explain.sections.durations import setting
from portsock.explain.show import end_text, plural, who
from portsock.explain.texts.findings import SYN_SENT_FEW, Code
from portsock.explain.types import Finding, Severity
from portsock.model import Family, InetEndpoint, Role, Socket, State

CLOSE_WAIT_MANY = 5
"""A program closes within microseconds of reading the end: even a busy one seldom shows more than a few at one moment."""
SYN_SENT_MANY = 3
"""An answer takes one round trip, well below a second: several unanswered attempts at one moment are no coincidence."""
SYN_RECV_MANY = 20
"""A handshake is unfinished for one round trip: with 100 ms that takes 200 new clients a second."""
FIN_WAIT_2_MANY = 10
"""As CLOSE_WAIT, seen from the other side; a few are connections that are just closing."""
TIME_WAIT_MANY = 100
"""From here on people begin to ask; the finding only says that it is normal."""
EPHEMERAL_NOTICE, EPHEMERAL_WARNING = 50, 80
"""Percent of the ephemeral range in use toward one destination: from half on connect(2) has to search, at the end it fails."""


def close_wait(scene: Scene) -> Iterator[Finding]:
    """Programs that do not close what their peers have closed."""
    by_holder: dict[str, list[Socket]] = defaultdict(list)
    for socket in scene.here:
        if socket.state is State.CLOSE_WAIT:
            by_holder[who([socket]) or "a process that is not known"].append(socket)
    for holder, sockets in by_holder.items():
        if len(sockets) >= CLOSE_WAIT_MANY:
            yield finding(Code.CLOSE_WAIT_PILE_UP, evidence(sockets), count=len(sockets), who=holder)


def syn_sent(scene: Scene) -> Iterator[Finding]:
    """Attempts that nobody answers: several to one destination, or one that has already been repeated."""
    full = [socket for socket in scene.snapshot.sockets if is_full(socket)]
    for where, sockets in _by_remote(_both(scene), State.SYN_SENT).items():
        busy = next((listener for listener in full if takes(listener, sockets[0].remote)), None)
        if busy is not None and busy in scene.here:
            continue  # that the listener's queue is full is told already, and is the reason
        resent = max((socket.timer.retransmits or 0 for socket in sockets if socket.timer), default=0)
        lines = evidence(sockets)
        if resent:
            lines.append(f"the SYN was sent again {resent} time{'' if resent == 1 else 's'}")
        serious = resent > 0 or len(sockets) >= SYN_SENT_MANY
        if busy is not None:
            lines.append(f"the listener is on this host, and its accept queue is full: {evidence_line(busy)}")
        if not serious:
            lines.append(SYN_SENT_FEW)
        severity = Severity.WARNING if serious else Severity.INFO
        yield finding(Code.SYN_SENT_UNANSWERED, lines, severity, attempts=plural(len(sockets), "attempt"), where=where,
                      verb="has" if len(sockets) == 1 else "have")  # fmt: skip


def syn_recv(scene: Scene) -> Iterator[Finding]:
    """Unfinished handshakes in numbers."""
    counts: dict[str, list[Socket]] = defaultdict(list)
    for socket in scene.here:
        if socket.state is State.SYN_RECV:
            counts[end_text(socket.local)].append(socket)
    for where, sockets in counts.items():
        if len(sockets) >= SYN_RECV_MANY:
            cookies = setting(scene.snapshot.host, "net.ipv4.tcp_syncookies")
            lines = [*evidence(sockets), *([f"net.ipv4.tcp_syncookies = {cookies}"] if cookies is not None else [])]
            yield finding(Code.SYN_RECV_FLOOD, lines, count=len(sockets), where=where)


def fin_wait_2(scene: Scene) -> Iterator[Finding]:
    """Closed here, not closed there."""
    sockets = [socket for socket in scene.here if socket.state is State.FIN_WAIT_2]
    if len(sockets) >= FIN_WAIT_2_MANY:
        orphans = sum(not socket.owners for socket in sockets)
        lines = [*evidence(sockets), f"{orphans} of them without a process"]
        yield finding(Code.FIN_WAIT_2_MANY, lines, count=len(sockets))


def time_wait(scene: Scene) -> Iterator[Finding]:
    """Many, and still nothing to worry about."""
    sockets = [socket for socket in _both(scene) if socket.state is State.TIME_WAIT]
    if len(sockets) >= TIME_WAIT_MANY:
        places = Counter(end_text(socket.remote) for socket in sockets).most_common(1)
        lines = [f"{len(sockets)} in TIME_WAIT, most of them toward {places[0][0]} ({places[0][1]})"]
        yield finding(Code.TIME_WAIT_MANY, lines, count=len(sockets))


def ephemeral_exhaustion(scene: Scene) -> Iterator[Finding]:
    """Local ports toward one destination that are nearly used up. Counted over the whole snapshot, told for the target's."""
    first, last = scene.snapshot.host.ephemeral
    size = last - first + 1
    wanted = {_destination(socket) for socket in _both(scene) if socket.remote is not None}
    used: dict[object, list[Socket]] = defaultdict(list)
    for socket in scene.snapshot.sockets:
        port = port_of(socket.local)
        if port is not None and first <= port <= last and socket.role is not Role.SERVER and socket.remote is not None:
            key = _destination(socket)
            if key in wanted:
                used[key].append(socket)
    for sockets in used.values():
        count = len({port_of(socket.local) for socket in sockets})
        percent = 100 * count // size
        if percent >= EPHEMERAL_NOTICE:
            waiting = sum(socket.state is State.TIME_WAIT for socket in sockets)
            severity = Severity.WARNING if percent >= EPHEMERAL_WARNING else Severity.NOTICE
            lines = [f"{count} local ports of {first}-{last} in use, {waiting} of them in TIME_WAIT"]
            yield finding(Code.EPHEMERAL_EXHAUSTION, lines, severity, count=count, size=size, percent=percent,
                          where=end_text(sockets[0].remote))  # fmt: skip


def self_connection(scene: Scene) -> Iterator[Finding]:
    """A TCP socket whose two ends are the same."""
    for socket in _both(scene):
        if socket.family is not Family.UNIX and isinstance(socket.local, InetEndpoint) and socket.local == socket.remote:
            yield finding(Code.SELF_CONNECTION, evidence([socket]), where=end_text(socket.local))


def _both(scene: Scene) -> list[Socket]:
    return [*scene.here, *scene.there]


def _destination(socket: Socket) -> object:
    """What connections that compete for local ports have in common."""
    local = socket.local.address if isinstance(socket.local, InetEndpoint) else None
    return (socket.host, socket.netns, socket.protocol, local, socket.remote)


def _by_remote(sockets: Sequence[Socket], state: State) -> dict[str, list[Socket]]:
    found: dict[str, list[Socket]] = defaultdict(list)
    for socket in sockets:
        if socket.state is state:
            found[end_text(socket.remote)].append(socket)
    return found
