"""Section EXPOSURE: who could reach a bound address, before any firewall."""

from portsock.addresses import WILDCARDS, exposure, scope
from portsock.endpoints import address_of
from portsock.explain.subject import Subject
from portsock.explain.texts import addresses, phrases
from portsock.model import Exposure, Family, InetEndpoint, Scope, Socket, State

MOST = 3
"""Addresses that are described."""


def paragraphs(subject: Subject) -> list[str]:
    """Return the paragraphs about the target's bound addresses, or about the peer's address of a single connection."""
    bound: dict[tuple[str, str | None], Socket] = {}
    for socket in subject.passive:
        address = address_of(socket.local)
        if address is not None:
            bound.setdefault((address, _device(socket)), socket)
    if not bound:
        return _peer(subject)
    sentences = []
    described: set[Exposure] = set()
    for (address, device), socket in list(bound.items())[:MOST]:
        found = exposure(address)
        if device is not None:
            sentence = addresses.DEVICE_ONLY.format(device=device)
        else:
            sentence = _reach(address, found) if found not in described else ""
            described |= {found} if found is not None else set()
        wildcard = wildcard_sentence(socket)
        parts = [part for part in (wildcard, sentence, _multicast(socket)) if part]
        if parts:
            text = " ".join(parts)
            sentences.append(text if wildcard else phrases.BOUND_TO.format(address=address, sentence=text))
    if any(_container(socket, subject) for socket in bound.values()):
        sentences.append(phrases.IN_CONTAINER)
    return [*sentences, addresses.GATE] if len(sentences) > 1 else [" ".join([*sentences, addresses.GATE])]


def _reach(address: str, found: Exposure | None) -> str:
    """Return who could reach the address, or why that is not known."""
    if found is not None:
        return addresses.EXPOSURES[found]
    kind = scope(address)
    return phrases.OUT_OF_USE.format(scope=addresses.SCOPES[kind]) if kind not in (None, Scope.MULTICAST) else ""


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


def _container(socket: Socket, subject: Subject) -> bool:
    return any((process := subject.process(owner, socket)) and process.container for owner in socket.owners) and bool(
        socket.netns is not None and socket.netns.name
    )


def _peer(subject: Subject) -> list[str]:
    sockets = subject.local_sockets or subject.remote_sockets
    if len(sockets) not in (1, 2) or not isinstance(sockets[0].remote, InetEndpoint):
        return []
    address = sockets[0].remote.address
    found = scope(address)
    return [phrases.PEER_ADDRESS.format(address=address, scope=addresses.SCOPES[found])] if found else []
