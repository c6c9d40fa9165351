"""The short answer: its first line, and the few rows below that a reader can act on. Everything else is for --long."""

from collections.abc import Iterator, Sequence

from portsock.addresses import WILDCARDS, exposure
from portsock.endpoints import address_of
from portsock.explain.bind.verdict import verdict_line
from portsock.explain.sections.durations import time_text
from portsock.explain.sections.process import described
from portsock.explain.subject import Subject
from portsock.explain.texts import rows as texts
from portsock.explain.texts.findings import Code
from portsock.explain.types import Attempt, Explanation, Finding, Part, Row, Section, Severity
from portsock.model import Exposure, Family, Socket, State

_MOST_ALSO = 2
_MOST_REACHES = 2


def leading(findings: Sequence[Finding]) -> Finding | None:
    """Return the finding that is the answer, if there is one; `findings` begin with the gravest."""
    grave = (finding for finding in findings if finding.severity is not Severity.INFO or finding.code == Code.PORT_FORWARDER)
    return next((finding for finding in grave if finding.code in texts.LEADING), None)


def rows(
    subject: Subject, findings: Sequence[Finding], sections: dict[Part, Section], attempts: Sequence[Attempt]
) -> tuple[Row, ...]:
    """Return the rows in the order in which they are shown."""
    head = leading(findings)
    found: list[Row] = []
    if head is not None:
        found += [Row(texts.MEANS, _first_sentence(head.detail)), Row(texts.DO, _first_sentence(head.advice))]
    elif not subject.passive:
        found += _meaning(subject, sections)
    found += [Row(texts.REACH, "; ".join(reaches))] if (reaches := _reaches(subject)) else []
    found += [Row(texts.BIND, verdict_line(_of_protocols(attempts, subject)))] if attempts else []
    found += _process(subject)
    found += _also([finding for finding in findings if finding is not head])
    return tuple(found)


def with_note(explanation: Explanation, text: str) -> Explanation:
    """Return the answer with a note as its first row."""
    return explanation._replace(rows=(Row(texts.NOTE, text), *explanation.rows))


def _meaning(subject: Subject, sections: dict[Part, Section]) -> Iterator[Row]:
    """Yield what the state of a connection means, or what a client gets where nothing answers."""
    part = Part.CONNECTION if subject.sockets else Part.PORT
    if part in sections:
        paragraphs = sections[part].paragraphs
        text = paragraphs[-1] if part is Part.PORT else paragraphs[0]
        yield Row(texts.MEANS, _first_sentence(text))


def _of_protocols(attempts: Sequence[Attempt], subject: Subject) -> Sequence[Attempt]:
    """Return the attempts with the protocols that the target's sockets have; all where there is no such socket."""
    protocols = {socket.protocol for socket in subject.passive or subject.sockets}
    return [attempt for attempt in attempts if attempt.protocol in protocols] or attempts


def _process(subject: Subject) -> Iterator[Row]:
    """Yield the first holder in a line; where there are more, their number."""
    found = described(subject)
    if not found:
        return
    process = found[0]
    words = [f"{process.name or process.comm or 'a process'} (pid {process.pid})"]
    words += [f"user {process.user}"] if process.user else []
    words += [process.unit] if process.unit else []
    words += [f"container {process.container}"] if process.container else []
    taken = subject.snapshot.taken_at
    if process.started_at is not None and taken is not None and taken >= process.started_at:
        words.append(f"started {time_text(taken - process.started_at)} ago")
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    command = f": {' '.join(process.cmdline)}" if process.cmdline and not more else ""
    yield Row(texts.PROCESS, ", ".join(words) + more + command)


def _also(findings: Sequence[Finding]) -> Iterator[Row]:
    worth = [finding for finding in findings if finding.severity is not Severity.INFO]
    for finding in worth[:_MOST_ALSO]:
        yield Row(texts.ALSO, finding.title)
    if len(worth) > _MOST_ALSO:
        yield Row(texts.ALSO, texts.MORE.format(count=len(worth) - _MOST_ALSO))


def _reaches(subject: Subject) -> list[str]:
    """Return who can reach the bound addresses, each in a few words."""
    found: dict[str, None] = {}
    for socket in subject.passive:
        text = _reach(socket)
        if text:
            found[text] = None
    return list(found)[:_MOST_REACHES]


def _reach(socket: Socket) -> str | None:
    address = address_of(socket.local)
    reach = exposure(address) if address else None
    if address is None or reach is None:
        return None
    if socket.protocol in {"tcp", "mptcp"} and socket.state is not State.LISTEN:
        return texts.NOT_LISTENING
    text = texts.WILDCARDS[_covers(socket)] if address in WILDCARDS else texts.REACHES[reach].format(address=address)
    if socket.interface is not None and address in WILDCARDS:
        text += texts.DEVICE.format(device=socket.interface)
    return text if reach is Exposure.LOOPBACK else text + texts.BEFORE_FIREWALL


def _covers(socket: Socket) -> str:
    """Return the key of the IP versions that a wildcard stands for."""
    address = address_of(socket.local)
    if address == "0.0.0.0" or (address == "*" and socket.family is Family.IPV4):
        return "v4"
    if address == "*" and socket.family is not Family.IPV6:
        return "both"
    return {True: "v6", False: "both", None: "unknown"}[socket.v6only]


def _first_sentence(text: str) -> str:
    """Return the text up to its first full stop that ends a sentence."""
    at = 0
    while (end := text.find(". ", at)) >= 0:
        if text[end + 2 : end + 3].isupper():
            return text[: end + 1]
        at = end + 2
    return text
