"""What the state of a connection means, or that nothing answers: one sentence for the short answer."""

from collections.abc import Sequence

from portsock.addresses import scope
from portsock.endpoints import address_of
from portsock.explain import transfer
from portsock.explain.sections.absence import absence_line
from portsock.explain.sections.durations import span
from portsock.explain.subject import Subject
from portsock.explain.texts import rows as texts
from portsock.explain.texts.findings import Code
from portsock.explain.texts.states import STATES
from portsock.explain.types import Finding
from portsock.explain.wording import holders_text, plural
from portsock.model import Scope, Socket, State
from portsock.normalize.connections import unique_connections
from portsock.query.target import InetTarget


def meaning(subject: Subject, findings: Sequence[Finding]) -> str | None:
    """Return what the facts mean where no finding is the answer; None where the first line says it all."""
    by_code = {finding.code: finding for finding in findings}
    if subject.passive:
        lost, shared = (by_code.get(code) for code in (Code.DATAGRAMS_DROPPED, Code.SHARED_ENDPOINT))
        return first_sentence(lost.detail if lost else shared.advice if shared else "") or None
    moving = next((by_code[code] for code in texts.MEANING if code in by_code), None)
    if moving is not None:
        return moving.title
    if subject.sockets:
        return _of_connections(unique_connections(subject.sockets), subject)
    return absence_line(subject)


def to_serve(subject: Subject) -> str | None:
    """Return how a server that listens on loopback only could be reached by the address that was asked for."""
    target = subject.target
    if not isinstance(target, InetTarget) or subject.sockets or subject.captured or len(target.networks) != 1:
        return None
    address = target.networks[0].address
    own = subject.snapshot.host.addresses or frozenset()
    narrow = [each for each in subject.nearby if each.state is State.LISTEN and _is_loopback(each)]
    if not narrow or len(narrow) < len(subject.nearby) or address not in own or scope(address) is Scope.LOOPBACK:
        return None
    wildcard = "[::]" if ":" in address else "0.0.0.0"
    return texts.TO_SERVE.format(address=address, who=holders_text(narrow) or "the server", wildcard=wildcard)


def _is_loopback(socket: Socket) -> bool:
    return scope(address_of(socket.local)) is Scope.LOOPBACK


def first_sentence(text: str) -> str:
    """Return the text up to its first full stop that ends a sentence."""
    at = 0
    while (end := text.find(". ", at)) >= 0:
        if text[end + 2 : end + 3].isupper():
            return text[: end + 1]
        at = end + 2
    return text


def _of_connections(sockets: Sequence[Socket], subject: Subject) -> str | None:
    """Return what one connection does; of several that are alike, what their state means."""
    states = {socket.state for socket in sockets}
    if len(states) != 1:
        return None
    socket = sockets[0]
    if len(sockets) == 1 and socket.protocol == "tcp":
        found = transfer.queued(socket, subject.snapshot.host.system == "Linux")
        if socket.state is State.CLOSE_WAIT and socket.recv_q is not None:
            return texts.END_UNREAD.format(count=plural(found.unread, "byte")) if found.end_unread else texts.END_READ
        idle = transfer.idle_ms(socket)
        if socket.state is State.ESTABLISHED and idle is not None:
            waiting = " and ".join(transfer.queued_texts(found)) or texts.NOTHING_WAITS
            return texts.PULSE.format(waiting=waiting, ago=span(idle))
    text = STATES.get(socket.state) if socket.state is not None else None
    return text.meaning if text is not None else None
