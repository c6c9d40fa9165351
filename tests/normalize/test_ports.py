"""Sockets into the rows of `ports`."""

import sys

from portsock.model import Exposure, Owner, OwnerReason, OwnerStatus, Port, Process, State
from portsock.normalize.ports import group_ports
from portsock.normalize.snapshot import normalize
from portsock.port_numbers import EMPTY, parse_services
from portsock.records import Holder, SocketRecord, Unreadable
from tests.support.factory import collection, socket, tcp, udp

SERVICES = parse_services("http-alt 8080/tcp webcache\ndomain 53/udp\n")


def ports(
    records: list[SocketRecord],
    holders: dict[int, list[Holder]] | None = None,
    unreadable: tuple[Unreadable, ...] = (),
    counted: bool = True,
) -> list[Port]:
    processes = {pid: Process(pid, f"p{pid}") for found in (holders or {}).values() for pid, *_ in found if pid}
    return group_ports(normalize([collection(records, holders, unreadable, processes)]).sockets, SERVICES, counted)


def test_a_master_and_its_workers_that_share_a_listener_are_one_row() -> None:
    holders = {1: [Holder(10, 6), Holder(11, 6), Holder(12, 6)]}
    (port,) = ports([tcp("0.0.0.0:8080", inode=1)], holders)
    assert [owner.pid for owner in port.owners] == [10, 11, 12]
    assert (port.port, port.service, port.range, port.state) == (8080, "http-alt", "user", State.LISTEN)


def test_v4_and_v6_listeners_of_one_process_are_one_row_of_all_addresses() -> None:
    records = [tcp("0.0.0.0:8080", inode=1), tcp(":::8080", inode=2, v6only=True)]
    (port,) = ports(records, {1: [Holder(10, 6)], 2: [Holder(10, 7)]})
    assert (port.addresses, port.exposure) == (("*",), Exposure.ALL)


def test_a_dual_stack_wildcard_is_all_addresses_and_a_v6only_one_is_not() -> None:
    assert ports([tcp(":::8080", v6only=False)])[0].addresses == ("*",)
    assert ports([tcp(":::8080", v6only=True)])[0].addresses == ("::",)
    assert ports([tcp(":::8080", v6only=None)])[0].addresses == ("::",)


def test_exposure_is_the_widest_of_the_addresses() -> None:
    records = [tcp("127.0.0.1:80", inode=1), tcp("192.168.1.5:80", inode=2)]
    (port,) = ports(records, {1: [Holder(10, 6)], 2: [Holder(10, 7)]})
    assert (port.addresses, port.exposure) == (("127.0.0.1", "192.168.1.5"), Exposure.PRIVATE)


def test_two_processes_that_listen_on_one_port_are_two_rows() -> None:
    records = [tcp("0.0.0.0:8080", inode=1), tcp("0.0.0.0:8080", inode=2)]
    assert len(ports(records, {1: [Holder(10, 3)], 2: [Holder(20, 3)]})) == 2


def test_accepted_connections_are_counted_and_make_no_row() -> None:
    records = [tcp("0.0.0.0:8080", inode=1)] + [tcp("10.0.0.1:8080", f"10.0.0.2:{40000 + n}", inode=2 + n) for n in range(3)]
    (port,) = ports(records)
    assert port.connections == 3


def test_a_connection_counts_for_the_most_specific_listener() -> None:
    records = [
        tcp("0.0.0.0:8080", inode=1),
        tcp("127.0.0.1:8080", inode=2),
        tcp("127.0.0.1:8080", "127.0.0.1:40000", inode=3),
        tcp("10.0.0.1:8080", "10.0.0.2:40000", inode=4),
    ]
    rows = ports(records, {1: [Holder(10, 3)], 2: [Holder(20, 3)]})
    assert {port.addresses[0]: port.connections for port in rows} == {"0.0.0.0": 1, "127.0.0.1": 1}


def test_of_two_equal_listeners_the_one_whose_process_holds_the_connection_counts_it() -> None:
    records = [
        tcp("0.0.0.0:8080", inode=1),
        tcp("0.0.0.0:8080", inode=2),
        tcp("10.0.0.1:8080", "10.0.0.2:40000", inode=3),
    ]
    rows = ports(records, {1: [Holder(10, 3)], 2: [Holder(20, 3)], 3: [Holder(20, 4)]})
    assert {port.owners[0].pid: port.connections for port in rows} == {10: 0, 20: 1}


