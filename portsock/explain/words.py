"""Answers to words, with a live example from the snapshot."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from portsock.endpoints import port_of
from portsock.explain.ephemeral import range_source, system_name
from portsock.explain.picture import draw_sockets
from portsock.explain.related import relation, scene, sections
from portsock.explain.sections.durations import duration_sentence, sysctl_number, unprivileged_start
from portsock.explain.sections.socket import SOMAXCONN
from portsock.explain.subject import accepted_from
from portsock.explain.texts import phrases
from portsock.explain.texts.errnos import ERRNOS
from portsock.explain.texts.states import STATES, UDP_ESTABLISHED
from portsock.explain.texts.terms import TERMS
from portsock.explain.texts.words import WORDS, WordText
from portsock.explain.types import Command, Explanation, Part, Reading, Section
from portsock.explain.vocabulary import RELATED, Word, recognise_word, recognise_words
from portsock.explain.wording import command_line, file_argument, holders, plural, quoted_argument
from portsock.model import INTERNET, Role, Snapshot, Socket, State
from portsock.normalize.connections import unique_connections
from portsock.normalize.roles import NO_PEER_STATES, is_passive
from portsock.port_numbers import Services

_BY_PROTOCOL = frozenset({Word.TCP, Word.UDP, Word.UNIX})
_WITH_EXAMPLE = RELATED | {Word.RECV_Q, Word.SEND_Q}


def explain_word(text: str, snapshot: Snapshot, services: Services) -> Explanation | None:
    """Return the explanation of a word, or of several together, or None where the text is neither.

    Words win over services of the same name.
    """
    word = recognise_word(text)
    if word is None:
        several = recognise_words(text)
        return _explain_related(text, several.split(), snapshot) if several else None
    answer = _explain_state(text, word, snapshot) if isinstance(word, State) else _explain_term(text, word, snapshot)
    if not services.ports(text):
        return answer
    readings = (
        Reading(phrases.READ_WORD, f"portsock explain {quoted_argument(text)}"),
        Reading(phrases.READ_SERVICE, f"portsock explain {quoted_argument('service:' + text)}"),
    )
    return answer._replace(readings=readings)


def word_summary(text: str) -> str:
    """Return the sentence that says what a term or an error is."""
    return _text_of(Word(text)).summary


def _text_of(word: Word) -> WordText:
    return WORDS.get(word) or TERMS.get(word) or ERRNOS[word]


def _explain_related(text: str, words: Iterable[str], snapshot: Snapshot) -> Explanation:
    example = _example(Word.PORT, snapshot)
    shown = scene(example, snapshot.sockets)
    chosen = [Word(word) for word in words]
    meanings = {Part.SOCKET: Section(tuple(word_summary(word) for word in chosen))}
    return Explanation(
        text,
        "word",
        relation(shown),
        tuple(_picture(example)),
        tuple(example),
        sections(chosen, shown, word_summary) if shown is not None else meanings,
        next=tuple(Command(f"portsock explain {word}", f"more about {word} alone") for word in chosen[:2]),
    )


def _explain_term(text: str, word: Word, snapshot: Snapshot) -> Explanation:
    texts, values = _text_of(word), _values(snapshot)
    example = _example(word, snapshot)
    return Explanation(
        text,
        "word",
        texts.summary,
        tuple(_picture(example)),
        tuple(example),
        {texts.part: Section(tuple(paragraph.format_map(values) for paragraph in texts.paragraphs))},
        next=_next(texts.next, snapshot),
    )


def _next(found: tuple[Command, ...], snapshot: Snapshot) -> tuple[Command, ...]:
    """Return the commands; for a captured listing only portsock's own, reading the same file."""
    if snapshot.source.kind != "capture":
        return found
    inputs = snapshot.source.inputs
    if len(inputs) != 1 or not inputs[0].name:
        return ()
    own = (each for each in found if each.line.startswith("portsock "))
    again = ((each, command_line(*each.line.split(), "--from", file_argument(inputs[0].name))) for each in own)
    return tuple(Command(line, each.purpose) for each, line in again if line is not None)


def _values(snapshot: Snapshot) -> dict[str, str]:
    """Return the values of the braces in the texts."""
    host = snapshot.host
    somaxconn, (start, live) = sysctl_number(host, SOMAXCONN), unprivileged_start(host)
    first, last = host.ephemeral
    name = system_name(host)
    return {
        "range": phrases.EPHEMERAL_RANGE.format(
            system=name[0].upper() + name[1:], first=first, last=last, how=range_source(host)
        ),
        "somaxconn": f" ({somaxconn} here)" if somaxconn is not None else "",
        "unprivileged": f" ({start} here)" if live else f" (by default {start})",
    }


