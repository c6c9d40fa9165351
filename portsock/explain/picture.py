"""The picture of an answer: the listeners, and each connection once, with the processes at its ends on this host."""

from collections.abc import Sequence
from typing import NamedTuple

from portsock.explain.subject import Subject, accepted_from
from portsock.explain.wording import end_text, local_text, plural, short_owner_text
from portsock.model import Endpoint, Owner, Role, Socket
from portsock.normalize.connections import unique_connections


class Most(NamedTuple):
    """How much is drawn; the rest is counted."""

    passive: int
    """Listeners; `portsock procs` shows all of a process with more."""
    connections: int


WHOLE = Most(4, 3)
"""With a listener and both processes on a line of their own this still leaves room for the text."""
SKETCH = Most(2, 1)
"""For the short answer."""
WIDTH = 78
"""Columns of a line; processes that do not fit go to a line below."""


def draw(subject: Subject, most: Most = WHOLE) -> tuple[str, ...]:
    """Return the lines of the picture."""
    connected = unique_connections([*subject.connected, *subject.remote_sockets])
    return draw_sockets(subject.passive or subject.nearby, connected, most)


def draw_sockets(passive: Sequence[Socket], connected: list[Socket], most: Most = WHOLE) -> tuple[str, ...]:
    """Return listeners, below each the connections that came to it, then the other connections."""
    lines: list[str] = []
    drawn = 0
    for listener in passive[: most.passive]:
        lines.append(passive_line(listener))
        accepted = {id(socket) for socket in accepted_from(listener, connected)}
        mine = [socket for socket in connected if id(socket) in accepted]
        connected = [socket for socket in connected if id(socket) not in accepted]
        lines += _connections(mine[: most.connections - drawn], "  ")
        if len(mine) > most.connections - drawn:
            lines.append(f"  … and {len(mine) - (most.connections - drawn)} more that came to it")
        drawn = min(most.connections, drawn + len(mine))
    left = passive[most.passive :]
    if left:
        kind = " bound or listening" if all(socket.local is not None for socket in left) else ""
        lines.append(f"… and {plural(len(left), 'more socket')}{kind}")
    room = max(1, most.connections - drawn)
    lines += _connections(connected[:room], "")
    if len(connected) > room:
        lines.append(f"… and {plural(len(connected) - room, 'more connection')}")
    return tuple(lines)


def passive_line(socket: Socket) -> str:
    """Return '127.0.0.1:8080  LISTEN  tcp  python3[18085]'."""
    where = local_text(socket) if socket.local is not None else "(no address)"
    words = [where, socket.state or socket.state_raw or "", socket.protocol, short_owners_text(socket.owners)]
    return "  ".join(word for word in words if word)


def _connections(sockets: Sequence[Socket], indent: str) -> list[str]:
    lines = []
    for socket in sockets:
        ends, holders = connection_line(socket)
        if holders and len(indent + ends) + len(holders) + 2 > WIDTH:
            lines += [indent + ends, f"{indent}  {holders}"]
        else:
            lines.append(indent + (f"{ends}  {holders}" if holders else ends))
    return lines


def connection_line(socket: Socket) -> tuple[str, str]:
    """Return the two ends with the state, and the processes at them: '(client) → (server)', '↔' where roles are unknown."""
    mine, theirs = short_owners_text(socket.owners), short_owners_text(socket.peer.owners) if socket.peer else ""
    left, right = _end_text(socket.local), _end_text(socket.remote)
    arrow = "→" if socket.role in (Role.CLIENT, Role.SERVER) else "↔"
    if socket.role is Role.SERVER:
        left, right, mine, theirs = right, left, theirs, mine
    holders = f"{mine or '?'} {arrow} {theirs or '?'}" if mine or theirs else ""
    return f"{left} {arrow} {right}  {state_text(socket)}", holders


def _end_text(endpoint: Endpoint | None) -> str:
    """Return the text of an end. A unix client has no name; the name of its remote end is the server's path."""
    return "(unnamed)" if endpoint is None else end_text(endpoint)


def state_text(socket: Socket) -> str:
    """Return the state, after 'udp' or another protocol that is not TCP."""
    state = socket.state or socket.state_raw or ""
    return str(state) if socket.protocol in ("tcp", "unix") else f"{socket.protocol} {state}".strip()


def short_owners_text(owners: Sequence[Owner]) -> str:
    """Return 'nginx[5], nginx[6], …'."""
    texts = list(dict.fromkeys(short_owner_text(owner) for owner in owners))
    return ", ".join(texts[:3]) + (", …" if len(texts) > 3 else "")
