"""Rules about queues and buffers (tcp_diag, listen(2), udp(7))."""

from collections.abc import Iterator

from portsock.explain import transfer
from portsock.explain.rules.datagrams import counters_of
from portsock.explain.rules.finding import evidence_lines, make_finding
from portsock.explain.subject import Subject
from portsock.explain.texts.causes import RESENT_TO_NOBODY, RESENT_UNANSWERED
from portsock.explain.texts.findings import LIMIT_UNKNOWN, Code
from portsock.explain.transfer import BYTES_MANY
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text, holders_text, plural
from portsock.model import Socket, State
from portsock.normalize.roles import is_passive

QUEUE_WAITING = 10
"""Waiting connections that are a finding whatever the limit is: a program that keeps up accepts each within an instant."""
RESENDS_MANY = 2
"""One resend is ordinary loss."""


def accept_queue(subject: Subject) -> Iterator[Finding]:
    """Find accept queues that are full (more wait than the limit) or filling (half of the limit, or QUEUE_WAITING)."""
    for socket in subject.listeners:
        waiting, limit = socket.accept_queue, socket.accept_limit
        if not waiting:
            continue
        where = end_text(socket.local)
        if limit is not None and is_full(socket):
            lines = [*evidence_lines([socket]), *_dropped_lines(socket, subject)]
            yield make_finding(Code.ACCEPT_QUEUE_FULL, lines, who=holders_text([socket]) or "The server",
                               where=where, count=waiting, limit=limit)  # fmt: skip
        elif waiting >= QUEUE_WAITING or (limit is not None and waiting * 2 >= limit):
            of_limit = LIMIT_UNKNOWN if limit is None else f", of at most {limit + 1}"
            yield make_finding(
                Code.ACCEPT_QUEUE_FILLING, evidence_lines([socket]), count=waiting, where=where, of_limit=of_limit
            )


def refused_connections(subject: Subject) -> Iterator[Finding]:
    """Find listeners whose queues were too small some time: sk_drops counts it (tcp_listendrop() in net/ipv4)."""
    for socket in subject.listeners:
        count = _dropped(socket)
        if count and not is_full(socket):
            lines = [*evidence_lines([socket]), *_dropped_lines(socket, subject)]
            yield make_finding(Code.CONNECTIONS_DROPPED, lines, who=holders_text([socket]) or "The listener",
                               count=plural(count, "connection attempt"), where=end_text(socket.local))  # fmt: skip


def _dropped(socket: Socket) -> int:
    return (socket.memory.drops or 0) if socket.memory is not None and socket.protocol == "tcp" else 0


def _dropped_lines(socket: Socket, subject: Subject) -> list[str]:
    """Return how often a full queue refused a connection: of this listener, and of all in its namespace."""
    counters = counters_of(socket, subject)
    count = _dropped(socket)
    lines = [f"{plural(count, 'attempt')} dropped by this listener since it was opened"] if count else []
    if count and "ListenOverflows" in counters:
        lines.append(f"ListenOverflows {counters['ListenOverflows']} (full accept queues, all listeners of the namespace)")
    return lines


def is_full(socket: Socket) -> bool:
    """Tell whether a listener's queue takes no more: the kernel refuses once there are more than the limit."""
    if socket.state is not State.LISTEN or socket.accept_queue is None or socket.accept_limit is None:
        return False
    return socket.accept_queue > socket.accept_limit


def unread(subject: Subject) -> Iterator[Finding]:
    """Find bytes that the local program does not read, where tcp_info does not say more; the title has the worst socket."""
    linux = _linux(subject)
    counts = [(_unread(socket, linux), socket) for socket in subject.sockets if socket.recv_q]
    found = [(count, socket) for count, socket in counts if count >= _unread_limit(socket) and not transfer.is_unread(socket)]
    if found:
        found.sort(key=lambda item: -item[0])
        count, worst = found[0]
        lines = evidence_lines([socket for _, socket in found])
        yield make_finding(Code.UNREAD_DATA, lines, count=plural(count, "byte"), where=end_text(worst.local))


def unacknowledged(subject: Subject) -> Iterator[Finding]:
    """Find bytes that the peer does not acknowledge, where there is no tcp_info to say more: listings, and /proc."""
    sockets = [socket for socket in subject.sockets if _has_bytes(socket) and socket.info is None and _stuck(socket)]
    if sockets:
        sockets.sort(key=lambda socket: -(socket.send_q or 0))
        worst = sockets[0]
        resends = worst.timer.retransmits if worst.timer else None
        cause = ""
        if worst.timer and worst.timer.kind == "persist":
            cause = RESENT_TO_NOBODY
        elif resends:
            cause = RESENT_UNANSWERED.format(again=plural(resends, "time"))
        severity = Severity.WARNING if (resends or 0) >= RESENDS_MANY else None
        waiting = transfer.queued(worst, _linux(subject)).waiting if worst.protocol == "tcp" else worst.send_q or 0
        count = plural(waiting, "byte") if waiting else "the close (FIN)"
        yield make_finding(Code.UNACKNOWLEDGED_DATA, evidence_lines(sockets), severity, count=count,
                           where=end_text(worst.remote), cause=cause)  # fmt: skip


def _linux(subject: Subject) -> bool:
    return subject.snapshot.host.system == "Linux"


def _unread(socket: Socket, linux: bool) -> int:
    """Return the bytes to be read, without the FIN of TCP."""
    if not _has_bytes(socket):
        return 0
    return transfer.queued(socket, linux).unread if socket.protocol == "tcp" else socket.recv_q or 0


def _has_bytes(socket: Socket) -> bool:
    """Tell whether its queues count bytes: not those of a listener, nor the SYN of SYN_SENT."""
    return socket.state not in (State.LISTEN, State.SYN_SENT, State.SYN_RECV, State.TIME_WAIT)


def _unread_limit(socket: Socket) -> int:
    """Return half of the buffer where its size is known and recv_q counts memory (datagrams), else BYTES_MANY."""
    if is_passive(socket) and socket.memory is not None and socket.memory.recv_max:
        return max(1, socket.memory.recv_max // 2)
    return BYTES_MANY


def _stuck(socket: Socket) -> bool:
    if not socket.send_q:
        return False
    timer = socket.timer
    if timer is not None and (timer.kind == "persist" or (timer.retransmits or 0) >= RESENDS_MANY):
        return True
    return socket.send_q >= BYTES_MANY
