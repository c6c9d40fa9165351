"""Section SOCKET: listeners and accepted sockets, queues, families, names of unix sockets."""

from collections import Counter

from portsock.explain.picture import short_owners_text
from portsock.explain.sections.durations import sysctl_number
from portsock.explain.subject import Subject
from portsock.explain.texts import phrases
from portsock.explain.texts.states import STATES
from portsock.explain.wording import end_text, joined, local_text, plural
from portsock.model import INTERNET, Family, InetEndpoint, Role, Socket, State, UnixEndpoint
from portsock.normalize.connections import without_further_subflows
from portsock.normalize.roles import is_passive
from portsock.query.target import UnixTarget

SOMAXCONN = "net.core.somaxconn"


def paragraphs(subject: Subject) -> list[str]:
    """Return the paragraphs about the target's sockets."""
    sockets = subject.local_sockets or subject.remote_sockets
    if isinstance(subject.target, UnixTarget) or (sockets and all(socket.family is Family.UNIX for socket in sockets)):
        return _unix(subject, sockets)
    if not sockets:
        return []
    sentences = _listeners(subject) if subject.passive else []
    if any(socket.state is State.BOUND for socket in subject.passive):
        sentences += [STATES[State.BOUND].meaning, STATES[State.BOUND].many]
    if len(sockets) == 1 and not is_passive(sockets[0]):
        sentences.append(phrases.TWO_SENSES.format(facts=socket_facts(sockets[0])))
    if any(_mapped(socket) for socket in sockets):
        sentences.append(phrases.MAPPED)
    subflow = next((socket for socket in sockets if socket.subflow_of), None)
    if subflow is not None:
        sentences += _mptcp(subflow, subject)
    sentences += _devices(subject)
    if all(socket.family not in INTERNET or socket.protocol in phrases.OTHER_FAMILIES for socket in sockets):
        sentences += [text for name, text in phrases.OTHER_FAMILIES.items() if name in {socket.protocol for socket in sockets}]
    return [" ".join(sentences)] if sentences else []


def socket_facts(socket: Socket) -> str:
    """Return 'TCP over IPv4, inode 123, descriptor 4'."""
    family = {Family.IPV4: " over IPv4", Family.IPV6: " over IPv6"}.get(socket.family, "")
    parts = [("MPTCP subflow, TCP" if socket.subflow_of else socket.protocol.upper()) + family]
    if socket.inode is not None:
        parts.append(f"inode {socket.inode}")
    descriptors = sorted({owner.fd for owner in socket.owners if owner.fd is not None})
    if descriptors:
        parts.append(f"descriptor{'s' if len(descriptors) > 1 else ''} {joined([str(fd) for fd in descriptors])}")
    return ", ".join(parts)


def _mptcp(subflow: Socket, subject: Subject) -> list[str]:
    """Return which MPTCP connection a TCP socket is part of."""
    same = [each for each in subject.snapshot.sockets if each.inode == subflow.subflow_of and each.netns == subflow.netns]
    whole = next((each for each in same if each.protocol == "mptcp"), None)
    if whole is None or whole.remote is None:
        return []
    count = sum(each.subflow_of is not None for each in same)
    name = f"{end_text(whole.local)} ↔ {end_text(whole.remote)} (inode {whole.inode})"
    return [phrases.SUBFLOW.format(connection=name, count=plural(count, "subflow"))]


def _listeners(subject: Subject) -> list[str]:
    passive = subject.passive
    sentences = []
    if len(passive) > 1 and subject.port is not None:
        ends = Counter(f"{socket.protocol} {local_text(socket)}" for socket in passive)
        texts = [f"{end} ({count} times)" if count > 1 else end for end, count in ends.items()]
        sentences.append(phrases.SEVERAL_SOCKETS.format(count=len(passive), list=joined(texts, 4)))
    several = len(subject.listeners) > 1
    for socket in [each for each in subject.listeners if each.accept_queue or not several][:2]:
        text = queue_text(socket, subject, named=several)
        if text:
            sentences.append(text)
    if subject.listeners:
        accepted = without_further_subflows([each for each in subject.connected if each.role is Role.SERVER])
        text = phrases.SHARE_LOCAL_PORT if accepted else phrases.LISTENER_ALONE
        if not several or subject.port is not None:
            sentences.append(text.format(count=plural(len(accepted), "connection")))
    elif any(socket.protocol in ("udp", "udplite") for socket in passive):
        sentences.append(phrases.UDP_BOUND)
        if any(socket.recv_q for socket in passive) and subject.snapshot.host.system in ("Linux", "unknown"):
            sentences.append(phrases.UDP_QUEUE)
    return sentences


