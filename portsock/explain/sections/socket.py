"""What the operating system has there: listeners and accepted sockets, queues, families, names of unix sockets."""

from collections import Counter

from portsock.explain.picture import owners_text
from portsock.explain.scene import Scene, is_passive
from portsock.explain.sections.durations import setting
from portsock.explain.show import end_text, listed, plural
from portsock.explain.texts import phrases
from portsock.explain.texts.states import STATES
from portsock.model import INTERNET, Family, InetEndpoint, Role, Socket, State, UnixEndpoint
from portsock.query.target import UnixTarget

SOMAXCONN = "net.core.somaxconn"


def paragraphs(scene: Scene) -> list[str]:
    """About the sockets of the target."""
    sockets = scene.here or scene.there
    if isinstance(scene.target, UnixTarget) or (sockets and all(socket.family is Family.UNIX for socket in sockets)):
        return _unix(scene, sockets)
    if not sockets:
        return []
    sentences = _listeners(scene) if scene.passive else []
    if any(socket.state is State.BOUND for socket in scene.passive):
        sentences += [STATES[State.BOUND].meaning, STATES[State.BOUND].many]
    if len(sockets) == 1 and not is_passive(sockets[0]):
        sentences.append(phrases.TWO_SENSES.format(facts=facts(sockets[0])))
    if any(_mapped(socket) for socket in sockets):
        sentences.append(phrases.MAPPED)
    if any(socket.subflow_of for socket in sockets):
        sentences.append(phrases.SUBFLOW)
    device = next((socket for socket in scene.passive if socket.interface and not _zoned(socket)), None)
    if device:
        which = "It" if len(scene.passive) == 1 else f"{device.protocol} {end_text(device.local)}"
        sentences.append(phrases.DEVICE.format(which=which, name=device.interface))
    if all(socket.family not in INTERNET or socket.protocol in phrases.OTHER_FAMILIES for socket in sockets):
        sentences += [text for name, text in phrases.OTHER_FAMILIES.items() if name in {socket.protocol for socket in sockets}]
    return [" ".join(sentences)] if sentences else []


def facts(socket: Socket) -> str:
    """'TCP over IPv4, inode 123, descriptor 4'."""
    family = {Family.IPV4: " over IPv4", Family.IPV6: " over IPv6"}.get(socket.family, "")
    parts = [socket.protocol.upper() + family]
    if socket.inode is not None:
        parts.append(f"inode {socket.inode}")
    descriptors = sorted({owner.fd for owner in socket.owners if owner.fd is not None})
    if descriptors:
        parts.append(f"descriptor{'s' if len(descriptors) > 1 else ''} {listed([str(fd) for fd in descriptors])}")
    return ", ".join(parts)


def _listeners(scene: Scene) -> list[str]:
    passive = scene.passive
    sentences = []
    if len(passive) > 1 and scene.port is not None:
        ends = Counter(f"{socket.protocol} {end_text(socket.local)}" for socket in passive)
        texts = [f"{end} ({count} times)" if count > 1 else end for end, count in ends.items()]
        sentences.append(phrases.SEVERAL_SOCKETS.format(count=len(passive), list=listed(texts, 4)))
    several = len(scene.listeners) > 1
    for socket in [each for each in scene.listeners if each.accept_queue or not several][:2]:
        text = queue_text(socket, scene, named=several)
        if text:
            sentences.append(text)
    if scene.listeners:
        accepted = [each for each in scene.connected if each.role is Role.SERVER]
        text = phrases.SHARE_LOCAL_PORT if accepted else phrases.LISTENER_ALONE
        if not several or scene.port is not None:
            sentences.append(text.format(count=plural(len(accepted), "connection")))
    elif any(socket.protocol in ("udp", "udplite") for socket in passive):
        sentences.append(phrases.UDP_BOUND)
        if any(socket.recv_q for socket in passive):
            sentences.append(phrases.UDP_QUEUE)
    return sentences


