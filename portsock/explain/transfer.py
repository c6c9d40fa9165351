"""What one TCP connection is doing, from its queues, its timer and tcp_info: is it stuck, slow or alive?

Sources: net/ipv4/tcp_diag.c (queues), net/ipv4/inet_diag.c (timers), net/ipv4/tcp_timer.c (resends and probes), and struct
tcp_info in include/uapi/linux/tcp.h.
"""

from enum import StrEnum
from typing import NamedTuple

from portsock.explain.wording import plural
from portsock.model import Socket, State

FIN_RECEIVED = frozenset({State.CLOSE_WAIT, State.LAST_ACK, State.CLOSING})
"""The peer's FIN has a place in the receive queue until the program has read the end of the stream."""
FIN_SENT = frozenset({State.FIN_WAIT_1, State.CLOSING, State.LAST_ACK})
"""The own FIN has a place in the send queue until it is acknowledged."""
_WITHOUT_BYTES = frozenset({State.LISTEN, State.SYN_SENT, State.SYN_RECV, State.TIME_WAIT, State.BOUND, State.CLOSED})

RESENDS_MANY, RESENDS_OF_LOSSY = 3, 5
"""So many resends in a row, 1.4 s at least, are no ordinary loss; on a path that has lost segments before it takes more."""
PROBES_MANY = 3
"""Linux answers probes of a closed window at most twice a second (tcp_invalid_ratelimit): the first ones may get no answer."""
PROBES_REFUSED = 2
CLOSED_LONG_MS = 1000
"""A reader that keeps up opens its window within a round trip."""
UNREAD_LONG_MS = 5000
"""A program that works reads within an instant."""
BYTES_MANY = 64 * 1024
"""More than one socket buffer's worth of a transfer that is simply under way: the classic TCP window."""
LOSS_PERCENT, LOSS_RESENDS = 2, 5
"""From about 2 % on loss sets the pace of a connection; few resends are no measure."""
LIMITED_PERCENT, BUSY_MS = 50, 1000
IDLE_LONG_MS = 300_000
"""Many firewalls and NATs forget a connection that was idle for five minutes."""
_RTO_MIN_MS, _RTO_MAX_MS = 200.0, 120_000.0


class Condition(StrEnum):
    """What holds a connection up, or that nothing does."""

    SILENT = "silent"
    """The peer acknowledges nothing."""
    REFUSED = "refused"
    """The own host does not let the packets out."""
    WINDOW_CLOSED = "window_closed"
    """The peer's program does not read."""
    READER_SLOW = "reader_slow"
    LOSS = "loss"
    MOVES = "moves"
    UNREAD = "unread"
    """The own program does not read."""
    IDLE = "idle"
    """Nothing waits, nothing passes, and keepalive is off."""


class Queued(NamedTuple):
    """The bytes that wait in the queues of a connection. A FIN, which the kernel counts as one byte, is not among them."""

    unread: int
    in_flight: int
    """Sent and not acknowledged; with bytes that were never sent where the source does not tell them apart."""
    unsent: int | None
    """Written by the program and never sent; None where that is not known."""
    end_unread: bool
    """The peer has closed, and the program has not read the end of the stream."""

    @property
    def waiting(self) -> int:
        """The bytes that the peer has not acknowledged."""
        return self.in_flight + (self.unsent or 0)


def queued(socket: Socket, linux: bool = True) -> Queued:
    """Return what waits in the queues. Only Linux counts a FIN."""
    if socket.protocol != "tcp" or socket.state in _WITHOUT_BYTES:
        return Queued(0, 0, None, False)
    unread, unacknowledged = socket.recv_q or 0, socket.send_q or 0
    end_unread = linux and socket.state in FIN_RECEIVED and unread > 0
    if linux and socket.state in FIN_SENT and unacknowledged:
        unacknowledged -= 1
    unsent = None if socket.info is None or "unsent_bytes" not in socket.info else int(detail(socket, "unsent_bytes") or 0)
    if unsent is not None:
        unsent = min(unsent, unacknowledged)
    return Queued(unread - end_unread, unacknowledged - (unsent or 0), unsent, end_unread)


def queued_texts(found: Queued) -> list[str]:
    """Return the clauses '12 bytes wait to be read', '1448 bytes are in flight', '3552 bytes are not sent yet'."""
    texts = []
    if found.unread:
        texts.append(f"{_bytes(found.unread)} to be read by the program here")
    if found.in_flight:
        sent = "sent and not acknowledged" if found.unsent is not None else "not acknowledged by the peer, or not sent yet"
        texts.append(f"{_bytes(found.in_flight)} {sent}")
    if found.unsent:
        texts.append(f"{_bytes(found.unsent)} not sent yet")
    return texts


