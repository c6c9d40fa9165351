"""Section PORT: the meaning of the number, its range, its conventional name, and who chose it."""

from portsock.endpoints import port_of
from portsock.explain.ephemeral import chosen_by_peer, chosen_here, range_source, system_name
from portsock.explain.sections import absence
from portsock.explain.sections.durations import unprivileged_start
from portsock.explain.subject import Subject
from portsock.explain.texts import phrases
from portsock.explain.texts import ports as texts
from portsock.explain.wording import holders, joined, port_name
from portsock.model import Host, InetEndpoint, Role
from portsock.port_numbers import BOUNDS, range_of
from portsock.query.target import InetTarget, ServiceTarget


def paragraphs(subject: Subject) -> list[str]:
    """Return the paragraphs about the port that the target names, or about the two numbers of a connection."""
    port = subject.port
    if port is None:
        return _connection_numbers(subject)
    protocol = _protocol(subject)
    meaning = range_meaning(port)
    sentences = [phrases.NUMBER_IS.format(number=port_name(port, protocol, subject.services), meaning=meaning)]
    if port == 0:
        sentences = [texts.PORT_ZERO]
    elif subject.services.name(protocol or "tcp", port) or (protocol is None and subject.services.name("udp", port)):
        sentences.append(texts.NAME_IS_CONVENTION)
    sentences += _printed(subject, port) + _clients_port(subject, port)
    sentences += _ephemeral(subject, port) + _privileged(subject.snapshot.host, port)
    if len({socket.protocol for socket in subject.local_sockets if port_of(socket.local) == port} & {"tcp", "udp"}) == 2:
        sentences.append(texts.SEPARATE_SPACES)
    if len({socket.netns for socket in subject.local_sockets}) > 1:
        sentences.append(texts.KEPT_APART)
    known = texts.WELL_KNOWN_HOLDERS.get((_likely_system(subject), port))
    if known:
        sentences.append(known)
    if subject.target.text.startswith(":::"):
        sentences.append(texts.TRIPLE_COLON.format(port=port))
    return [" ".join(sentences)] + ([] if subject.sockets else absence.paragraphs(subject))


def _printed(subject: Subject, port: int) -> list[str]:
    """Return a sentence about the names that a listing has instead of the number."""
    ends = [end for socket in subject.sockets for end in (socket.local, socket.remote)]
    labels = dict.fromkeys(end.label for end in ends if isinstance(end, InetEndpoint) and end.port == port and end.label)
    return [phrases.PRINTED_AS.format(number=port, label=joined(list(labels)))] if labels else []


def _clients_port(subject: Subject, port: int) -> list[str]:
    """Return a sentence where the number is a client's in all connections."""
    sockets = subject.sockets
    own = [
        socket.role is (Role.CLIENT if port_of(socket.local) == port else Role.SERVER)
        for socket in sockets
        if port_of(socket.local) != port_of(socket.remote)
    ]
    return [phrases.CLIENTS_OWN] if sockets and len(own) == len(sockets) and all(own) else []


def _likely_system(subject: Subject) -> str:
    """Return the system. lsof's listings do not name it, but some programs exist on macOS only."""
    names = [owner.name or "" for owner in holders(subject.passive)]
    return "Darwin" if any(name.startswith("ControlCe") for name in names) else subject.snapshot.host.system


def range_meaning(port: int) -> str:
    """Return words for the range of a port: 'a user (registered) port, 1024-49151, …'."""
    found = range_of(port)
    first, last = BOUNDS[found]
    return texts.RANGES[found].format(first=first, last=last)


def _protocol(subject: Subject) -> str | None:
    if isinstance(subject.target, InetTarget) and subject.target.protocol:
        return subject.target.protocol
    protocols = {socket.protocol for socket in subject.local_sockets}
    if isinstance(subject.target, ServiceTarget):
        protocols = {protocol for protocol, _ in subject.target.pairs}
    return protocols.pop() if len(protocols) == 1 else None


def _ephemeral(subject: Subject, port: int) -> list[str]:
    host = subject.snapshot.host
    first, last = host.ephemeral
    if not first <= port <= last:
        return []
    return [phrases.IN_EPHEMERAL.format(first=first, last=last, how=range_source(host), system=system_name(host))]


def _privileged(host: Host, port: int) -> list[str]:
    if host.system != "Linux" or port == 0:
        return []
    start, live = unprivileged_start(host)
    if port >= start:
        return []
    return [phrases.PRIVILEGED.format(start=start, how="live value" if live else "assumed default")]


def _connection_numbers(subject: Subject) -> list[str]:
    """Return who chose which number, for a target that is one connection."""
    if len(subject.local_sockets) not in (1, 2) or any(socket.remote is None for socket in subject.local_sockets):
        return []
    socket = next((each for each in subject.local_sockets if each.role is Role.CLIENT), subject.local_sockets[0])
    own, peers = port_of(socket.local), port_of(socket.remote)
    if own is None or peers is None:
        return []
    host = subject.snapshot.host
    if socket.role is Role.CLIENT:
        name = port_name(peers, socket.protocol, subject.services)
        return [phrases.NUMBER_IS.format(number=name, meaning=range_meaning(peers)) + " " + chosen_here(own, host)]
    if socket.role is Role.SERVER:
        name = port_name(own, socket.protocol, subject.services)
        return [phrases.NUMBER_IS.format(number=name, meaning=range_meaning(own)) + " " + chosen_by_peer(peers, socket, host)]
    first, last = host.ephemeral
    return [] if first <= own <= last else [chosen_here(own, host)]