def queue_text(socket: Socket, subject: Subject, named: bool) -> str | None:
    """Return 'In its queue 3 connections wait for accept(2); the limit is 128.'; None where its length is not known."""
    if socket.accept_queue is None:
        return None
    limit = ""
    if socket.accept_limit is not None:
        somaxconn = sysctl_number(subject.snapshot.host, SOMAXCONN)
        capped = " (capped by net.core.somaxconn, or as asked)" if somaxconn == socket.accept_limit else ""
        limit = f"; the limit is {socket.accept_limit}{capped}"
    count = plural(socket.accept_queue, "connection")
    of = f" at {end_text(socket.local)}" if named else ""
    if not socket.accept_queue:
        return phrases.QUEUE_EMPTY.format(of=of, limit=limit)
    return phrases.QUEUE.format(of=of, count=count,
                                wait="waits" if socket.accept_queue == 1 else "wait", limit=limit)  # fmt: skip


def _devices(subject: Subject) -> list[str]:
    """Return a sentence about the sockets that are bound to devices."""
    bound = [socket for socket in subject.passive if socket.interface and not _zoned(socket)]
    names = list(dict.fromkeys(f"{socket.protocol} {local_text(socket)}" for socket in bound))
    if len(names) > 1:
        return [phrases.DEVICES.format(list=joined(names))]
    which = "It" if len(subject.passive) == 1 else "".join(names)
    return [phrases.DEVICE.format(which=which, name=bound[0].interface)] if bound else []


def _zoned(socket: Socket) -> bool:
    """Tell whether the address has a zone: then it is on one link, whatever device the socket is bound to."""
    return isinstance(socket.local, InetEndpoint) and socket.local.zone is not None


def _mapped(socket: Socket) -> bool:
    """Tell whether it is an IPv6 socket with an IPv4-mapped address, which normalize has unmapped."""
    ends = (socket.local, socket.remote)
    return socket.family is Family.IPV6 and any(endpoint is not None and "." in end_text(endpoint) for endpoint in ends)


def _unix(subject: Subject, sockets: list[Socket]) -> list[str]:
    path = subject.path
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
        sentences += _unix_file(subject)
        listeners = subject.listeners
        text = queue_text(listeners[0], subject, named=False) if len(listeners) == 1 else None
        sentences += [text] if text else []
        sentences += _unix_clients(sockets)
    elif path is not None and not path.exists:
        sentences.append(phrases.UNIX_MISSING)
    elif path is not None and path.is_socket is False:
        sentences.append(phrases.UNIX_NO_SOCKET)
    return [" ".join(sentences)] if sentences else []


def _unix_file(subject: Subject) -> list[str]:
    """Return a sentence on whether the path leads to the socket."""
    path = subject.path
    bound = [socket for socket in subject.passive if socket.vfs is not None]
    if path is None or not bound or not isinstance(subject.target, UnixTarget):
        return []
    if any(socket.inode in path.foreign for socket in bound):
        return [phrases.UNIX_THROUGH.format(path=path.through) if path.through else phrases.UNIX_FOREIGN]
    same = [socket for socket in bound if socket.vfs == path.inode]
    if not same:
        return []
    if same[0].local != UnixEndpoint(subject.target.path):
        return [phrases.UNIX_BOUND_AS.format(name=end_text(same[0].local))]
    return [phrases.UNIX_LEADS]


def _unix_clients(sockets: list[Socket]) -> list[str]:
    clients = [short_owners_text(socket.peer.owners) for socket in sockets if socket.peer and socket.peer.owners]
    if clients:
        return [phrases.UNIX_CLIENTS.format(list=joined(list(dict.fromkeys(clients)), 5))]
    return [phrases.UNIX_NAMES] if any(socket.role is Role.SERVER for socket in sockets) else []
