"""Rules about what is bound where: ranges, addresses, several sockets on one port."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from portsock.addresses import WILDCARDS, exposure
from portsock.endpoints import address_of, port_of
from portsock.explain.rules.finding import evidence, finding
from portsock.explain.scene import Scene, is_passive, serves
from portsock.explain.sections.port import how
from portsock.explain.show import end_text, holders, who
from portsock.explain.texts.admin_ports import ADMIN_PORTS
from portsock.explain.texts.findings import Code
from portsock.explain.types import Finding, Severity
from portsock.model import Exposure, Family, Socket, State

RESERVED = "net.ipv4.ip_local_reserved_ports"
_WIDE = frozenset({Exposure.ALL, Exposure.PUBLIC})


def in_ephemeral_range(scene: Scene) -> Iterator[Finding]:
    """Listeners whose number the system might give to a client first."""
    host = scene.snapshot.host
    first, last = host.ephemeral
    reserved = _ranges(host.sysctls.get(RESERVED, ""))
    ports: dict[int, Socket] = {}
    for socket in scene.listeners:
        port = port_of(socket.local)
        if port is not None and first <= port <= last and not any(low <= port <= high for low, high in reserved):
            ports.setdefault(port, socket)
    for port, socket in ports.items():
        yield finding(Code.LISTENER_IN_EPHEMERAL_RANGE, evidence([socket]), port=port, first=first, last=last, how=how(host))


def admin_port(scene: Scene) -> Iterator[Finding]:
    """Databases and administration bound to every or to a public address."""
    told = set()
    for socket in scene.passive:
        port = port_of(socket.local)
        what = ADMIN_PORTS.get((socket.protocol, port)) if port is not None else None
        if what is None or exposure(address_of(socket.local)) not in _WIDE or (socket.protocol, port) in told:
            continue
        told.add((socket.protocol, port))
        address = address_of(socket.local)
        yield finding(Code.ADMIN_PORT_EXPOSED, evidence([socket]), port=f"{port}/{socket.protocol}", what=what,
                      address="all addresses" if address in WILDCARDS else address)  # fmt: skip


def wildcard_v6(scene: Scene) -> Iterator[Finding]:
    """A TCP listener on '::' that takes IPv4 as well, or may."""
    told = set()
    twins: set[object] | None = None
    for socket in scene.listeners:
        port = port_of(socket.local)
        if address_of(socket.local) != "::" or socket.v6only or socket.family is not Family.IPV6 or port in told:
            continue
        told.add(port)
        if socket.v6only is None:
            # Where 0.0.0.0 is bound beside it, it is v6-only, or they share the port on purpose.
            twins = _v4_listeners(scene) if twins is None else twins
            if _space(socket) in twins:
                continue
        also = "also takes" if socket.v6only is False else "probably also takes"
        yield finding(Code.WILDCARD_V6_TAKES_IPV4, evidence([socket]), port=port, also=also)


def shared_endpoint(scene: Scene) -> Iterator[Finding]:
    """Several sockets bound to the same endpoint."""
    groups: dict[object, list[Socket]] = defaultdict(list)
    for socket in scene.passive:
        if port_of(socket.local) and socket.family is not Family.UNIX:
            key = (socket.host, socket.netns, socket.protocol, socket.family, socket.local, socket.interface)
            groups[key].append(socket)
    for sockets in groups.values():
        inodes = {socket.inode for socket in sockets}
        if len(sockets) < 2 or None in inodes or len(inodes) < 2:
            continue
        names = {owner.name for owner in holders(sockets)}
        severity = Severity.NOTICE if len(names) > 1 else None
        lines = [*evidence(sockets), f"inodes {', '.join(str(inode) for inode in sorted(filter(None, inodes))[:6])}"]
        where = end_text(sockets[0].local)
        yield finding(Code.SHARED_ENDPOINT, lines, severity, count=len(sockets), where=where)


def specific_and_wildcard(scene: Scene) -> Iterator[Finding]:
    """The same port on one address and on all, by different processes."""
    wildcards: dict[object, list[Socket]] = defaultdict(list)
    for each in scene.snapshot.sockets:
        if address_of(each.local) in WILDCARDS and is_passive(each):
            wildcards[_space(each)].append(each)
    for specific in scene.passive:
        address = address_of(specific.local)
        port = port_of(specific.local)
        if address is None or address in WILDCARDS or not port:
            continue
        for wildcard in wildcards.get(_space(specific), ()):
            if _overlaps(wildcard, specific, address) and _pids([wildcard]) != _pids([specific]):
                yield finding(Code.SPECIFIC_AND_WILDCARD, evidence([specific, wildcard]), port=f"{port}/{specific.protocol}",
                              specific=address, wildcard=address_of(wildcard.local),
                              specific_who=who([specific]) or "its own holder",
                              wildcard_who=who([wildcard]) or "another holder")  # fmt: skip
                break


def _overlaps(wildcard: Socket, specific: Socket, address: str) -> bool:
    return (
        wildcard.state is specific.state
        and serves(wildcard, 6 if ":" in address else 4)
        and wildcard.interface == specific.interface
    )


def _v4_listeners(scene: Scene) -> set[object]:
    """Where something listens on 0.0.0.0."""
    sockets = scene.snapshot.sockets
    return {_space(each) for each in sockets if each.state is State.LISTEN and address_of(each.local) == "0.0.0.0"}


def _space(socket: Socket) -> object:
    """What two sockets must have in common to be in each other's way."""
    return (socket.host, socket.netns, socket.protocol, port_of(socket.local))


def _pids(sockets: Sequence[Socket]) -> frozenset[int | None]:
    return frozenset(owner.pid for owner in holders(sockets))


def _ranges(text: str) -> list[tuple[int, int]]:
    """'8080,9000-9010' as pairs; what does not fit is left out."""
    found = []
    for item in text.replace(",", " ").split():
        low, _, high = item.partition("-")
        if low.isascii() and low.isdigit() and (not high or (high.isascii() and high.isdigit())):
            found.append((int(low), int(high or low)))
    return found
