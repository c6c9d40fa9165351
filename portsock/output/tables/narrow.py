"""The shorter forms of cells, by the name that a column gives; loaded only for a terminal.

Ranks put them into an order with the columns that may be left out (`spare`). What misleads least goes first; addresses are
collapsed before a column goes, a name is cut before a pid goes, and of pids the first and the number of others always stay.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from portsock.addresses import exposure, scope
from portsock.endpoints import bracketed
from portsock.model import Exposure, InetEndpoint, Owner, OwnerStatus, Port, Scope, Socket, State
from portsock.normalize.processes import ProcessRow
from portsock.output.cells.ends import LISTED, TOP, counted, listening_items, remote_ends
from portsock.output.cells.holders import Groups, all_holders, groups_of, some_holders
from portsock.output.cells.owners import MORE, destinations, group_by_name, number_of_holder, peer_place, users_of
from portsock.output.cells.shorten import cut, cut_endpoint, listed
from portsock.output.columns import Form, Space
from portsock.output.text.escape import escape
from portsock.output.text.table import width_of

_LOOPBACK = "lo"
_ADDRESSES_OF_LO = "addresses of lo"
QUEUES = 50
"""The rank of the queues, which go before a pid."""
_SEVERAL = 6
"""The number of pids of a port that stay until columns were left out; the workers after them say no more than how many."""
_WIDEST_FIRST = tuple(reversed(Exposure))


def _cut(least: int, row: Any, cell: str, space: Space) -> str:  # noqa: ARG001 - the interface of a form
    return cut(cell, max(space.room, least), space.ascii_only)


def _free_text(rank: int, least: int) -> Form[Any]:
    return Form(rank, partial(_cut, least), least=least)


# Processes


def _holders(groups: Groups, partly: bool, tail: str, kept: int | None, least: int, space: Space) -> str:
    mark, tail = MORE if partly else "", escape(tail, space.ascii_only)
    if kept is None:
        return all_holders(groups, mark + tail, space.room, least, space.ascii_only)
    if kept > 1:
        mark, tail = mark + tail, ""
    return some_holders(groups, kept, mark, tail, space.room, least, space.ascii_only)


def _groups(owners: Sequence[Owner], descriptors: bool, ascii_only: bool) -> Groups:
    pairs = ((owner.name, number_of_holder(owner)) for owner in owners)
    return groups_of(group_by_name(pairs), descriptors, ascii_only)


def _process(descriptors: bool, kept: int | None, least: int, row: Port | Socket, cell: str, space: Space) -> str:
    if not row.owners:
        return cut(cell, max(space.room, least), space.ascii_only)
    tail = destinations(row.owners, row.host, space.context.processes) if isinstance(row, Port) else ""
    groups = _groups(row.owners, descriptors, space.ascii_only)
    return _holders(groups, row.owner_status is OwnerStatus.PARTIAL, tail, kept, least, space)


def _peer(descriptors: bool, kept: int | None, least: int, row: Socket, cell: str, space: Space) -> str:
    peer = row.peer
    if peer is None or not peer.owners:
        return cut(cell, max(space.room, least), space.ascii_only)
    groups = _groups(peer.owners, descriptors, space.ascii_only)
    return _holders(groups, peer.owner_status is OwnerStatus.PARTIAL, peer_place(peer), kept, least, space)


# Addresses


def _is_loopback(address: str | None) -> bool:
    return scope((address or "").partition("%")[0]) is Scope.LOOPBACK


def _reach(address: str) -> int:
    found = exposure(address.partition("%")[0])
    return len(_WIDEST_FIRST) if found is None else _WIDEST_FIRST.index(found)


def _collapsed(row: Port, ascii_only: bool) -> tuple[list[str], list[int]]:
    """Return the addresses, the widest reach first and those of the loopback as one, and the number of each."""
    ordered = sorted(row.addresses, key=_reach)
    others = [escape(bracketed(address), ascii_only) for address in ordered if not _is_loopback(address)]
    inner = len(row.addresses) - len(others)
    return [*others, *[_LOOPBACK] * (inner > 0)], [*[1] * len(others), *[inner] * (inner > 0)]


def _addresses(row: Port, cell: str, space: Space) -> str:
    items = _collapsed(row, space.ascii_only)[0]
    return ",".join(items) if _LOOPBACK in items else cell


def _first_addresses(least: int, row: Port, cell: str, space: Space) -> str:
    items, counts = _collapsed(row, space.ascii_only)
    if not items:
        return cell
    text = listed(items, space.room, counts=counts)
    if not least or width_of(text) <= space.room:
        return text
    rest = text[len(items[0]) :]  # nothing, or the number of the others
    return cut_endpoint(items[0], max(space.room - len(rest), least), space.ascii_only) + rest


def _end(side: str) -> Callable[[Socket, str, Space], str]:
    place = Socket._fields.index(side)

    def text(row: Socket, cell: str, space: Space) -> str:  # noqa: ARG001 - the interface of a form
        end = row[place]
        if isinstance(end, InetEndpoint) and end.port is not None and _is_loopback(end.address):
            return f"{_LOOPBACK}:{end.port}"
        return cell

    return text


def _cut_end(side: str, least: int) -> Callable[[Socket, str, Space], str]:
    collapsed = _end(side)
    return lambda row, cell, space: cut_endpoint(collapsed(row, cell, space), max(space.room, least), space.ascii_only)


def _ends_of(side: str) -> tuple[Form[Socket], ...]:
    cuts = ((80, 24), (120, 20), (125, 17), (130, 14), (150, 11), (155, 8))
    return (
        Form(40, _end(side), _ADDRESSES_OF_LO),
        *(Form(rank, _cut_end(side, least), None, least) for rank, least in cuts),
    )


# Other columns


def _state(row: Socket, cell: str, space: Space) -> str:  # noqa: ARG001 - the interface of a form
    return "ESTAB" if row.state is State.ESTABLISHED else cell


def _number(row: Port, cell: str, space: Space) -> str:  # noqa: ARG001
    return str(row.port)


def _users(row: Port, cell: str, space: Space) -> str:
    users = users_of(row.owners)
    return listed([escape(user, space.ascii_only) for user in users], space.room) if users else cell


def _listening(least: int, row: ProcessRow, cell: str, space: Space) -> str:  # noqa: ARG001
    items = [escape(item, space.ascii_only) for item in listening_items(row)]
    shown = items if len(items) <= LISTED + 1 else items[:LISTED]
    text = listed(shown, space.room, more=len(items) - len(shown))
    return cut(text, max(space.room, least), space.ascii_only) if least else text


def _connections(least: int, row: ProcessRow, cell: str, space: Space) -> str:  # noqa: ARG001
    ends = remote_ends(row, space.context.hostnames)
    shown = ends.most_common(TOP)
    items = [escape(counted(text, number), space.ascii_only) for text, number in shown]
    numbers = [number for _, number in shown]
    text = listed(items, space.room, ", ", ends.total() - sum(numbers), numbers)
    return cut(text, max(space.room, least), space.ascii_only) if least else text


def _name(least: int, row: ProcessRow, cell: str, space: Space) -> str:
    """Return the name; in a tree the sign of a branch takes the place of the indentation that does not fit."""
    indent = len(cell) - len(cell.lstrip()) if row.depth else 0
    excess = len(cell) - max(space.room, least)
    return cut(cell[min(max(excess, 0), indent) :], max(space.room, least), space.ascii_only)


FORMS: Mapping[str, Sequence[Form[Any]]] = {
    "text": (_free_text(10, 12),),
    "command": (_free_text(10, 20),),
    "protocol": (_free_text(180, 5),),
    "state": (Form(20, _state), _free_text(145, 6)),
    "port": (Form(30, _number, "service names"),),
    "addresses": (
        Form(20, _addresses, _ADDRESSES_OF_LO),
        Form(60, partial(_first_addresses, 0)),
        Form(120, partial(_first_addresses, 15)),
        Form(150, partial(_first_addresses, 6)),
    ),
    "local": _ends_of("local"),
    "remote": _ends_of("remote"),
    "users": (Form(40, _users), _free_text(55, 8)),
    "processes": (
        Form(10, partial(_process, False, None, 12)),
        Form(45, partial(_process, False, _SEVERAL, 12)),
        Form(80, partial(_process, False, _SEVERAL, 8)),
        Form(110, partial(_process, False, 1, 8)),
        Form(170, partial(_process, False, 1, 1)),
    ),
    "holders": (
        Form(10, partial(_process, True, None, 12)),
        Form(30, partial(_process, False, None, 12), "descriptors"),
        Form(60, partial(_process, False, None, 8)),
        Form(110, partial(_process, False, 1, 8), instead=QUEUES),
        Form(170, partial(_process, False, 1, 1)),
    ),
    "peer": (
        Form(10, partial(_peer, True, None, 12)),
        Form(30, partial(_peer, False, None, 12), "descriptors"),
        Form(60, partial(_peer, False, None, 8)),
        Form(90, partial(_peer, False, 1, 8)),
    ),
    "name": (Form(80, partial(_name, 12)), Form(150, partial(_name, 4))),
    "listening": (Form(30, partial(_listening, 0)), Form(120, partial(_listening, 9))),
    "connections": (Form(20, partial(_connections, 0)), Form(90, partial(_connections, 12))),
}