def test_connections_that_were_not_collected_are_unknown_and_not_zero() -> None:
    assert ports([tcp("0.0.0.0:8080")], counted=False)[0].connections is None


def test_a_port_that_only_connections_use_is_one_row() -> None:
    records = [tcp("10.0.0.1:40000", "10.0.0.2:443", inode=1), tcp("10.0.0.1:40000", "10.0.0.3:443", inode=2)]
    (port,) = ports(records)
    assert (port.port, port.connections, port.state) == (40000, 2, State.ESTABLISHED)


def test_53_tcp_and_53_udp_are_two_ports_and_rows_are_sorted() -> None:
    rows = ports([udp("0.0.0.0:53", inode=1), tcp("0.0.0.0:53", inode=2), tcp("0.0.0.0:22", inode=3)])
    assert [(port.port, port.protocol) for port in rows] == [(22, "tcp"), (53, "tcp"), (53, "udp")]


def test_a_row_has_the_status_and_reason_of_its_hidden_owners() -> None:
    (port,) = ports([tcp("0.0.0.0:80")], {}, (Unreadable(5, 0, OwnerReason.DENIED),))
    assert (port.owner_status, port.owner_reason, port.owners) == (OwnerStatus.HIDDEN, OwnerReason.DENIED, ())


def test_the_bound_device_is_part_of_the_address() -> None:
    assert ports([udp("127.0.0.53:53", interface="lo")])[0].addresses == ("127.0.0.53%lo",)


def test_a_bound_socket_without_a_port_is_a_row_and_no_connection() -> None:
    (port,) = ports([tcp("10.0.0.1:0", state=State.BOUND)])
    assert (port.port, port.state, port.connections, len(port.sockets)) == (0, State.BOUND, 0, 1)


def test_a_row_has_the_status_that_leaves_most_unknown_and_its_owners_by_pid() -> None:
    (port,) = ports([tcp("0.0.0.0:80", inode=1)], {1: [Holder(30, 4), Holder(9, 7), Holder(9, 5)]})
    assert [(owner.pid, owner.fd) for owner in port.owners] == [(9, 5), (9, 7), (30, 4)]
    held = (Owner(1, 3),)
    for worse, better in [
        (OwnerStatus.HIDDEN, OwnerStatus.PARTIAL),
        (OwnerStatus.PARTIAL, OwnerStatus.UNREPORTED),
        (OwnerStatus.UNREPORTED, OwnerStatus.ELSEWHERE),
        (OwnerStatus.ELSEWHERE, OwnerStatus.UNHELD),
        (OwnerStatus.UNHELD, OwnerStatus.KNOWN),
    ]:
        rows = [socket(owner_status=better, owners=held), socket("[::1]:8080", owner_status=worse, owners=held)]
        assert [port.owner_status for port in group_ports(rows, SERVICES, True)] == [worse]
    assert len(group_ports([socket(owner_status=OwnerStatus.HIDDEN, owners=()), socket(owners=())], SERVICES, True)) == 2


def test_work_grows_with_the_workers_that_have_a_listener_each_and_not_with_their_square() -> None:
    def calls(workers: int) -> int:
        records = [tcp("0.0.0.0:80", inode=1 + at) for at in range(workers)]
        records += [tcp("10.0.0.7:80", f"10.0.0.9:{1024 + at}", inode=10_000 + at) for at in range(workers)]
        held = {1 + at: [Holder(100 + at, 3)] for at in range(workers)}
        held |= {10_000 + at: [Holder(100 + at, 4)] for at in range(workers)}
        sockets = normalize([collection(records, held)]).sockets
        counted = 0

        def count(_: object, event: str, __: object) -> None:
            nonlocal counted
            counted += event == "call"

        sys.setprofile(count)
        try:
            rows = group_ports(sockets, EMPTY, counted=True)
        finally:
            sys.setprofile(None)
        assert [row.connections for row in rows] == [1] * workers
        return counted

    assert calls(200) < 2.5 * calls(100)
