"""Rules about queues and buffers (tcp_diag, listen(2), udp(7))."""

from collections.abc import Iterator

from portsock.explain.rules.finding import evidence, finding
from portsock.explain.scene import Scene, is_passive
from portsock.explain.show import end_text
from portsock.explain.texts.findings import NO_LIMIT_TOLD, Code
from portsock.explain.types import Finding, Severity
from portsock.model import Socket, State

QUEUE_WAITING = 10
"""Connections that wait whatever the limit is: a program that keeps up takes each within an instant."""
BYTES_MANY = 64 * 1024
"""More than one socket buffer's worth of a transfer that is simply under way: the classic TCP window."""
RESENDS_MANY = 2
"""One resend is ordinary loss."""


def accept_queue(scene: Scene) -> Iterator[Finding]:
    """Full when more wait than the limit, since the kernel compares with 'greater'; filling from half of it."""
    for socket in scene.listeners:
        waiting, limit = socket.accept_queue, socket.accept_limit
        if not waiting:
            continue
        where = end_text(socket.local)
        if limit is not None and is_full(socket):
            yield finding(Code.ACCEPT_QUEUE_FULL, evidence([socket]), where=where, count=waiting, limit=limit)
        elif waiting >= QUEUE_WAITING or (limit is not None and waiting * 2 >= limit):
            told = NO_LIMIT_TOLD if limit is None else f", of at most {limit + 1}"
            yield finding(Code.ACCEPT_QUEUE_FILLING, evidence([socket]), count=waiting, where=where, of_limit=told)


def is_full(socket: Socket) -> bool:
    """Whether a listener's queue takes no more: the kernel refuses once there are more than the limit."""
    if socket.state is not State.LISTEN or socket.accept_queue is None or socket.accept_limit is None:
        return False
    return socket.accept_queue > socket.accept_limit


def unread(scene: Scene) -> Iterator[Finding]:
    """Bytes that the local program leaves lying; the worst socket is told."""
    sockets = [socket for socket in scene.here if _has_bytes(socket) and (socket.recv_q or 0) >= _unread_limit(socket)]
    if sockets:
        sockets.sort(key=lambda socket: -(socket.recv_q or 0))
        worst = sockets[0]
        yield finding(Code.UNREAD_DATA, evidence(sockets), count=worst.recv_q, where=end_text(worst.local))


def unacknowledged(scene: Scene) -> Iterator[Finding]:
    """Bytes that the peer does not acknowledge, or will not take (a zero window has the kernel's persist timer)."""
    sockets = [socket for socket in scene.here if _has_bytes(socket) and _stuck(socket)]
    if sockets:
        sockets.sort(key=lambda socket: -(socket.send_q or 0))
        worst = sockets[0]
        lines = evidence(sockets)
        resends = worst.timer.retransmits if worst.timer else None
        if worst.timer and worst.timer.kind == "persist":
            lines.append("the peer's window is closed: its program does not read")
        elif resends:
            lines.append(f"sent again {resends} time{'' if resends == 1 else 's'} without an answer")
        severity = Severity.WARNING if (resends or 0) >= RESENDS_MANY else None
        where = end_text(worst.remote)
        yield finding(Code.UNACKNOWLEDGED_DATA, lines, severity, count=worst.send_q, where=where)


def drops(scene: Scene) -> Iterator[Finding]:
    """Datagrams for which there was no room."""
    for socket in scene.here:
        if socket.protocol in ("udp", "udplite") and socket.memory is not None and socket.memory.drops:
            lines = [*evidence([socket]), f"buffer: {socket.memory.recv_used} of {socket.memory.recv_max} bytes in use"]
            yield finding(Code.DATAGRAMS_DROPPED, lines, count=socket.memory.drops, where=end_text(socket.local))


def _has_bytes(socket: Socket) -> bool:
    """Whether its queues count bytes: not of a listener, and not the SYN of SYN_SENT."""
    return socket.state not in (State.LISTEN, State.SYN_SENT, State.SYN_RECV, State.TIME_WAIT)


def _unread_limit(socket: Socket) -> int:
    """Half of the buffer where its size is known and the figure counts memory (datagrams), else BYTES_MANY."""
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