def detail(socket: Socket, name: str) -> float | None:
    """Return a number of tcp_info, or None where it is not known."""
    value = socket.info.get(name) if socket.info is not None else None
    return value if isinstance(value, int | float) else None


def condition(socket: Socket, linux: bool = True) -> Condition | None:
    """Return what the evidence shows of a connection with tcp_info; None where it shows nothing remarkable."""
    found = queued(socket, linux)
    fin = socket.state in FIN_SENT and bool(socket.send_q)
    if found.waiting or fin:
        sending = _sending(socket, found)
        if sending is not None:
            return sending
    if found.unread and is_unread(socket):
        return Condition.UNREAD
    if found.waiting and socket.info is not None:
        return Condition.MOVES
    idle = idle_ms(socket)
    if (
        socket.state is State.ESTABLISHED
        and not found.unread
        and not found.waiting
        and socket.timer is None
        and idle is not None
    ):
        return Condition.IDLE if idle >= IDLE_LONG_MS else None
    return None


def is_unread(socket: Socket) -> bool:
    """Tell whether what waits to be read has waited for long."""
    return (detail(socket, "last_data_received_ms") or 0) >= UNREAD_LONG_MS


def _sending(socket: Socket, found: Queued) -> Condition | None:
    """Return what holds up the sending side."""
    timer = socket.timer
    tries = (timer.retransmits or 0) if timer else 0
    if timer and timer.kind == "persist":
        if window_is_open(socket):
            return Condition.REFUSED if tries >= PROBES_REFUSED else None
        if tries >= PROBES_MANY:
            return Condition.SILENT
        if socket.info is None or closed_ms(socket) >= CLOSED_LONG_MS:
            return Condition.WINDOW_CLOSED
    lossy = loss_percent(socket) >= LOSS_PERCENT and (detail(socket, "total_retransmits") or 0) - tries >= LOSS_RESENDS
    if timer and timer.kind == "on" and tries >= (RESENDS_OF_LOSSY if lossy else RESENDS_MANY):
        return Condition.SILENT
    if not found.waiting:
        return None
    if lossy:
        return Condition.LOSS
    if limited_percent(socket, "peer_window_limited_ms") >= LIMITED_PERCENT:
        return Condition.READER_SLOW
    return None


def window_is_open(socket: Socket) -> bool:
    """Tell whether the peer takes a whole segment.

    The persist timer alone does not say that it does not: it also runs where this host drops what it sends.
    """
    window = detail(socket, "peer_window")
    return window is not None and window >= (detail(socket, "send_mss") or 1)


def closed_ms(socket: Socket) -> float:
    """Return for how long at least the window has been closed: since then no data was sent."""
    return detail(socket, "last_data_sent_ms") or 0.0


def silent_ms(socket: Socket) -> float | None:
    """Return for how long the peer has acknowledged nothing of what waits.

    The last acknowledgement may be older than the bytes that wait: then it is the time since these were first sent, found from
    the resends so far, whose intervals double, and from the last of them.
    """
    acknowledged = detail(socket, "last_ack_received_ms")
    sent = detail(socket, "last_data_sent_ms")
    if acknowledged is None or sent is None:
        return acknowledged
    timer = socket.timer
    if timer is None or timer.kind != "on":
        return min(acknowledged, sent) if timer else acknowledged
    resends = timer.retransmits or 0
    interval = detail(socket, "rto_ms") or _RTO_MIN_MS
    first = max(_RTO_MIN_MS, interval / 2.0**resends)
    return min(acknowledged, sent + sum(min(first * 2.0**number, _RTO_MAX_MS) for number in range(resends)))


def idle_ms(socket: Socket) -> float | None:
    """Return for how long nothing has passed in either direction; None where that is not known."""
    names = ("last_data_sent_ms", "last_data_received_ms", "last_ack_received_ms")
    ages = [age for age in (detail(socket, name) for name in names) if age is not None]
    return min(ages) if len(ages) == len(names) else None


def closing_ms(socket: Socket) -> float | None:
    """Return for how long at least a connection has been in CLOSE_WAIT: the FIN was no later than the last acknowledgement."""
    return detail(socket, "last_ack_received_ms")


def loss_percent(socket: Socket) -> int:
    """Return the share of bytes that were sent again, 0 where that is not known."""
    again, sent = detail(socket, "bytes_retransmitted"), detail(socket, "bytes_sent")
    return int(100 * again / sent) if again and sent else 0


def limited_percent(socket: Socket, name: str) -> int:
    """Return the share of the sending time in which this was the limit; 0 where little was sent, or it is not known."""
    limited, busy = detail(socket, name), detail(socket, "busy_ms")
    return int(100 * limited / busy) if limited and busy and busy >= BUSY_MS else 0


def _bytes(number: int) -> str:
    return plural(number, "byte")
