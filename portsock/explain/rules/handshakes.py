"""Rules about unfinished handshakes (net/ipv4/inet_connection_sock.c, tcp_input.c)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from portsock.endpoints import address_of
from portsock.explain.rules.datagrams import counters_of
from portsock.explain.rules.finding import evidence_lines, make_finding
from portsock.explain.rules.queues import is_full
from portsock.explain.sections.durations import sysctl_number
from portsock.explain.subject import Subject, is_listener_of
from portsock.explain.texts import causes as texts
from portsock.explain.texts import elsewhere
from portsock.explain.texts.findings import Code
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text
from portsock.model import Socket, State

SYN_RECV_MANY = 20
"""Fewer handshakes without a reply are clients that went away."""


def syn_recv(subject: Subject) -> Iterator[Finding]:
    """Find unfinished handshakes that reach their listener's limit, or of which many have had no reply for a second.

    200 connections a second at a round trip of 100 ms make 20 at any time: the number alone says nothing.
    """
    found: dict[str, list[Socket]] = defaultdict(list)
    for socket in subject.local_sockets:
        if socket.state is State.SYN_RECV:
            found[end_text(socket.local)].append(socket)
    for where, sockets in found.items():
        listener = _listener_of(sockets[0], subject)
        limit = listener.accept_limit if listener is not None else None
        if listener is not None and is_full(listener):
            continue  # the finding about its accept queue says why the handshakes do not end
        stale = sum((socket.timer.retransmits or 0) > 0 for socket in sockets if socket.timer)
        full = limit is not None and len(sockets) >= limit
        timed = any(socket.timer for socket in sockets)
        if full or stale >= SYN_RECV_MANY or (not timed and len(sockets) >= SYN_RECV_MANY and limit is None):
            yield _finding(where, sockets, stale, limit if full else None, subject)


def _finding(where: str, sockets: Sequence[Socket], stale: int, limit: int | None, subject: Subject) -> Finding:
    senders = {address_of(socket.remote) or "?" for socket in sockets}
    cookies = sysctl_number(subject.snapshot.host, "net.ipv4.tcp_syncookies")
    sent = counters_of(sockets[0], subject).get("SyncookiesSent")
    timed = any(socket.timer for socket in sockets)
    answered = timed and stale * 2 < len(sockets)
    lines = [*evidence_lines(sockets), f"{stale} of {len(sockets)} were answered again, {len(senders)} addresses"]
    lines += [f"net.ipv4.tcp_syncookies = {cookies}"] if cookies is not None else []
    lines += [f"SYN cookies sent so far in this network namespace: {sent}"] if sent is not None else []
    sender = min(senders)
    linux = subject.snapshot.host.system == "Linux"
    if not timed:
        why, remedy = texts.SYN_AGE_UNKNOWN, texts.SYN_REMEDY_AGE_UNKNOWN if linux else elsewhere.SYN_RECV_AGE_UNKNOWN
    elif answered:
        why, remedy = texts.SYN_LOAD, texts.SYN_REMEDY_LOAD
    elif len(senders) == 1:
        why, remedy = texts.SYN_ONE_SENDER.format(sender=sender), texts.SYN_REMEDY_PATH.format(sender=sender)
    else:
        why, remedy = texts.SYN_FORGED.format(senders=len(senders)), texts.SYN_REMEDY_FORGED
    if limit is not None and not linux:
        why += elsewhere.SYN_RECV_FULL
    elif limit is not None:
        why += texts.SYN_NO_COOKIES if cookies == 0 else texts.SYN_COOKIES.format(sent=f" ({sent} so far)" if sent else "")
        remedy = texts.SYN_REMEDY_COOKIES_OFF if cookies == 0 else remedy
    what = texts.SYN_FULL.format(limit=limit) if limit is not None else ""
    what += texts.SYN_STALE.format(stale=stale) if stale else ""
    severity = None if timed and not answered else Severity.NOTICE
    return make_finding(Code.SYN_RECV_FLOOD, lines, severity, where=where, count=len(sockets), what=what, why=why,
                        remedy=remedy)  # fmt: skip


def _listener_of(socket: Socket, subject: Subject) -> Socket | None:
    """Return the listener whose queue an unfinished handshake is in: that of the very address, else of all."""
    near = [each for each in subject.snapshot.sockets if is_listener_of(each, socket)]
    exact = [each for each in near if each.local == socket.local]
    return next(iter(exact or near), None)
