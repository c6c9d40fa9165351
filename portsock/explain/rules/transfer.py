"""Rules about one connection at a time: stuck, slow or alive, and whose fault it is."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from portsock.endpoints import address_of
from portsock.explain import transfer
from portsock.explain.ancestry import holders_of, is_halted
from portsock.explain.rules.finding import evidence_line, evidence_lines, make_finding
from portsock.explain.sections.durations import end_of_resends, span
from portsock.explain.subject import Subject, is_listener_of
from portsock.explain.texts import transfers as texts
from portsock.explain.texts.findings import OF_SIGNAL, Code
from portsock.explain.transfer import Condition
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text, holders_text, plural
from portsock.model import OwnerReason, Process, Socket
from portsock.query.target import ConnectionTarget

STUCK_MS = 5000
"""A program at the other end that has read nothing for so long does not read at all."""
_Found = tuple[Socket, Sequence[Socket], Subject]
"""The worst socket, and all that have its condition and its holder."""


def transfers(subject: Subject) -> Iterator[Finding]:
    """Find what holds up the target's connections, at either end that is on this host."""
    alike: dict[tuple[Condition, str], list[Socket]] = defaultdict(list)
    sockets = [socket for socket in subject.sockets if socket.protocol == "tcp" and socket.info is not None]
    linux = subject.snapshot.host.system == "Linux"
    for socket in sockets:
        if len(sockets) > 1 and not socket.recv_q and not socket.send_q:
            continue
        found = transfer.condition(socket, linux)
        if found is not None and socket.owner_reason is not OwnerReason.UNACCEPTED:
            alike[found, who(socket)].append(socket)
    deaf = {(each.local, each.remote) for (found, _), group in alike.items() if found is Condition.UNREAD for each in group}
    for (found, _), group in alike.items():
        if found is Condition.WINDOW_CLOSED:  # the reader's own finding says it all
            group = [each for each in group if (each.remote, each.local) not in deaf]
        if group:
            worst = max(group, key=lambda each: max(each.send_q or 0, each.recv_q or 0))
            yield from _FINDINGS[found]((worst, group, subject))


def not_accepted(subject: Subject) -> Iterator[Finding]:
    """Find the connection that the target names in the queue of its listener."""
    if not isinstance(subject.target, ConnectionTarget):
        return
    for socket in subject.local_sockets:
        if socket.owner_reason is OwnerReason.UNACCEPTED:
            name = holders_text([each for each in subject.snapshot.sockets if is_listener_of(each, socket)])
            age = transfer.idle_ms(socket)
            since = f" for {span(age)}" if age is not None else ""
            yield make_finding(Code.CONNECTION_NOT_ACCEPTED, evidence_lines([socket]), who=name or "The server", since=since,
                               peer=end_text(socket.remote))  # fmt: skip


def who(socket: Socket) -> str:
    """Return the holder of a socket, or its own end where none is known."""
    return holders_text([socket]) or end_text(socket.local)


def _silent(found: _Found) -> Iterator[Finding]:
    worst, group, subject = found
    timer = worst.timer
    probing = timer is not None and timer.kind == "persist"
    tries = (timer.retransmits or 0) if timer else 0
    again = plural(tries, "unanswered window probe" if probing else "resend")
    lines = [_waiting(worst), *_lines(group)]
    since = f" for {span(transfer.silent_ms(worst))}" if transfer.silent_ms(worst) is not None else ""
    yield make_finding(Code.PEER_SILENT, lines, who=_subject(group), peer=end_text(worst.remote), since=since, again=again,
                       ends=end_of_resends(subject.snapshot.host, bool(worst.owners)))  # fmt: skip


def _refused(found: _Found) -> Iterator[Finding]:
    worst, group, _ = found
    lines = [_waiting(worst), *_lines(group)]
    yield make_finding(Code.SENDING_REFUSED, lines, who=_subject(group), peer=end_text(worst.remote))


def _window_closed(found: _Found) -> Iterator[Finding]:
    worst, group, subject = found
    age = transfer.closed_ms(worst)
    lines = [_waiting(worst), *_lines(group)]
    heard = transfer.detail(worst, "last_ack_received_ms")
    if heard is not None:
        lines.insert(1, f"the peer last acknowledged {span(heard)} ago")
    stuck = age >= STUCK_MS
    severity = Severity.WARNING if stuck else Severity.NOTICE
    verb = "is stuck" if stuck else "waits"
    yield make_finding(Code.PEER_DOES_NOT_READ, lines, severity, who=_subject(group, verb), reader=_reader(worst, subject),
                       since=f" for {span(age)}", look=_look_at_reader(worst, subject))  # fmt: skip


def _reader_slow(found: _Found) -> Iterator[Finding]:
    worst, group, subject = found
    percent = transfer.limited_percent(worst, "peer_window_limited_ms")
    lines = [_waiting(worst), *_lines(group)]
    yield make_finding(Code.PEER_READS_SLOWLY, lines, who=who(worst), reader=_reader(worst, subject), percent=percent)


