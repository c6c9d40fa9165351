"""The two ends of a connection, joined: within one namespace, within one listing, or across several listings.

Peers are told before sockets are made, so that each is made once.
"""

from collections.abc import Sequence
from operator import attrgetter

from portsock.addresses import scope
from portsock.model import Endpoint, Family, InetEndpoint, Peer, Scope, Socket
from portsock.normalize.holders import Sight
from portsock.records import SocketRecord

_Row = SocketRecord | Socket
_NOT_UNIQUE = frozenset({Scope.LOOPBACK, Scope.LINK, Scope.UNSPECIFIED})
"""Addresses that every host has: they never join sockets of two hosts."""
_UNIX = Family.UNIX


def peers(rows: Sequence[_Row], hosts: Sequence[str | None], sights: Sequence[Sight], several: bool) -> list[Peer | None]:
    """For each row, with its host and what is known of its holders, the other end if it is among them.

    `several`: also across listings.
    """
    ends = _Ends(rows, hosts, sights)
    found = ends.within()
    if several:
        ends.join_across(found)
    if _UNIX in set(map(attrgetter("family"), rows)):
        ends.join_unix(found)
    return found


class _Numbers(dict[Endpoint | None, int | None]):
    """A number for each internet endpoint, by address (or host name, where a listing has no more) and port; None for what
    does not identify one. Pairs of numbers are found three times as fast as pairs of endpoints."""

    def __init__(self) -> None:
        self._pairs: dict[object, int] = {}

    def __missing__(self, endpoint: Endpoint | None) -> int | None:
        number = None
        if isinstance(endpoint, InetEndpoint) and endpoint.port is not None and not endpoint.truncated:
            pair = (endpoint.address or endpoint.hostname, endpoint.port)
            number = self._pairs.setdefault(pair, len(self._pairs)) if pair[0] else None
        self[endpoint] = number
        return number


class _Ends:
    """Rows, each as the other end of others."""

    def __init__(self, rows: Sequence[_Row], hosts: Sequence[str | None], sights: Sequence[Sight]) -> None:
        number, make = _Numbers(), tuple.__new__
        self._rows, self._hosts = rows, hosts
        self._near, self._far = [number[row.local] for row in rows], [number[row.remote] for row in rows]
        self._seen: list[Peer] = [
            make(Peer, (row.inode, None, None, sight[0], sight[2])) for row, sight in zip(rows, sights, strict=True)
        ]

    def within(self) -> list[Peer | None]:
        """The other ends in the same namespace of the same listing."""
        near, far = self._near, self._far
        places = [row.protocol for row in self._rows], [row.netns for row in self._rows], self._hosts
        # Columns at once: a loop that makes and looks up each key takes three times as long for 50,000.
        ends = dict(zip(zip(near, far, *places, strict=True), self._seen, strict=True))
        found: list[Peer | None] = list(map(ends.get, zip(far, near, *places, strict=True)))
        for index, (one, other) in enumerate(zip(near, far, strict=True)):
            if one is None or other is None or one == other:
                found[index] = None
        return found

    def join_across(self, found: list[Peer | None]) -> None:
        """Fill in the other ends in another listing, by protocol and endpoints alone; an end that two listings show is left
        out, since it cannot be told whose it is."""
        keys = {
            index: (row.protocol, near, far)
            for index, (row, near, far) in enumerate(zip(self._rows, self._near, self._far, strict=True))
            if near is not None and far is not None and _is_unique(row.remote)
        }
        places: dict[tuple[str, int | None, int | None], int] = {}
        twice = set()
        for index, key in keys.items():
            if key in places and self._hosts[places[key]] != self._hosts[index]:
                twice.add(key)
            places[key] = index
        for index, (protocol, near, far) in keys.items():
            other = places.get((protocol, far, near))
            if found[index] is None and other is not None and other != index and (protocol, far, near) not in twice:
                found[index] = self._as_seen_by(index, other)

    def join_unix(self, found: list[Peer | None]) -> None:
        """Fill in the other ends of unix sockets, which the kernel tells by their inodes."""
        unix = [index for index, row in enumerate(self._rows) if row.family is _UNIX]
        places = {(self._hosts[index], self._rows[index].inode): index for index in unix if self._rows[index].inode}
        for index in unix:
            inode = self._rows[index].peer_inode
            other = places.get((self._hosts[index], inode)) if inode else None
            if other is not None and other != index:
                found[index] = self._as_seen_by(index, other)

    def _as_seen_by(self, index: int, other: int) -> Peer:
        """One row as another sees it: with its namespace and its host where they are not the same."""
        netns, host = self._rows[other].netns, self._hosts[other]
        elsewhere, apart = netns != self._rows[index].netns, host != self._hosts[index]
        return self._seen[other]._replace(netns=netns if elsewhere else None, host=host if apart else None)


def _is_unique(endpoint: Endpoint | None) -> bool:
    """Whether there is one host of this address."""
    return isinstance(endpoint, InetEndpoint) and endpoint.address is not None and scope(endpoint.address) not in _NOT_UNIQUE