def queue_text(socket: Socket, scene: Scene, named: bool) -> str | None:
    """'In its queue 3 connections wait for accept(2); the limit is 128.'"""
    if socket.accept_queue is None:
        return None
    limit = ""
    if socket.accept_limit is not None:
        somaxconn = setting(scene.snapshot.host, SOMAXCONN)
        capped = " (capped by net.core.somaxconn, or as asked)" if somaxconn == socket.accept_limit else ""
        limit = f"; the limit is {socket.accept_limit}{capped}"
    count = plural(socket.accept_queue, "connection")
    of = f" at {end_text(socket.local)}" if named else ""
    if not socket.accept_queue:
        return phrases.QUEUE_EMPTY.format(of=of, limit=limit)
    return phrases.QUEUE.format(of=of, count=count,
                                wait="waits" if socket.accept_queue == 1 else "wait", limit=limit)  # fmt: skip


def _zoned(socket: Socket) -> bool:
    """A link-local address is on one link anyway."""
    return isinstance(socket.local, InetEndpoint) and socket.local.zone is not None


def _mapped(socket: Socket) -> bool:
    """An IPv6 socket with an IPv4 address: normalize has unmapped it."""
    ends = (socket.local, socket.remote)
    return socket.family is Family.IPV6 and any(endpoint is not None and "." in end_text(endpoint) for endpoint in ends)


def _unix(scene: Scene, sockets: list[Socket]) -> list[str]:
    path = scene.path
    sentences = []
    if sockets:
        kind = phrases.UNIX_KINDS.get(sockets[0].type or "")
        if kind:
            sentences.append(f"It carries {kind}.")
        ends = [socket.local for socket in sockets if isinstance(socket.local, UnixEndpoint)]
        named = next((end for end in ends if end.path), None)
        owner = f", {path.owner}" if path is not None and path.owner else ""
        mode = f" (mode {path.mode:04o}{owner})" if path is not None and path.mode is not None and not path.foreign else ""
        if named is None:
            sentences.append(phrases.UNIX_UNNAMED)
        else:
            sentences.append(phrases.UNIX_ABSTRACT if named.abstract else phrases.UNIX_PATHNAME.format(mode=mode))
        sentences += _unix_file(scene)
        listeners = scene.listeners
        text = queue_text(listeners[0], scene, named=False) if len(listeners) == 1 else None
        sentences += [text] if text else []
        sentences += _unix_clients(sockets)
    elif path is not None and not path.exists:
        sentences.append(phrases.UNIX_MISSING)
    elif path is not None and path.is_socket is False:
        sentences.append(phrases.UNIX_NO_SOCKET)
    return [" ".join(sentences)] if sentences else []


def _unix_file(scene: Scene) -> list[str]:
    """Whether the path leads to the socket."""
    path = scene.path
    bound = [socket for socket in scene.passive if socket.vfs is not None]
    if path is None or not bound or not isinstance(scene.target, UnixTarget):
        return []
    if any(socket.inode in path.foreign for socket in bound):
        return [phrases.UNIX_THROUGH.format(path=path.through) if path.through else phrases.UNIX_FOREIGN]
    same = [socket for socket in bound if socket.vfs == path.inode]
    if not same:
        return []
    if same[0].local != UnixEndpoint(scene.target.path):
        return [phrases.UNIX_BOUND_AS.format(name=end_text(same[0].local))]
    return [phrases.UNIX_LEADS]


def _unix_clients(sockets: list[Socket]) -> list[str]:
    clients = [owners_text(socket.peer.owners) for socket in sockets if socket.peer and socket.peer.owners]
    if clients:
        return [phrases.UNIX_CLIENTS.format(list=listed(list(dict.fromkeys(clients)), 5))]
    return [phrases.UNIX_NAMES] if any(socket.role is Role.SERVER for socket in sockets) else []
