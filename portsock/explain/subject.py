"""The subject of an answer: the sockets and processes that a target names, by the end that it names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from portsock.addresses import WILDCARDS, scope
from portsock.endpoints import address_of, port_of
from portsock.explain.nearby import covered_sockets, nearby_sockets
from portsock.explain.types import PathFacts, Remote
from portsock.model import (
    INTERNET,
    Family,
    InetEndpoint,
    Netns,
    Owner,
    Process,
    Role,
    Scope,
    Snapshot,
    Socket,
    State,
    UnixEndpoint,
)
from portsock.normalize.roles import is_passive
from portsock.port_numbers import Services
from portsock.query.matching.owners import name_predicate
from portsock.query.matching.targets import target_predicates
from portsock.query.query import Query
from portsock.query.target import ConnectionTarget, InetTarget, NameTarget, NumberTarget, ServiceTarget, Target, UnixTarget

if TYPE_CHECKING:
    from portsock.reach.ports import Judge


class Subject(NamedTuple):
    """The input of the sections, the rules and the summary."""

    target: Target
    snapshot: Snapshot
    services: Services
    local_sockets: list[Socket]
    """Sockets whose local end, holder or identity the target names."""
    remote_sockets: list[Socket]
    """Other sockets, whose remote end the target names. Where there are `local_sockets`, only those with that end on this
    host: the other ends of its connections."""
    outbound_sockets: list[Socket]
    """Where there are `local_sockets`: sockets whose remote end has the same port on another host."""
    passive: list[Socket]
    """Those of `local_sockets` that listen or are bound. They may be a hundred thousand, and every rule asks for them."""
    connected: list[Socket]
    """Those of `local_sockets` that have a peer."""
    processes: list[Process]
    """The processes that the target names, if it is of that kind."""
    path: PathFacts | None = None
    caller: int | None = None
    """The uid that portsock runs as, None where that is not known."""
    covers: bool = False
    """Nothing matches the target, a wildcard, itself: `local_sockets` have addresses that it covers, and are in its way."""
    remote: Remote | None = None
    """The way to the endpoint, where it is another host's or was tried."""
    nearby: Sequence[Socket] = ()
    """Where nothing matches: what waits on the same port at other addresses, or under another protocol."""
    filters: "Mapping[tuple[str | None, int | None], Judge | None]" = {}  # noqa: RUF012 - never changed
    """The packet filters that were read, by host label and number of the network namespace; None where there are no rules."""
    sources: tuple[str, ...] = ()
    """Addresses and networks that --source asks about."""

    @property
    def captured(self) -> bool:
        """True for a captured listing."""
        return self.snapshot.source.kind == "capture"

    @property
    def sockets(self) -> list[Socket]:
        """The sockets that the answer is about."""
        return [*self.local_sockets, *self.remote_sockets]

    @property
    def listeners(self) -> list[Socket]:
        """Sockets in LISTEN."""
        return [socket for socket in self.local_sockets if socket.state is State.LISTEN]

    @property
    def port(self) -> int | None:
        """The one port that the target names."""
        target = self.target
        if isinstance(target, InetTarget) and target.ports and target.ports[0] == target.ports[1]:
            return target.ports[0]
        if isinstance(target, ServiceTarget):
            numbers = {port for _, port in target.pairs}
            return numbers.pop() if len(numbers) == 1 else None
        if isinstance(target, NumberTarget) and target.kind != "pid" and len(self.passive) == 1:
            return port_of(self.passive[0].local)
        return None

    def process(self, owner: Owner, socket: Socket | None = None) -> Process | None:
        """Return the process of a holder, or None where nothing more is known of it."""
        host = socket.host if socket else None
        return self.snapshot.processes.get((host, owner.pid)) if owner.pid is not None else None


def filter_place(socket: Socket) -> tuple[str | None, int | None]:
    """Return the key of `Subject.filters` for a socket: its host, and the number of its network namespace."""
    return socket.host, socket.netns.id if socket.netns else None


