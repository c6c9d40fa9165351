"""What it means that nothing has a port: what whoever sends something there is told."""

from portsock.addresses import WILDCARDS, scope
from portsock.explain.bind.address import is_local
from portsock.explain.scene import Scene
from portsock.explain.texts import phrases
from portsock.model import Scope
from portsock.query.target import InetTarget, ServiceTarget

_STREAMS = frozenset({"tcp", "mptcp"})
_DATAGRAMS = frozenset({"udp", "udplite"})


def absent(scene: Scene) -> list[str]:
    """The paragraphs, one or none."""
    if scene.captured:
        return [phrases.CAPTURE_NO_PROOF]
    if scene.port == 0:
        return []
    foreign = _foreign_address(scene)
    if foreign is not None:
        return [phrases.FOREIGN_ADDRESS.format(address=foreign)]
    protocols = _protocols(scene)
    sentences = []
    if _answers_here(scene):
        sentences += [phrases.REFUSED] if protocols & _STREAMS else []
        sentences += [phrases.UNREACHABLE] if protocols & _DATAGRAMS else []
    if scene.snapshot.host.system == "Linux":
        sentences += [phrases.BOUND_IDLE] if protocols & _STREAMS else []
        sentences.append(phrases.NETFILTER)
    return [" ".join(sentences)] if sentences else []


def _protocols(scene: Scene) -> set[str]:
    """The protocols in question; a bare number is read as TCP's."""
    target = scene.target
    if isinstance(target, ServiceTarget):
        return {protocol for protocol, _ in target.pairs}
    return {target.protocol or "tcp"} if isinstance(target, InetTarget) else set()


def _places(scene: Scene) -> list[tuple[str, bool | None]]:
    """The target's addresses, each with whether this host has it; None where that cannot be told."""
    target = scene.target
    if not isinstance(target, InetTarget):
        return []
    host = scene.snapshot.host
    found: list[tuple[str, bool | None]] = []
    for network in target.networks:
        kind = scope(network.address)
        if network.address in WILDCARDS and network.single:
            found.append((network.address, True))
        elif not network.single or kind in (Scope.MULTICAST, Scope.BROADCAST) or target.zone is not None:
            found.append((network.address, None))  # no address of one host, or on a link that is not looked up
        else:
            found.append((network.address, is_local(network.address, kind, host)))
    return found


def _foreign_address(scene: Scene) -> str | None:
    """The first address of the target where this host has none of them."""
    places = _places(scene)
    return places[0][0] if places and all(local is False for _, local in places) else None


def _answers_here(scene: Scene) -> bool:
    """Whether it would be this host that answers."""
    places = _places(scene)
    return not places or any(local for _, local in places)
