"""Rules about queues and buffers (tcp_diag, listen(2), udp(7))."""

from collections.abc import Iterator

from portsock.explain.rules.finding import evidence_lines, make_finding
from portsock.explain.subject import Subject
from portsock.explain.texts.findings import LIMIT_UNKNOWN, Code
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text
from portsock.model import Socket, State
from portsock.normalize.roles import is_passive

QUEUE_WAITING = 10
"""Waiting connections that are a finding whatever the limit is: a program that keeps up accepts each within an instant."""
BYTES_MANY = 64 * 1024
"""More than one socket buffer's worth of a transfer that is simply under way: the classic TCP window."""
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
            yield make_finding(Code.ACCEPT_QUEUE_FULL, evidence_lines([socket]), where=where, count=waiting, limit=limit)
        elif waiting >= QUEUE_WAITING or (limit is not None and waiting * 2 >= limit):
            of_limit = LIMIT_UNKNOWN if limit is None else f", of at most {limit + 1}"
            yield make_finding(
                Code.ACCEPT_QUEUE_FILLING, evidence_lines([socket]), count=waiting, where=where, of_limit=of_limit
            )


def is_full(socket: Socket) -> bool:
    """Tell whether a listener's queue takes no more: the kernel refuses once there are more than the limit."""
    if socket.state is not State.LISTEN or socket.accept_queue is None or socket.accept_limit is None:
        return False
    return socket.accept_queue > socket.accept_limit


def unread(subject: Subject) -> Iterator[Finding]:
    """Find bytes that the local program does not read; the title has the worst socket."""
    sockets = [
        socket for socket in subject.local_sockets if _has_bytes(socket) and (socket.recv_q or 0) >= _unread_limit(socket)
    ]
    if sockets:
        sockets.sort(key=lambda socket: -(socket.recv_q or 0))
        worst = sockets[0]
        yield make_finding(Code.UNREAD_DATA, evidence_lines(sockets), count=worst.recv_q, where=end_text(worst.local))


def unacknowledged(subject: Subject) -> Iterator[Finding]:
    """Find bytes that the peer does not acknowledge, or does not take (a zero window has the kernel's persist timer)."""
    sockets = [socket for socket in subject.local_sockets if _has_bytes(socket) and _stuck(socket)]
    if sockets:
        sockets.sort(key=lambda socket: -(socket.send_q or 0))
        worst = sockets[0]
        lines = evidence_lines(sockets)
        resends = worst.timer.retransmits if worst.timer else None
        if worst.timer and worst.timer.kind == "persist":
            lines.append("the peer's window is closed: its program does not read")
        elif resends:
            lines.append(f"sent again {resends} time{'' if resends == 1 else 's'} without an answer")
        severity = Severity.WARNING if (resends or 0) >= RESENDS_MANY else None
        where = end_text(worst.remote)
        yield make_finding(Code.UNACKNOWLEDGED_DATA, lines, severity, count=worst.send_q, where=where)


def drops(subject: Subject) -> Iterator[Finding]:
    """Find datagrams that were dropped because the buffer was full."""
    for socket in subject.local_sockets:
        if socket.protocol in ("udp", "udplite") and socket.memory is not None and socket.memory.drops:
            lines = [*evidence_lines([socket]), f"buffer: {socket.memory.recv_used} of {socket.memory.recv_max} bytes in use"]
            yield make_finding(Code.DATAGRAMS_DROPPED, lines, count=socket.memory.drops, where=end_text(socket.local))


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
