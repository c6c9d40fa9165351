"""Section EXPOSURE: who could reach a bound address, before any firewall."""

from portsock.addresses import WILDCARDS, exposure, scope
from portsock.endpoints import address_of
from portsock.explain.subject import Subject, namespace_apart
from portsock.explain.texts import addresses, phrases
from portsock.model import Exposure, Family, InetEndpoint, Scope, Socket, State

MOST = 3
"""Addresses that are described."""
BOTH = 0
"""Stands for both IP versions."""
_STREAMS = frozenset({"tcp", "mptcp", "sctp"})


def paragraphs(subject: Subject) -> list[str]:
    """Return the paragraphs about the target's bound addresses, or about the peer's address of a single connection."""
    bound: dict[object, Socket] = {}
    for socket in subject.passive:
        address = address_of(socket.local)
        if address is not None:
            bound.setdefault((address, _device(socket), socket.netns, wildcard_version(socket), _listens(socket)), socket)
    if not bound:
        return _peer(subject)
    sentences = []
    described: set[str] = set()
    for socket in list(bound.values())[:MOST]:
        reach = _reach(socket, subject)
        wildcard = wildcard_sentence(socket)
        parts = [part for part in (wildcard, "" if reach in described else reach, _multicast(socket)) if part]
        described.add(reach)
        if parts:
            text = " ".join(parts)
            sentences.append(text if wildcard else phrases.BOUND_TO.format(address=address_of(socket.local), sentence=text))
    sentences += _namespaces(list(bound.values()), subject)
    last = _filtered(subject) or [addresses.GATE]
    return [*sentences, *last] if len(sentences) > 1 else [" ".join([*sentences, *last])]


def _filtered(subject: Subject) -> list[str]:
    """Return what the packet filters let in, and what was not looked at; empty where none was read."""
    if not subject.filters:
        return []
    from portsock.explain.reach import reach_sentence, reaches
    from portsock.explain.texts.reach import NOT_LOOKED_AT, PACKET_FILTER

    found = dict.fromkeys(reach_sentence(reach, bool(subject.sources)) for _, reach in reaches(subject))
    return [*(PACKET_FILTER.format(sentence=sentence) for sentence in found), NOT_LOOKED_AT] if found else []


def _reach(socket: Socket, subject: Subject) -> str:
    """Return who could reach the socket, or why that is not known."""
    address, device = address_of(socket.local), _device(socket)
    if not _listens(socket):
        return addresses.NOT_LISTENING
    if device is not None:
        return addresses.DEVICE_ONLY.format(device=device)
    found, apart = exposure(address), namespace_apart(socket, subject)
    if found is Exposure.ALL and (version := wildcard_version(socket)) != BOTH:
        place = addresses.HERE if apart is None else addresses.ELSEWHERE.format(name=apart)
        return addresses.WILDCARD_REACH.format(family=addresses.FAMILIES[version], place=place)
    if apart is not None and found in (Exposure.ALL, Exposure.LOOPBACK):
        text = addresses.WILDCARD_REACH if found is Exposure.ALL else addresses.LOOPBACK_ELSEWHERE
        return text.format(family="IPv4 or IPv6", place=addresses.ELSEWHERE.format(name=apart), name=apart)
    if found is Exposure.LOOPBACK and subject.snapshot.host.system not in ("Linux", "unknown"):
        return addresses.LOOPBACK_ONLY
    if found is not None:
        return addresses.EXPOSURES[found]
    kind = scope(address)
    return phrases.OUT_OF_USE.format(scope=addresses.SCOPES[kind]) if kind not in (None, Scope.MULTICAST) else ""


def _listens(socket: Socket) -> bool:
    """Tell whether the socket takes what is sent to its address: a TCP socket must also have called listen(2)."""
    return socket.protocol not in _STREAMS or socket.state not in (State.BOUND, State.CLOSED)


def wildcard_version(socket: Socket) -> int | None:
    """Return the IP version of the addresses that a wildcard stands for; None where it is not known, BOTH for every other
    socket."""
    address = address_of(socket.local)
    if address == "0.0.0.0" or (address == "*" and socket.family is Family.IPV4):
        return 4
    if address == "::" or (address == "*" and socket.family is Family.IPV6):
        return {True: 6, False: BOTH, None: None}[socket.v6only]
    return BOTH


def _device(socket: Socket) -> str | None:
    """Return the device that limits who can reach a wildcard: SO_BINDTODEVICE of socket(7)."""
    return socket.interface if address_of(socket.local) in WILDCARDS and socket.interface != "lo" else None


def wildcard_sentence(socket: Socket) -> str | None:
    """Return which addresses a wildcard stands for, given the socket's family and IPV6_V6ONLY; None for other addresses."""
    address = address_of(socket.local)
    if address not in WILDCARDS:
        return None
    if address == "0.0.0.0":
        return addresses.WILDCARD_V4
    if address == "*" or socket.family is Family.INET:
        return None
    if socket.v6only is None:
        return addresses.WILDCARD_V6_UNKNOWN
    return addresses.WILDCARD_V6ONLY if socket.v6only else addresses.WILDCARD_DUAL


def _multicast(socket: Socket) -> str | None:
    if scope(address_of(socket.local)) is not Scope.MULTICAST:
        return None
    if socket.state is State.LISTEN:
        return addresses.MULTICAST_TCP
    return f"It is {addresses.SCOPES[Scope.MULTICAST]}."


def _namespaces(sockets: list[Socket], subject: Subject) -> list[str]:
    """Return a sentence about each other network namespace that the sockets are in: the container's, where it is one."""
    sentences = []
    for socket in sockets:
        name = namespace_apart(socket, subject)
        if name is None or not _listens(socket):
            continue
        container = _container(socket, subject)
        loopback = scope(address_of(socket.local)) is Scope.LOOPBACK
        if container is not None:
            text = phrases.IN_CONTAINER_LOOPBACK if loopback else phrases.IN_CONTAINER
            sentences.append(text.format(name=container))
        elif not loopback:
            sentences.append(phrases.IN_NAMESPACE.format(name=name))
    return list(dict.fromkeys(sentences))[:MOST]


def _container(socket: Socket, subject: Subject) -> str | None:
    """Return the name of the container that holds the socket."""
    found = (subject.process(owner, socket) for owner in socket.owners)
    return next((process.container for process in found if process is not None and process.container), None)


def _peer(subject: Subject) -> list[str]:
    sockets = subject.local_sockets or subject.remote_sockets
    if len(sockets) not in (1, 2) or not isinstance(sockets[0].remote, InetEndpoint):
        return []
    address = sockets[0].remote.address
    found = scope(address)
    if found is None:
        return []
    elsewhere = found is Scope.LOOPBACK and subject.snapshot.host.system not in ("Linux", "unknown")
    return [phrases.PEER_ADDRESS.format(address=address, scope=addresses.LOOPBACK if elsewhere else addresses.SCOPES[found])]
