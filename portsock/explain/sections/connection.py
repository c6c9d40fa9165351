"""Section CONNECTION: the number, states and peers of connections; of one its direction, state, other end, siblings."""

from collections import Counter
from collections.abc import Sequence

from portsock.endpoints import address_of, port_of
from portsock.explain.ephemeral import chosen_by_peer
from portsock.explain.sections.durations import duration_sentence, time_text
from portsock.explain.subject import Subject
from portsock.explain.texts import phrases
from portsock.explain.texts.states import STATES, UDP_ESTABLISHED, UNIX_ESTABLISHED, UNKNOWN_STATE
from portsock.explain.transfer import queued, queued_texts
from portsock.explain.wording import end_text, joined, plural
from portsock.model import Family, OwnerStatus, Role, Socket, State
from portsock.normalize.connections import connections, far_state, unique_connections
from portsock.query.target import InetTarget

ORDINARY = (State.ESTABLISHED, State.TIME_WAIT)
"""States that are not explained in the summary of many connections."""

MOST_SIBLINGS = 3
"""Other ends of a shared endpoint that are named."""


def paragraphs(subject: Subject) -> list[str]:
    """Return the paragraphs about the target's connections."""
    sockets = [
        socket
        for socket in unique_connections([*subject.connected, *subject.remote_sockets])
        if socket.family is not Family.UNIX
    ]
    if not sockets:
        return _unix(subject)
    if len(sockets) == 1:
        return [" ".join([*_one(sockets[0], subject), *_siblings(sockets[0], subject)])]
    return [" ".join(_many(sockets, subject))]


def state_sentences(socket: Socket, subject: Subject) -> list[str]:
    """Return meaning, cause and duration of the state of one socket."""
    state = socket.state
    if state is None:
        return [UNKNOWN_STATE.format(state=socket.state_raw)] if socket.state_raw else []
    if state is State.ESTABLISHED and socket.protocol in ("udp", "udplite"):
        return [UDP_ESTABLISHED]
    text = STATES[state]
    lasts = duration_sentence(state, subject.snapshot.host, _is_held(socket))
    if state is State.ESTABLISHED:
        return [text.meaning]
    return [text.meaning, text.cause, *([lasts] if lasts else [])]


def _one(socket: Socket, subject: Subject) -> list[str]:
    here = socket.peer is not None and socket.role in (Role.SERVER, Role.CLIENT)
    ends = (end_text(socket.local), end_text(socket.remote))
    client, server = ends if socket.role is Role.CLIENT else ends[::-1]
    came_in = phrases.DIRECTION_IN if socket.protocol not in ("udp", "udplite") else phrases.DIRECTION_IN_UDP
    direction = {Role.SERVER: came_in, Role.CLIENT: phrases.DIRECTION_OUT}.get(socket.role, phrases.DIRECTION_UNKNOWN)
    direction = direction.format(listener=phrases.NO_LISTENER_LISTED if subject.captured else phrases.NO_LISTENER)
    if here:
        direction = phrases.DIRECTION_BOTH.format(client=client, server=server)
    left = socket.timer.expires_ms if socket.timer and socket.state is State.TIME_WAIT else None
    remaining = [phrases.REMAINING.format(time=time_text(left / 1000))] if left else []
    sentences = [*state_sentences(socket, subject), *remaining, direction]
    peers = port_of(socket.remote)
    if socket.role is Role.SERVER and subject.port is not None and peers:
        sentences.append(chosen_by_peer(peers, socket, subject.snapshot.host))
    sentences += _queue_sentences(socket, subject)
    if socket.peer is not None:
        if socket.peer.host is not None:
            sentences.append(phrases.OTHER_END_HOST.format(host=socket.peer.host))
        elif socket.peer.netns is not None:
            name = socket.peer.netns.name or str(socket.peer.netns.id)
            sentences.append(phrases.OTHER_END_NETNS.format(netns=name))
        else:
            far = far_state(socket, subject.snapshot.sockets)
            state = phrases.FAR_STATE.format(state=far) if far is not None and far is not socket.state else ""
            sentences.append(phrases.OTHER_END_HERE.format(state=state))
    return sentences


