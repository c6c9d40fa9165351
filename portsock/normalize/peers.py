"""The other end of each socket: in its own network namespace or another one, in its own listing or another one.

Peers are found before sockets are made, so that each socket is made once. The names of unix sockets' other ends are added
afterwards, since few sockets are unix sockets.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

from portsock.addresses import scope
from portsock.model import Endpoint, Family, InetEndpoint, OwnerStatus, Peer, Scope, Socket, UnixEndpoint
from portsock.normalize.holders import OwnerLookup, Visibility
from portsock.records import Collection, SocketRecord, lasting_number

if TYPE_CHECKING:
    from portsock.normalize.hosts import Hosts

_Row = SocketRecord | Socket
_NOT_UNIQUE = frozenset({Scope.LOOPBACK, Scope.LINK, Scope.UNSPECIFIED})
"""Addresses that every host and network namespace has: they never join sockets of two of them."""
_UNIX = Family.UNIX
_UNNAMED = UnixEndpoint(None)
NO_TRANSLATIONS: Mapping[int, int] = {}
_REMOTE = Socket._fields.index("remote")
_family = attrgetter("family")
_ends_of = itemgetter(*map(Socket._fields.index, ("local", "remote")))
"""The ends of a record or a socket."""


def find_peers(
    rows: Sequence[_Row],
    hosts: Sequence[str | None],
    visible: Sequence[Visibility],
    known: "Hosts | None" = None,
    apart: frozenset[int] = frozenset(),
    apart_elsewhere: frozenset[int] = frozenset(),
    translated: Mapping[int, int] = NO_TRANSLATIONS,
    internet: bool = True,
) -> list[Peer | None]:
    """Return each row's other end, or None where it is not among the rows.

    `hosts` and `visible` hold each row's host and what is visible of its owners. Where the hosts are `known`, several listings
    are joined, too. The rows of a network namespace stand together. `apart`, `apart_elsewhere` and `translated`: see
    Collection. Without `internet` the ends of internet sockets may be left out.
    """
    unix = has_unix(rows)
    if not internet and not unix:
        return [None] * len(rows)
    index = _PeerIndex(rows, hosts, visible)
    found = index.same_namespace(apart)
    if known is not None or (rows and rows[0].netns != rows[-1].netns):  # a source lists one namespace after another
        index.add_other_namespaces(found, apart | apart_elsewhere)
        index.add_translated(found, translated)
    if known is not None:
        index.add_other_hosts(found, known)
    if unix:
        index.add_unix(found)
    return found


def has_unix(rows: Iterable[_Row]) -> bool:
    """Tell whether there are unix sockets."""
    return _UNIX in set(map(_family, rows))


class _EndpointNumbers(dict[Endpoint | None, int | None]):
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


class _PeerIndex:
    """Index rows by endpoint, to find each row's peer."""

    def __init__(self, rows: Sequence[_Row], hosts: Sequence[str | None], visible: Sequence[Visibility]) -> None:
        self._number = _EndpointNumbers()
        self._rows, self._hosts, self._visible = rows, hosts, visible

    def _numbered(self, numbers: frozenset[int]) -> set[int]:
        """Return the indices of the rows with these lasting numbers."""
        rows = enumerate(self._rows) if numbers else ()
        return {index for index, row in rows if isinstance(row, SocketRecord) and lasting_number(row) in numbers}

    def same_namespace(self, apart: frozenset[int]) -> list[Peer | None]:
        """Return each row's peer in the same namespace of the same listing, or None."""
        found: list[Peer | None] = [None] * len(self._rows)
        indices = self._both_ends_here()
        rows = [self._rows[index] for index in indices]
        near, far = ([self._number[end] for end in map(attrgetter(side), rows)] for side in ("local", "remote"))
        if apart:
            alone = self._numbered(apart)
            near = [None if index in alone else number for index, number in zip(indices, near, strict=True)]
        places = [row.protocol for row in rows], [row.netns for row in rows], [self._hosts[index] for index in indices]
        # Columns at once: a loop that makes and looks up each key takes three times as long for 50,000.
        ends = dict(zip(zip(near, far, *places, strict=True), indices, strict=True))
        others = map(ends.get, zip(far, near, *places, strict=True))
        for index, one, other, end in zip(indices, near, far, others, strict=True):
            if end is not None and one is not None and other is not None and one != other:
                found[index] = self._peer(end)
        return found

    def _both_ends_here(self) -> list[int]:
        """Return the indices of the rows whose local host is some row's remote one, and the other way round.

        No other row has its other end here. On a server nearly all remote hosts are other machines.
        """
        near = {local and local[0] for local, _ in map(_ends_of, self._rows)}
        far = {remote and remote[0] for _, remote in map(_ends_of, self._rows)}
        both = near & far
        ends = enumerate(map(_ends_of, self._rows))  # made again, since they would take 60 bytes a row
        return [index for index, (local, remote) in ends if local and remote and local[0] in both and remote[0] in both]

    def add_other_namespaces(self, found: list[Peer | None], apart: frozenset[int]) -> None:
        """Fill in peers in other network namespaces of the same host, by protocol and endpoints, but none of `apart`.

        An end that two namespaces have is nobody's peer, since it cannot be decided which of them it is; and it has none,
        either, so that a connection is joined from both of its ends or from none.
        """
        ends: dict[tuple[object, ...], int] = {}
        twice = set()
        keys = self._keys()
        for index, (protocol, near, far) in keys.items():
            key = self._hosts[index], protocol, near, far
            if key in ends and self._rows[ends[key]].netns != self._rows[index].netns:
                twice.add(key)
            ends[key] = index
        alone = self._numbered(apart)
        for index, (protocol, near, far) in keys.items():
            other_key = self._hosts[index], protocol, far, near
            other = ends.get(other_key)
            if found[index] is not None or other is None or other == index or other_key in twice:
                continue
            if index not in alone and other not in alone and (self._hosts[index], protocol, near, far) not in twice:
                found[index] = self._as_seen_by(index, other)

    def add_other_hosts(self, found: list[Peer | None], known: "Hosts") -> None:
        """Fill in peers of other hosts, by protocol and endpoints that only one host can have.

        A socket whose other end is on its own host has none on another. An end that two places have is nobody's peer.
        """
        keys = {
            index: key
            for index, key in self._keys().items()
            if found[index] is None and not _is_joined(self._rows[index]) and not self._is_shared(index, known)
        }
        ends: dict[tuple[str, int, int], int] = {}
        twice = set()
        for index, key in keys.items():
            if key in ends and self._place(ends[key]) != self._place(index):
                twice.add(key)
            ends[key] = index
        for index, (protocol, near, far) in keys.items():
            other = ends.get((protocol, far, near))
            if other is None or (protocol, far, near) in twice or known.are_one(self._hosts[index], self._hosts[other]):
                continue
            found[index] = self._as_seen_by(index, other)

    def _keys(self) -> dict[int, tuple[str, int, int]]:
        """Return protocol and endpoints, by index, of the rows whose remote address not every host has."""
        number = self._number
        return {
            index: (row.protocol, near, far)
            for index, row in enumerate(self._rows)
            if (near := number[row.local]) is not None and (far := number[row.remote]) is not None and _is_unique(row.remote)
        }

    def _is_shared(self, index: int, known: "Hosts") -> bool:
        """Tell whether several hosts have one of the row's addresses."""
        ends = (end.address for end in _ends_of(self._rows[index]) if isinstance(end, InetEndpoint))
        return any(address is not None and known.is_shared(address) for address in ends)

    def add_translated(self, found: list[Peer | None], translated: Mapping[int, int]) -> None:
        """Fill in the peers whose endpoints are not those of the row, since an address was changed on the way."""
        if not translated:
            return
        places = {lasting_number(row): index for index, row in enumerate(self._rows) if isinstance(row, SocketRecord)}
        for number, other in translated.items():
            if number in places and other in places:
                found[places[number]] = self._as_seen_by(places[number], places[other])

    def _place(self, index: int) -> object:
        return self._hosts[index], self._rows[index].netns

    def add_unix(self, found: list[Peer | None]) -> None:
        """Fill in the peers of unix sockets, which the kernel reports by inode."""
        unix = [index for index, row in enumerate(self._rows) if row.family is _UNIX]
        places = {(self._hosts[index], self._rows[index].inode): index for index in unix if self._rows[index].inode}
        for index in unix:
            inode = self._rows[index].peer_inode
            other = places.get((self._hosts[index], inode)) if inode else None
            if other is not None and other != index:
                found[index] = self._as_seen_by(index, other)

    def _peer(self, index: int) -> Peer:
        """Return the row as the other end of another one."""
        status, _, owners = self._visible[index]
        return Peer(self._rows[index].inode, None, None, status, owners)

    def _as_seen_by(self, index: int, other: int) -> Peer:
        """Return the row `other` as the peer of row `index`: with its namespace and its host only where they differ."""
        netns, host = self._rows[other].netns, self._hosts[other]
        elsewhere, apart = netns != self._rows[index].netns, host != self._hosts[index]
        if not elsewhere and not apart:
            return self._peer(other)
        return self._peer(other)._replace(netns=netns if elsewhere else None, host=host if apart else None)


