"""The picture of who talks to whom: its programs, remote ends and connections."""

from itertools import count
from typing import Any

import pytest

from portsock.model import (
    Netns,
    Owner,
    OwnerReason,
    OwnerStatus,
    Peer,
    Process,
    Role,
    Socket,
    Source,
    State,
    UnixEndpoint,
    Viewpoint,
)
from portsock.output.context import Context
from portsock.output.pictures.drawing import picture
from portsock.output.pictures.graph import MOST_EDGES, MOST_NODES, Node, Picture
from portsock.output.pictures.remote import common_network
from portsock.port_numbers import Services
from tests.support.factory import OWN, snapshot, socket, unheld_socket

SERVICES = Services({("tcp", 80): "http"}, {})
INODES = count(100)
HOST = ("this host",)
OTHER_USER = {"owner_status": OwnerStatus.HIDDEN, "owner_reason": OwnerReason.OTHER_USER}


def held(local: Any, remote: Any = None, name: str = "web", pid: int = 10, **changes: Any) -> Socket:
    values = {"owners": (Owner(pid, 3, name),), "netns": OWN, "inode": next(INODES)}
    return socket(local, remote, **values | changes)


def served(local: Any, remote: Any, name: str = "web", pid: int = 10, **changes: Any) -> Socket:
    return held(local, remote, name, pid, role=Role.SERVER, **changes)


def unseen(local: Any, remote: Any = None, **changes: Any) -> Socket:
    return unheld_socket(local, remote, netns=OWN, **OTHER_USER | changes)


def drawn(*sockets: Socket, processes: Any = None, **changes: Any) -> Picture:
    seen = snapshot(sockets, processes)._replace(**changes)
    return picture(sockets, seen, Context(SERVICES), "portsock sockets proc:nginx --format dot")


def titles(found: Picture) -> list[str]:
    return [" ".join([*node.lines, *(text for _, text in items)]) for node, items in found.nodes.items()]


def arrows(found: Picture) -> list[str]:
    """Return 'CLIENT > SERVER: SERVICE xN', with '-' of an unknown direction and '..' of what is opened or closed."""
    return [
        f"{edge.client.lines[0]} {'>' if edge.directed else '-'}{'' if edge.established else '..'} {edge.server.lines[0]}: "
        + ", ".join(f"{text} x{number}" for (_, text), number in edge.services)
        for edge in found.edges
    ]


def test_workers_are_one_node_and_both_ends_of_a_connection_one_edge() -> None:
    workers = [served("127.0.0.1:80", f"127.0.0.1:{40000 + n}", "nginx", 10 + n) for n in range(8)]
    clients = [held(f"127.0.0.1:{40000 + n}", "127.0.0.1:80", "curl", 30 + n) for n in range(8)]
    found = drawn(held("0.0.0.0:80", None, "nginx"), *workers, *clients)
    assert titles(found) == ["curl", "nginx tcp/80"]
    assert arrows(found) == ["curl > nginx: 80 (http) x8"]


def test_a_socket_that_several_processes_hold_is_drawn_once_though_it_is_given_for_each() -> None:
    end = held("127.0.0.1:40000", "192.0.2.1:80")
    assert arrows(drawn(end, end)) == ["web > 192.0.2.1: 80 (http) x1"]


def test_programs_that_hold_a_connection_together_are_one_node_and_each_of_them_listens() -> None:
    both = (Owner(1, 40, "systemd"), Owner(7, 3, "cupsd"))
    found = drawn(held("0.0.0.0:631")._replace(owners=both), held("127.0.0.1:40000", "192.0.2.1:80")._replace(owners=both))
    assert titles(found) == ["cupsd tcp/631", "cupsd + systemd", "systemd tcp/631", "192.0.2.1"]


def test_few_addresses_of_a_service_are_drawn_one_by_one_and_many_as_one_with_their_number() -> None:
    few = drawn(*(held(f"192.0.2.9:{40000 + n}", f"198.51.100.{n}:80") for n in range(4)))
    assert len(few.nodes) == 5
    many = drawn(*(served("192.0.2.9:80", f"10.0.3.{n}:{40000 + n}") for n in range(1, 101)))
    assert titles(many) == ["web", "100 addresses in 10.0.3.0/25 clients of tcp/80 (http)"]
    assert arrows(many) == ["100 addresses in 10.0.3.0/25 > web: 80 (http) x100"]


def test_scattered_addresses_are_named_by_their_kind() -> None:
    found = drawn(*(held(f"192.0.2.9:{40000 + n}", f"{n}.9.9.9:80") for n in range(1, 9)))
    assert titles(found)[1] == "8 public addresses tcp/80 (http)"


