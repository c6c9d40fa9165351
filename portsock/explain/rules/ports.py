"""Rules about bound ports: ranges, addresses, several sockets on one port."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from portsock.addresses import WILDCARDS, exposure, scope
from portsock.endpoints import address_of, port_of
from portsock.explain.ephemeral import range_source, reserved_ports
from portsock.explain.rules.finding import evidence_lines, make_finding
from portsock.explain.subject import Subject, serves
from portsock.explain.texts import causes
from portsock.explain.texts.findings import Code
from portsock.explain.texts.ports import ADMIN_PROGRAMS
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text, holders, holders_text, owner_text
from portsock.model import Exposure, Family, Owner, Scope, Socket, State
from portsock.normalize.roles import is_passive

_WIDE = frozenset({Exposure.ALL, Exposure.PUBLIC})


def in_ephemeral_range(subject: Subject) -> Iterator[Finding]:
    """Find listeners whose port the system might give to a client."""
    host = subject.snapshot.host
    first, last = host.ephemeral
    reserved = reserved_ports(host)
    ports: dict[int, Socket] = {}
    for socket in subject.listeners:
        port = port_of(socket.local)
        if port is not None and first <= port <= last and port not in reserved:
            ports.setdefault(port, socket)
    for port, socket in ports.items():
        lines, how = evidence_lines([socket]), range_source(host)
        yield make_finding(Code.LISTENER_IN_EPHEMERAL_RANGE, lines, port=port, first=first, last=last, how=how)


def admin_port(subject: Subject) -> Iterator[Finding]:
    """Find databases and administration, known by their programs, that are bound to every or to a public address."""
    seen = set()
    for socket in subject.passive:
        port, address = port_of(socket.local), address_of(socket.local)
        if not port or exposure(address) not in _WIDE or (socket.protocol, port) in seen:
            continue
        owner, what = next(_admin_services(socket, port, subject), (None, None))
        if owner is None:
            continue
        seen.add((socket.protocol, port))
        yield make_finding(Code.ADMIN_PORT_EXPOSED, evidence_lines([socket]), port=f"{port}/{socket.protocol}", what=what,
                           who=owner_text(owner),
                           address="all addresses" if address in WILDCARDS else address)  # fmt: skip


def _admin_services(socket: Socket, port: int, subject: Subject) -> Iterator[tuple[Owner, str]]:
    """Yield the holders that are such a service, with its name."""
    for owner in holders([socket]):
        process = subject.process(owner, socket)
        names = {owner.name, process.name, process.comm} if process else {owner.name}
        words = " ".join(process.cmdline or ()) if process else ""
        for name in filter(None, names):
            for service in ADMIN_PROGRAMS.get(name, ()):
                if (service.ports is None or port in service.ports) and (service.argument or "") in words:
                    yield owner, service.what


def wildcard_v6(subject: Subject) -> Iterator[Finding]:
    """Find listeners on '::' that take IPv4 as well, or may."""
    seen = set()
    twins: set[object] | None = None
    for socket in subject.listeners:
        port = port_of(socket.local)
        if address_of(socket.local) != "::" or socket.v6only or socket.family is not Family.IPV6 or port in seen:
            continue
        seen.add(port)
        if socket.v6only is None:
            # If 0.0.0.0 is bound as well, it is v6-only, or they share the port on purpose.
            twins = _v4_listeners(subject) if twins is None else twins
            if _port_space(socket) in twins:
                continue
        also = "also takes" if socket.v6only is False else "probably also takes"
        yield make_finding(Code.WILDCARD_V6_TAKES_IPV4, evidence_lines([socket]), port=port, also=also)


def shared_endpoint(subject: Subject) -> Iterator[Finding]:
    """Find several sockets bound to the same endpoint."""
    groups: dict[object, list[Socket]] = defaultdict(list)
    for socket in subject.passive:
        if port_of(socket.local) and socket.family is not Family.UNIX:
            key = (socket.host, socket.netns, socket.protocol, socket.family, socket.local, socket.interface)
            groups[key].append(socket)
    for sockets in groups.values():
        inodes = {socket.inode for socket in sockets}
        if len(sockets) < 2 or None in inodes or len(inodes) < 2:
            continue
        options, consequence, contended = _sharing(sockets)
        severity = Severity.NOTICE if contended and len({owner.name for owner in holders(sockets)}) > 1 else None
        lines = [*evidence_lines(sockets), f"inodes {', '.join(str(inode) for inode in sorted(filter(None, inodes))[:6])}"]
        where = end_text(sockets[0].local)
        yield make_finding(Code.SHARED_ENDPOINT, lines, severity, count=len(sockets), where=where,
                           options=options, consequence=consequence)  # fmt: skip


def _sharing(sockets: Sequence[Socket]) -> tuple[str, str, bool]:
    """Return the options that sharing takes, who gets what arrives, and whether one can take what another waits for.

    bind(2) tolerates SO_REUSEADDR on both TCP sockets while neither listens: inet_bind_conflict() in
    net/ipv4/inet_connection_sock.c.
    """
    if sockets[0].protocol not in ("udp", "udplite"):
        listeners = sum(socket.state is State.LISTEN for socket in sockets)
        if listeners > 1:
            return causes.SHARED_BY_LISTENERS, causes.SHARED_TCP, True
        if listeners:
            return causes.SHARED_BY_ONE_LISTENER, causes.SHARED_ONE_SERVES, False
        return causes.SHARED_BY_BOUND, causes.SHARED_NONE_SERVES, False
    address = address_of(sockets[0].local)
    if address in WILDCARDS or scope(address) in (Scope.MULTICAST, Scope.BROADCAST):
        return causes.SHARED_BY_DATAGRAMS, causes.SHARED_UDP, False
    return causes.SHARED_BY_DATAGRAMS, causes.SHARED_UDP_UNICAST, True


def specific_and_wildcard(subject: Subject) -> Iterator[Finding]:
    """Find a port that different processes have bound on one address and on all."""
    wildcards: dict[object, dict[object, Socket]] = defaultdict(dict)
    for each in subject.snapshot.sockets:
        address = address_of(each.local)
        if address in WILDCARDS and is_passive(each):  # one of thousands that are alike is enough
            alike = (address, each.state, each.interface, each.family, each.v6only, frozenset(_pids([each])))
            wildcards[_port_space(each)].setdefault(alike, each)
    for specific in subject.passive:
        address = address_of(specific.local)
        port = port_of(specific.local)
        if address is None or address in WILDCARDS or not port:
            continue
        for wildcard in wildcards.get(_port_space(specific), {}).values():
            if _overlaps(wildcard, specific, address) and _pids([wildcard]) != _pids([specific]):
                lines = evidence_lines([specific, wildcard])
                yield make_finding(Code.SPECIFIC_AND_WILDCARD, lines, port=f"{port}/{specific.protocol}",
                                   specific=address, wildcard=address_of(wildcard.local),
                                   specific_who=holders_text([specific]) or "its own holder",
                                   wildcard_who=holders_text([wildcard]) or "another holder")  # fmt: skip
                break


def _overlaps(wildcard: Socket, specific: Socket, address: str) -> bool:
    return (
        wildcard.state is specific.state
        and serves(wildcard, 6 if ":" in address else 4)
        and wildcard.interface == specific.interface
    )


def _v4_listeners(subject: Subject) -> set[object]:
    """Return the port spaces in which something listens on 0.0.0.0."""
    sockets = subject.snapshot.sockets
    return {_port_space(each) for each in sockets if each.state is State.LISTEN and address_of(each.local) == "0.0.0.0"}


def _port_space(socket: Socket) -> object:
    """Return a key that two sockets share if they contend for one port."""
    return (socket.host, socket.netns, socket.protocol, port_of(socket.local))


def _pids(sockets: Sequence[Socket]) -> frozenset[int | None]:
    return frozenset(owner.pid for owner in holders(sockets))
