"""Collections into one Snapshot."""

from collections.abc import Sequence

from portsock.model import Notice, Process, Snapshot, Socket, Source
from portsock.normalize.holders import Holders
from portsock.normalize.peers import join
from portsock.normalize.roles import Roles
from portsock.normalize.unix_ends import with_ends
from portsock.records import Collection


def normalize(collections: Sequence[Collection]) -> Snapshot:
    """One snapshot of one live collection, or of one or more captured listings.

    With several listings every socket keeps its listing's host label, and connections are joined across them.
    """
    several = len(collections) > 1
    if not several and collections[0].snapshot:
        return _again(collections[0], collections[0].snapshot)
    sockets: list[Socket] = []
    processes: dict[tuple[str | None, int], Process] = {}
    for collection in collections:
        host = collection.host.name if several else None
        if collection.snapshot:
            sockets += [socket._replace(host=host) for socket in collection.snapshot.sockets]
            for (_, pid), process in collection.snapshot.processes.items():
                processes[host, pid] = process._replace(host=host)
        sockets += _sockets(collection, host)
        for pid, process in collection.processes.items():
            processes[host, pid] = process._replace(host=host) if several else process
    first = collections[0]
    ownership = first.ownership
    source = first.source
    if several:
        source = Source(source.kind, source.backend, tuple(item for each in collections for item in each.source.inputs))
    # Each namespace may give the same one.
    notices = tuple(dict.fromkeys(notice for each in collections for notice in (*_printed(each), *each.notices)))
    return Snapshot(
        source,
        first.host,
        None if several else first.taken_at,
        with_ends(join(sockets, several), collections),
        processes,
        notices,
        not any(notice.incomplete for notice in notices),
        tuple(process.pid for process in ownership.unreadable) if ownership else (),
        ownership.hidden_processes if ownership else None,
    )


def _again(collection: Collection, snapshot: Snapshot) -> Snapshot:
    """What portsock printed, as it was, but for where it is from now."""
    host = snapshot.host._replace(name=collection.host.name or snapshot.host.name)
    return snapshot._replace(source=collection.source, host=host)


def _printed(collection: Collection) -> tuple[Notice, ...]:
    return collection.snapshot.notices if collection.snapshot else ()


def _sockets(collection: Collection, host: str | None) -> list[Socket]:
    sight = Holders(collection).of
    role = Roles(collection.sockets, collection.host.ephemeral).of
    users = collection.users
    sockets = []
    make = tuple.__new__
    for record in collection.sockets:
        (family, kind, protocol, number, state, state_raw, local, remote, recv_q, send_q, accept_queue, accept_limit,
         uid, inode, cookie, interface, v6only, netns, _, user,
         peer_inode, shutdown, vfs, timer, memory, info, subflow_of) = record[:27]  # fmt: skip
        status, reason, owners = sight(record)
        if user is None and uid is not None:
            user = users.get(uid)
        # By position and without Socket's own constructor, which takes as long again.
        sockets.append(
            make(
                Socket,
                (family, kind, protocol, number, state, state_raw, role(record), local, remote,
                 recv_q, send_q, accept_queue, accept_limit, uid, user, inode, cookie, interface, v6only, netns, host,
                 status, reason, owners, None, peer_inode, shutdown, vfs, timer, memory, info, subflow_of),
            )
        )  # fmt: skip
    return sockets