@pytest.mark.parametrize(
    ("addresses", "network"),
    [
        ("10.0.0.1 10.0.0.2", "10.0.0.0/30"),
        ("10.0.0.1 10.0.255.2", "10.0.0.0/16"),
        ("10.0.0.1 10.9.0.1", None),
        ("2001:db8::1 2001:db8:ff::1", "2001:db8::/40"),
        ("2001:db8::1 10.0.0.1", None),
        ("10.0.0.1 10.0.0", None),
    ],
)
def test_the_common_network_is_the_smallest_one_if_it_says_something(addresses: str, network: str | None) -> None:
    assert common_network(addresses.split()) == network


def test_unseen_owners_are_nodes_that_say_so_one_a_service_in_use_and_one_for_all_others() -> None:
    found = drawn(
        unseen("0.0.0.0:22"),
        unseen("0.0.0.0:80"),
        unseen("0.0.0.0:443"),
        unseen("192.0.2.1:80", "198.51.100.1:40000", role=Role.SERVER, user="www", owner_reason=OwnerReason.OTHER_USER),
    )
    assert titles(found) == ["? (other user) tcp/22 tcp/443", "? (other user) tcp/80", "198.51.100.1"]
    assert arrows(found) == ["198.51.100.1 > ? (other user): 80 (http) x1"]


def test_a_connection_that_is_accepted_by_no_process_or_closed_belongs_to_its_listener_and_is_not_solid() -> None:
    closed = unheld_socket(
        "192.0.2.1:80", "198.51.100.1:40000", netns=OWN, role=Role.SERVER, state=State.TIME_WAIT, owner_status=OwnerStatus.NONE
    )
    found = drawn(held("0.0.0.0:80"), closed)
    assert arrows(found) == ["198.51.100.1 >.. web: 80 (http) x1"]
    again = served("192.0.2.1:80", "198.51.100.1:40001")
    assert arrows(drawn(held("0.0.0.0:80"), closed, again)) == ["198.51.100.1 > web: 80 (http) x2"]


def test_the_other_end_on_this_host_is_its_listener_even_if_its_own_socket_is_gone() -> None:
    found = drawn(held("127.0.0.1:80", None, "nginx"), held("127.0.0.1:40000", "127.0.0.1:80", "curl", state=State.FIN_WAIT_2))
    assert arrows(found) == ["curl >.. nginx: 80 (http) x1"]
    assert arrows(drawn(held("127.0.0.1:40000", "127.0.0.1:80", "curl"))) == ["curl > ? (other end not found): 80 (http) x1"]


def test_an_unknown_direction_gets_no_arrow() -> None:
    assert arrows(drawn(held("192.0.2.1:9000", "192.0.2.2:9001", role=Role.UNKNOWN))) == ["192.0.2.2 - web: 9000 x1"]


def test_one_end_that_is_known_gives_the_arrow() -> None:
    ends = held("127.0.0.1:9000", "127.0.0.1:40000", role=Role.UNKNOWN), held("127.0.0.1:40000", "127.0.0.1:9000", "curl")
    assert arrows(drawn(*ends)) == arrows(drawn(*ends[::-1])) == ["curl > web: 9000 x1"]


def test_subflows_of_one_connection_are_one_line_whatever_their_order() -> None:
    flows = [served("192.0.2.1:80", f"198.51.100.{n}:{40000 + n}", inode=9, protocol="tcp") for n in range(3)]
    assert arrows(drawn(*flows)) == arrows(drawn(*flows[::-1])) == ["198.51.100.0 > web: 80 (http) x1"]


def test_protocols_other_than_tcp_are_named_and_services_of_one_pair_share_an_edge() -> None:
    found = drawn(
        held("192.0.2.1:40000", "192.0.2.2:53", protocol="udp"),
        *(held(f"192.0.2.1:{port}", "192.0.2.2:80") for port in (40001, 40002)),
    )
    assert arrows(found) == ["web > 192.0.2.2: 80 (http) x2, udp/53 x1"]


def test_unix_sockets_lead_to_the_end_with_a_name() -> None:
    name, none = UnixEndpoint(b"/run/log"), UnixEndpoint(None)
    listener = held(name, None, "logd", inode=5, role=Role.BOUND, protocol="unix", state=State.UNCONN)
    client = held(none, name, "web", inode=6, role=Role.UNKNOWN, protocol="unix", peer_inode=5)
    client = client._replace(peer=Peer(5, None, None, OwnerStatus.KNOWN, listener.owners))
    assert arrows(drawn(listener, client)) == ["web > logd: /run/log x1"]


def test_containers_and_units_tell_programs_of_one_name_apart() -> None:
    processes = {
        (None, 10): Process(10, "web", container="shop", unit="docker-1.scope"),
        (None, 11): Process(11, "web", unit="web.service"),
        (None, 12): Process(12, "web", unit="blue.service"),
        (None, 13): Process(13, "web", unit="session-3.scope"),
    }
    found = drawn(*(held(f"0.0.0.0:{pid}", None, "web", pid) for pid in range(10, 14)), processes=processes)
    assert list(found.nodes) == [
        Node(HOST, "program", ("web",)),
        Node(HOST, "program", ("web", "blue.service")),
        Node((*HOST, "container shop"), "program", ("web",)),
    ]


