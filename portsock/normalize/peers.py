"""The two ends of a connection, joined: within one namespace, within one listing, or across several listings."""

from collections.abc import Sequence

from portsock.addresses import scope
from portsock.model import Family, InetEndpoint, Peer, Scope, Socket

_End = tuple[str | None, int | None]
"""Address and port."""
_Key = tuple[tuple[str | None, int | None, str], _End, _End]
"""Host, namespace and protocol; the local end; the remote end."""
_Short = tuple[str, _End, _End]
_PEER = Socket._fields.index("peer")
_Inodes = dict[tuple[str | None, int | None], int]
"""Unix sockets by host and inode."""
_NOT_UNIQUE = frozenset({Scope.LOOPBACK, Scope.LINK, Scope.UNSPECIFIED})
"""Addresses that every host has: they never join sockets of two hosts."""


def join(sockets: list[Socket], hosts: bool) -> list[Socket]:
    """The same sockets with `peer` filled where the other end is among them. `hosts`: also across listings."""
    keys = [_key(socket) for socket in sockets]
    ends = {key: index for index, key in enumerate(keys) if key is not None}
    across = _across(sockets, keys) if hosts else {}
    unix = [(index, socket) for index, socket in enumerate(sockets) if socket.family is Family.UNIX]
    inodes: _Inodes = {(socket.host, socket.inode): index for index, socket in unix if socket.inode}
    joined = []
    make = tuple.__new__
    for index, socket in enumerate(sockets):
        key = keys[index]
        if socket.peer_inode:
            other = inodes.get((socket.host, socket.peer_inode))
        elif key is None:
            other = None
        else:
            place, near, far = key
            other = ends.get((place, far, near))
            if other is None and across:
                other = across.get((place[2], far, near))
        if other is not None and other != index:
            # A fifth of the time of _replace.
            socket = make(Socket, (*socket[:_PEER], _peer(socket, sockets[other]), *socket[_PEER + 1 :]))
        joined.append(socket)
    return joined


def _key(socket: Socket) -> _Key | None:
    """What names this end; None where it has no remote one."""
    local, remote = socket.local, socket.remote
    if not isinstance(remote, InetEndpoint) or not isinstance(local, InetEndpoint):
        return None
    netns = socket.netns
    return (socket.host, netns.id if netns else None, socket.protocol), local[:2], remote[:2]


def _across(sockets: Sequence[Socket], keys: Sequence[_Key | None]) -> dict[_Short, int]:
    """Ends by protocol and endpoints alone; an end that two listings show is left out, since it cannot be told whose it is."""
    ends: dict[_Short, int] = {}
    twice = set()
    for index, (socket, key) in enumerate(zip(sockets, keys, strict=True)):
        if key is None or scope(key[2][0]) in _NOT_UNIQUE:
            continue
        short = (key[0][2], key[1], key[2])
        if short in ends and sockets[ends[short]].host != socket.host:
            twice.add(short)
        ends[short] = index
    return {key: index for key, index in ends.items() if key not in twice}


def _peer(socket: Socket, other: Socket) -> Peer:
    netns, host = other.netns, other.host
    return Peer(
        other.inode,
        netns if netns is not socket.netns and netns != socket.netns else None,
        host if host != socket.host else None,
        other.owner_status,
        other.owners,
    )
