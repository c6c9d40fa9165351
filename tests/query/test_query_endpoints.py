"""Targets that name endpoints: addresses, networks, connections, services and unix paths."""

from hypothesis import given
from hypothesis import strategies as st

from portsock.model import Family, InetEndpoint, UnixEndpoint
from portsock.query.answer import covering, select
from portsock.query.query import Query
from portsock.query.target import parse_target
from tests.support.query_factory import (
    SERVICES,
    asking,
    found,
    inet,
    many_sockets,
    place,
    random_queries,
    snapshot,
    target,
    udp,
    unix,
)


def test_an_endpoint_selects_the_wildcard_that_covers_it_and_marks_it() -> None:
    sockets = [
        inet("0.0.0.0:8080"),
        inet(":::8080", v6only=False),
        inet(":::8080", v6only=None),
        inet(":::8080", v6only=True),
        inet("*:8080", family=Family.INET),
        inet("127.0.0.1:8080"),
        inet("127.0.0.2:8080"),
        inet("0.0.0.0:80"),
    ]
    assert found(asking("127.0.0.1:8080"), *sockets) == [0, 1, 2, 4, 5]
    assert found(asking("[::1]:8080"), *sockets) == [1, 2, 3, 4]
    assert found(asking("127.0.0.1:8080", exact=True), *sockets) == [5]
    assert found(Query(local=(place("127.0.0.1:8080"),)), *sockets, side="local") == [0, 1, 2, 4, 5]
    query = asking("127.0.0.1:8080")
    mark = covering(snapshot(sockets), query, side="local")
    assert mark is not None
    assert [mark(socket) for socket in select(snapshot(sockets), query, side="local")] == [True, True, True, True, False]


def test_a_socket_that_another_target_names_is_not_marked_as_covering() -> None:
    query = asking("127.0.0.1:8080", "8080")
    mark = covering(snapshot([]), query, side="local")
    assert mark is not None
    assert not mark(inet("0.0.0.0:8080"))


def test_nothing_is_marked_as_covering_without_an_address_in_the_query() -> None:
    for query in (Query(), asking("8080"), asking("10.0.0.0/8"), asking("127.0.0.1:80", exact=True)):
        assert covering(snapshot([]), query, side="local") is None


def test_an_address_without_a_port_and_an_excluded_one_are_marked_like_an_endpoint() -> None:
    seen = snapshot([inet("0.0.0.0:8080")])
    for query in (
        asking("127.0.0.1"),
        asking("127.0.0.1", "proc:apache"),
        asking("127.0.0.1", exclude=(target("10.0.0.5:80"),)),
        Query(local=(place("127.0.0.1"),)),
    ):
        mark = covering(seen, query, side="local")
        assert mark is not None
        assert [mark(socket) for socket in select(seen, query, side="local")] == [True]


def test_only_addresses_of_this_host_are_covered() -> None:
    wildcard = inet("0.0.0.0:80")
    assert found(asking("192.168.1.3:80"), wildcard) == [0]
    assert found(asking("192.168.1.4:80"), wildcard) == []
    assert found(asking("127.9.9.9:80"), wildcard) == [0]


def test_remote_addresses_are_not_covered_if_the_hosts_addresses_are_unknown() -> None:
    wildcard, connection = inet("0.0.0.0:80"), inet("192.168.1.3:40000", "10.0.0.5:80")
    for address, expected in (("192.168.1.3:80", [0]), ("10.0.0.5:80", [1]), ("10.0.0.9:80", [0])):
        assert found(asking(address), wildcard, connection, addresses=None) == expected


def test_no_wildcard_covers_a_remote_endpoint() -> None:
    remote = Query(remote=(place("127.0.0.1:80"),))
    assert found(remote, inet("0.0.0.0:80"), inet("127.0.0.1:4000", "127.0.0.1:80")) == [1]


