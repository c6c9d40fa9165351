"""The one sentence that answers."""

from collections.abc import Sequence

from portsock.addresses import WILDCARDS
from portsock.endpoints import address_of, port_of
from portsock.explain.picture import connection_line
from portsock.explain.scene import Scene, accepted_from, is_passive
from portsock.explain.show import end_text, holders, listed, named, plural, port_name, who
from portsock.explain.texts import phrases
from portsock.model import InetEndpoint, OwnerStatus, Process, Role, Socket, State, UnixEndpoint
from portsock.normalize.connections import unique_connections
from portsock.query.target import ConnectionTarget, InetTarget, NameTarget, NumberTarget, ServiceTarget, UnixTarget


def summarize(scene: Scene) -> str:
    """The first line of the answer."""
    target = scene.target
    if isinstance(target, UnixTarget):
        return _unix(scene, target)
    if not scene.here and not scene.there and not scene.processes:
        return _nothing(scene)
    if isinstance(target, ConnectionTarget):
        return connection(scene.here[0])
    if isinstance(target, NumberTarget) and target.kind == "inode":
        socket = scene.here[0]
        return f"{target.text} is {one_socket(socket)}, held by {who([socket]) or missing_holder(socket)}."
    if isinstance(target, NumberTarget) and target.kind == "fd":
        if not scene.here:
            return _nothing(scene)
        socket = scene.here[0]
        shared = f", held by {who([socket])}" if len(holders([socket])) > 1 else ""
        return f"Descriptor {target.fd} of {_process_name(scene)} is {one_socket(socket)}{shared}."
    if isinstance(target, NumberTarget | NameTarget):
        return _process(scene)
    return _place(scene)


def place_name(scene: Scene) -> str:
    """What an internet target is called: 'port 8080 (conventionally http-alt)', '127.0.0.1:8080', 'http'."""
    target = scene.target
    number = scene.port
    if number is not None and (isinstance(target, ServiceTarget) or target.kind == "port"):
        protocol = target.protocol if isinstance(target, InetTarget) else None
        return f"port {port_name(number, protocol, scene.services)}" + (f" over {protocol}" if protocol else "")
    return f"ports {target.text}" if target.kind == "port" else target.text


def _nothing(scene: Scene) -> str:
    here = "in this listing" if scene.captured else "on this host"
    if isinstance(scene.target, InetTarget | ServiceTarget):
        return phrases.NOTHING_USES.format(here=here, what=place_name(scene))
    return phrases.NOTHING_MATCHES.format(here=here, what=scene.target.text)


def _place(scene: Scene) -> str:
    passive, connected = scene.passive, scene.connected
    if passive:
        groups: dict[tuple[str, int | None], list[Socket]] = {}
        for socket in passive:
            groups.setdefault((socket.protocol, port_of(socket.local)), []).append(socket)
        clauses = [_clause(scene, protocol, port, group) for (protocol, port), group in list(groups.items())[:3]]
        more = len(groups) - len(clauses)
        return "; ".join(clauses) + (f"; and {more} more ports" if more else "") + "."
    sockets = unique_connections(connected or scene.there)
    holder = who(connected or scene.there, 2)
    by = f" of {holder}" if holder else ""
    what = place_name(scene)
    text = phrases.ONLY_CONNECTIONS if connected else phrases.ONLY_REMOTE
    where = "in this listing" if scene.captured else "on this host"
    sentence = text.format(
        what=what,
        connections=plural(len(sockets), _noun(sockets)),
        by=by,
        here=where,
        listener=phrases.NO_LISTENER_LISTED if scene.captured else phrases.NO_LISTENER,
    )
    return sentence[0].upper() + sentence[1:]


def _noun(sockets: Sequence[Socket]) -> str:
    return "connection" if any(socket.protocol != "udp" for socket in sockets) else "connected UDP socket"


def _clause(scene: Scene, protocol: str, port: int | None, group: Sequence[Socket]) -> str:
    """'8080/tcp (conventionally http-alt) is held by python3 (pid 5), listening on 127.0.0.1, with 2 connections'."""
    name = scene.services.name(protocol, port)
    title = f"{port}/{protocol}" + (f" (conventionally {name})" if name else "")
    states = {socket.state for socket in group}
    verb = "listening on" if State.LISTEN in states else "bound to"
    addresses = listed(list(dict.fromkeys(bound_address(socket) for socket in group)), 3)
    holder = who(group) or missing_holder(group[0])
    mine = [socket for socket in scene.connected if socket.protocol == protocol and port_of(socket.local) == port]
    tail = f", with {plural(len(mine), _noun(mine))}" if mine else ""
    return f"{title} is held by {holder}, {verb} {addresses}{tail}"


def missing_holder(socket: Socket) -> str:
    """What to call a holder that is not known."""
    return {
        OwnerStatus.HIDDEN: "a process that cannot be seen from here",
        OwnerStatus.ELSEWHERE: "a process in another PID namespace",
        OwnerStatus.UNHELD: "no process (probably the kernel)",
        OwnerStatus.UNREPORTED: "a process that the listing does not name" if socket.host or socket.inode is None
        else "a process that was not looked for",
    }.get(socket.owner_status, "no process")  # fmt: skip


