"""The other end of a socket: found by endpoints, by unix inodes, within one listing and across several."""

import pytest

from portsock.model import (
    Family,
    Host,
    InetEndpoint,
    Input,
    Netns,
    Owner,
    OwnerStatus,
    Process,
    Role,
    SocketType,
    Source,
    State,
    UnixEndpoint,
)
from portsock.normalize.connections import connections
from portsock.normalize.snapshot import normalize
from portsock.query.answer import select
from portsock.query.query import Query
from portsock.records import Holder, SocketRecord
from tests.support.factory import LINUX, collection, tcp

SERVED = UnixEndpoint(b"/run/x")
UNNAMED = UnixEndpoint(None)


def test_both_ends_of_a_local_connection_name_each_other_across_address_families() -> None:
    records = [
        tcp("127.0.0.1:8080", "127.0.0.1:40000", inode=1, family=Family.IPV6),
        tcp("127.0.0.1:40000", "127.0.0.1:8080", inode=2),
    ]
    holders = {1: [Holder(10, 4)], 2: [Holder(20, 3)]}
    processes = {10: Process(10, "server"), 20: Process(20, "client")}
    server, client = normalize([collection(records, holders, processes=processes)]).sockets
    assert server.peer is not None
    assert server.peer.owners == (Owner(20, 3, "client", None),)
    assert client.peer is not None
    assert (client.peer.inode, client.peer.netns, client.peer.host) == (1, None, None)


def test_the_two_ends_of_a_connection_are_joined_across_namespaces() -> None:
    records = [
        tcp("10.0.0.1:80", "10.0.0.2:4000", inode=1, netns=Netns(1)),
        tcp("10.0.0.1:80", "10.0.0.2:4001", inode=3, netns=Netns(1)),
        tcp("10.0.0.2:4000", "10.0.0.1:80", inode=2, netns=Netns(2)),
    ]
    sockets = normalize([collection(records)]).sockets
    assert [socket.peer and (socket.peer.inode, socket.peer.netns) for socket in sockets] == [
        (2, Netns(2)),
        None,
        (1, Netns(1)),
    ]
    assert len(connections(sockets)) == 2


def test_loopback_addresses_of_two_namespaces_are_not_one_connection() -> None:
    records = [
        tcp("127.0.0.1:80", "127.0.0.1:4000", inode=1, netns=Netns(1)),
        tcp("127.0.0.1:4000", "127.0.0.1:80", inode=2, netns=Netns(2)),
    ]
    sockets = normalize([collection(records)]).sockets
    assert [socket.peer for socket in sockets] == [None, None]
    assert len(connections(sockets)) == 2


def test_an_end_that_two_namespaces_have_joins_none_of_them() -> None:
    records = [
        tcp("10.0.0.1:80", "10.0.0.2:4000", inode=1, netns=Netns(1)),
        tcp("10.0.0.2:4000", "10.0.0.1:80", inode=2, netns=Netns(2)),
        tcp("10.0.0.2:4000", "10.0.0.1:80", inode=3, netns=Netns(3)),
    ]
    assert [socket.peer for socket in normalize([collection(records)]).sockets] == [None] * 3


def test_a_socket_connected_to_itself_has_no_peer() -> None:
    records = [tcp("127.0.0.1:40000", "127.0.0.1:40000")]
    assert normalize([collection(records)]).sockets[0].peer is None


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        (InetEndpoint("fe80::1", 1000, "en0"), InetEndpoint("fe80::2", 80), True),
        (InetEndpoint(None, 1000, hostname="localhost"), InetEndpoint(None, 80, hostname="localhost"), True),
        (InetEndpoint("fe80::aede:48ff:", None, truncated=True), InetEndpoint("fe80::1", 80), False),
        (InetEndpoint("10.0.0.1", 1000, truncated=True), InetEndpoint("10.0.0.2", 80), False),
        (InetEndpoint("10.0.0.1", None, label="odd"), InetEndpoint("10.0.0.2", 80), False),
        (InetEndpoint(None, 1000), InetEndpoint("10.0.0.2", 80), False),
    ],
)
def test_only_complete_endpoints_are_joined(one: InetEndpoint, other: InetEndpoint, joined: bool) -> None:
    ends = [(one, other), (other, one._replace(zone=None))]
    records = [tcp(None, None, State.ESTABLISHED)._replace(local=local, remote=remote) for local, remote in ends]
    assert [socket.peer is not None for socket in normalize([collection(records)]).sockets] == [joined] * 2


