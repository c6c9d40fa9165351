"""The short answer: its first line, and the few rows below that a reader can act on. Everything else is for --long."""

from collections.abc import Iterator, Sequence

from portsock.addresses import WILDCARDS, exposure
from portsock.endpoints import address_of
from portsock.explain.bind.verdict import verdict_line
from portsock.explain.sections.durations import time_text
from portsock.explain.sections.process import described
from portsock.explain.short.meaning import first_sentence, meaning, to_serve
from portsock.explain.subject import Subject, filter_place, namespace_apart
from portsock.explain.texts import rows as texts
from portsock.explain.texts.addresses import ELSEWHERE, HERE
from portsock.explain.texts.findings import Code
from portsock.explain.types import Attempt, Explanation, Finding, Row, Severity
from portsock.model import Exposure, Family, Socket, State

_MOST_ALSO = 2
_MOST_REACHES = 2
_GRAVITY = tuple(Severity)


def leading(findings: Sequence[Finding]) -> Finding | None:
    """Return the finding that is the answer, if there is one; `findings` begin with the gravest."""
    return next((finding for finding in findings if _leads(finding)), None)


def _leads(finding: Finding) -> bool:
    least = texts.LEADING.get(Code(finding.code))
    return least is not None and _GRAVITY.index(finding.severity) >= _GRAVITY.index(least)


def rows(subject: Subject, findings: Sequence[Finding], attempts: Sequence[Attempt]) -> tuple[Row, ...]:
    """Return the rows in the order in which they are shown."""
    head = leading(findings)
    found: list[Row] = []
    if way_headline(subject):
        head = None
    elif head is not None:
        found += [Row(texts.MEANS, first_sentence(head.detail))] if head.severity is not Severity.INFO else []
        found += [Row(texts.DO, first_sentence(head.advice))]
    else:
        sentences = ((texts.MEANS, meaning(subject, findings)), (texts.DO, to_serve(subject)))
        found += [Row(label, text) for label, text in sentences if text]
    if subject.remote is not None:
        from portsock.explain.remote import rows as way

        found += way.rows(subject)
    found += [Row(texts.REACH, "; ".join(who))] if (who := _filtered(subject) or _reaches(subject)) else []
    found += (
        [Row(texts.BIND, verdict_line(_of_protocols(attempts, subject)))] if attempts and _binds_here(subject, head) else []
    )
    found += _process(subject)
    said = {Code.LISTENER_WITHOUT_PROCESS, Code.DATAGRAMS_DROPPED} if head is None else set()
    found += _also([finding for finding in findings if finding is not head and finding.code not in said])
    return tuple(found)


def way_headline(subject: Subject) -> str:
    """Return the first line about the way to another host; '' where it is not the answer."""
    if subject.remote is None:
        return ""
    from portsock.explain.remote.rows import headline

    return headline(subject)


def with_note(explanation: Explanation, text: str) -> Explanation:
    """Return the answer with a note as its first row."""
    return explanation._replace(rows=(Row(texts.NOTE, text), *explanation.rows))


def _binds_here(subject: Subject, head: Finding | None) -> bool:
    """Tell whether binding is of interest: not at another host's endpoint, nor where a connection is in trouble."""
    if subject.remote is not None and subject.remote.path is not None:
        return False
    if head is not None and not subject.passive:
        return head.code == Code.TIME_WAIT_HOLDS_PORT
    return bool(subject.local_sockets or not subject.sockets)


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


def _filtered(subject: Subject) -> list[str]:
    """Return who can connect, given the packet filter; empty where that was not read, or where it changes nothing."""
    if not any(subject.filters.values()):
        return []
    from portsock.explain.reach import is_unread, reach_sentence, reaches

    found = [reach for _, reach in reaches(subject) if not is_unread(reach)]
    return list(dict.fromkeys(reach_sentence(reach, bool(subject.sources)) for reach in found))[:_MOST_REACHES]


def _reaches(subject: Subject) -> list[str]:
    """Return who can reach the bound addresses, each in a few words."""
    found: dict[tuple[str, str], set[str | None]] = {}
    for socket in subject.passive:
        reach = _reach(socket, subject)
        if reach:
            limited = address_of(socket.local) in WILDCARDS and reach[0] is not texts.NOT_LISTENING
            found.setdefault(reach, set()).add(socket.interface if limited else None)
    return [who + _through(devices) + but for (who, but), devices in list(found.items())[:_MOST_REACHES]]


def _through(devices: set[str | None]) -> str:
    """Return ', through eth0 or eth1 only'; '' where one socket is bound to no device."""
    names = sorted(filter(None, devices))
    return texts.DEVICE.format(device=" or ".join(names)) if names and None not in devices else ""


def _reach(socket: Socket, subject: Subject) -> tuple[str, str] | None:
    """Return who can reach the socket, and what may still be in the way; None where that is not known."""
    address = address_of(socket.local)
    reach = exposure(address) if address else None
    if address is None or reach is None:
        return None
    if socket.protocol in {"tcp", "mptcp"} and socket.state is not State.LISTEN:
        return texts.NOT_LISTENING, ""
    apart = namespace_apart(socket, subject)
    place = HERE if apart is None else ELSEWHERE.format(name=apart)
    if address in WILDCARDS:
        text = texts.WILDCARDS[_covers(socket)].format(place=place)
    elif reach is Exposure.LOOPBACK and apart is not None:
        text = texts.LOOPBACK_ELSEWHERE.format(place=place)
    else:
        text = texts.REACHES[reach].format(address=address)
    if reach is Exposure.LOOPBACK:
        return text, ""
    return text, texts.NO_RULES if _unfiltered(socket, subject) else texts.BEFORE_FIREWALL


def _unfiltered(socket: Socket, subject: Subject) -> bool:
    """Tell whether the packet filter of the socket's namespace was read and has no rules."""
    place = filter_place(socket)
    return place in subject.filters and subject.filters[place] is None


def _covers(socket: Socket) -> str:
    """Return the key of the IP versions that a wildcard stands for."""
    address = address_of(socket.local)
    if address == "0.0.0.0" or (address == "*" and socket.family is Family.IPV4):
        return "v4"
    if address == "*" and socket.family is not Family.IPV6:
        return "both"
    return {True: "v6", False: "both", None: "unknown"}[socket.v6only]
