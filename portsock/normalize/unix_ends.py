"""The far ends of unix sockets: their names, and the processes of those that no listing shows."""

from collections.abc import Mapping, Sequence
from operator import attrgetter

from portsock.model import Endpoint, Family, OwnerStatus, Peer, Socket, UnixEndpoint
from portsock.normalize.holders import Holders
from portsock.records import Collection

_UNIX = Family.UNIX
_UNNAMED = UnixEndpoint(None)


def with_ends(sockets: list[Socket], collections: Sequence[Collection]) -> list[Socket]:
    """The same sockets, where connected unix sockets have the other end's name as `remote`.

    A client that waits to be accepted has the name of its listener, and a peer without inode and process: no program has that
    end yet. An end that is in another, unlisted namespace is told by its holders alone, if they were found.
    """
    if _UNIX not in set(map(attrgetter("family"), sockets)):
        return sockets
    names = {(socket.host, socket.inode): socket.local for socket in sockets if socket.family is _UNIX}
    pending = {inode: record.local for each in collections for record in each.sockets for inode in record.pending}
    holders = Holders(collections[0]) if len(collections) == 1 else None
    found = []
    for socket in sockets:
        if socket.family is _UNIX and socket.remote is None:
            socket = _with_end(socket, names, pending, holders)
        found.append(socket)
    return found


def _with_end(
    socket: Socket,
    names: Mapping[tuple[str | None, int | None], Endpoint | None],
    pending: Mapping[int, Endpoint | None],
    holders: Holders | None,
) -> Socket:
    if socket.peer is not None:
        return socket._replace(remote=names.get((socket.peer.host or socket.host, socket.peer.inode)) or _UNNAMED)
    if socket.peer_inode is None:
        if socket.inode is None or socket.inode not in pending:
            return socket
        return socket._replace(remote=pending[socket.inode], peer=Peer(None, None, None, OwnerStatus.NONE, ()))
    held = holders and holders.of_inode(socket.peer_inode)
    return socket._replace(peer=Peer(socket.peer_inode, None, None, *held)) if held else socket
