"""What is made of records: owners and why they are missing, roles, peers."""

from typing import Any

import pytest

from portsock.model import (
    Family,
    Host,
    InetEndpoint,
    Input,
    Netns,
    Owner,
    OwnerReason,
    OwnerStatus,
    Process,
    Role,
    Snapshot,
    Socket,
    Source,
    State,
    UnixEndpoint,
)
from portsock.normalize.snapshot import normalize
from portsock.normalize.visibility import with_owner_notices
from portsock.records import DETAILS, TOLD, Holder, Ownership, SocketRecord, Unreadable
from tests.support.records import LINUX, collection, tcp, udp

OTHER = Unreadable(77, 1000, OwnerReason.OTHER_USER)


def only(*args: object, **more: object) -> object:
    snapshot = normalize([collection(*args, **more)])  # type: ignore[arg-type]
    (socket,) = snapshot.sockets
    return socket.owner_status, socket.owner_reason


def test_every_holder_is_an_owner_with_the_name_and_user_of_its_process() -> None:
    holders = {9: [Holder(1, 3), Holder(1, 4), Holder(2, 3)]}
    processes = {1: Process(1, "nginx", user="root"), 2: Process(2, "nginx", user="www-data")}
    snapshot = normalize([collection([tcp("0.0.0.0:80", inode=9)], holders, processes=processes)])
    assert snapshot.sockets[0].owners == (
        Owner(1, 3, "nginx", "root"),
        Owner(1, 4, "nginx", "root"),
        Owner(2, 3, "nginx", "www-data"),
    )
    assert snapshot.sockets[0].owner_status is OwnerStatus.KNOWN


def test_an_unreadable_process_makes_found_owners_partial_and_missing_ones_hidden() -> None:
    assert only([tcp("0.0.0.0:80", inode=9)], {9: [Holder(1, 3)]}, [OTHER]) == (
        OwnerStatus.PARTIAL,
        OwnerReason.OTHER_USER,
    )
    assert only([tcp("0.0.0.0:80", inode=9)], {}, [OTHER]) == (OwnerStatus.HIDDEN, OwnerReason.OTHER_USER)


def test_the_reason_for_a_hidden_owner_is_that_of_the_process_of_the_sockets_user() -> None:
    unreadable = [OTHER, Unreadable(1, 0, OwnerReason.DENIED)]
    assert only([tcp("0.0.0.0:80", inode=9, uid=0)], {}, unreadable) == (OwnerStatus.HIDDEN, OwnerReason.DENIED)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (State.TIME_WAIT, OwnerReason.TIME_WAIT),
        (State.SYN_RECV, OwnerReason.SYN_RECV),
        (State.ESTABLISHED, OwnerReason.UNACCEPTED),
        (State.CLOSE_WAIT, OwnerReason.UNACCEPTED),
        (State.FIN_WAIT_2, OwnerReason.ORPHANED),
        (State.LAST_ACK, OwnerReason.ORPHANED),
    ],
)
def test_a_socket_without_an_inode_has_no_owner_and_its_state_says_why(state: State, reason: OwnerReason) -> None:
    record = tcp("10.0.0.1:80", "10.0.0.2:4000", state, inode=None, uid=None)
    assert only([record], {}, [OTHER]) == (OwnerStatus.NONE, reason)


def test_a_socket_with_an_inode_and_no_holder_is_unheld_when_every_process_was_read() -> None:
    assert only([udp("0.0.0.0:51820", inode=9)]) == (OwnerStatus.UNHELD, OwnerReason.KERNEL_CANDIDATE)
    assert only([tcp("10.0.0.1:80", "10.0.0.2:4000", inode=9)]) == (OwnerStatus.UNHELD, OwnerReason.RACED)


def test_owners_that_nobody_asked_for_are_unreported() -> None:
    assert only([tcp("0.0.0.0:80")], ownership=None) == (OwnerStatus.UNREPORTED, None)


def test_a_listing_without_an_owner_column_is_unreported_even_for_states_without_owner() -> None:
    source = Source("capture", None, (Input("x", None, "netstat-windows"),))
    record = tcp("10.0.0.1:80", "10.0.0.2:4000", State.TIME_WAIT, inode=None, holders=None)
    assert only([record], ownership=None, source=source) == (OwnerStatus.UNREPORTED, OwnerReason.NO_COLUMN)


def test_a_listing_with_an_owner_column_gives_owners_by_their_printed_names() -> None:
    source = Source("capture", None, (Input("x", None, "ss"),))
    held = tcp("0.0.0.0:80", holders=(Holder(5, 3, "nginx"),), inode=None)
    snapshot = normalize([collection([held], source=source, ownership=None)])
    assert snapshot.sockets[0].owners == (Owner(5, 3, "nginx", None),)
    assert snapshot.sockets[0].owner_status is OwnerStatus.KNOWN


def listed(*records: SocketRecord, **more: Any) -> Snapshot:
    source = Source("capture", None, (Input("x", None, "ss"),))
    return normalize([collection(list(records), source=source, ownership=None, **more)])


def test_a_tool_that_names_one_holder_leaves_the_owners_partial_and_the_kernels_sockets_unreported() -> None:
    held = tcp("0.0.0.0:80", holders=(Holder(5, None, "nginx"),), inode=None, names_one=True)
    blank = udp("0.0.0.0:51820", holders=(), inode=9, names_one=True)
    snapshot = listed(held, blank)
    assert [socket.owner_status for socket in snapshot.sockets] == [OwnerStatus.PARTIAL, OwnerStatus.UNREPORTED]
    assert (snapshot.notices, snapshot.complete) == ((), True)


