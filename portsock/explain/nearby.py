"""Sockets near an endpoint that no socket has: what a wildcard covers, and who waits on the same port elsewhere."""

from portsock.addresses import WILDCARDS
from portsock.endpoints import port_of
from portsock.explain.bind.addresses import held_address, overlaps, requested_address, shares_ports
from portsock.model import Family, Snapshot, Socket, State
from portsock.normalize.roles import is_passive
from portsock.query.target import InetTarget

_PROTOCOLS = ("tcp", "udp")
"""Protocols of an endpoint without one."""


def covered_sockets(target: InetTarget, snapshot: Snapshot) -> list[Socket]:
    """Return the sockets whose addresses a wildcard endpoint covers: to bind it, their port must be free, too.

    What is not known (the IPV6_V6ONLY of a '::') is taken for an overlap; '::' is taken without IPV6_V6ONLY, its default.
    """
    port = _port(target)
    if port is None or not target.networks:
        return []
    if not all(network.single and network.address in WILDCARDS for network in target.networks):
        return []
    wanted = [address for network in target.networks if (address := requested_address(network.address, v6only=False))]
    protocols = (target.protocol,) if target.protocol else _PROTOCOLS
    found = []
    for socket in _on_port(port, snapshot):
        if socket.subflow_of is not None or (socket.state is State.SYN_RECV and socket.inode is None):
            continue  # listed again as its MPTCP socket; no socket yet
        held = held_address(socket, socket.v6only)
        contends = any(shares_ports(protocol, socket.protocol) for protocol in protocols)
        if held is not None and contends and any(overlaps(address, held) is not False for address in wanted):
            found.append(socket)
    return sorted(found, key=lambda socket: not is_passive(socket))


def nearby_sockets(target: InetTarget, snapshot: Snapshot) -> list[Socket]:
    """Return what waits on the target's one port of this network namespace, whatever its address and protocol."""
    port = _port(target)
    return [] if port is None else [socket for socket in _on_port(port, snapshot) if is_passive(socket)]


def _port(target: InetTarget) -> int | None:
    ports = target.ports
    return ports[0] if ports is not None and ports[0] == ports[1] and ports[0] else None


def _on_port(port: int, snapshot: Snapshot) -> list[Socket]:
    """Return the sockets with this local port, of the network namespace that portsock runs in where that is known."""
    point = snapshot.viewpoint
    own = point.netns.id if point is not None and point.netns is not None else None
    return [
        socket
        for socket in snapshot.sockets
        if socket.family is not Family.UNIX
        and port_of(socket.local) == port
        and (own is None or socket.netns is None or socket.netns.id == own)
    ]
