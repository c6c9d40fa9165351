"""What is offered, whatever the pids."""

from portsock.model import Exposure, OwnerReason, OwnerStatus, Process, Snapshot, State
from portsock.normalize.offers import Offer, Program, offers
from portsock.normalize.ports import group_ports
from portsock.normalize.snapshot import normalize
from portsock.port_numbers import EMPTY
from portsock.records import Holder, SocketRecord, Unreadable
from tests.support.factory import collection, tcp


def offered(
    records: list[SocketRecord],
    holders: dict[int, list[Holder]],
    processes: dict[int, Process] | None = None,
    unreadable: tuple[Unreadable, ...] = (),
) -> list[Offer]:
    known = processes or {pid: Process(pid, "nginx", user="www") for found in holders.values() for pid, *_ in found if pid}
    snapshot: Snapshot = normalize([collection(records, holders, unreadable, known)])
    return offers(group_ports(snapshot.sockets, EMPTY, True), snapshot.processes)


def test_workers_with_a_socket_each_are_one_offer() -> None:
    records = [tcp("0.0.0.0:80", inode=1), tcp("0.0.0.0:80", inode=2), tcp("[::]:80", inode=3, v6only=True)]
    (offer,) = offered(records, {1: [Holder(10, 6)], 2: [Holder(11, 6)], 3: [Holder(10, 7)]})
    assert offer.programs == (Program("nginx", user="www"),)
    assert (offer.addresses, offer.exposure, len(offer.ports)) == (("*",), Exposure.ALL, 2)


def test_a_restart_offers_the_same() -> None:
    before = offered([tcp("0.0.0.0:80", inode=1)], {1: [Holder(10, 6), Holder(11, 6)]})
    after = offered([tcp("0.0.0.0:80", inode=9)], {9: [Holder(80, 3), Holder(81, 3), Holder(82, 3)]})
    assert [offer._replace(ports=()) for offer in before] == [offer._replace(ports=()) for offer in after]


def test_two_programs_on_one_port_are_two_offers() -> None:
    processes = {10: Process(10, "nginx"), 11: Process(11, "haproxy")}
    records = [tcp("127.0.0.1:80", inode=1), tcp("10.0.0.1:80", inode=2)]
    found = offered(records, {1: [Holder(10, 6)], 2: [Holder(11, 6)]}, processes)
    assert [(offer.programs[0].name, offer.addresses) for offer in found] == [
        ("haproxy", ("10.0.0.1",)),
        ("nginx", ("127.0.0.1",)),
    ]


def test_a_port_whose_owner_was_not_seen_keeps_the_reason() -> None:
    (offer,) = offered([tcp("0.0.0.0:80", inode=1)], {}, {}, (Unreadable(5, 0, OwnerReason.OTHER_USER),))
    assert offer.programs == ()
    assert offer.owner_status is OwnerStatus.HIDDEN
    assert offer.owner_reason is not None


def test_what_only_connections_use_is_no_offer() -> None:
    assert offered([tcp("10.0.0.1:4000", "10.0.0.2:443", state=State.ESTABLISHED, inode=1)], {1: [Holder(10, 6)]}) == []