def find_subject(target: Target, snapshot: Snapshot, services: Services, path: PathFacts | None = None) -> Subject:
    """Select the sockets and processes that the target names."""
    local_sockets, remote_sockets, processes = _select(target, snapshot)
    covers = False
    nearby: Sequence[Socket] = ()
    if isinstance(target, InetTarget) and not local_sockets and not remote_sockets:
        local_sockets = covered_sockets(target, snapshot)
        covers = bool(local_sockets)
        nearby = () if covers else nearby_sockets(target, snapshot)
    if isinstance(target, UnixTarget) and path is not None and path.inode is not None:
        local_sockets = _with_same_file(local_sockets, path.inode, snapshot)
    outbound: list[Socket] = []
    if local_sockets and remote_sockets:
        addresses = {address_of(socket.local) for socket in snapshot.sockets} | (snapshot.host.addresses or frozenset())
        outbound = [socket for socket in remote_sockets if not _ends_here(socket, addresses)]
        remote_sockets = [socket for socket in remote_sockets if _ends_here(socket, addresses)]
    passive: list[Socket] = []
    connected: list[Socket] = []
    for socket in local_sockets:
        (passive if is_passive(socket) else connected).append(socket)
    return Subject(
        target, snapshot, services, local_sockets, remote_sockets, outbound, passive, connected, processes, path,
        covers=covers, nearby=nearby,
    )  # fmt: skip


def _with_same_file(sockets: list[Socket], file: tuple[int, int], snapshot: Snapshot) -> list[Socket]:
    """Add the sockets bound to the file at the path under another name: through a symbolic link, or relative."""
    known = {id(socket) for socket in sockets}
    return sockets + [socket for socket in snapshot.sockets if socket.vfs == file and id(socket) not in known]


def _ends_here(socket: Socket, addresses: set[str | None]) -> bool:
    """Tell whether the remote end is on this host, which has these addresses."""
    address = address_of(socket.remote)
    return address in addresses or scope(address) is Scope.LOOPBACK


def _select(target: Target, snapshot: Snapshot) -> tuple[list[Socket], list[Socket], list[Process]]:
    """Return the sockets by local and by remote end, and the processes, that the target names."""
    if isinstance(target, InetTarget | ServiceTarget | UnixTarget):
        by_local = _matching(target, snapshot, "local")
        known = {id(socket) for socket in by_local}
        return by_local, [socket for socket in _matching(target, snapshot, "remote") if id(socket) not in known], []
    matching = _matching(target, snapshot, "either")
    if isinstance(target, ConnectionTarget) or (isinstance(target, NumberTarget) and target.kind == "inode"):
        return matching, [], []
    if isinstance(target, NameTarget):
        held = name_predicate(target.kind, target.name, snapshot.processes)
        owners = [(socket, owner) for socket in matching for owner in socket.owners if held(socket._replace(owners=(owner,)))]
    else:
        owners = [(socket, owner) for socket in snapshot.sockets for owner in socket.owners if owner.pid == target.number]
    found = {(socket.host, owner.pid, owner.name): process_of(socket, owner, snapshot) for socket, owner in owners}
    if not found and isinstance(target, NumberTarget):
        return matching, [], [process for process in snapshot.processes.values() if process.pid == target.number]
    return matching, [], list(found.values())


def _matching(target: Target, snapshot: Snapshot, side: str) -> list[Socket]:
    """Return the sockets that the other commands select by this target on this side."""
    predicates = target_predicates(snapshot, Query(targets=(target,)), side)
    matching = [socket for socket in snapshot.sockets if all(predicate(socket) for predicate in predicates)]
    point = snapshot.viewpoint
    if point is None or not point.addresses or target.kind not in ("address", "endpoint"):
        return _without_twins(matching, target)
    # Which addresses a wildcard covers is another matter in each namespace.
    found = [socket for socket in matching if socket.netns is None or socket.netns.id not in point.addresses]
    for number, addresses in point.addresses.items():
        inside = [socket for socket in snapshot.sockets if socket.netns is not None and socket.netns.id == number]
        view = snapshot._replace(sockets=inside, host=snapshot.host._replace(addresses=addresses))
        predicates = target_predicates(view, Query(targets=(target,)), side)
        found += [socket for socket in inside if all(predicate(socket) for predicate in predicates)]
    return _without_twins(found, target)


