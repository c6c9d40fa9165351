"""Join collections into one Snapshot."""

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

from portsock.model import Notice, Peer, Process, Snapshot, Socket
from portsock.normalize.holders import OwnerLookup, Visibility
from portsock.normalize.peers import clients_waiting, find_peers, has_unix, name_unix_remotes
from portsock.normalize.roles import Roles
from portsock.normalize.visibility import count_hidden, listing_notices
from portsock.records import HEAD_END, TAIL_END, Collection, SocketRecord


def normalize(collections: Sequence[Collection], ends: bool = True, spend: bool = False) -> Snapshot:
    """Return one snapshot of one live collection, or of one or more captured listings.

    With several listings every socket keeps its listing's host label, and connections are joined across them. Without `ends`
    the `peer`s of internet sockets may be left out: nobody asks for them. With `spend` the collections' lists of records
    become the lists of sockets, so that of a million rows records and sockets are not in memory together.
    """
    several = len(collections) > 1
    if not several and collections[0].snapshot:
        return _as_printed(collections[0], collections[0].snapshot)
    visible, peers = _owners_and_peers(collections, several, ends)
    pending = {} if spend else clients_waiting(collections)  # no listing has them
    sockets: list[Socket] = []
    hidden = 0
    for collection in collections:
        host = collection.host.name if several else None
        if collection.snapshot:
            for socket, _, peer in zip(collection.snapshot.sockets, visible, peers, strict=False):
                sockets.append(socket._replace(host=host, peer=peer or socket.peer))
        own = _sockets(collection, host, visible, peers, spend)
        sockets = _extended(sockets, own)
        hidden += count_hidden(own) if collection.source.kind == "capture" else 0
    first = collections[0]
    ownership = first.ownership
    inputs = tuple(item for each in collections for item in each.source.inputs)
    notices = _notices(collections, hidden)
    return Snapshot(
        first.source._replace(inputs=inputs),
        first.host,
        None if several else first.taken_at,
        name_unix_remotes(sockets, collections, pending),
        _processes(collections, several),
        notices,
        not any(notice.incomplete for notice in notices),
        tuple(process.pid for process in ownership.unreadable) if ownership else (),
        ownership.hidden_processes if ownership else None,
        first.viewpoint,
        None if several else first.machine,
    )


def _extended(found: list[Socket], more: list[Socket]) -> list[Socket]:
    """Return both lists as one of them: of thousands of hosts, copies would take quadratic time."""
    if not found:
        return more
    found += more
    return found


def _processes(collections: Sequence[Collection], several: bool) -> dict[tuple[str | None, int], Process]:
    """Return the processes of all collections, by host label and pid."""
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
    """Return all notices: of several listings each with the listing's name. `hidden`: number of sockets with hidden owners."""
    listed = [(each.host.name, notice) for each in collections for notice in (*_printed_notices(each), *each.notices)]
    if len(collections) > 1 and collections[0].source.kind == "capture":
        given = tuple(notice._replace(message=f"{name}: {notice.message}") for name, notice in listed)
    else:
        given = tuple(dict.fromkeys(notice for _, notice in listed))
    if collections[0].source.kind != "capture":
        return given
    given = (*(notice for each in collections for notice in each.remarks), *given)
    return (*given, *listing_notices(hidden, any(collection.unprivileged for collection in collections)))


def _as_printed(collection: Collection, snapshot: Snapshot) -> Snapshot:
    """Return the snapshot that portsock printed, with the source that it was read from."""
    host = snapshot.host._replace(name=collection.host.name or snapshot.host.name)
    return snapshot._replace(source=collection.source, host=host).with_notices((*collection.remarks, *collection.notices))


def _printed_notices(collection: Collection) -> tuple[Notice, ...]:
    return collection.snapshot.notices if collection.snapshot else ()


def _owners_and_peers(
    collections: Sequence[Collection], several: bool, ends: bool
) -> tuple[Iterator[Visibility], Iterator[Peer | None]]:
    """Return what is visible of the owners, and the other end, of every socket of the collections, in their order."""
    if not several and not ends and not has_unix(collections[0].sockets):
        return OwnerLookup(collections[0]).for_records(collections[0].sockets), repeat(None)
    rows: list[SocketRecord | Socket] = []
    hosts: list[str | None] = []
    visible: list[Visibility] = []
    for collection in collections:
        if collection.snapshot:
            printed = collection.snapshot.sockets
            rows += printed
            visible += [(socket.owner_status, socket.owner_reason, socket.owners) for socket in printed]
        rows += collection.sockets
        visible += OwnerLookup(collection).for_records(collection.sockets)
        hosts += [collection.host.name if several else None] * (len(rows) - len(hosts))
    first = collections[0]  # what is joined with no other is known of a live collection only, which stands alone
    known = None
    if several:
        from portsock.normalize.hosts import hosts_of

        known = hosts_of(collections, zip(hosts, rows, strict=True))
    peers = find_peers(rows, hosts, visible, known, first.apart, first.apart_elsewhere, first.translated, ends)
    return _taken(visible), _taken(peers)


def _taken(column: list[Any]) -> Iterator[Any]:
    """Yield the values of the column, and free each: of a million rows they would need 100 MB till the end."""
    column.reverse()
    while column:
        yield column.pop()


def _sockets(
    collection: Collection, host: str | None, visible: Iterator[Visibility], peers: Iterator[Peer | None], spend: bool
) -> list[Socket]:
    """Make the sockets of one collection. The iterators yield the owners and the other end of each record, in their order."""
    role_of = Roles(collection.sockets, collection.host.ephemeral).infer
    users = collection.users
    records = collection.sockets
    sockets: list[Any] = records if spend and isinstance(records, list) else [None] * len(records)
    make = tuple.__new__
    # The records come first: zip() takes no item of the iterators when these end.
    for index, (record, (status, reason, owners), peer) in enumerate(zip(records, visible, peers, strict=False)):
        user, uid = record.user, record.uid
        if user is None and uid is not None:
            user = users.get(uid)
        # Put together from slices, without Socket's constructor, which would double the time.
        inferred = (role_of(record), user, host, status, reason, owners, peer)
        sockets[index] = make(Socket, record[:HEAD_END] + inferred + record[HEAD_END:TAIL_END])
    return sockets
