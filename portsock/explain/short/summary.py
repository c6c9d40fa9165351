"""The first line of an answer: the one sentence that answers."""

from portsock.endpoints import port_of
from portsock.explain.picture import connection_line
from portsock.explain.sections.absence import apart_text, covered_text, nothing_text
from portsock.explain.short.holding import held_text, noun, own_end_text, unknown_holder_text
from portsock.explain.subject import Subject, accepted_from
from portsock.explain.texts import phrases
from portsock.explain.wording import end_text, holders, holders_text, joined, owners_text, plural, port_name
from portsock.model import Process, Role, Socket, State, UnixEndpoint
from portsock.normalize.connections import unique_connections
from portsock.normalize.roles import is_accepted, is_passive
from portsock.query.target import ConnectionTarget, InetTarget, NameTarget, NumberTarget, ServiceTarget, UnixTarget


def summarize(subject: Subject) -> str:
    """Return the sentence."""
    return apart_text(subject, _summary(subject))


def _summary(subject: Subject) -> str:
    target = subject.target
    if isinstance(target, UnixTarget):
        return _unix_summary(subject, target)
    if not subject.sockets and not subject.processes:
        return _nothing_found(subject)
    if subject.covers:
        return covered_text(subject, target_name(subject))
    if isinstance(target, ConnectionTarget):
        return connection_text(subject.local_sockets[0])
    if isinstance(target, NumberTarget) and target.kind == "inode":
        socket = subject.local_sockets[0]
        return f"{target.text} is {socket_text(socket)}, held by {holders_text([socket]) or unknown_holder_text(socket)}."
    if isinstance(target, NumberTarget) and target.kind == "fd":
        if not subject.local_sockets:
            return _nothing_found(subject)
        socket = subject.local_sockets[0]
        shared = f", held by {holders_text([socket])}" if len(holders([socket])) > 1 else ""
        return f"Descriptor {target.fd} of {_processes_text(subject)} is {socket_text(socket)}{shared}."
    if isinstance(target, NumberTarget | NameTarget):
        return _process_summary(subject)
    return _port_or_address(subject)


def target_name(subject: Subject) -> str:
    """Return the name of an internet target: 'port 8080 (http-alt)', '127.0.0.1:8080', 'http'."""
    target = subject.target
    number = subject.port
    if number is not None and (isinstance(target, ServiceTarget) or target.kind == "port"):
        protocol = target.protocol if isinstance(target, InetTarget) else None
        return f"port {port_name(number, protocol, subject.services)}" + (f" over {protocol}" if protocol else "")
    return f"ports {target.text}" if target.kind == "port" else target.text


def _nothing_found(subject: Subject) -> str:
    if isinstance(subject.target, InetTarget | ServiceTarget):
        return nothing_text(subject, target_name(subject), phrases.NOTHING_USES)
    return nothing_text(subject, subject.target.text, phrases.NOTHING_MATCHES)


def _port_or_address(subject: Subject) -> str:
    passive, connected = subject.passive, subject.connected
    if passive:
        groups: dict[tuple[str, int | None], list[Socket]] = {}
        for socket in passive:
            groups.setdefault((socket.protocol, port_of(socket.local)), []).append(socket)
        clauses = [held_text(subject, protocol, port, group) for (protocol, port), group in list(groups.items())[:3]]
        more = len(groups) - len(clauses)
        return "; ".join(clauses) + (f"; and {more} more ports" if more else "") + "."
    what = target_name(subject)
    if connected:
        sentence = own_end_text(subject, connected, what)
    else:
        sockets = unique_connections(subject.remote_sockets)
        holder = holders_text(subject.remote_sockets, 2)
        sentence = phrases.ONLY_REMOTE.format(
            what=what,
            connections=plural(len(sockets), noun(sockets)),
            by=f" of {holder}" if holder else "",
            here=phrases.IN_LISTING if subject.captured else phrases.ON_HOST,
        )
    return sentence[0].upper() + sentence[1:] if sentence.startswith("port") else sentence


def connection_text(socket: Socket) -> str:
    """Return the sentence about the connection that this socket is an end of."""
    ends, _ = connection_line(socket)
    picture, _, state = ends.rpartition("  ")
    mine = holders_text([socket])
    others = {owner.pid if owner.pid is not None else owner.name: owner for owner in socket.peer.owners} if socket.peer else {}
    theirs = owners_text(list(others.values())) if others else None
    values = {"protocol": "the connection" if socket.protocol == "tcp" else f"the {socket.protocol} pair",
              "picture": picture, "state": state}  # fmt: skip
    if mine and theirs:
        if mine == theirs:
            return phrases.BOTH_ENDS.format(who=mine, **values)
        client, server = (theirs, mine) if socket.role is Role.SERVER else (mine, theirs)
        return phrases.CONNECTED.format(client=client, server=server, **values)
    holder = mine or theirs or unknown_holder_text(socket)
    return phrases.ONE_END.format(who=holder[0].upper() + holder[1:] if not (mine or theirs) else holder, **values)


