"""Facts that the bind verdict of `explain` needs from the system, and the kernel's own answer under --try."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from portsock.addresses import WILDCARDS
from portsock.errors import UsageError
from portsock.model import Host, Snapshot
from portsock.records import Identity, LocalAddress

if TYPE_CHECKING:
    from portsock.explain.types import Attempt, Way
    from portsock.query.target import Target

WAYS = ("plain", "reuseaddr", "reuseport", "both")


class BindTarget(NamedTuple):
    """The protocols, addresses and port that a program would bind."""

    protocols: Sequence[str]
    addresses: Sequence[str]
    """With their zone or device."""
    port: int


def bind_target_of(target: "Target") -> BindTarget | None:
    """Return where the target would have a program bind; None for a target that names no single port."""
    from portsock.explain.bind.judge import PORT_ADDRESSES, PORT_PROTOCOLS
    from portsock.query.target import InetTarget, ServiceTarget

    if isinstance(target, ServiceTarget):
        ports = {port for _, port in target.pairs}
        protocols = sorted(protocol for protocol, _ in target.pairs if protocol in PORT_PROTOCOLS)
        return BindTarget(protocols, PORT_ADDRESSES, ports.pop()) if len(ports) == 1 and protocols else None
    if not isinstance(target, InetTarget) or target.ports is None or target.ports[0] != target.ports[1]:
        return None
    if not all(network.single for network in target.networks):
        return None
    zone = f"%{target.zone}" if target.zone else ""
    addresses = tuple(network.address for network in target.networks) or PORT_ADDRESSES
    return BindTarget(
        (target.protocol,) if target.protocol else PORT_PROTOCOLS,
        tuple(address + zone for address in addresses),
        target.ports[0],
    )


def check_trial(targets: Sequence["Target | str"], way: str, v6only: bool) -> None:
    """Raise UsageError for a trial that cannot be made: an unknown way, or a target that is no endpoint or port."""
    if way not in WAYS:
        raise UsageError(f"--try {way}: no such way; there are {', '.join(WAYS)}")
    for target in targets:
        place = None if isinstance(target, str) else bind_target_of(target)
        if place is None:
            text = target if isinstance(target, str) else target.text
            raise UsageError(
                f"--try needs one port or endpoint, as in portsock explain 127.0.0.1:8080 --try {way}; '{text}' is none"
            )
        if v6only and not any(":" in address for address in place.addresses):
            raise UsageError(f"--v6only is for IPv6 addresses; {place.addresses[0]} is none")


def attempts_of(
    target: "Target", snapshot: Snapshot, user: str | None, way: str | None, v6only: bool
) -> tuple["Attempt", ...]:
    """Judge the attempts to bind the port of this target; none for a target that names no single port.

    With `way` (see check_trial) the kernel is asked once, in that way, in addition to the verdict.
    """
    place = bind_target_of(target)
    if place is None:
        return ()
    from portsock.explain.bind.existing import inodes_in_the_way
    from portsock.explain.bind.judge import attempts_for
    from portsock.sources.identity import identity
    from portsock.sources.linux.collect import own_namespace
    from portsock.sources.linux.sockopts import options_of
    from portsock.sources.system import bound_sockets_listed

    who = identity(user)
    own = own_namespace()
    netns = own.id if own else None
    wanted = inodes_in_the_way(snapshot.sockets, place.protocols, place.addresses, place.port, netns=netns)
    attempts = attempts_for(
        snapshot.sockets,
        place.protocols,
        place.addresses,
        place.port,
        who,
        snapshot.host,
        options_of(snapshot.sockets, wanted),
        netns=netns,
        bound_unseen=not bound_sockets_listed(snapshot.source.backend),
        asked=_asked(snapshot.host, place.addresses),
    )
    return attempts if way is None else (*attempts, _trial(place, attempts, way, v6only, who))


def _asked(host: Host, addresses: Sequence[str]) -> "dict[str, LocalAddress]":
    """Ask the kernel which of these addresses a program can bind, unless nothing but its own list is needed for that.

    Its list lacks the broadcast addresses of subnets and addresses with a route of type local, and has addresses that cannot
    be bound: those of other devices, tentative ones.
    """
    from portsock.explain.bind.judge import PORT_ADDRESSES

    own = host.addresses or ()
    plain = {address for address in PORT_ADDRESSES if address in WILDCARDS or address in own}
    asked = [address for address in addresses if address not in plain]
    if not asked:
        return {}
    from portsock.sources.linux.trial import local_address

    return {address: local_address(address) for address in asked}


def _trial(place: BindTarget, attempts: Sequence["Attempt"], way: str, v6only: bool, who: Identity) -> "Attempt":
    """Ask the kernel once: the first trial could change the answer to a second one on the same port."""
    import os

    from portsock.explain.bind.judge import with_kernel_answer
    from portsock.explain.types import Way
    from portsock.sources.linux.trial import bind_once

    address = next(address for address in place.addresses if not v6only or ":" in address)
    how = Way(way in {"reuseaddr", "both"}, way in {"reuseport", "both"}, v6only if ":" in address else None)
    asked = next(
        attempt
        for attempt in attempts
        if (attempt.protocol, attempt.address, attempt.v6only, *attempt.options)
        == (place.protocols[0], address, how.v6only, *_options(how))
    )
    trial = bind_once(
        asked.protocol,
        address,
        place.port,
        reuseaddr=how.reuseaddr,
        reuseport=how.reuseport,
        v6only=how.v6only,
        uid=who.uid if hasattr(os, "geteuid") and who.uid != os.geteuid() else None,
    )
    return with_kernel_answer(asked, trial.errno)


def _options(way: "Way") -> tuple[str, ...]:
    """Return the options as an Attempt names them."""
    return tuple(name for name, given in (("SO_REUSEADDR", way.reuseaddr), ("SO_REUSEPORT", way.reuseport)) if given)
