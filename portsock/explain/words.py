"""Words: recognised, and explained with a live example from the snapshot."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from portsock.endpoints import port_of
from portsock.enums import parse_state
from portsock.explain.picture import draw_sockets
from portsock.explain.scene import accepted_from, is_passive
from portsock.explain.sections.durations import duration, setting, unprivileged_start
from portsock.explain.sections.port import how, system
from portsock.explain.sections.socket import SOMAXCONN
from portsock.explain.show import holders, plural
from portsock.explain.texts import phrases
from portsock.explain.texts.states import STATES, UDP_ESTABLISHED
from portsock.explain.texts.words import EPHEMERAL_RANGE, WORDS, Word
from portsock.explain.types import Command, Explanation, Part, Reading, Section
from portsock.model import INTERNET, Role, Snapshot, Socket, State
from portsock.normalize.connections import unique_connections
from portsock.port_numbers import Services

_BY_SPELLING = {word.lower(): word for word in Word}


def recognise_word(text: str) -> Word | State | None:
    """The word that a target is, in any letter case, or the state in any tool's spelling; None where it is neither."""
    return _BY_SPELLING.get(text.lower()) or parse_state(text)


def explain_word(text: str, snapshot: Snapshot, services: Services) -> Explanation | None:
    """The explanation of a word, or None where the text is none. Words win over services of the same name."""
    word = recognise_word(text)
    if word is None:
        return None
    made = _state(text, word, snapshot) if isinstance(word, State) else _term(text, word, snapshot)
    if not services.ports(text):
        return made
    readings = (
        Reading(phrases.READ_WORD, f"portsock explain {text}"),
        Reading(phrases.READ_SERVICE, f"portsock explain service:{text}"),
    )
    return made._replace(readings=readings)


def _term(text: str, word: Word, snapshot: Snapshot) -> Explanation:
    known = WORDS[word]
    places = _places(snapshot)
    example = _example(word, snapshot)
    return Explanation(
        text,
        "word",
        known.summary,
        tuple(_drawn(example)),
        tuple(example),
        {known.part: Section(tuple(paragraph.format_map(places) for paragraph in known.paragraphs))},
        next=known.next,
    )


def _places(snapshot: Snapshot) -> dict[str, str]:
    host = snapshot.host
    somaxconn, (start, live) = setting(host, SOMAXCONN), unprivileged_start(host)
    first, last = host.ephemeral
    name = system(host)
    return {
        "range": EPHEMERAL_RANGE.format(system=name[0].upper() + name[1:], first=first, last=last, how=how(host)),
        "somaxconn": f" ({somaxconn} here)" if somaxconn is not None else "",
        "unprivileged": f" ({start} here)" if live else f" (by default {start})",
    }


def _example(word: Word, snapshot: Snapshot) -> list[Socket]:
    """Sockets of this host that show what the word means; a listener with an accepted socket where there is one."""
    internet = [socket for socket in snapshot.sockets if socket.family in INTERNET]
    if word in (Word.EADDRINUSE, Word.EACCES, Word.EADDRNOTAVAIL):
        return []
    if word is Word.EPHEMERAL:
        first, last = snapshot.host.ephemeral
        return [s for s in internet if s.role is Role.CLIENT and first <= (port_of(s.local) or 0) <= last][:1]
    if word in (Word.CONNECTION, Word.ENDPOINT):
        return _with_owner(socket for socket in internet if socket.state is State.ESTABLISHED and socket.protocol == "tcp")[:1]
    listeners = _with_owner(socket for socket in internet if socket.state is State.LISTEN)
    if word in (Word.LISTENER, Word.BACKLOG):
        return listeners[:1]
    servers: dict[object, list[Socket]] = defaultdict(list)
    for socket in internet:
        if socket.role is Role.SERVER:
            servers[socket.protocol, port_of(socket.local)].append(socket)
    near = ((listener, servers.get((listener.protocol, port_of(listener.local)), [])) for listener in listeners)
    families = [(listener, _with_owner(accepted_from(listener, sockets))[:2]) for listener, sockets in near]
    listener, accepted = max(families, key=lambda family: _telling(*family), default=(None, []))
    return [listener, *accepted] if listener else []


def _telling(listener: Socket, accepted: list[Socket]) -> tuple[int, int]:
    """How well a listener with two of its connections shows that they share a port."""
    return sum(bool(socket.owners) for socket in accepted), len(accepted) + bool(listener.owners)


def _with_owner(sockets: Iterable[Socket]) -> list[Socket]:
    """Those with a known holder first."""
    return sorted(sockets, key=lambda socket: not socket.owners)


def _drawn(sockets: list[Socket]) -> list[str]:
    passive = [socket for socket in sockets if is_passive(socket)]
    lines = draw_sockets(passive, unique_connections([socket for socket in sockets if not is_passive(socket)]))
    return [phrases.EXAMPLE, *(f"  {line}" for line in lines)] if lines else []


def _state(text: str, state: State, snapshot: Snapshot) -> Explanation:
    known = STATES[state]
    sockets = [socket for socket in snapshot.sockets if socket.state is state and socket.family in INTERNET]
    lasts = duration(state, snapshot.host)
    paragraphs = [" ".join([known.cause, *([lasts] if lasts else [])]), known.many]
    if state is State.ESTABLISHED:
        paragraphs.append(UDP_ESTABLISHED)
    paragraphs.append(_count(state, sockets, snapshot))
    example = _with_owner(sockets)[:2]
    spelling = state.lower().replace("_", "-")
    return Explanation(
        text,
        "word",
        known.meaning,
        tuple(_drawn(example)),
        tuple(example),
        {Part.SOCKET if state in _NO_CONNECTION else Part.CONNECTION: Section(tuple(paragraphs))},
        next=(Command(f"portsock sockets --state {spelling}", "the sockets in this state"),),
    )


_NO_CONNECTION = frozenset({State.LISTEN, State.CLOSED, State.BOUND, State.UNCONN})


def _count(state: State, sockets: list[Socket], snapshot: Snapshot) -> str:
    here = "In this listing" if snapshot.source.kind == "capture" else "On this host"
    names = Counter(owner.name or "?" for socket in sockets for owner in holders([socket]))
    most = f", most of them held by {names.most_common(1)[0][0]}" if names and len(sockets) > 1 else ""
    verb = "is" if len(sockets) == 1 else "are"
    return f"{here} {plural(len(sockets), 'socket')} {verb} in {state} now{most}."
