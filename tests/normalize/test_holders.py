"""Owners of sockets, and the reason where there are none."""

from typing import Any

import pytest

from portsock.model import (
    Family,
    Input,
    NetlinkEndpoint,
    Owner,
    OwnerReason,
    OwnerStatus,
    Process,
    Snapshot,
    Source,
    State,
    UnixEndpoint,
)
from portsock.normalize.snapshot import normalize
from portsock.records import Holder, Ownership, SocketRecord, Unreadable
from tests.support.factory import collection, tcp, udp

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
def test_the_state_of_a_socket_without_an_inode_is_the_reason_that_it_has_no_owner(state: State, reason: OwnerReason) -> None:
    record = tcp("10.0.0.1:80", "10.0.0.2:4000", state, inode=None, uid=None)
    assert only([record], {}, [OTHER]) == (OwnerStatus.NONE, reason)


def test_a_socket_with_an_inode_and_no_holder_is_unheld_when_every_process_was_read() -> None:
    assert only([udp("0.0.0.0:51820", inode=9)]) == (OwnerStatus.UNHELD, OwnerReason.KERNEL_CANDIDATE)
    assert only([tcp("10.0.0.1:80", "10.0.0.2:4000", inode=9)]) == (OwnerStatus.UNHELD, OwnerReason.KERNEL_CANDIDATE)


def test_owners_that_were_not_requested_are_unreported() -> None:
    assert only([tcp("0.0.0.0:80")], ownership=None) == (OwnerStatus.UNREPORTED, None)


def test_a_listing_without_an_owner_column_is_unreported_even_for_states_without_owner() -> None:
    source = Source("capture", None, (Input("x", None, "netstat-windows"),))
    record = tcp("10.0.0.1:80", "10.0.0.2:4000", State.TIME_WAIT, inode=None, holders=None)
    assert only([record], ownership=None, source=source) == (OwnerStatus.UNREPORTED, OwnerReason.NO_COLUMN)


def test_owners_in_a_listing_have_their_printed_names() -> None:
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


def test_a_listing_made_without_root_rights_hides_the_owners_it_leaves_blank() -> None:
    held = tcp("0.0.0.0:80", holders=(Holder(5, None, "nginx"),), inode=None, names_one=True)
    blank = tcp("0.0.0.0:22", holders=(), inode=None, names_one=True)
    waiting = tcp("10.0.0.1:80", "10.0.0.2:4000", State.TIME_WAIT, holders=(), inode=None, names_one=True)
    snapshot = listed(held, blank, waiting, unprivileged=True)
    statuses = [socket.owner_status for socket in snapshot.sockets]
    assert statuses == [OwnerStatus.PARTIAL, OwnerStatus.HIDDEN, OwnerStatus.NONE]
    assert [(notice.code, notice.amount) for notice in snapshot.notices] == [("listing_unprivileged", 1)]
    assert not snapshot.complete


def test_the_owner_of_a_listed_inode_without_a_holder_is_hidden() -> None:
    snapshot = listed(tcp("0.0.0.0:22", holders=(), inode=7), tcp("0.0.0.0:23", holders=(), inode=None))
    assert [socket.owner_status for socket in snapshot.sockets] == [OwnerStatus.HIDDEN, OwnerStatus.UNREPORTED]
    assert [(notice.code, notice.amount) for notice in snapshot.notices] == [("listing_unprivileged", 1)]


def test_a_process_list_cut_by_hidepid_leaves_no_owner_certain() -> None:
    ownership = Ownership({9: [Holder(1, 3)]}, (), OwnerReason.HIDEPID, "walk")
    assert only([tcp("0.0.0.0:80", inode=9)], ownership=ownership)[0] is OwnerStatus.PARTIAL  # type: ignore[index]


def test_another_pid_namespace_holds_what_no_process_here_holds() -> None:
    ownership = Ownership({}, (), OwnerReason.PIDNS, "walk")
    found = only([tcp("0.0.0.0:80", inode=9)], ownership=ownership)
    assert found == (OwnerStatus.ELSEWHERE, OwnerReason.PIDNS)


def test_the_kernels_own_netlink_end_is_unheld_even_where_processes_are_hidden() -> None:
    blank = SocketRecord(Family.NETLINK, None, "netlink", None, None, None, NetlinkEndpoint(0, 0), None, inode=9)
    assert only([blank], {}, [OTHER]) == (OwnerStatus.UNHELD, OwnerReason.KERNEL_CANDIDATE)
    held = blank._replace(local=NetlinkEndpoint(0, 1))
    assert only([held], {}, [OTHER]) == (OwnerStatus.HIDDEN, OwnerReason.OTHER_USER)


def test_another_users_process_is_the_likeliest_holder() -> None:
    denied, hidden = Unreadable(5, 7, OwnerReason.DENIED), Unreadable(6, 8, OwnerReason.HIDEPID)
    record = tcp("0.0.0.0:80", inode=9, uid=4242)
    assert only([record], {}, [hidden, denied, OTHER])[1] is OwnerReason.OTHER_USER  # type: ignore[index]
    assert only([record], {}, [hidden, denied])[1] is OwnerReason.DENIED  # type: ignore[index]


def test_a_unix_socket_without_holder_may_be_in_flight() -> None:
    record = SocketRecord(Family.UNIX, None, "unix", None, State.ESTABLISHED, None, UnixEndpoint(None), None, inode=9)
    assert only([record]) == (OwnerStatus.UNHELD, OwnerReason.IN_FLIGHT_CANDIDATE)
