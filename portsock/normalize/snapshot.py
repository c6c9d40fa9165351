"""Collections into one Snapshot."""

from collections.abc import Iterator, Sequence

from portsock.model import Notice, Peer, Process, Snapshot, Socket, Source
from portsock.normalize.holders import Holders, Sight
from portsock.normalize.peers import peers
from portsock.normalize.roles import Roles
from portsock.normalize.unix_ends import with_ends
from portsock.normalize.visibility import is_hidden, listing_notices
from portsock.records import HEAD_END, TAIL_END, Collection, SocketRecord


def normalize(collections: Sequence[Collection]) -> Snapshot:
    """One snapshot of one live collection, or of one or more captured listings.

    With several listings every socket keeps its listing's host label, and connections are joined across them.
    """
    several = len(collections) > 1
    if not several and collections[0].snapshot:
        return _again(collections[0], collections[0].snapshot)
    found = _found(collections, several)
    sockets: list[Socket] = []
    hidden = 0
    for collection in collections:
        host = collection.host.name if several else None
        if collection.snapshot:
            for socket, (_, peer) in zip(collection.snapshot.sockets, found, strict=False):
                sockets.append(socket._replace(host=host, peer=peer or socket.peer))
        own = _sockets(collection, host, found)
        sockets += own
        hidden += sum(map(is_hidden, own)) if collection.source.kind == "capture" else 0
    first = collections[0]
    ownership = first.ownership
    source = first.source
    if several:
        source = Source(source.kind, source.backend, tuple(item for each in collections for item in each.source.inputs))
    notices = _notices(collections, hidden)
    return Snapshot(
        source,
        first.host,
        None if several else first.taken_at,
        with_ends(sockets, collections),
        _processes(collections, several),
        notices,
        not any(notice.incomplete for notice in notices),
        tuple(process.pid for process in ownership.unreadable) if ownership else (),
        ownership.hidden_processes if ownership else None,
    )


def _processes(collections: Sequence[Collection], several: bool) -> dict[tuple[str | None, int], Process]:
    """What is known of processes, by host label and pid."""
    found: dict[tuple[str | None, int], Process] = {}
    for collection in collections:
        host = collection.host.name if several else None
        if collection.snapshot:
            for (_, pid), process in collection.snapshot.processes.items():
                found[host, pid] = process._replace(host=host)
        for pid, process in collection.processes.items():
            found[host, pid] = process._replace(host=host) if several else process
    return found


def _notices(collections: Sequence[Collection], hidden: int) -> tuple[Notice, ...]:
    """All notices, each once, since every namespace may give the same. `hidden`: sockets whose owners a listing hides."""
    given = tuple(dict.fromkeys(notice for each in collections for notice in (*_printed(each), *each.notices)))
    if collections[0].source.kind != "capture":
        return given
    return (*given, *listing_notices(hidden, any(collection.unprivileged for collection in collections)))


def _again(collection: Collection, snapshot: Snapshot) -> Snapshot:
    """What portsock printed, as it was, but for where it is from now."""
    host = snapshot.host._replace(name=collection.host.name or snapshot.host.name)
    return snapshot._replace(source=collection.source, host=host)


def _printed(collection: Collection) -> tuple[Notice, ...]:
    return collection.snapshot.notices if collection.snapshot else ()


def _found(collections: Sequence[Collection], several: bool) -> Iterator[tuple[Sight, Peer | None]]:
    """What is known of the holders, and the other end, of every socket of the collections, in their order."""
    rows: list[SocketRecord | Socket] = []
    hosts: list[str | None] = []
    sights: list[Sight] = []
    for collection in collections:
        if collection.snapshot:
            printed = collection.snapshot.sockets
            rows += printed
            sights += [(socket.owner_status, socket.owner_reason, socket.owners) for socket in printed]
        rows += collection.sockets
        sights += Holders(collection).of(collection.sockets)
        hosts += [collection.host.name if several else None] * (len(rows) - len(hosts))
    return zip(sights, peers(rows, hosts, sights, several), strict=True)


def _sockets(collection: Collection, host: str | None, found: Iterator[tuple[Sight, Peer | None]]) -> list[Socket]:
    """The sockets of one collection. `found` gives the holders and the other end of each of its records, in their order."""
    role = Roles(collection.sockets, collection.host.ephemeral).of
    users = collection.users
    sockets = []
    make = tuple.__new__
    for record, (sight, peer) in zip(collection.sockets, found, strict=False):
        user, uid = record.user, record.uid
        if user is None and uid is not None:
            user = users.get(uid)
        # In parts and without Socket's own constructor, which takes as long again.
        joined = (role(record), user, host, *sight, peer)
        sockets.append(make(Socket, record[:HEAD_END] + joined + record[HEAD_END:TAIL_END]))
    return sockets