def _example(word: Word, snapshot: Snapshot) -> list[Socket]:
    """Return sockets of this host as an example of the word; a listener with accepted sockets where there are some."""
    internet = [socket for socket in snapshot.sockets if socket.family in INTERNET]
    if word in _BY_PROTOCOL:
        return _owned_first(socket for socket in snapshot.sockets if socket.protocol == word)[:1]
    if word not in _WITH_EXAMPLE:
        return []
    if word is Word.EPHEMERAL:
        first, last = snapshot.host.ephemeral
        return [s for s in internet if s.role is Role.CLIENT and first <= (port_of(s.local) or 0) <= last][:1]
    if word in (Word.CONNECTION, Word.ENDPOINT, Word.FIVE_TUPLE, Word.HALF_ASSOCIATION, Word.SEND_Q):
        return _owned_first(socket for socket in internet if socket.state is State.ESTABLISHED and socket.protocol == "tcp")[
            :1
        ]
    listeners = _owned_first(socket for socket in internet if socket.state is State.LISTEN)
    if word in (Word.LISTENER, Word.BACKLOG, Word.BIND, Word.RECV_Q):
        return listeners[:1]
    servers: dict[object, list[Socket]] = defaultdict(list)
    for socket in internet:
        if socket.role is Role.SERVER:
            servers[socket.protocol, port_of(socket.local)].append(socket)
    near = ((listener, servers.get((listener.protocol, port_of(listener.local)), [])) for listener in listeners)
    families = [(listener, _owned_first(accepted_from(listener, sockets))[:2]) for listener, sockets in near]
    listener, accepted = max(families, key=lambda family: _example_rank(*family), default=(None, []))
    return [listener, *accepted] if listener else []


def _example_rank(listener: Socket, accepted: list[Socket]) -> tuple[int, int]:
    """Return how well a listener with two of its connections shows that they share a port."""
    return sum(bool(socket.owners) for socket in accepted), len(accepted) + bool(listener.owners)


def _owned_first(sockets: Iterable[Socket]) -> list[Socket]:
    """Sort the sockets with known holders first."""
    return sorted(sockets, key=lambda socket: not socket.owners)


def _picture(sockets: list[Socket]) -> list[str]:
    passive = [socket for socket in sockets if is_passive(socket)]
    lines = draw_sockets(passive, unique_connections([socket for socket in sockets if not is_passive(socket)]))
    return [phrases.EXAMPLE, *(f"  {line}" for line in lines)] if lines else []


def _explain_state(text: str, state: State, snapshot: Snapshot) -> Explanation:
    texts = STATES[state]
    sockets = [socket for socket in snapshot.sockets if socket.state is state and socket.family in INTERNET]
    lasts = duration_sentence(state, snapshot.host)
    paragraphs = [" ".join([texts.cause, *([lasts] if lasts else [])]), texts.many]
    if state is State.ESTABLISHED:
        paragraphs.append(UDP_ESTABLISHED)
    paragraphs.append(_count_sentence(state, sockets, snapshot))
    example = _owned_first(sockets)[:2]
    spelling = state.lower().replace("_", "-")
    return Explanation(
        text,
        "word",
        texts.meaning,
        tuple(_picture(example)),
        tuple(example),
        {Part.SOCKET if state in NO_PEER_STATES else Part.CONNECTION: Section(tuple(paragraphs))},
        next=_next((Command(f"portsock sockets --state {spelling}", "the sockets in this state"),), snapshot),
    )


def _count_sentence(state: State, sockets: list[Socket], snapshot: Snapshot) -> str:
    here = "In this listing" if snapshot.source.kind == "capture" else "On this host"
    names = Counter(owner.name for socket in sockets for owner in holders([socket]) if owner.name)
    most = f", most of them held by {names.most_common(1)[0][0]}" if names and len(sockets) > 1 else ""
    if sockets and snapshot.source.kind == "capture" and not any(socket.owners for socket in sockets):
        most = "; the listing does not name their holders"
    verb = "is" if len(sockets) == 1 else "are"
    return f"{here} {plural(len(sockets), 'socket')} {verb} in {state} now{most}."