def test_a_wildcard_covers_an_endpoint_only_under_the_targets_protocol_and_zone() -> None:
    sockets = [inet("0.0.0.0:80"), udp("0.0.0.0:80")]
    assert found(asking("tcp/127.0.0.1:80"), *sockets) == [0]
    sockets = [inet(":::80"), inet(":::80", interface="eth0"), inet(":::80", interface="eth1")]
    seen = snapshot(sockets, addresses=frozenset({"fe80::1"}))
    assert select(seen, asking("[fe80::1%eth0]:80"), side="either") == sockets[:2]


def test_a_wildcard_in_a_listing_covers_the_addresses_of_its_own_host() -> None:
    sockets = [
        inet("0.0.0.0:80", host="web"),
        inet("10.0.0.5:4000", "10.0.0.9:443", host="web"),
        inet("0.0.0.0:80", host="db"),
        inet("10.0.0.6:4000", "10.0.0.5:22", host="db"),
    ]
    assert found(asking("10.0.0.5:80"), *sockets, addresses=None) == [0]


def test_an_endpoint_by_name_also_matches_the_name_that_a_listing_shows() -> None:
    sockets = [
        inet("192.0.2.1:80"),
        inet(InetEndpoint(None, 80, hostname="Web.example")),
        inet(InetEndpoint(None, 80, hostname="db.example")),
        inet(InetEndpoint(None, 81, hostname="web.example")),
        inet(InetEndpoint(None, 80)),
        inet(InetEndpoint("192.0.2.2", 80, hostname="web.example")),
    ]
    by_name = parse_target("WEB.example:80", SERVICES, resolve=lambda _: ["192.0.2.1"])
    assert found(Query(targets=(by_name,), exact=True), *sockets) == [0, 1]
    assert found(asking("192.0.2.1:80", exact=True), *sockets) == [0]
    assert found(asking("192.0.2.0/24"), *sockets) == [0, 5]


def test_the_ends_of_a_connection_have_zones() -> None:
    sockets = [
        inet("fe80::1:1", "fe80::2:2", interface="eth0"),
        inet("fe80::1:1", "fe80::2:2", interface="eth1"),
        inet("fe80::2:2", "fe80::1:1", interface="eth0"),
        inet("fe80::2:2", "fe80::1:1", interface="eth1"),
    ]
    assert found(asking("[fe80::1%eth0]:1,[fe80::2]:2"), *sockets) == [0, 2]
    assert found(asking("[fe80::1]:1,[fe80::2%eth0]:2"), *sockets) == [0, 2]


def test_networks() -> None:
    sockets = [
        inet("10.1.2.3:80"),
        inet("11.1.2.3:80"),
        inet("192.168.1.3:4000", "10.9.9.9:443"),
        inet("0.0.0.0:80"),
        inet("fd00::1:80"),
    ]
    assert found(asking("10.0.0.0/8"), *sockets) == [0, 2]
    assert found(asking("10.0.0.0/8:443"), *sockets) == [2]
    assert found(asking("10.0.0.0/8"), *sockets, side="local") == [0]
    assert found(asking("fc00::/7"), *sockets) == [4]
    assert found(asking("0.0.0.0/0"), *sockets) == [0, 1, 2, 3]


def test_a_truncated_address_is_in_no_network() -> None:
    socket = inet("10.0.0.1:80")._replace(local=InetEndpoint("10.0.0.1", 80, truncated=True))
    assert found(asking("10.0.0.0/8"), socket) == []


def test_connections_match_either_way_round() -> None:
    sockets = [
        inet("127.0.0.1:1", "127.0.0.1:2"),
        inet("127.0.0.1:2", "127.0.0.1:1"),
        inet("127.0.0.1:1", "127.0.0.1:1"),
        udp("127.0.0.1:1", "127.0.0.1:2"),
        inet("127.0.0.1:1"),
    ]
    assert found(asking("127.0.0.1:1,127.0.0.1:2"), *sockets) == [0, 1, 3]
    assert found(asking("127.0.0.1:2->127.0.0.1:1"), *sockets, side="local") == [0, 1, 3]
    assert found(asking("tcp/127.0.0.1:1,127.0.0.1:2"), *sockets) == [0, 1]