def test_a_listing_made_without_rights_hides_the_owners_of_what_is_blank() -> None:
    held = tcp("0.0.0.0:80", holders=(Holder(5, None, "nginx"),), inode=None, names_one=True)
    blank = tcp("0.0.0.0:22", holders=(), inode=None, names_one=True)
    waiting = tcp("10.0.0.1:80", "10.0.0.2:4000", State.TIME_WAIT, holders=(), inode=None, names_one=True)
    snapshot = listed(held, blank, waiting, unprivileged=True)
    statuses = [socket.owner_status for socket in snapshot.sockets]
    assert statuses == [OwnerStatus.PARTIAL, OwnerStatus.HIDDEN, OwnerStatus.NONE]
    assert [(notice.code, notice.amount) for notice in snapshot.notices] == [("listing_unprivileged", 1)]
    assert not snapshot.complete


def test_a_listed_inode_without_a_holder_is_one_that_its_author_could_not_see() -> None:
    snapshot = listed(tcp("0.0.0.0:22", holders=(), inode=7), tcp("0.0.0.0:23", holders=(), inode=None))
    assert [socket.owner_status for socket in snapshot.sockets] == [OwnerStatus.HIDDEN, OwnerStatus.UNREPORTED]
    assert [(notice.code, notice.amount) for notice in snapshot.notices] == [("listing_unprivileged", 1)]


@pytest.mark.parametrize(
    ("local", "remote", "role"),
    [
        ("127.0.0.1:8080", "127.0.0.1:40000", Role.SERVER),
        ("127.0.0.1:40000", "127.0.0.1:8080", Role.CLIENT),
        ("10.0.0.1:50000", "93.184.216.34:443", Role.CLIENT),
        ("10.0.0.1:9001", "198.51.100.7:39255", Role.UNKNOWN),
        ("10.0.0.1:50000", "10.0.0.2:50001", Role.UNKNOWN),
    ],
)
def test_role_is_inferred_from_listeners_and_the_ephemeral_range(local: str, remote: str, role: Role) -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:8080", inode=2), tcp(local, remote)])])
    assert [socket.role for socket in snapshot.sockets] == [Role.LISTENER, role]


def test_a_listener_of_another_namespace_makes_nobody_a_server() -> None:
    records = [tcp("0.0.0.0:8080", netns=Netns(2)), tcp("10.0.0.1:8080", "10.0.0.2:80")]
    assert normalize([collection(records)]).sockets[1].role is Role.UNKNOWN


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


def test_the_same_addresses_in_two_namespaces_are_not_one_connection() -> None:
    records = [
        tcp("10.0.0.1:80", "10.0.0.2:4000", inode=1, netns=Netns(1)),
        tcp("10.0.0.2:4000", "10.0.0.1:80", inode=2, netns=Netns(2)),
    ]
    assert [socket.peer for socket in normalize([collection(records)]).sockets] == [None, None]


def test_sockets_begin_and_end_with_the_fields_of_records() -> None:
    """normalize and the reader of our own JSON put them together by position."""
    joined = ("role", "user", "host", "owner_status", "owner_reason", "owners", "peer")
    assert SocketRecord._fields[:TOLD] + joined + SocketRecord._fields[TOLD:DETAILS] == Socket._fields


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
def test_only_ends_that_say_which_they_are_are_joined(one: InetEndpoint, other: InetEndpoint, joined: bool) -> None:
    ends = [(one, other), (other, one._replace(zone=None))]
    records = [tcp(None, None, State.ESTABLISHED)._replace(local=local, remote=remote) for local, remote in ends]
    assert [socket.peer is not None for socket in normalize([collection(records)]).sockets] == [joined] * 2


def test_host_names_tell_hosts_apart_and_join_no_listings() -> None:
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


def test_sight_counts_hidden_and_partial_sockets_and_says_what_would_show_more() -> None:
    records = [tcp("0.0.0.0:80", inode=9), tcp("0.0.0.0:81", inode=10), tcp("0.0.0.0:82", inode=11)]
    snapshot = normalize([collection(records, {9: [Holder(1, 3)]}, [OTHER])])
    seen = with_owner_notices(snapshot, snapshot.sockets)
    assert not seen.complete
    assert [(notice.code, notice.amount) for notice in seen.notices] == [("owners_hidden", 2), ("owners_partial", 1)]
    assert "run as root" in seen.notices[0].message
    assert "process 77" in seen.notices[0].message


def test_sight_is_complete_when_the_shown_sockets_have_no_possible_owner() -> None:
    records = [tcp("10.0.0.1:80", "10.0.0.2:4000", State.TIME_WAIT, inode=None)]
    snapshot = normalize([collection(records, {}, [OTHER])])
    assert with_owner_notices(snapshot, snapshot.sockets).complete


def test_a_process_list_cut_by_hidepid_leaves_no_owner_certain() -> None:
    ownership = Ownership({9: [Holder(1, 3)]}, (), OwnerReason.HIDEPID, "walk")
    assert only([tcp("0.0.0.0:80", inode=9)], ownership=ownership)[0] is OwnerStatus.PARTIAL  # type: ignore[index]
