"""Rules about datagrams (udp(7), net/ipv4/udp.c)."""

from collections.abc import Iterator, Mapping

from portsock.explain.rules.finding import evidence_lines, make_finding
from portsock.explain.subject import Subject
from portsock.explain.texts import causes as texts
from portsock.explain.texts.findings import Code
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text, holders_text, plural
from portsock.model import Socket

_FULL_PERCENT = 90
"""A buffer with less room than this may have none for the next datagram, whose memory counts with its overhead."""


def drops(subject: Subject) -> Iterator[Finding]:
    """Find datagrams that were dropped, with the reason where the counters of the namespace show it."""
    for socket in subject.local_sockets:
        memory = socket.memory
        if socket.protocol not in ("udp", "udplite") or memory is None or not memory.drops:
            continue
        counters = counters_of(socket, subject)
        cause, detail, remedy = _reason(socket, memory.drops, counters)
        lines = [*evidence_lines([socket]), f"buffer: {memory.recv_used} of {memory.recv_max} bytes in use"]
        severity = Severity.WARNING if _is_full(socket) else Severity.INFO if cause == texts.DROPS_NOT_FULL else None
        yield make_finding(Code.DATAGRAMS_DROPPED, lines, severity, who=holders_text([socket]) or "The socket",
                           count=plural(memory.drops, "datagram"), where=end_text(socket.local), cause=cause, detail=detail,
                           remedy=remedy)  # fmt: skip


def _is_full(socket: Socket) -> bool:
    memory = socket.memory
    return memory is not None and bool(memory.recv_max) and 100 * memory.recv_used >= _FULL_PERCENT * memory.recv_max


def counters_of(socket: Socket, subject: Subject) -> Mapping[str, int]:
    """Return the counters of the socket's network namespace; empty where they are another one's or were not read."""
    host = subject.snapshot.host
    same = socket.netns is None or host.netns is None or socket.netns.id == host.netns
    return host.counters if same and not subject.captured else {}


def _reason(socket: Socket, drops: int, counters: Mapping[str, int]) -> tuple[str, str, str]:
    """Return the end of the title, the detail and the remedy."""
    if _is_full(socket):
        evidence = "Its receive buffer is full now."
        return texts.DROPS_FULL, texts.DROPS_FULL_DETAIL.format(evidence=evidence), texts.DROPS_FULL_REMEDY
    if not counters:
        return "", texts.DROPS_UNKNOWN_DETAIL.format(counters=""), texts.DROPS_UNKNOWN_REMEDY
    full, errors, checksums = (
        counters.get(f"Udp{name}", 0) + counters.get(f"Udp6{name}", 0) for name in ("RcvbufErrors", "InErrors", "InCsumErrors")
    )
    if full >= drops and errors == full:
        evidence = f"No datagram of this network namespace was dropped for another reason (RcvbufErrors {full})."
        return texts.DROPS_FULL, texts.DROPS_FULL_DETAIL.format(evidence=evidence), texts.DROPS_FULL_REMEDY
    if not full:
        return texts.DROPS_NOT_FULL, texts.DROPS_NOT_FULL_DETAIL.format(checksums=checksums), texts.DROPS_NOT_FULL_REMEDY
    shown = f" (all sockets of this namespace: {full} for a full buffer, {errors - full} for another reason)"
    return "", texts.DROPS_UNKNOWN_DETAIL.format(counters=shown), texts.DROPS_UNKNOWN_REMEDY
