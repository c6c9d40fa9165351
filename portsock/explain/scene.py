"""What an answer is about: the sockets and processes that a target names, parted by which end it names."""

from collections.abc import Iterable
from typing import NamedTuple

from portsock.addresses import WILDCARDS, scope
from portsock.endpoints import address_of, port_of
from portsock.explain.types import PathFacts
from portsock.model import (
    Family,
    InetEndpoint,
    Owner,
    Process,
    Role,
    Scope,
    Snapshot,
    Socket,
    State,
    UnixEndpoint,
)
from portsock.port_numbers import Services
from portsock.query.owner_matching import name_predicate
from portsock.query.selection import Query
from portsock.query.target import (
    ConnectionTarget,
    InetTarget,
    NameTarget,
    NumberTarget,
    ServiceTarget,
    Target,
    UnixTarget,
)
from portsock.query.target_matching import place_predicates


class Scene(NamedTuple):
    """All that the parts, the rules and the summary work on."""

    target: Target
    snapshot: Snapshot
    services: Services
    here: list[Socket]
    """Sockets whose local end, holder or identity the target names."""
    there: list[Socket]
    """Sockets whose remote end it names, and which are not in `here`. Where there is a socket in `here`, only the other ends
    of its connections on this host."""
    elsewhere: list[Socket]
    """Where there is a socket in `here`: sockets whose remote end has the same port on another host."""
    processes: list[Process]
    """For a target that names processes."""
    path: PathFacts | None = None

    @property
    def captured(self) -> bool:
        return self.snapshot.source.kind == "capture"

    @property
    def passive(self) -> list[Socket]:
        """Listening and bound sockets."""
        return [socket for socket in self.here if is_passive(socket)]

    @property
    def listeners(self) -> list[Socket]:
        return [socket for socket in self.here if socket.state is State.LISTEN]

    @property
    def connected(self) -> list[Socket]:
        return [socket for socket in self.here if not is_passive(socket)]

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
        """What is known of a holder."""
        host = socket.host if socket else None
        return self.snapshot.processes.get((host, owner.pid)) if owner.pid is not None else None


_WITH_PEER = frozenset(State) - {State.LISTEN, State.BOUND, State.UNCONN, State.CLOSED, State.DELETE_TCB}


def is_passive(socket: Socket) -> bool:
    """Whether it waits for others: a listener, a bound TCP socket, a datagram socket without a peer."""
    if socket.state in (State.LISTEN, State.BOUND):
        return True
    return socket.remote is None and (socket.state not in _WITH_PEER or socket.role is Role.BOUND)


def make_scene(target: Target, snapshot: Snapshot, services: Services, path: PathFacts | None = None) -> Scene:
    """Select what the target names."""
    here, there, processes = _select(target, snapshot)
    if isinstance(target, UnixTarget) and path is not None and path.inode is not None:
        here = _with_same_file(here, path.inode, snapshot)
    elsewhere: list[Socket] = []
    if here and there:
        own = snapshot.host.addresses or frozenset()
        local = {address_of(socket.local) for socket in snapshot.sockets} | own
        elsewhere = [socket for socket in there if not _is_own(socket, local)]
        there = [socket for socket in there if _is_own(socket, local)]
    return Scene(target, snapshot, services, here, there, elsewhere, processes, path)


def _with_same_file(here: list[Socket], file: tuple[int, int], snapshot: Snapshot) -> list[Socket]:
    """With the sockets that were bound to the file at the path under another name: through a symbolic link, or relative."""
    taken = {id(socket) for socket in here}
    return here + [socket for socket in snapshot.sockets if socket.vfs == file and id(socket) not in taken]


def _is_own(socket: Socket, local: set[str | None]) -> bool:
    address = address_of(socket.remote)
    return address in local or scope(address) is Scope.LOOPBACK


def _select(target: Target, snapshot: Snapshot) -> tuple[list[Socket], list[Socket], list[Process]]:
    sockets = snapshot.sockets
    if isinstance(target, InetTarget | ServiceTarget | UnixTarget):
        here = _matching(target, snapshot, "local")
        taken = {id(socket) for socket in here}
        return here, [socket for socket in _matching(target, snapshot, "remote") if id(socket) not in taken], []
    here = _matching(target, snapshot, "either")
    if isinstance(target, ConnectionTarget) or (isinstance(target, NumberTarget) and target.kind == "inode"):
        return here, [], []
    if isinstance(target, NameTarget):
        held = name_predicate(target.kind, target.name, snapshot.processes)
        owners = [(s, owner) for s in here for owner in s.owners if held(s._replace(owners=(owner,)))]
    else:
        owners = [(s, owner) for s in sockets for owner in s.owners if owner.pid == target.number]
    found = {(s.host, owner.pid, owner.name): process_of(s, owner, snapshot) for s, owner in owners}
    if not found and isinstance(target, NumberTarget):
        return here, [], [process for process in snapshot.processes.values() if process.pid == target.number]
    return here, [], list(found.values())


def _matching(target: Target, snapshot: Snapshot, side: str) -> list[Socket]:
    """The sockets that the rest of portsock would select by this target on this side."""
    predicates = place_predicates(snapshot, Query(targets=(target,)), side)
    return [socket for socket in snapshot.sockets if all(predicate(socket) for predicate in predicates)]


def process_of(socket: Socket, owner: Owner, snapshot: Snapshot) -> Process:
    """What is known of a holder, which in a listing is what it names."""
    known = snapshot.processes.get((socket.host, owner.pid)) if owner.pid is not None else None
    return known or Process(owner.pid or 0, owner.name, user=owner.user, host=socket.host)


def serves(socket: Socket, version: int) -> bool:
    """Whether a wildcard socket takes this IP version. A '::' of which IPV6_V6ONLY is not known is taken to do so."""
    address = address_of(socket.local)
    if address == "*":
        return socket.family is Family.INET or version == (4 if socket.family is Family.IPV4 else 6) or not socket.v6only
    if address == "0.0.0.0":
        return version == 4
    return version == 6 or socket.v6only is not True


def takes(listener: Socket, endpoint: object) -> bool:
    """Whether what is sent to an endpoint of this host comes to the listener."""
    if not isinstance(endpoint, InetEndpoint) or endpoint.port != port_of(listener.local) or endpoint.address is None:
        return False
    address = address_of(listener.local)
    if address in WILDCARDS:
        if listener.interface not in (None, "lo"):  # bound to a device that loopback traffic does not pass
            return False
        return serves(listener, 6 if ":" in endpoint.address else 4) and scope(endpoint.address) is Scope.LOOPBACK
    return endpoint.address == address


def accepted_from(listener: Socket, sockets: Iterable[Socket]) -> list[Socket]:
    """The connections that came to a listener: they have its local port and an address that it covers (inferred)."""
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
        )
    ]
