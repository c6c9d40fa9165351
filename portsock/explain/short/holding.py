"""Words for who holds a port, and how: the holders with their relations, the addresses, what goes on there."""

from collections import Counter
from collections.abc import Sequence

from portsock.addresses import WILDCARDS
from portsock.endpoints import address_of, port_of
from portsock.explain.ancestry import holders_of, masters_of, same_program
from portsock.explain.subject import Subject
from portsock.explain.texts import phrases
from portsock.explain.wording import end_text, holders, joined, owner_text, owners_text, plural
from portsock.model import Family, InetEndpoint, Owner, OwnerStatus, Process, Role, Socket, State
from portsock.normalize.connections import unique_connections, without_further_subflows
from portsock.query.target import InetTarget


def held_text(subject: Subject, protocol: str, port: int | None, sockets: Sequence[Socket]) -> str:
    """Return '8080/tcp (http-alt) is held by python3 (pid 5), listening on 127.0.0.1, with 2 connections'."""
    name = subject.services.name(protocol, port)
    title = protocol if port is None else f"{port}/{protocol}" + (f" ({name})" if name else "")  # raw sockets have no port
    multipath = protocol == "tcp" and _are_multipath(sockets, subject)
    return phrases.HELD.format(
        port=title,
        who=who_holds(sockets, subject),
        how=_bound_text(sockets, subject) + (phrases.MULTIPATH if multipath else ""),
        more=_activity(subject, protocol, port, sockets),
    )


def who_holds(sockets: Sequence[Socket], subject: Subject) -> str:
    """Return the holders: a master with the number of its workers, a process whose main thread has ended, or all by name."""
    owners = holders(sockets)
    if not owners:
        return unknown_holder_text(sockets[0])
    processes = holders_of(sockets, subject)
    if len(processes) != len(owners):
        return owners_text(owners)
    if len(processes) == 1:
        return owners_text(owners) + (phrases.LEADER_ENDED if processes[0].state == "zombie" else "")
    top = _master(processes, sockets, subject)
    if top is None:
        return owners_text(owners)
    return f"{owner_text(Owner(top.pid, None, top.name))} and {plural(len(processes) - 1, 'worker')}"


def _master(processes: Sequence[Process], sockets: Sequence[Socket], subject: Subject) -> Process | None:
    """Return the one holder that all the others have forked from."""
    tops = {each.pid: each for each in masters_of(processes, sockets, subject)}
    top = next(iter(tops.values()))
    return top if len(tops) == 1 and all(same_program(each, top) for each in processes) else None


def unknown_holder_text(socket: Socket) -> str:
    """Return words for a holder that is not known."""
    text = {
        OwnerStatus.HIDDEN: "a process that cannot be seen from here",
        OwnerStatus.ELSEWHERE: "no process of this PID namespace (one outside, or the kernel)",
        OwnerStatus.UNHELD: "no process (probably the kernel)",
        OwnerStatus.UNREPORTED: "a process that the listing does not name" if socket.host or socket.inode is None
        else "a process that was not looked for",
    }.get(socket.owner_status, "no process")  # fmt: skip
    if socket.owner_status is OwnerStatus.HIDDEN and socket.uid is not None:
        text += phrases.CREATED_BY.format(user=socket.user or f"uid {socket.uid}")
    return text


def bound_addresses_text(sockets: Sequence[Socket]) -> str:
    """Return 'all IPv4 addresses of the devices eth0 and eth1 and 127.0.0.1'."""
    devices: dict[str, set[str | None]] = {}
    for socket in sockets:
        wildcard = address_of(socket.local) in WILDCARDS
        devices.setdefault(_address_text(socket), set()).add(socket.interface if wildcard else None)
    return joined([text + _of_devices(found) for text, found in devices.items()], 3)


def _of_devices(devices: set[str | None]) -> str:
    """Return ' of the device eth0', ' of the devices eth0 and eth1'; '' where one socket is bound to none."""
    names = sorted(filter(None, devices))
    if not names or None in devices:
        return ""
    return f" of the device{'' if len(names) == 1 else 's'} {joined(names, 3)}"


def _address_text(socket: Socket) -> str:
    """Return the bound address as a person would say it."""
    address = address_of(socket.local)
    if address == "*" or (address == "::" and socket.v6only is False):
        return "all addresses"
    if address in WILDCARDS:
        return f"all IPv{'4' if address == '0.0.0.0' else '6'} addresses"
    local = socket.local
    if isinstance(local, InetEndpoint):
        return (address or local.hostname or "an address that is not reported") + (f"%{local.zone}" if local.zone else "")
    return end_text(local)


