"""The two ends of a connection, joined: within one namespace, within one listing, or across several listings.

Peers are told before sockets are made, so that each is made once.
"""

from collections.abc import Sequence

from portsock.addresses import scope
from portsock.model import Family, InetEndpoint, Peer, Scope, Socket
from portsock.normalize.holders import Sight
from portsock.records import SocketRecord

_End = tuple[str | None, int | None]
"""Address and port."""
_Key = tuple[tuple[str | None, int | None, str], _End, _End]
"""Host, namespace and protocol; the local end; the remote end."""
_Short = tuple[str, _End, _End]
_Inodes = dict[tuple[str | None, int | None], int]
"""Unix sockets by host and inode."""
_Row = SocketRecord | Socket
_NOT_UNIQUE = frozenset({Scope.LOOPBACK, Scope.LINK, Scope.UNSPECIFIED})
"""Addresses that every host has: they never join sockets of two hosts."""


def peers(rows: Sequence[_Row], hosts: Sequence[str | None], sights: Sequence[Sight], several: bool) -> list[Peer | None]:
    """For each row, with its host and what is known of its holders, the other end if it is among them.

    `several`: also across listings.
    """
    keys = [_key(row, host) for row, host in zip(rows, hosts, strict=True)]
    ends = {key: index for index, key in enumerate(keys) if key is not None}
    across = _across(hosts, keys) if several else {}
    unix = [index for index, row in enumerate(rows) if row.family is Family.UNIX and row.inode]
    inodes: _Inodes = {(hosts[index], rows[index].inode): index for index in unix}
    found: list[Peer | None] = []
    make = tuple.__new__
    for index, key in enumerate(keys):
        if key is not None:
            place, near, far = key
            other = ends.get((place, far, near))
            if other is None and across:
                other = across.get((place[2], far, near))
        else:
            peer_inode = rows[index].peer_inode
            other = inodes.get((hosts[index], peer_inode)) if peer_inode else None
        if other is None or other == index:
            found.append(None)
            continue
        row, host, sight = rows[other], hosts[other], sights[other]
        netns, here = row.netns, rows[index].netns
        elsewhere = netns if netns is not here and netns != here else None
        found.append(make(Peer, (row.inode, elsewhere, host if host != hosts[index] else None, sight[0], sight[2])))
    return found


def _key(row: _Row, host: str | None) -> _Key | None:
    """What names this end; None where it has no remote one."""
    local, remote = row.local, row.remote
    if not isinstance(remote, InetEndpoint) or not isinstance(local, InetEndpoint):
        return None
    netns = row.netns
    return (host, netns.id if netns else None, row.protocol), local[:2], remote[:2]


def _across(hosts: Sequence[str | None], keys: Sequence[_Key | None]) -> dict[_Short, int]:
    """Ends by protocol and endpoints alone; an end that two listings show is left out, since it cannot be told whose it is."""
    ends: dict[_Short, int] = {}
    twice = set()
    for index, key in enumerate(keys):
        if key is None or scope(key[2][0]) in _NOT_UNIQUE:
            continue
        short = (key[0][2], key[1], key[2])
        if short in ends and hosts[ends[short]] != hosts[index]:
            twice.add(short)
        ends[short] = index
    return {key: index for key, index in ends.items() if key not in twice}