def test_zones_distinguish_link_local_addresses() -> None:
    sockets = [
        inet("fe80::1%eth0:80"),
        inet("fe80::1%eth1:80"),
        inet("fe80::1:80", interface="eth1"),
        inet("fe80::1:80"),
        inet("fe80::1%2:80"),
    ]
    assert found(asking("fe80::1%eth0"), *sockets) == [0, 3, 4]
    assert found(asking("[fe80::1]:80"), *sockets) == [0, 1, 2, 3, 4]


def test_devices_distinguish_sockets_of_one_address() -> None:
    sockets = [
        inet("0.0.0.0:80", interface="v0"),
        inet("0.0.0.0:80"),
        inet(":::80", interface="v0", v6only=False),
        inet("10.0.0.5:80", interface="v1"),
    ]
    assert found(asking("0.0.0.0%v0:80", exact=True), *sockets) == [0]
    assert found(asking("*%v0:80"), *sockets) == [0, 2]
    assert found(asking("10.0.0.5%v1:80", exact=True), *sockets) == [3]
    assert found(asking("10.0.0.5%v0:80", exact=True), *sockets) == []


def test_a_wildcard_of_another_device_does_not_cover_loopback_addresses() -> None:
    sockets = [inet("0.0.0.0:80", interface="v0"), inet("0.0.0.0:80", interface="lo"), inet("0.0.0.0:80")]
    assert found(asking("127.0.0.1:80"), *sockets) == [1, 2]
    assert found(asking("192.168.1.3:80"), *sockets) == [0, 1, 2]


def test_a_service_is_its_ports_under_its_protocols() -> None:
    sockets = [
        inet("0.0.0.0:53"),
        udp("0.0.0.0:53"),
        udp("0.0.0.0:53", protocol="udplite"),
        udp("0.0.0.0:80"),
        inet("1.1.1.1:9", protocol="sctp"),
    ]
    assert found(asking("domain"), *sockets) == [0, 1, 2]
    assert found(asking("domain/udp"), *sockets) == [1, 2]
    assert found(asking("http"), *sockets) == []
    assert found(asking("service:sctp-only"), *sockets) == [4]


def test_unix_sockets_by_path_and_abstract_name() -> None:
    sockets = [unix(b"/run/x"), unix(b"/run/x", abstract=True), unix(b"a\0b\0", abstract=True), unix(None), unix(b"\xff")]
    assert found(asking("/run/x"), *sockets) == [0]
    assert found(asking("@/run/x"), *sockets) == [1]
    assert found(asking("@a@b@"), *sockets) == [2]
    assert found(asking("@a\0b\0"), *sockets) == [2]
    assert found(asking("unix:\udcff"), *sockets) == [4]


def test_unix_sockets_by_the_path_of_one_end() -> None:
    sockets = [unix(b"/run/x"), unix(None, remote=UnixEndpoint(b"/run/x")), unix(b"/run/y", remote=UnixEndpoint(b"/run/z"))]
    assert found(asking("/run/x"), *sockets) == [0, 1]
    assert found(asking("/run/x"), *sockets, side="local") == [0]
    assert found(Query(local=(place("/run/x"),)), *sockets) == [0]
    assert found(Query(remote=(place("/run/x"),)), *sockets) == [1]


@given(st.integers(0, 3), random_queries(), st.sampled_from(["local", "either"]))
def test_exact_leaves_out_the_sockets_that_are_marked_as_covering(seed: int, query: Query, side: str) -> None:
    # An MPTCP socket hides its subflow where it is selected itself, so that leaving it out brings the subflow back.
    sockets = [socket for socket in many_sockets(seed) if socket.protocol != "mptcp"]
    seen, query = snapshot(sockets), query._replace(netns=())
    chosen = select(seen, query, side=side)
    exact = select(seen, query._replace(exact=True), side=side)
    mark = covering(seen, query, side=side)
    assert exact == (chosen if mark is None else [socket for socket in chosen if not mark(socket)])
