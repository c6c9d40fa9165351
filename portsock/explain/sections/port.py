"""What the number means: its range, its conventional name, and who chose it."""

from portsock.endpoints import port_of
from portsock.explain.scene import Scene
from portsock.explain.sections.absence import absent
from portsock.explain.sections.durations import unprivileged_start
from portsock.explain.show import holders, listed, port_name
from portsock.explain.texts import phrases, places, words
from portsock.explain.texts.places import RANGES
from portsock.model import Host, InetEndpoint, Role
from portsock.port_numbers import Range, range_of
from portsock.query.target import InetTarget, ServiceTarget


def paragraphs(scene: Scene) -> list[str]:
    """About the port that the target names, or about the two numbers of a connection."""
    port = scene.port
    if port is None:
        return _of_connection(scene)
    protocol = _protocol(scene)
    meaning = RANGES[range_of(port)]
    sentences = [phrases.NUMBER_IS.format(number=port_name(port, protocol, scene.services), meaning=meaning)]
    if port == 0:
        sentences = [places.PORT_ZERO]
    elif scene.services.name(protocol or "tcp", port) or (protocol is None and scene.services.name("udp", port)):
        sentences.append(places.NAME_IS_CONVENTION)
    sentences += _printed(scene, port) + _clients_own(scene, port)
    sentences += _ephemeral(scene, port) + _privileged(scene.snapshot.host, port)
    if len({socket.protocol for socket in scene.here if port_of(socket.local) == port} & {"tcp", "udp"}) == 2:
        sentences.append(places.SEPARATE_SPACES)
    if len({socket.netns for socket in scene.here}) > 1:
        sentences.append(places.KEPT_APART)
    known = places.WELL_KNOWN_HOLDERS.get((_likely_system(scene), port))
    if known:
        sentences.append(known)
    if scene.target.text.startswith(":::"):
        sentences.append(places.TRIPLE_COLON.format(port=port))
    return [" ".join(sentences)] + ([] if scene.here or scene.there else absent(scene))


def _printed(scene: Scene, port: int) -> list[str]:
    """The names that a listing has instead of the number."""
    ends = [end for socket in [*scene.here, *scene.there] for end in (socket.local, socket.remote)]
    labels = dict.fromkeys(end.label for end in ends if isinstance(end, InetEndpoint) and end.port == port and end.label)
    return [phrases.PRINTED_AS.format(number=port, label=listed(list(labels)))] if labels else []


def _clients_own(scene: Scene, port: int) -> list[str]:
    """That the number is a client's, where every connection that has it says so."""
    sockets = [*scene.here, *scene.there]
    own = [
        socket.role is (Role.CLIENT if port_of(socket.local) == port else Role.SERVER)
        for socket in sockets
        if port_of(socket.local) != port_of(socket.remote)
    ]
    return [phrases.CLIENTS_OWN] if sockets and len(own) == len(sockets) and all(own) else []


def _likely_system(scene: Scene) -> str:
    """The system; a listing of lsof does not tell it, but a program that only macOS has does."""
    names = [owner.name or "" for owner in holders(scene.passive)]
    return "Darwin" if any(name.startswith("ControlCe") for name in names) else scene.snapshot.host.system


def how(host: Host) -> str:
    """Whether the ephemeral range was read or assumed."""
    return words.ASSUMED.format(system=system(host)) if host.assumed else words.LIVE


def system(host: Host) -> str:
    return {"Darwin": "macOS", "unknown": "the system"}.get(host.system, host.system)


def _protocol(scene: Scene) -> str | None:
    if isinstance(scene.target, InetTarget) and scene.target.protocol:
        return scene.target.protocol
    protocols = {socket.protocol for socket in scene.here}
    if isinstance(scene.target, ServiceTarget):
        protocols = {protocol for protocol, _ in scene.target.pairs}
    return protocols.pop() if len(protocols) == 1 else None


def _ephemeral(scene: Scene, port: int) -> list[str]:
    host = scene.snapshot.host
    first, last = host.ephemeral
    if not first <= port <= last:
        return []
    return [phrases.IN_EPHEMERAL.format(first=first, last=last, how=how(host), system=system(host))]


def _privileged(host: Host, port: int) -> list[str]:
    if host.system != "Linux" or port == 0:
        return []
    start, live = unprivileged_start(host)
    if port >= start:
        return []
    return [phrases.PRIVILEGED.format(start=start, how="live value" if live else "assumed default")]


def _of_connection(scene: Scene) -> list[str]:
    """Who chose which number, for a target that is one connection."""
    if len(scene.here) not in (1, 2) or any(socket.remote is None for socket in scene.here):
        return []
    socket = next((each for each in scene.here if each.role is Role.CLIENT), scene.here[0])
    own, peers = port_of(socket.local), port_of(socket.remote)
    if own is None or peers is None:
        return []
    host = scene.snapshot.host
    first, last = host.ephemeral
    if socket.role is Role.CLIENT:
        name = port_name(peers, socket.protocol, scene.services)
        chosen = phrases.CHOSEN_LOCAL.format(port=own, first=first, last=last, how=how(host))
        return [phrases.NUMBER_IS.format(number=name, meaning=RANGES[range_of(peers)]) + " " + chosen]
    if socket.role is Role.SERVER:
        name = port_name(own, socket.protocol, scene.services)
        chosen = phrases.CHOSEN_REMOTE.format(port=peers) if range_of(peers) is not Range.SYSTEM else ""
        return [(phrases.NUMBER_IS.format(number=name, meaning=RANGES[range_of(own)]) + " " + chosen).strip()]
    return []
