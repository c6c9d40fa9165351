"""The two ends of a connection, joined: within one namespace, within one listing, or across several listings."""

from collections.abc import Sequence

from portsock.addresses import scope
from portsock.model import Family, InetEndpoint, Peer, Scope, Socket

_Key = tuple[object, ...]
_Inodes = dict[tuple[str | None, int | None], int]
"""Unix sockets by host and inode."""
_NOT_UNIQUE = frozenset({Scope.LOOPBACK, Scope.LINK, Scope.UNSPECIFIED})
"""Addresses that every host has: they never join sockets of two hosts."""


def join(sockets: list[Socket], hosts: bool) -> list[Socket]:
    """The same sockets with `peer` filled where the other end is among them. `hosts`: also across listings."""
    ends: dict[_Key, int] = {}
    for index, socket in enumerate(sockets):
        key = _key(socket)
        if key is not None:
            ends[key] = index
    across = _across(sockets) if hosts else {}
    unix = [(index, socket) for index, socket in enumerate(sockets) if socket.family is Family.UNIX]
    inodes: _Inodes = {(socket.host, socket.inode): index for index, socket in unix if socket.inode}
    joined = []
    for index, socket in enumerate(sockets):
        other = _other(socket, ends, across, inodes)
        if other is not None and other != index:
            socket = socket._replace(peer=_peer(socket, sockets[other]))
        joined.append(socket)
    return joined


def _key(socket: Socket) -> _Key | None:
    """What names this end: host, namespace, protocol, local and remote address and port; None where it has no remote end."""
    local, remote = socket.local, socket.remote
    if remote is None or local is None or not isinstance(remote, InetEndpoint) or not isinstance(local, InetEndpoint):
        return None
    netns = socket.netns
    place = (socket.host, netns.id if netns else None, socket.protocol)
    return (*place, local.address, local.port, remote.address, remote.port)


def _other(socket: Socket, ends: dict[_Key, int], across: dict[_Key, int], inodes: _Inodes) -> int | None:
    if socket.peer_inode:
        return inodes.get((socket.host, socket.peer_inode))
    key = _key(socket)
    if key is None:
        return None
    host, netns, protocol, *pair = key
    reverse = (pair[2], pair[3], pair[0], pair[1])
    found = ends.get((host, netns, protocol, *reverse))
    if found is None and across:
        found = across.get((protocol, *reverse))
    return found


def _across(sockets: Sequence[Socket]) -> dict[_Key, int]:
    """Ends by protocol and endpoints alone; an end that two listings show is left out, since it cannot be told whose it is."""
    ends: dict[_Key, int] = {}
    twice = set()
    for index, socket in enumerate(sockets):
        key = _key(socket)
        if key is None or not isinstance(socket.remote, InetEndpoint) or scope(socket.remote.address) in _NOT_UNIQUE:
            continue
        short = key[2:]
        if short in ends and sockets[ends[short]].host != socket.host:
            twice.add(short)
        ends[short] = index
    return {key: index for key, index in ends.items() if key not in twice}


def _peer(socket: Socket, other: Socket) -> Peer:
    return Peer(
        other.inode,
        other.netns if other.netns != socket.netns else None,
        other.host if other.host != socket.host else None,
        other.owner_status,
        other.owners,
    )