def test_host_names_distinguish_hosts_and_join_no_listings() -> None:
    here, there = InetEndpoint(None, 1000, hostname="localhost"), InetEndpoint(None, 80, hostname="localhost")
    elsewhere = there._replace(hostname="example")
    records = [tcp(None, None, State.ESTABLISHED)._replace(local=a, remote=b) for a, b in ((here, there), (elsewhere, here))]
    assert [socket.peer for socket in normalize([collection(records)]).sockets] == [None, None]
    two = [
        collection([tcp(None, None, State.ESTABLISHED)._replace(local=a, remote=b)], host=LINUX._replace(name=name))
        for a, b, name in ((here, there, "one"), (there, here, "two"))
    ]
    assert [socket.peer for socket in normalize(two).sockets] == [None, None]


def test_unix_ends_are_joined_by_the_peer_inode_even_across_namespaces() -> None:
    def unix(inode: int, peer: int, path: bytes | None, netns: int) -> SocketRecord:
        local = UnixEndpoint(path)
        values = {"inode": inode, "peer_inode": peer, "netns": Netns(netns)}
        return SocketRecord(Family.UNIX, None, "unix", None, State.ESTABLISHED, None, local, None, **values)  # type: ignore[arg-type]

    server, client = normalize([collection([unix(5, 6, b"/run/x", 1), unix(6, 5, None, 2)])]).sockets
    assert (server.role, client.role) == (Role.SERVER, Role.CLIENT)
    assert server.peer is not None
    assert (server.peer.inode, server.peer.netns) == (6, Netns(2))


def listing(name: str, *records: SocketRecord) -> object:
    return collection(
        list(records),
        ownership=None,
        source=Source("capture", None, (Input(name, name, "ss"),)),
        host=Host("Linux", LINUX.ephemeral, True, name),
    )


def test_two_listings_are_joined_by_their_endpoints_and_each_row_names_its_host() -> None:
    web = listing("web", tcp("10.0.0.1:80", "10.0.0.2:4000", inode=None, netns=None, holders=(Holder(1, 2, "nginx"),)))
    app = listing("app", tcp("10.0.0.2:4000", "10.0.0.1:80", inode=None, netns=None, holders=(Holder(7, 8, "curl"),)))
    first, second = normalize([web, app]).sockets  # type: ignore[list-item]
    assert (first.host, second.host) == ("web", "app")
    assert first.peer is not None
    assert (first.peer.host, first.peer.owners[0].name) == ("app", "curl")


def test_loopback_connections_are_never_joined_across_hosts() -> None:
    web = listing("web", tcp("127.0.0.1:80", "127.0.0.1:4000", inode=None, netns=None))
    app = listing("app", tcp("127.0.0.1:4000", "127.0.0.1:80", inode=None, netns=None))
    assert [socket.peer for socket in normalize([web, app]).sockets] == [None, None]  # type: ignore[list-item]


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


def test_of_two_named_ends_the_one_with_the_listeners_name_is_the_server() -> None:
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


def test_an_end_that_is_not_listed_is_known_by_its_holders() -> None:
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


def test_an_end_that_two_listings_have_is_joined_to_neither() -> None:
    web = listing("web", tcp("10.0.0.1:80", "10.0.0.2:4000", inode=None, netns=None))
    twins = [listing(name, tcp("10.0.0.2:4000", "10.0.0.1:80", inode=None, netns=None)) for name in ("app", "copy")]
    sockets = normalize([web, *twins]).sockets  # type: ignore[list-item]
    assert [socket.peer for socket in sockets] == [None] * 3  # 10.0.0.2 is no one host's
