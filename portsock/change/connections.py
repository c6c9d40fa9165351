"""Who is connected to whom: by direction, program, peer network and the port of the service."""

from collections.abc import Mapping
from typing import NamedTuple

from portsock.change.bound import network
from portsock.change.coverage import Sight
from portsock.change.holdings import NOBODY, UNSEEN, Held, Holding, identity, join, match_holdings
from portsock.change.places import At
from portsock.change.tally import Tally, Unseen
from portsock.change.types import NEW, OLD, Change, Facts, Kind, Place, Side
from portsock.model import InetEndpoint, Netns, Role, Socket, State
from portsock.normalize.connections import without_further_subflows
from portsock.normalize.offers import programs_of

_OPEN = frozenset({State.ESTABLISHED, State.CLOSE_WAIT, None})
"""States of connections that somebody has. The others are beginning or ending, and mostly nobody's."""


class _Rows(NamedTuple):
    netns: Netns | None
    holdings: list[Holding]
    unseen: list[Unseen]


def connection_holders(side: Side, spaces: Mapping[int | None, str], programs: bool) -> dict[Place, Held]:
    """Return who is connected where on this side."""
    first, last = side.snapshot.host.ephemeral
    found: dict[Place, _Rows] = {}
    connected = [socket for socket in side.connected if socket.remote is not None and socket.state in _OPEN]
    for socket in without_further_subflows(connected):
        local, remote = socket.local, socket.remote
        if not isinstance(local, InetEndpoint) or not isinstance(remote, InetEndpoint):
            continue
        direction, port = _service(socket, local.port, remote.port, first, last)
        peer = network(remote.address) if remote.address else remote.hostname or "?"
        space = spaces[socket.netns.id if socket.netns else None]
        rows = found.setdefault(Place(space, socket.protocol, port, direction, peer), _Rows(socket.netns, [], []))
        _add(rows, socket, side, programs)
    return {
        place: Held(
            rows.netns,
            join(rows.holdings),
            frozenset(),
            min(rows.unseen, key=str, default=None),
            sum(holding.amount for holding in rows.holdings),
        )
        for place, rows in found.items()
    }


def _add(rows: _Rows, socket: Socket, side: Side, programs: bool) -> None:
    known = programs_of(socket.owners, socket.host, side.snapshot.processes) if programs else ()
    if programs and socket.owner_status in UNSEEN:
        rows.unseen.append((socket.owner_status, socket.owner_reason))
    first = known[0] if known else None
    key = identity(first) if first else NOBODY
    rows.holdings.append(Holding(key, (first,) if first else (), frozenset(), amount=1))


def _service(socket: Socket, local: int | None, remote: int | None, first: int, last: int) -> tuple[str, int | None]:
    """Return the direction of a connection, and the port of its service; None for a number that the system picked."""
    mine, others = (None if port is None or first <= port <= last else port for port in (local, remote))
    if socket.role is Role.SERVER:
        return "in", mine
    if socket.role is Role.CLIENT:
        return "out", others
    if mine is not None and (others is None or mine < others):
        return "in", mine
    return "out", others


def compare_connections(
    old: Mapping[Place, Held], new: Mapping[Place, Held], seen: tuple[Sight, Sight], tally: Tally
) -> list[Change]:
    """Return who is connected now and was not, and the other way round."""
    changes: list[Change] = []
    for place in sorted(old.keys() | new.keys(), key=_order):
        before, after = old.get(place), new.get(place)
        held = after or before
        assert held is not None
        at = At(place, held.netns, tally)
        if before is None and not seen[0].sees(place):
            tally.outside[OLD] += 1
        elif after is None and not seen[1].sees(place):
            tally.outside[NEW] += 1
        elif before and after and (before.unseen or after.unseen):
            tally.unseen(before.unseen, after.unseen)
        else:
            matched = match_holdings(before.holdings if before else (), after.holdings if after else ())
            changes += [_change(at, Kind.DISCONNECTED, holding) for holding in matched.old]
            changes += [_change(at, Kind.CONNECTED, holding) for holding in matched.new]
    return changes


def _order(place: Place) -> tuple[object, ...]:
    return (place.space, place.port or 0, place.protocol, place.direction or "", place.network or "")


def _change(at: At, kind: Kind, holding: Holding) -> Change:
    some = Facts((), None, holding.programs, holding.amount)
    none = Facts((), None, (), 0)
    return at.change(kind, *((none, some) if kind is Kind.CONNECTED else (some, none)), holding.programs)
