"""Can a program bind here? What `explain` asks the system before the verdict, and the kernel's own answer under --try."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portsock.errors import UsageError
from portsock.model import Identity, Snapshot

if TYPE_CHECKING:
    from portsock.explain.attempt import Attempt
    from portsock.query.target import Target

WAYS = ("plain", "reuseaddr", "reuseport")


class _Place:
    """The protocols, addresses and port that a target asks about."""

    def __init__(self, protocols: Sequence[str], addresses: Sequence[str], port: int) -> None:
        self.protocols = protocols
        self.addresses = addresses
        self.port = port


def attempts_of(
    target: "Target", snapshot: Snapshot, user: str | None, way: str | None, v6only: bool
) -> tuple["Attempt", ...]:
    """The attempts at the port of this target, none for a target that names no single port.

    With `way` the kernel is asked once, in that way, beside the verdict. Raises UsageError for a way that is none, or a trial
    of no single endpoint.
    """
    if way is not None and way not in WAYS:
        raise UsageError(f"--try {way}: no such way; there are {', '.join(WAYS)}")
    place = _place(target)
    if place is None:
        if way is not None:
            raise UsageError(
                f"--try needs one endpoint, as in portsock explain 127.0.0.1:8080 --try {way}; '{target.text}' is none"
            )
        return ()
    from portsock.explain.bind import attempts_for
    from portsock.explain.bind_held import inodes_that_matter
    from portsock.sources.identity import identity
    from portsock.sources.sockopts import bound_sockets_listed, options_of

    who = identity(user)
    netns = _own_namespace()
    wanted = inodes_that_matter(snapshot.sockets, place.protocols, place.addresses, place.port, netns=netns)
    options = options_of(snapshot.sockets, wanted)
    unseen = not bound_sockets_listed(snapshot.source.backend)
    attempts = attempts_for(
        snapshot.sockets,
        place.protocols,
        place.addresses,
        place.port,
        who,
        snapshot.host,
        options,
        netns=netns,
        bound_unseen=unseen,
    )
    if way is None:
        return attempts
    return (*attempts, _trial(place, attempts, way, v6only, who))


def _own_namespace() -> int | None:
    from portsock.sources.linux import own_namespace

    netns = own_namespace()
    return netns.id if netns else None


def _place(target: "Target") -> _Place | None:
    from portsock.explain.bind import PORT_ADDRESSES, PORT_PROTOCOLS
    from portsock.query.target import InetTarget, ServiceTarget

    if isinstance(target, ServiceTarget):
        ports = {port for _, port in target.pairs}
        protocols = sorted(protocol for protocol, _ in target.pairs if protocol in PORT_PROTOCOLS)
        return _Place(protocols, PORT_ADDRESSES, ports.pop()) if len(ports) == 1 and protocols else None
    if not isinstance(target, InetTarget) or target.ports is None or target.ports[0] != target.ports[1]:
        return None
    if not all(network.single for network in target.networks):
        return None
    zone = f"%{target.zone}" if target.zone else ""
    addresses = tuple(network.address + zone for network in target.networks) or PORT_ADDRESSES
    protocols = (target.protocol,) if target.protocol else PORT_PROTOCOLS
    return _Place(protocols, addresses, target.ports[0])


def _trial(place: _Place, attempts: Sequence["Attempt"], way: str, v6only: bool, who: Identity) -> "Attempt":
    """Ask the kernel, once: a second trial on the same port could be answered otherwise because of the first."""
    from portsock.explain.attempt import Way
    from portsock.explain.bind import tried
    from portsock.sources.trial import bind_once

    address, protocol = place.addresses[0], place.protocols[0]
    asked_way: Way = Way(way == "reuseaddr", way == "reuseport", v6only if ":" in address else None)
    options = tuple(
        name for name, given in (("SO_REUSEADDR", asked_way.reuseaddr), ("SO_REUSEPORT", asked_way.reuseport)) if given
    )
    asked = next(
        attempt
        for attempt in attempts
        if (attempt.protocol, attempt.address, attempt.options) == (protocol, address, options)
        and (attempt.v6only or False) == (asked_way.v6only or False)
    )
    import os

    other = who.uid if who.uid != os.geteuid() else None
    trial = bind_once(
        protocol,
        address,
        place.port,
        reuseaddr=asked_way.reuseaddr,
        reuseport=asked_way.reuseport,
        v6only=asked_way.v6only,
        uid=other,
    )
    return tried(asked, trial.errno)