def _without_twins(found: list[Socket], target: Target) -> list[Socket]:
    """Leave out MPTCP sockets that are listed as TCP sockets, too: the kernel does so with the first subflow of each."""
    if not any(socket.protocol == "mptcp" for socket in found) or getattr(target, "protocol", None) == "mptcp":
        return found
    subflows = {(socket.netns, socket.inode, socket.local, socket.remote) for socket in found if socket.protocol == "tcp"}
    return [
        socket
        for socket in found
        if socket.protocol != "mptcp" or (socket.netns, socket.inode, socket.local, socket.remote) not in subflows
    ]


def process_of(socket: Socket, owner: Owner, snapshot: Snapshot) -> Process:
    """Return the process of a holder; where nothing more is known of it, what the owner says."""
    known = snapshot.processes.get((socket.host, owner.pid)) if owner.pid is not None else None
    return known or Process(owner.pid or 0, owner.name, user=owner.user, host=socket.host)


def serves(socket: Socket, version: int) -> bool:
    """Tell whether a wildcard socket takes this IP version; a '::' whose IPV6_V6ONLY is not known is assumed to take both."""
    address = address_of(socket.local)
    if address == "*":
        return socket.family is Family.INET or version == (4 if socket.family is Family.IPV4 else 6) or not socket.v6only
    if address == "0.0.0.0":
        return version == 4
    return version == 6 or socket.v6only is not True


def takes(listener: Socket, endpoint: object) -> bool:
    """Tell whether packets to an endpoint of this host reach the listener."""
    if not isinstance(endpoint, InetEndpoint) or endpoint.port != port_of(listener.local) or endpoint.address is None:
        return False
    address = address_of(listener.local)
    if address in WILDCARDS:
        if listener.interface not in (None, "lo"):  # bound to a device that loopback traffic does not pass
            return False
        return serves(listener, 6 if ":" in endpoint.address else 4) and scope(endpoint.address) is Scope.LOOPBACK
    return endpoint.address == address


def is_listener_of(each: Socket, socket: Socket) -> bool:
    """Tell whether a connection came to this listener, or may have: by its port and an address that covers the local one."""
    return (
        each.state is State.LISTEN
        and each.family in INTERNET
        and each.netns == socket.netns
        and port_of(each.local) == port_of(socket.local)
        and address_of(each.local) in (address_of(socket.local), *WILDCARDS)
    )


def namespace_text(netns: Netns) -> str:
    """Return the name of a network namespace, or its number as /proc shows it."""
    return netns.name or f"net:[{netns.id}]"


def namespace_apart(socket: Socket, subject: Subject) -> str | None:
    """Return the name of the socket's network namespace where it is not the one that portsock runs in."""
    point = subject.snapshot.viewpoint
    if point is None or point.netns is None or socket.netns is None or socket.netns.id == point.netns.id:
        return None
    return namespace_text(socket.netns)


def accepted_from(listener: Socket, sockets: Iterable[Socket]) -> list[Socket]:
    """Return the connections that came to a listener: inferred from its port and an address that it covers."""
    bound = address_of(listener.local)
    unix = isinstance(listener.local, UnixEndpoint)
    return [
        socket
        for socket in sockets
        if socket.role is Role.SERVER
        and socket.protocol == listener.protocol
        and socket.host == listener.host
        and (
            socket.local == listener.local and socket.vfs == listener.vfs
            if unix  # what is accepted is in its client's network namespace
            else socket.netns == listener.netns
            and port_of(socket.local) == port_of(listener.local)
            and (address_of(socket.local) == bound or bound in WILDCARDS)
            and (listener.interface is None or socket.interface in (None, listener.interface))
        )
    ]
