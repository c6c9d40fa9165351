"""What rules are held against: the listening sockets of a host, those that rules cannot tell apart taken together."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from portsock.model import InetEndpoint, Netns, OwnerStatus, Role, Snapshot, Socket, State
from portsock.normalize.offers import Offer, Program
from portsock.reachability import Reach

STREAMS = frozenset({"tcp", "mptcp", "sctp", "dccp"})
"""Protocols whose sockets must have called listen(2)."""
_FULL = frozenset({"netlink", "procfs"})
"""Live sources that report units and containers: what has none is in none."""


class Subject(NamedTuple):
    """All that a rule may ask of a socket, apart from its port."""

    protocol: str
    address: str | None
    """None where the source does not give all of it."""
    v6only: bool | None
    programs: tuple[Program, ...]
    owner_status: OwnerStatus
    netns: Netns | None
    listens: bool
    """False where its state is not known."""
    reach: Reach | None


class Surroundings(NamedTuple):
    """What rules need to know of the host of a subject."""

    name: str | None
    ephemeral: tuple[int, int]
    own_netns: int | None
    """The number of the network namespace that counts as its own; None where there is one only, or none is known."""
    several_netns: bool
    units_reported: bool
    """A process without unit or container is in none."""


def listens(socket: Socket) -> bool:
    """Tell whether a socket listens, or is bound and takes datagrams of anybody; or may do so where its state is not known."""
    local = socket.local
    if socket.remote is not None or not isinstance(local, InetEndpoint) or not local.port:
        return False
    if socket.protocol in STREAMS:
        return socket.state is State.LISTEN or (socket.state is None and socket.role in (Role.LISTENER, Role.UNKNOWN))
    return socket.protocol not in ("raw", "icmp")


def subjects_of(offer: Offer) -> Mapping[Subject, list[Socket]]:
    """Return the sockets of an offer by what rules may ask of them."""
    found: dict[Subject, list[Socket]] = {}
    for port in offer.ports:
        for socket in port.sockets:
            local = socket.local
            assert isinstance(local, InetEndpoint)
            subject = Subject(
                offer.protocol, None if local.truncated else local.address, socket.v6only, offer.programs,
                offer.owner_status, offer.netns, socket.state is not None or socket.protocol not in STREAMS, port.reach,
            )  # fmt: skip
            found.setdefault(subject, []).append(socket)
    return found


def surroundings(snapshot: Snapshot, host: str | None, namespaces: Iterable[Netns | None]) -> Surroundings:
    """Return what is known of a host; `namespaces` are those of its sockets."""
    numbers = {netns.id for netns in namespaces if netns is not None}
    own = None
    if host is None or len(snapshot.source.inputs) < 2:
        if snapshot.viewpoint is not None and snapshot.viewpoint.netns is not None:
            own = snapshot.viewpoint.netns.id
        elif snapshot.machine is not None:
            own = snapshot.machine.netns
    formats = {each.format for each in snapshot.source.inputs if host is None or each.host == host}
    reported = snapshot.source.backend in _FULL or (bool(formats) and formats == {"portsock"})
    return Surroundings(host or snapshot.host.name, snapshot.host.ephemeral, own, len(numbers) > 1, reported)