def test_several_namespaces_are_boxes_and_one_is_none() -> None:
    far = Peer(7, Netns(7, "blue"), None, OwnerStatus.KNOWN, (Owner(20, 3, "db"),))
    found = drawn(held("10.0.0.1:40000", "10.0.0.2:80", peer=far), viewpoint=Viewpoint(OWN))
    assert [node.place for node in found.nodes] == [
        (*HOST, "network namespace blue"),
        (*HOST, "this network namespace"),
    ]
    assert [node.place for node in drawn(held("10.0.0.1:80")).nodes] == [HOST]


def test_a_connection_between_namespaces_whose_address_was_translated_is_one_edge() -> None:
    inside, outside = Netns(7, "blue"), OWN
    server = served("10.0.0.2:80", "10.0.0.1:50000", "db", 20, inode=7)
    server = server._replace(netns=inside, peer=Peer(8, outside, None, OwnerStatus.KNOWN, (Owner(10, 3, "web"),)))
    client = held("192.0.2.1:40000", "192.0.2.2:8080", "web", 10, inode=8)
    client = client._replace(peer=Peer(7, inside, None, OwnerStatus.KNOWN, (Owner(20, 3, "db"),)))
    assert arrows(drawn(client, server)) == ["web > db: 80 (http) x1"]


def test_equal_loopback_connections_of_two_hosts_are_two_and_one_between_hosts_is_one() -> None:
    ends = [("127.0.0.1:40000", "127.0.0.1:80", Role.CLIENT), ("127.0.0.1:80", "127.0.0.1:40000", Role.SERVER)]
    same = [held(local, remote, role=role, host=host) for host in ("a", "b") for local, remote, role in ends]
    capture = Source("capture")
    found = drawn(*same, source=capture)
    assert [node.place for node in found.nodes] == [("a",), ("b",)]
    assert arrows(found) == ["web > web: 80 (http) x1"] * 2

    to_a, to_b = (Peer(1, None, host, OwnerStatus.KNOWN, (Owner(10, 3, "web"),)) for host in "ab")
    client = held("192.0.2.1:40000", "192.0.2.2:80", host="a", peer=to_b)
    server = served("192.0.2.2:80", "192.0.2.1:40000", host="b", peer=to_a)
    [edge] = drawn(client, server, source=capture).edges
    assert (edge.client.place, edge.server.place, edge.amount) == (("a",), ("b",), 1)


def test_a_large_picture_has_the_most_frequent_connections_and_says_what_it_leaves_out() -> None:
    rare = [held(f"192.0.2.1:{40000 + n}", "192.0.2.2:80", f"program-{n:03}", n) for n in range(200)]
    often = [held(f"192.0.2.1:{41000 + n}", "192.0.2.2:80", "zeal", 999) for n in range(5)]
    found = drawn(*rare, *often)
    assert len(found.nodes) == MOST_NODES
    assert "zeal > 192.0.2.2: 80 (http) x5" in arrows(found)
    assert found.remarks == (
        "drawn are 60 of 202 programs and remote ends, and 63 of 205 connections, the most frequent; "
        "to see the others, narrow the picture, as in portsock sockets proc:nginx --format dot",
    )
    pairs = [(a, b) for a in range(20) for b in range(20)]
    mesh = drawn(*(held(f"192.0.2.1:{40000 + a * 20 + b}", f"10.{b}.0.1:{b + 1}", f"p{a}", a + 1) for a, b in pairs))
    assert (len(mesh.nodes), len(mesh.edges)) == (40, MOST_EDGES)
    assert "150 of 400 connections" in mesh.remarks[0]


def test_sockets_that_neither_listen_nor_talk_are_counted() -> None:
    idle = held(None, None, role=Role.UNKNOWN, state=State.CLOSED)
    assert drawn(idle, idle, held("0.0.0.0:80")).remarks == ("1 socket is neither bound nor connected, and not drawn",)


def test_the_order_of_the_sockets_does_not_matter() -> None:
    sockets = [
        *(held(f"192.0.2.1:{40000 + n}", f"10.0.{n}.1:{80 + n % 3}", f"p{n % 7}", n) for n in range(90)),
        *(served("192.0.2.1:80", f"10.1.{n}.1:{40000 + n}", f"p{n % 7}", n) for n in range(30)),
        *(held(f"0.0.0.0:{n}", None, f"p{n % 5}", n) for n in range(80, 95)),
        *(unseen(f"0.0.0.0:{n}") for n in range(180, 195)),
        *(held(f"192.0.2.1:{9000 + n}", f"192.0.2.2:{9000 - n}", role=Role.UNKNOWN) for n in range(9)),
    ]
    first = drawn(*sockets)
    for factor in (-1, 7919, 104729, 1299709):
        sockets.sort(key=lambda each: (each.inode or id(each)) * factor % 1_000_003)
        assert drawn(*sockets) == first
        assert list(drawn(*sockets).nodes) == list(first.nodes)