def _bound_text(sockets: Sequence[Socket], subject: Subject) -> str:
    """Return 'listening on 127.0.0.1', 'bound to all addresses and not listening'."""
    listens = any(socket.state is State.LISTEN for socket in sockets)
    text = f"{'listening on' if listens else 'bound to'} {bound_addresses_text(sockets)}"
    target = subject.target
    asked = target.networks if isinstance(target, InetTarget) else ()
    if asked and all("." in each.address for each in asked):
        text += "".join(phrases.TAKES_IPV4.format(end=end_text(socket.local)) for socket in sockets[:1] if _is_dual(socket))
    known = sockets[0].protocol in ("tcp", "mptcp") and any(socket.state is not None for socket in sockets)
    return text + phrases.NOT_LISTENING if known and not listens else text


def _is_dual(socket: Socket) -> bool:
    return socket.family is Family.IPV6 and address_of(socket.local) == "::" and socket.v6only is False


def _are_multipath(sockets: Sequence[Socket], subject: Subject) -> bool:
    """Tell whether the kernel lists one of these TCP sockets as an MPTCP one, too."""
    listed = {_identity(each) for each in subject.snapshot.sockets if each.protocol == "mptcp"}
    return bool(listed) and not listed.isdisjoint(map(_identity, sockets))


def _identity(socket: Socket) -> tuple[object, ...]:
    return socket.inode, socket.local, socket.netns, socket.state


def _activity(subject: Subject, protocol: str, port: int | None, sockets: Sequence[Socket]) -> str:
    """Return ', with 2 connections and 40 unfinished handshakes', or what was lost."""
    mine = [socket for socket in subject.connected if socket.protocol == protocol and port_of(socket.local) == port]
    young = [socket for socket in mine if socket.state is State.SYN_RECV]
    ended = [socket for socket in mine if socket.state is State.TIME_WAIT]
    alive = [socket for socket in mine if socket.state not in (State.SYN_RECV, State.TIME_WAIT)]
    lost = sum(socket.memory.drops or 0 for socket in sockets if socket.memory is not None and protocol != "tcp")
    counts = (
        (len(young), "unfinished handshake"),
        (len(ended), "connection in TIME_WAIT" if len(ended) == 1 else "connections in TIME_WAIT"),
        (lost, "lost datagram"),
    )
    found = [connections_text(alive)] if alive else []
    found += [f"{count} {text}" if text.endswith("TIME_WAIT") else plural(count, text) for count, text in counts if count]
    return f", with {joined(found)}" if found else ""


def connections_text(sockets: Sequence[Socket]) -> str:
    """Return the number of connections, whose sockets at one end these are: '2 connections', '1 MPTCP connection over …'."""
    once = without_further_subflows(sockets)
    if len(once) == len(sockets):
        return plural(len(sockets), noun(sockets))
    parts = Counter(socket.inode for socket in sockets if socket.inode is not None)
    several = [number for number in parts.values() if number > 1]
    if len(several) == len(once):
        return phrases.MPTCP_ONLY.format(count=plural(len(once), "MPTCP connection"), subflows=sum(several))
    count = plural(len(once), "connection")
    return phrases.MPTCP_SOME.format(count=count, several=len(several), subflows=sum(several))


def noun(sockets: Sequence[Socket]) -> str:
    """Return what a connected socket is called."""
    return "connection" if any(socket.protocol != "udp" for socket in sockets) else "connected UDP socket"


def own_end_text(subject: Subject, sockets: Sequence[Socket], what: str) -> str:
    """Return the sentence about a port or endpoint that is only the local end of connections."""
    unique = unique_connections(sockets)
    owners = holders(sockets)
    first = unique[0]
    known = owners_text(owners, 2) if owners else None
    listener = phrases.NO_LISTENER_LISTED if subject.captured else phrases.NO_LISTENER
    state = f", in {first.state}" if first.state not in (None, State.ESTABLISHED) else ""
    one = phrases.ONE_TO.format(remote=end_text(first.remote), state=state)
    connections = one if len(unique) == 1 and first.protocol != "udp" else plural(len(unique), noun(unique))
    if known is None or any(socket.role is not Role.CLIENT for socket in sockets):
        by = f" of {known}" if known else ""
        return phrases.ONLY_CONNECTIONS.format(what=what, connections=connections, by=by, listener=listener)
    have = phrases.HAS_IT if len(owners) == 1 else phrases.HAVE_IT
    return phrases.CLIENTS_PORT.format(what=what, have=have.format(who=known), connections=connections)