def _is_joined(row: _Row) -> bool:
    """Tell whether a printed socket has its other end on its own host."""
    return isinstance(row, Socket) and row.peer is not None and row.peer.host is None


def _is_unique(endpoint: Endpoint | None) -> bool:
    """Tell whether only one host can have this address."""
    return isinstance(endpoint, InetEndpoint) and endpoint.address is not None and scope(endpoint.address) not in _NOT_UNIQUE


def clients_waiting(collections: Sequence[Collection]) -> dict[int, Endpoint | None]:
    """Return the names of unix listeners by the inodes of the clients that wait to be accepted."""
    unix = (record for each in collections for record in each.sockets if record.family is _UNIX)
    return {inode: record.local for record in unix for inode in record.pending}


def name_unix_remotes(
    sockets: list[Socket], collections: Sequence[Collection], pending: Mapping[int, Endpoint | None]
) -> list[Socket]:
    """Return the sockets with the other end's name as `remote` of connected unix sockets.

    A client that waits to be accepted gets the name of its listener, and a peer without inode and process: no program has that
    end yet: `pending` has the names of listeners by the client's inode. Of an end in another namespace that is not listed only
    the holders are known, if they were found.
    """
    if not has_unix(sockets):
        return sockets
    names = {(socket.host, socket.inode): socket.local for socket in sockets if socket.family is _UNIX}
    lookup = OwnerLookup(collections[0]) if len(collections) == 1 else None
    return [
        _name_remote(socket, names, pending, lookup) if socket.family is _UNIX and socket.remote is None else socket
        for socket in sockets
    ]


def _name_remote(
    socket: Socket,
    names: Mapping[tuple[str | None, int | None], Endpoint | None],
    pending: Mapping[int, Endpoint | None],
    lookup: OwnerLookup | None,
) -> Socket:
    if socket.peer is not None:
        remote = names.get((socket.peer.host or socket.host, socket.peer.inode)) or _UNNAMED
        return tuple.__new__(Socket, (*socket[:_REMOTE], remote, *socket[_REMOTE + 1 :]))  # a third of the time of _replace()
    if socket.peer_inode is None:
        if socket.inode is None or socket.inode not in pending:
            return socket
        return socket._replace(remote=pending[socket.inode], peer=Peer(None, None, None, OwnerStatus.NONE, ()))
    held = lookup and lookup.for_inode(socket.peer_inode)
    return socket._replace(peer=Peer(socket.peer_inode, None, None, *held)) if held else socket
