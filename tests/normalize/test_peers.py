"""What is made of unix sockets' records: roles, the other end's name, and what is known of ends that are not listed."""

import struct

from portsock.model import Family, Netns, Notice, OwnerStatus, Role, SocketType, State, UnixEndpoint
from portsock.normalize.snapshot import normalize
from portsock.parse.netlink.unix import decode
from portsock.query.selection import Query, select
from portsock.records import Holder, SocketRecord
from tests.support.records import LINUX, collection

SERVED = UnixEndpoint(b"/run/x")
UNNAMED = UnixEndpoint(None)


def unix(
    inode: int, local: UnixEndpoint, peer: int | None = None, state: State = State.ESTABLISHED, **more: object
) -> SocketRecord:
    values: dict[str, object] = {"inode": inode, "peer_inode": peer, "netns": Netns(1), "type": SocketType.STREAM} | more
    blank = SocketRecord(Family.UNIX, None, "unix", None, state, None, local, None)
    return blank._replace(**values)  # type: ignore[arg-type]


LISTENER = unix(1, SERVED, state=State.LISTEN)


def test_each_end_has_the_name_of_the_other() -> None:
    _, server, client = normalize([collection([LISTENER, unix(2, SERVED, 3), unix(3, UNNAMED, 2)])]).sockets
    assert (server.role, server.remote) == (Role.SERVER, UNNAMED)
    assert (client.role, client.remote) == (Role.CLIENT, SERVED)


def test_a_client_with_a_name_of_its_own_is_told_from_the_server_by_the_listener() -> None:
    mine = UnixEndpoint(b"client", True)
    _, server, client = normalize([collection([LISTENER, unix(2, SERVED, 3), unix(3, mine, 2)])]).sockets
    assert (server.role, client.role) == (Role.SERVER, Role.CLIENT)
    assert (server.remote, client.remote) == (mine, SERVED)


def test_a_pair_without_names_or_listener_has_no_roles() -> None:
    for local in (UNNAMED, SERVED):
        pair = normalize([collection([unix(2, local, 3), unix(3, local, 2)])]).sockets
        assert [socket.role for socket in pair] == [Role.UNKNOWN, Role.UNKNOWN]


def test_a_client_in_the_queue_has_the_listeners_name_and_a_peer_without_process() -> None:
    listener, client = normalize([collection([LISTENER._replace(pending=(2,)), unix(2, UNNAMED)])]).sockets
    assert listener.remote is None
    assert (client.role, client.remote) == (Role.CLIENT, SERVED)
    assert client.peer is not None
    assert (client.peer.inode, client.peer.owner_status, client.peer.owners) == (None, OwnerStatus.NONE, ())


def test_a_bound_datagram_socket_stays_bound_when_others_connect_to_it() -> None:
    bound = unix(1, SERVED, type=SocketType.DGRAM)
    sender = unix(2, UNNAMED, 1, type=SocketType.DGRAM)
    snapshot = normalize([collection([bound, sender])])
    assert [socket.role for socket in snapshot.sockets] == [Role.BOUND, Role.CLIENT]
    assert [socket.remote for socket in snapshot.sockets] == [None, SERVED]
    listening = select(snapshot, Query(listening=True, protocols=frozenset({"unix"})), side="either")
    assert [socket.inode for socket in listening] == [1]


def test_an_end_that_is_not_listed_is_told_by_its_holders() -> None:
    (found,) = normalize([collection([unix(2, UNNAMED, 9)], {2: [Holder(10, 3)], 9: [Holder(20, 4)]})]).sockets
    assert found.remote is None
    assert found.peer is not None
    assert (found.peer.inode, [(owner.pid, owner.fd) for owner in found.peer.owners]) == (9, [(20, 4)])


def test_an_end_that_is_neither_listed_nor_held_is_not_made_up() -> None:
    (found,) = normalize([collection([unix(2, UNNAMED, 9)], {2: [Holder(10, 3)]})]).sockets
    assert (found.remote, found.peer, found.peer_inode) == (None, None, 9)


def test_the_same_inodes_in_two_listings_are_not_one_connection() -> None:
    one = collection([unix(2, SERVED, 3)], host=LINUX._replace(name="one"))
    other = collection([unix(3, UNNAMED, 2)], host=LINUX._replace(name="other"))
    assert [socket.peer for socket in normalize([one, other]).sockets] == [None, None]


def test_a_notice_that_every_namespace_gives_is_given_once() -> None:
    notices = (Notice("families_missing", None, "no vsock"),) * 2
    assert normalize([collection([], notices=notices)]).notices == notices[:1]


def test_clients_in_the_queue_are_read_from_the_kernels_list() -> None:
    icons = struct.pack("=HH3I", 16, 3, 7, 0, 8)
    body = struct.pack("=BBBBIQ", 1, 1, 10, 0, 5, 99) + icons
    (record,) = decode(body, [(0, len(body))], None, False)
    assert record.pending == (7, 8)
