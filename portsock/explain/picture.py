"""The picture of an answer: the listeners, and each connection once with the process on each end that is on this host."""

from collections.abc import Sequence

from portsock.explain.scene import Scene, accepted_from
from portsock.explain.show import end_text, plural, short_owner
from portsock.model import Endpoint, Owner, Role, Socket
from portsock.normalize.connections import unique_connections

MOST_CONNECTIONS = 3
"""Connections drawn: with a listener and both processes on a line of their own they still leave room for the text."""
MOST_PASSIVE = 4
"""Listeners drawn; a process with more is better asked with `portsock procs`."""
WIDTH = 78
"""Columns a line may take before the processes move to a line below."""


def draw(scene: Scene) -> tuple[str, ...]:
    """The lines of the picture."""
    return draw_sockets(scene.passive, unique_connections([*scene.connected, *scene.there]))


def draw_sockets(passive: Sequence[Socket], connected: list[Socket]) -> tuple[str, ...]:
    """Listeners with what came to them below each, then the other connections."""
    lines: list[str] = []
    drawn = 0
    shown = passive[:MOST_PASSIVE]
    for listener in shown:
        lines.append(passive_line(listener))
        accepted = {id(socket) for socket in accepted_from(listener, connected)}
        mine = [socket for socket in connected if id(socket) in accepted]
        connected = [socket for socket in connected if id(socket) not in accepted]
        lines += _connections(mine[: MOST_CONNECTIONS - drawn], "  ")
        if len(mine) > MOST_CONNECTIONS - drawn:
            lines.append(f"  … and {len(mine) - (MOST_CONNECTIONS - drawn)} more that came to it")
        drawn = min(MOST_CONNECTIONS, drawn + len(mine))
    if len(passive) > len(shown):
        lines.append(f"… and {plural(len(passive) - len(shown), 'more socket')} bound or listening")
    room = max(1, MOST_CONNECTIONS - drawn)
    lines += _connections(connected[:room], "")
    if len(connected) > room:
        lines.append(f"… and {plural(len(connected) - room, 'more connection')}")
    return tuple(lines)


def passive_line(socket: Socket) -> str:
    """'127.0.0.1:8080  LISTEN  tcp  python3[18085]'."""
    words = [end_text(socket.local), socket.state or socket.state_raw or "", socket.protocol, owners_text(socket.owners)]
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
    """The two ends with the state, and the processes at them: '(client) → (server)' by role, '↔' where that is unknown."""
    mine, theirs = owners_text(socket.owners), owners_text(socket.peer.owners) if socket.peer else ""
    left, right = _end(socket.local), _end(socket.remote)
    arrow = "→" if socket.role in (Role.CLIENT, Role.SERVER) else "↔"
    if socket.role is Role.SERVER:
        left, right, mine, theirs = right, left, theirs, mine
    holders = f"{mine or '?'} {arrow} {theirs or '?'}" if mine or theirs else ""
    return f"{left} {arrow} {right}  {state_text(socket)}", holders


def _end(endpoint: Endpoint | None) -> str:
    """A unix client has no name, and its server's path is what its remote end is called."""
    return "(unnamed)" if endpoint is None else end_text(endpoint)


def state_text(socket: Socket) -> str:
    """The state, with 'udp' or another protocol that is not TCP before it."""
    state = socket.state or socket.state_raw or ""
    return str(state) if socket.protocol in ("tcp", "unix") else f"{socket.protocol} {state}".strip()


def owners_text(owners: Sequence[Owner]) -> str:
    """'nginx[5], nginx[6], …'."""
    texts = list(dict.fromkeys(short_owner(owner) for owner in owners))
    return ", ".join(texts[:3]) + (", …" if len(texts) > 3 else "")
