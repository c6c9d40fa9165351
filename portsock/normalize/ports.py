"""Group sockets by port: one row for each (host, namespace, protocol, port, owners of its listening or bound sockets)."""

from collections.abc import Iterable, Sequence

from portsock.addresses import WILDCARDS, exposure, widest
from portsock.model import PASSIVE, Family, InetEndpoint, Owner, OwnerStatus, Port, Socket, State
from portsock.normalize.connections import without_further_subflows
from portsock.normalize.order import in_order
from portsock.port_numbers import Services, range_of

_PortKey = tuple[str | None, int | None, str, int]
"""Host, namespace, protocol and port."""


def group_ports(sockets: Iterable[Socket], services: Services, counted: bool, every: bool = True) -> list[Port]:
    """Return the ports that these sockets use at their local end, sorted by host, namespace, number and protocol.

    `counted`: connected sockets were collected. Without them a port's `connections` is None. `every`: also the ports that
    only connections use, as thousands of a client do.
    """
    passive: dict[_PortKey, dict[object, list[Socket]]] = {}
    row_keys: dict[int, object] = {}
    connected: dict[_PortKey, list[Socket]] = {}
    for socket in sockets:
        local = socket.local
        if not isinstance(local, InetEndpoint) or local.port is None:
            continue
        key = (socket.host, socket.netns.id if socket.netns else None, socket.protocol, local.port)
        if socket.role in PASSIVE or socket.remote is None:  # without a peer its role may be unknown
            if len(socket.owners) < 2:
                row_key = _row_key(socket)
            else:  # workers share all sockets of their master, and the same tuple: its key is made once
                row_key = row_keys.get(id(socket.owners)) or row_keys.setdefault(id(socket.owners), _row_key(socket))
            passive.setdefault(key, {}).setdefault(row_key, []).append(socket)
        else:
            connected.setdefault(key, []).append(socket)
    ports = []
    for key in list(passive):
        rows = list(passive.pop(key).values())  # freed row by row: of 100,000 ports they take as much as their sockets
        numbers, rest = _assign_connections(rows, connected.pop(key, []))
        ports += [_port(row, services, number if counted else None) for row, number in zip(rows, numbers, strict=True)]
        if rest:
            connected[key] = rest
    if every:
        ports += [_port(row, services, len(without_further_subflows(row))) for row in connected.values()]
    return sorted(ports, key=_order)


def _row_key(socket: Socket) -> object:
    """Return a key that sockets of one row have in common: their processes, or where none is known status and uid."""
    owners = socket.owners
    if not owners:
        return (socket.owner_status, socket.uid)
    if len(owners) == 1:
        return _holder(owners[0])
    found = frozenset(map(_holder, owners))
    return found if len(found) > 1 else next(iter(found))


def _holder(owner: Owner) -> tuple[int | None, str | None]:
    """Return the number of the process, or its name where the source gives no number."""
    return (owner.pid, owner.name if owner.pid is None else None)


class _Rows:
    """Rows that cover an address: the first of them, and by process the first with each."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.by_pid: dict[int | None, int] = {}

    def add(self, number: int, pids: set[int | None]) -> None:
        if self.first is None:
            self.first = number
        for pid in pids:
            self.by_pid.setdefault(pid, number)

    def best(self, owners: Sequence[Owner]) -> int | None:
        """Return the first row that has a process of the connection's, else the first."""
        held = [self.by_pid[owner.pid] for owner in owners if owner.pid in self.by_pid]
        return min(held) if held else self.first


def _assign_connections(rows: Sequence[Sequence[Socket]], connected: Sequence[Socket]) -> tuple[list[int], list[Socket]]:
    """Return the number of connections that belong to each row, and the sockets that no row's address covers.

    The subflows of an MPTCP connection, which have one inode, count once.

    A specific address wins over a wildcard, as in the kernel's lookup; of several equal rows the one wins whose processes hold
    the connection, else the first. Rows are found by address and process: thousands of workers can have a listener each.
    """
    if not connected:
        return [0] * len(rows), []
    by_address: dict[str | None, _Rows] = {}
    wildcards = _Rows()
    for number, row in enumerate(rows):
        addresses = {socket.local.address for socket in row if isinstance(socket.local, InetEndpoint)}
        pids = {owner.pid for socket in row for owner in socket.owners}
        for address in addresses:
            by_address.setdefault(address, _Rows()).add(number, pids)
        if not addresses.isdisjoint(WILDCARDS):
            wildcards.add(number, pids)
    numbers, rest = [0] * len(rows), []
    first_subflows = without_further_subflows(connected)
    counted = None if first_subflows is connected else set(map(id, first_subflows))
    for socket in connected:
        address = socket.local.address if isinstance(socket.local, InetEndpoint) else None
        covering = by_address.get(address, wildcards)
        row_number = covering.best(socket.owners) if len(rows) > 1 else covering.first
        if row_number is None:
            rest.append(socket)
        elif counted is None or id(socket) in counted:
            numbers[row_number] += 1
    return numbers, rest