def _loss(found: _Found) -> Iterator[Finding]:
    worst, group, _ = found
    again, sent = (int(transfer.detail(worst, name) or 0) for name in ("bytes_retransmitted", "bytes_sent"))
    lines = [f"{again} of {sent} bytes were sent again", _waiting(worst), *_lines(group)]
    percent = transfer.loss_percent(worst)
    yield make_finding(Code.SLOWED_BY_LOSS, lines, who=who(worst), peer=end_text(worst.remote), percent=percent)


def _moves(found: _Found) -> Iterator[Finding]:
    worst, group, _ = found
    if len(group) > 1 and (worst.send_q or 0) < transfer.BYTES_MANY:
        return
    limit = texts.LIMIT_NOT_YET if (transfer.detail(worst, "busy_ms") or 0) < transfer.BUSY_MS else texts.LIMIT_PATH
    if transfer.limited_percent(worst, "send_buffer_limited_ms") >= transfer.LIMITED_PERCENT:
        limit = texts.LIMIT_BUFFER
    rate = transfer.detail(worst, "delivery_rate")
    pace = f", at {_rate(rate)}" if rate else ""
    yield make_finding(Code.DATA_MOVES, [_waiting(worst), *_lines(group)], who=who(worst), peer=end_text(worst.remote),
                       ago=span(transfer.detail(worst, "last_ack_received_ms")), pace=pace,
                       limit=limit)  # fmt: skip


def _unread(found: _Found) -> Iterator[Finding]:
    worst, group, subject = found
    count = transfer.queued(worst, subject.snapshot.host.system == "Linux").unread
    severity = Severity.WARNING if count >= transfer.BYTES_MANY else Severity.NOTICE
    verb = "has" if count == 1 else "have"
    yield make_finding(Code.PROGRAM_DOES_NOT_READ, evidence_lines(group), severity, who=who(worst), verb=verb,
                       count=plural(count, "byte"), peer=end_text(worst.remote),
                       time=span(transfer.detail(worst, "last_data_received_ms")))  # fmt: skip


def _idle(found: _Found) -> Iterator[Finding]:
    worst, _, _ = found
    if worst.peer is None and address_of(worst.remote) != address_of(worst.local):  # an end on this host cannot vanish
        yield make_finding(Code.IDLE_WITHOUT_KEEPALIVE, evidence_lines([worst]), who=who(worst), peer=end_text(worst.remote),
                           time=span(transfer.idle_ms(worst)))  # fmt: skip


_FINDINGS = {
    Condition.SILENT: _silent,
    Condition.REFUSED: _refused,
    Condition.WINDOW_CLOSED: _window_closed,
    Condition.READER_SLOW: _reader_slow,
    Condition.LOSS: _loss,
    Condition.MOVES: _moves,
    Condition.UNREAD: _unread,
    Condition.IDLE: _idle,
}


def _subject(group: Sequence[Socket], verb: str = "is stuck") -> str:
    """Return 'producer (pid 5) is stuck', or in how many of its connections it is."""
    several = f" in {plural(len(group), 'connection')}" if len(group) > 1 else ""
    return f"{who(group[0])} {verb}{several}"


def _reader(socket: Socket, subject: Subject) -> str:
    """Return the program at the other end, where it is on this host, else words for it."""
    name = holders_text(_other_end(socket, subject)) or f"the program at {end_text(socket.remote)}"
    return name + (texts.WHICH_IS_STOPPED if _halted_readers(socket, subject) else "")


def _look_at_reader(socket: Socket, subject: Subject) -> str:
    """Return what to do about a program that does not read."""
    stopped = [process for process in _halted_readers(socket, subject) if process.state == "stopped"]
    pids = " ".join(str(process.pid) for process in stopped)
    return OF_SIGNAL.format(pids=pids, it="it" if len(stopped) == 1 else "them") if stopped else texts.LOOK_AT_READER


def _halted_readers(socket: Socket, subject: Subject) -> list[Process]:
    """Return the holders of the other end where all of them are stopped."""
    readers = holders_of(_other_end(socket, subject), subject)
    return readers if all(map(is_halted, readers)) else []


def _other_end(socket: Socket, subject: Subject) -> list[Socket]:
    return [each for each in subject.snapshot.sockets if each.local == socket.remote and each.remote == socket.local]


def _waiting(socket: Socket) -> str:
    """Return 'waiting: 1448 bytes sent and not acknowledged, 3552 bytes not sent yet; the peer's window is open'."""
    parts = transfer.queued_texts(transfer.queued(socket)._replace(unread=0)) or ["the close"]
    window = transfer.detail(socket, "peer_window")
    if transfer.window_is_open(socket):
        parts[-1] += "; the peer's window is open"
    elif window is not None or (socket.timer and socket.timer.kind == "persist"):
        parts[-1] += "; the peer's window is closed"
    return f"waiting: {', '.join(parts)}"


def _lines(group: Sequence[Socket]) -> list[str]:
    return evidence_lines(group) if len(group) > 1 else [evidence_line(group[0])]


def _rate(bytes_a_second: float) -> str:
    """Return '3.8 MB/s'."""
    for unit, size in (("GB/s", 1e9), ("MB/s", 1e6), ("kB/s", 1e3)):
        if bytes_a_second >= size:
            return f"{bytes_a_second / size:.1f} {unit}"
    return f"{bytes_a_second:.0f} B/s"