def socket_text(socket: Socket) -> str:
    """Return 'a TCP socket listening on 127.0.0.1:80'."""
    kind = {"unix": f"a unix {socket.type or ''} socket".replace("  ", " ")}.get(
        socket.protocol, f"a{'n' if socket.protocol[0] in 'aeiou' and not socket.protocol.startswith('u') else ''} "
        f"{socket.protocol.upper() if len(socket.protocol) <= 4 else socket.protocol} socket")  # fmt: skip
    if socket.state is State.LISTEN:
        what = f" listening on {end_text(socket.local)}"
    elif socket.local is None and socket.remote is None:
        what = " without an address"
    elif is_passive(socket):
        what = f" bound to {end_text(socket.local)}"
    elif socket.remote is not None:
        what = f", {connection_line(socket)[0].replace('  ', ' in ', 1)}"
    else:
        what = ""
    return kind + what


def _processes_text(subject: Subject) -> str:
    found = subject.processes
    holder = holders_text(subject.local_sockets)
    if not found:
        return holder or subject.target.text
    if len(found) == 1:
        return _process_text(found[0])
    return f"{len(found)} processes ({joined(list(dict.fromkeys(_process_text(process) for process in found)), 3)})"


def _process_text(process: Process) -> str:
    name = process.name or process.comm
    user = f", user {process.user}" if process.user else ""
    return f"{name} (pid {process.pid}{user})" if name else f"pid {process.pid}"


def _process_summary(subject: Subject) -> str:
    name = _processes_text(subject)
    many = len(subject.processes) > 1
    bound = [socket for socket in subject.passive if port_of(socket.local)]
    ports = list(dict.fromkeys(f"{port_of(socket.local)}/{socket.protocol}" for socket in bound))
    unix = sum(socket.protocol == "unix" for socket in subject.local_sockets)
    connections = unique_connections([socket for socket in subject.connected if socket.protocol != "unix"])
    has = []
    if ports:
        has.append(f"listen{'' if many else 's'} on {joined(ports, 5)}" if subject.listeners else
                   f"{'are' if many else 'is'} bound to {joined(ports, 5)}")  # fmt: skip
    holds = [plural(len(connections), "connection")] if connections else []
    holds += [plural(unix, "unix socket")] if unix else []
    bare = sum(socket.local is None and socket.remote is None for socket in subject.local_sockets)
    holds += [plural(bare, "socket") + " without an address"] if bare else []
    if holds:
        has.append(f"{'have' if many else 'has'} {joined(holds)}")
    if not has and any(process.pid in subject.snapshot.unreadable for process in subject.processes):
        has.append(phrases.DESCRIPTORS_UNREAD)
    if not has:
        has.append(f"hold{'' if many else 's'} no socket that was asked for")
    return f"{name} {joined(has)}."


def _unix_summary(subject: Subject, target: UnixTarget) -> str:
    name = end_text(UnixEndpoint(target.path, target.abstract))
    bound = sorted(subject.passive, key=lambda socket: subject.path is None or socket.vfs != subject.path.inode)
    listener = next((socket for socket in bound if socket.state is State.LISTEN), None)
    if listener is not None:
        holder = holders_text([listener]) or unknown_holder_text(listener)
        kind = listener.type or "stream"
        clients = plural(len(accepted_from(listener, subject.local_sockets)), "connection")
        waiting = f" and {listener.accept_queue} waiting for accept(2)" if listener.accept_queue else ""
        return f"{name} is a unix {kind} socket on which {holder} listens, with {clients}{waiting}."
    bound = bound or [socket for socket in subject.local_sockets if not is_accepted(socket)]
    exists = subject.path is not None and subject.path.exists
    if bound or (subject.local_sockets and not exists):
        socket = (bound or subject.local_sockets)[0]
        holder = holders_text([socket]) or unknown_holder_text(socket)
        return f"{name} is a unix {socket.type or 'datagram'} socket that {holder} has bound."
    return f"{name} exists as a file, but no socket here is bound to it." if exists else _nothing_found(subject)