def _is_held(socket: Socket) -> bool | None:
    """Tell whether a process holds the socket; None where that is not known."""
    if socket.owners:
        return True
    return False if socket.owner_status is OwnerStatus.NONE else None


def _queue_sentences(socket: Socket, subject: Subject) -> list[str]:
    """Return what waits in its queues, and whether the end of the stream was read."""
    if socket.protocol != "tcp":
        return []
    linux = subject.snapshot.host.system == "Linux"
    found = queued(socket, linux)
    texts = queued_texts(found)
    sentences = [phrases.BYTES_QUEUED.format(list=joined(texts))] if texts else []
    if linux and socket.state is State.CLOSE_WAIT:
        sentences.append(phrases.END_UNREAD if found.end_unread else phrases.END_READ)
    return sentences


def _siblings(socket: Socket, subject: Subject) -> list[str]:
    """Return a sentence where one of its endpoints is part of several connections."""
    for endpoint in (socket.remote, socket.local):
        same = [
            each
            for each in subject.snapshot.sockets
            if each.protocol == socket.protocol
            and each.netns == socket.netns
            and each.host == socket.host
            and each.remote is not None
            and endpoint in (each.local, each.remote)
        ]
        unique = connections(same)
        if len(unique) > 1:
            ends = {end: None for each in unique for end in (each.local, each.remote)}
            others = [end_text(end) for end in ends if end not in (socket.local, socket.remote)]
            text = joined(others, MOST_SIBLINGS) or "itself"
            return [phrases.SIBLINGS.format(endpoint=end_text(endpoint), count=len(unique), others=text)]
    return []


def _many(sockets: Sequence[Socket], subject: Subject) -> list[str]:
    states = Counter(str(socket.state or socket.state_raw or "?") for socket in sockets)
    sentences = [phrases.COUNTS.format(connections=plural(len(sockets), "connection"),
                                       states=joined([f"{n} {state}" for state, n in states.most_common()]))]  # fmt: skip
    peers = Counter(address_of(socket.remote) or "?" for socket in sockets)
    if subject.local_sockets and len(peers) < len(sockets):
        sentences.append(phrases.PEERS.format(list=joined([f"{address} ({n})" for address, n in peers.most_common()], 4)))
    telling = [socket for socket in sockets if socket.state not in ORDINARY]
    common = Counter(socket.state for socket in telling).most_common(1)
    if common:
        first = next(socket for socket in telling if socket.state is common[0][0])
        sentences += state_sentences(first, subject)
    elif all(socket.state is State.TIME_WAIT for socket in sockets):
        sentences += state_sentences(sockets[0], subject)
    elif any(socket.protocol in ("udp", "udplite") for socket in sockets):
        sentences.append(UDP_ESTABLISHED)
    if isinstance(subject.target, InetTarget) and subject.target.kind in ("port", "endpoint"):
        sentences.append(_common_end(sockets, subject))
    return sentences


def _common_end(sockets: Sequence[Socket], subject: Subject) -> str:
    """Return the sentence on what these connections have in common: one end, or its port only."""
    remote = bool(subject.remote_sockets) and not subject.connected
    side = "remote" if remote else "local"
    by_local = {id(socket) for socket in subject.local_sockets}
    # Of a connection within this host the end that the target names may be the far end of the socket that was kept.
    named = [socket.remote if remote or id(socket) not in by_local else socket.local for socket in sockets]
    addresses = list(dict.fromkeys(address_of(end) or "?" for end in named))
    if len(addresses) == 1:
        return phrases.FIVE_TUPLE.format(side=side)
    return phrases.FIVE_TUPLE_PORT.format(side=side, count=len(addresses), list=joined(addresses, 3))


def _unix(subject: Subject) -> list[str]:
    sockets = [socket for socket in subject.connected if socket.family is Family.UNIX]
    return [UNIX_ESTABLISHED] if len(sockets) == 1 and sockets[0].state is State.ESTABLISHED else []