def _port(unordered: Sequence[Socket], services: Services, connections: int | None) -> Port:
    if len(unordered) == 1:
        return _port_of_one(unordered[0], services, connections)
    row = in_order(unordered)
    first = next((socket for socket in row if socket.state is State.LISTEN), row[0])
    assert isinstance(first.local, InetEndpoint)
    assert first.local.port is not None
    port = first.local.port
    owners = dict.fromkeys(owner for socket in row for owner in socket.owners)
    return Port(
        first.protocol,
        port,
        first.local.label or services.name(first.protocol, port),
        range_of(port),
        first.state,
        _addresses(row),
        widest([exposure(socket.local.address) for socket in row if isinstance(socket.local, InetEndpoint)]),
        tuple(row),
        connections,
        _worst(row),
        next((socket.owner_reason for socket in row if socket.owner_reason), None),
        tuple(sorted(owners, key=_owner_order)),
        first.netns,
        first.host,
    )


def _port_of_one(socket: Socket, services: Services, connections: int | None) -> Port:
    """Return the row of one socket, as most rows are: nothing is to be merged."""
    local, owners = socket.local, socket.owners
    assert isinstance(local, InetEndpoint)
    assert local.port is not None
    port, protocol = local.port, socket.protocol
    if len(owners) > 1 and not _is_sorted(owners):
        owners = tuple(sorted(dict.fromkeys(owners), key=_owner_order))
    # By position, without Port's constructor, which would take as long as all else here.
    return tuple.__new__(
        Port,
        (protocol, port, local.label or services.name(protocol, port), range_of(port), socket.state,
         (_address(socket, local),), exposure(local.address), (socket,), connections,
         socket.owner_status, socket.owner_reason, owners, socket.netns, socket.host, None),
    )  # fmt: skip


def _is_sorted(owners: Sequence[Owner]) -> bool:
    """Tell whether the owners are processes without descriptors, each once, by pid: so a live source gives them."""
    if owners[0].fd is not None:
        return False
    pids = [owner.pid or 0 for owner in owners]
    return pids == sorted(set(pids))


def _address(socket: Socket, local: InetEndpoint) -> str:
    text = local.address or local.hostname or "?"
    if text == "::" and socket.v6only is False and socket.family is Family.IPV6:
        text = "*"
    if local.zone or socket.interface:
        return f"{text}%{local.zone or socket.interface}"
    return text


def _addresses(row: Sequence[Socket]) -> tuple[str, ...]:
    """Return the bound addresses as text, IPv4 first; all addresses of both families become '*'."""
    texts = {_address(socket, socket.local) for socket in row if isinstance(socket.local, InetEndpoint)}
    if {"0.0.0.0", "::"} <= texts:
        texts = texts - {"0.0.0.0", "::"} | {"*"}
    return tuple(sorted(texts, key=lambda text: (":" in text, text)))


def _worst(row: Sequence[Socket]) -> OwnerStatus:
    """Return the owner status of a row: of its sockets', the one that leaves most unknown."""
    order = (OwnerStatus.HIDDEN, OwnerStatus.PARTIAL, OwnerStatus.UNREPORTED, OwnerStatus.ELSEWHERE, OwnerStatus.UNHELD)
    statuses = {socket.owner_status for socket in row}
    return next((status for status in order if status in statuses), row[0].owner_status)


def _owner_order(owner: Owner) -> tuple[int, int]:
    return (owner.pid if owner.pid is not None else -1, owner.fd if owner.fd is not None else -1)


def _order(port: Port) -> tuple[object, ...]:
    return (port.host or "", port.netns.id if port.netns else 0, port.port, port.protocol, port.addresses)