def bound_address(socket: Socket) -> str:
    """The bound address as a person would say it."""
    address = address_of(socket.local)
    through = f" of the device {socket.interface}" if socket.interface else ""
    if address == "*" or (address == "::" and socket.v6only is False):
        return f"all addresses{through}"
    if address in WILDCARDS:
        return f"all IPv{'4' if address == '0.0.0.0' else '6'} addresses{through}"
    local = socket.local
    if isinstance(local, InetEndpoint):
        return (address or local.hostname or "?") + (f"%{local.zone}" if local.zone else "")
    return end_text(local)


def connection(socket: Socket) -> str:
    """The sentence about one connection, by one of its sockets."""
    ends, _ = connection_line(socket)
    picture, _, state = ends.rpartition("  ")
    mine = who([socket])
    others = {owner.pid if owner.pid is not None else owner.name: owner for owner in socket.peer.owners} if socket.peer else {}
    theirs = named(list(others.values())) if others else None
    values = {"protocol": "the connection" if socket.protocol == "tcp" else f"the {socket.protocol} pair",
              "picture": picture, "state": state}  # fmt: skip
    if mine and theirs:
        if mine == theirs:
            return phrases.BOTH_ENDS.format(who=mine, **values)
        client, server = (theirs, mine) if socket.role is Role.SERVER else (mine, theirs)
        return phrases.CONNECTED.format(client=client, server=server, **values)
    holder = mine or theirs or missing_holder(socket)
    return phrases.ONE_END.format(who=holder[0].upper() + holder[1:] if not (mine or theirs) else holder, **values)


def one_socket(socket: Socket) -> str:
    """'a TCP socket listening on 127.0.0.1:80'."""
    kind = {"unix": f"a unix {socket.type or ''} socket".replace("  ", " ")}.get(
        socket.protocol, f"a{'n' if socket.protocol[0] in 'aeiou' and not socket.protocol.startswith('u') else ''} "
        f"{socket.protocol.upper() if len(socket.protocol) <= 4 else socket.protocol} socket")  # fmt: skip
    if socket.state is State.LISTEN:
        what = f" listening on {end_text(socket.local)}"
    elif is_passive(socket):
        what = f" bound to {end_text(socket.local)}"
    elif socket.remote is not None:
        what = f", {connection_line(socket)[0].replace('  ', ' in ', 1)}"
    else:
        what = ""
    return kind + what


def _process_name(scene: Scene) -> str:
    found = scene.processes
    holder = who(scene.here)
    if not found:
        return holder or scene.target.text
    if len(found) == 1:
        return _named(found[0])
    return f"{len(found)} processes ({listed(list(dict.fromkeys(_named(process) for process in found)), 3)})"


def _named(process: Process) -> str:
    name = process.name or process.comm
    user = f", user {process.user}" if process.user else ""
    return f"{name} (pid {process.pid}{user})" if name else f"pid {process.pid}"


def _process(scene: Scene) -> str:
    subject = _process_name(scene)
    many = len(scene.processes) > 1
    bound = [socket for socket in scene.passive if port_of(socket.local)]
    ports = list(dict.fromkeys(f"{port_of(socket.local)}/{socket.protocol}" for socket in bound))
    unix = sum(socket.protocol == "unix" for socket in scene.here)
    connections = unique_connections([socket for socket in scene.connected if socket.protocol != "unix"])
    has = []
    if ports:
        has.append(f"listen{'' if many else 's'} on {listed(ports, 5)}" if scene.listeners else
                   f"{'are' if many else 'is'} bound to {listed(ports, 5)}")  # fmt: skip
    holds = [plural(len(connections), "connection")] if connections else []
    holds += [plural(unix, "unix socket")] if unix else []
    if holds:
        has.append(f"{'have' if many else 'has'} {listed(holds)}")
    if not has and any(process.pid in scene.snapshot.unreadable for process in scene.processes):
        has.append(phrases.DESCRIPTORS_UNREAD)
    if not has:
        has.append(f"hold{'' if many else 's'} no socket that was asked for")
    return f"{subject} {listed(has)}."


def _unix(scene: Scene, target: UnixTarget) -> str:
    name = end_text(UnixEndpoint(target.path, target.abstract))
    bound = sorted(scene.passive, key=lambda socket: scene.path is None or socket.vfs != scene.path.inode)
    listener = next((socket for socket in bound if socket.state is State.LISTEN), None)
    if listener is not None:
        holder = who([listener]) or missing_holder(listener)
        kind = listener.type or "stream"
        clients = plural(len(accepted_from(listener, scene.here)), "connection")
        waiting = f" and {listener.accept_queue} waiting for accept(2)" if listener.accept_queue else ""
        return f"{name} is a unix {kind} socket on which {holder} listens, with {clients}{waiting}."
    if scene.here:
        socket = (bound or scene.here)[0]
        holder = who([socket]) or missing_holder(socket)
        return f"{name} is a unix {socket.type or 'datagram'} socket that {holder} has bound."
    if scene.path is not None and scene.path.exists:
        return f"{name} exists as a file, but no socket here is bound to it."
    return _nothing(scene)
