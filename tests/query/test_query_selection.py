"""A query selects the sockets that all of its conditions hold for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.errors import UsageError
from portsock.model import Family, InetEndpoint, Owner, Process, Role, Socket, SocketType, State
from portsock.query.selection import (
    Query,
    covering,
    filters_owners,
    includes_connection_ports,
    names_something,
    parse_states,
    select,
    without_owners,
)
from tests.support.query_factory import asking, held, inet, many_sockets, place, random_queries, snapshot, target, udp, unix


def found(query: Query, *sockets: Socket, side: str = "either", **more: Any) -> list[int]:
    """Return the indexes of the selected sockets."""
    numbered = [socket._replace(cookie=index) for index, socket in enumerate(sockets)]
    return [socket.cookie for socket in select(snapshot(numbered, **more), query, side=side) if socket.cookie is not None]


def test_a_query_without_filters_returns_the_snapshots_own_list() -> None:
    seen = snapshot([inet("127.0.0.1:80"), udp("127.0.0.1:53")])
    assert select(seen, Query(), side="either") is seen.sockets


def test_the_default_set_of_protocols_is_tcp_udp_and_udplite() -> None:
    sockets = [inet("127.0.0.1:80", protocol=name) for name in ("tcp", "udp", "udplite", "raw", "sctp", "dccp")]
    sockets.append(unix(b"/run/x"))
    assert found(Query(), *sockets) == [0, 1, 2]
    assert found(Query(all_families=True), *sockets) == [0, 1, 2, 3, 4, 5, 6]
    assert found(Query(protocols=frozenset({"raw"})), *sockets) == [3]
    assert found(asking("sctp/80", "udp/80"), *sockets) == [1, 4]
    assert found(asking("/run/x"), *sockets) == [6]


def test_a_port_is_the_local_one_in_ports_and_either_one_elsewhere() -> None:
    sockets = [inet("127.0.0.1:8080"), inet("127.0.0.1:8080", "127.0.0.1:40000"), inet("127.0.0.1:40000", "127.0.0.1:8080")]
    assert found(asking("8080"), *sockets) == [0, 1, 2]
    assert found(asking("8080"), *sockets, side="local") == [0, 1]
    assert found(Query(ports=((8000, 9000),)), *sockets, side="local") == [0, 1]


def test_targets_are_ored_and_anded_with_the_filters() -> None:
    sockets = [inet("127.0.0.1:80"), inet("127.0.0.1:90"), udp("127.0.0.1:80"), inet("127.0.0.1:100")]
    assert found(asking("80", "90"), *sockets) == [0, 1, 2]
    assert found(asking("80", "90", protocols=frozenset({"tcp"})), *sockets) == [0, 1]
    assert found(asking("80", "tcp/100", protocols=frozenset({"tcp"})), *sockets) == [0, 3]
    assert found(asking("tcp/80", protocols=frozenset({"udp"})), *sockets) == []


def test_values_of_one_filter_are_ored_and_filters_anded() -> None:
    sockets = [inet("127.0.0.1:80"), inet("::1:80"), udp("127.0.0.1:80")]
    v4, v6 = frozenset({Family.IPV4}), frozenset({Family.IPV6})
    assert found(Query(families=v4), *sockets) == [0, 2]
    assert found(Query(families=v4 | v6), *sockets) == [0, 1, 2]
    assert found(Query(families=v6, protocols=frozenset({"udp"})), *sockets) == []


def test_a_family_that_the_source_did_not_report_may_be_either() -> None:
    assert found(Query(families=frozenset({Family.IPV6})), inet("*:80", family=Family.INET)) == [0]


def test_excluded_sockets_are_removed() -> None:
    sockets = [inet("127.0.0.1:80"), inet("127.0.0.1:90"), inet("0.0.0.0:90")]
    assert found(Query(exclude=(target("80"),)), *sockets) == [1, 2]
    assert found(Query(exclude=(target("127.0.0.1:90"),)), *sockets) == [0, 2]


def test_listening_selects_listeners_and_unconnected_datagram_sockets() -> None:
    sockets = [
        inet("0.0.0.0:80"),
        inet("127.0.0.1:80", "127.0.0.1:4000"),
        udp("0.0.0.0:53"),
        udp("127.0.0.1:53", "127.0.0.1:5300"),
        inet("0.0.0.0:99", state=State.BOUND, role=Role.BOUND),
        udp("0.0.0.0:*", protocol="raw", type=SocketType.RAW),
        unix(b"/run/a"),
        unix(b"/run/b", State.UNCONN, type=SocketType.DGRAM),
        unix(None, State.UNCONN, type=SocketType.DGRAM),
        unix(b"/run/c", State.UNCONN, type=SocketType.STREAM),
        unix(b"/run/d", State.UNCONN, type=SocketType.DGRAM, peer_inode=5),
        udp("0.0.0.0:5353", state=None),
        inet("0.0.0.0:98", state=State.UNCONN, type=None),
    ]
    assert found(Query(listening=True, all_families=True), *sockets) == [0, 2, 5, 6, 7, 11]


def test_listening_established_and_states_are_one_group() -> None:
    states = [State.LISTEN, State.ESTABLISHED, State.TIME_WAIT, State.CLOSE_WAIT]
    sockets = [inet("127.0.0.1:80", state=state) for state in states]
    assert found(Query(established=True), *sockets) == [1]
    assert found(Query(listening=True, established=True), *sockets) == [0, 1]
    assert found(Query(listening=True, states=frozenset({State.TIME_WAIT})), *sockets) == [0, 2]
    assert found(Query(states=frozenset({State.CLOSE_WAIT, State.TIME_WAIT})), *sockets) == [2, 3]


def test_all_states_include_unknown_ones() -> None:
    assert found(Query(states=parse_states("all")), inet("127.0.0.1:80", state=None, state_raw="ODD")) == [0]


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
    seen = snapshot([inet("0.0.0.0:8080")], processes=PROCESSES)
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


def test_an_mptcp_socket_hides_the_tcp_subflow_that_is_the_same_socket() -> None:
    sockets = [
        inet("127.0.0.1:80", "127.0.0.1:4000", inode=7),
        inet("127.0.0.1:80", "127.0.0.1:4000", inode=7, protocol="mptcp"),
        inet("10.0.0.5:80", "10.0.0.6:4000", inode=7),
        inet("127.0.0.1:80", "127.0.0.1:4000", inode=8),
        udp("127.0.0.1:80", "127.0.0.1:4000", inode=7),
    ]
    both = frozenset({"tcp", "mptcp"})
    assert found(Query(protocols=both), *sockets) == [1, 2, 3]
    assert found(Query(all_families=True), *sockets) == [1, 2, 3, 4]
    assert found(Query(), *sockets) == [0, 2, 3, 4]
    assert found(Query(protocols=both), *sockets[2:]) == [0, 1]


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


def test_inodes_and_descriptors() -> None:
    sockets = [inet("1.1.1.1:1", inode=7), held(unix(b"/x"), Owner(5, 3), Owner(6, 4)), held(inet("1.1.1.1:1"), Owner(5, 4))]
    assert found(asking("inode:7"), *sockets) == [0]
    assert found(asking("fd:6/4"), *sockets) == [1]
    assert found(asking("fd:5/4"), *sockets) == [2]
    assert found(asking("pid:5"), *sockets, side="local") == [2]
    assert found(Query(pids=(6,), all_families=True), *sockets) == [1]


PROCESSES: dict[tuple[str | None, int], Process] = {
    (None, 1): Process(1, "nginx: master", "nginx", "/usr/sbin/nginx-debug", user="root", uid=0, unit="nginx.service"),
    (None, 2): Process(2, "web app", "MainThread", None, user="dev", uid=1000, unit="app.scope", container="web"),
    (None, 3): Process(3, "[odd]", None, r"C:\Tools\odd.exe", container="0123456789ab"),
}


def owned(query: Query) -> list[int]:
    sockets = [held(inet("1.1.1.1:1"), Owner(pid, 3)) for pid in (1, 2, 3)]
    return found(query, *sockets, processes=PROCESSES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("proc:nginx", [0]),
        ("proc:NGINX", []),
        ("proc:nginx*", [0]),
        ("proc:nginx-debug", [0]),
        ("proc:web app", [1]),
        ("proc:Main*", [1]),
        ("proc:[odd]", [2]),
        ("proc:odd.exe", [2]),
        ("proc:*", [0, 1, 2]),
        ("unit:nginx", [0]),
        ("unit:nginx.service", [0]),
        ("unit:app", []),
        ("unit:app.scope", [1]),
        ("container:web", [1]),
        ("container:we", []),
        ("container:0123", [2]),
        ("container:012", []),
        ("container:0123456789abcdef", [2]),
        ("user:root", [0]),
        ("user:0", [0]),
        ("user:1000", [1]),
    ],
)
def test_owners_by_name(text: str, expected: list[int]) -> None:
    assert owned(asking(text)) == expected
    if text.startswith("proc:"):
        assert owned(Query(processes=(text[5:],))) == expected
    if text.startswith("user:"):
        assert owned(Query(users=(text[5:],))) == expected


def test_names_from_a_listing_match_without_process_facts() -> None:
    socket = held(inet("1.1.1.1:1"), Owner(9, 3, "sshd", "dev"))
    assert found(asking("proc:ssh?"), socket) == [0]
    assert found(asking("user:dev"), socket) == [0]


def test_processes_of_different_listings_are_kept_apart() -> None:
    sockets = [held(inet("1.1.1.1:1", host=host), Owner(1, 3)) for host in ("web", "db")]
    processes = {("web", 1): Process(1, "nginx"), ("db", 1): Process(1, "postgres")}
    assert found(asking("proc:postgres"), *sockets, processes=processes) == [1]


def test_a_user_is_that_of_an_owner_or_without_owners_that_of_the_socket() -> None:
    sockets = [
        held(inet("1.1.1.1:1", uid=1000, user="dev"), Owner(1, 3, None, "root")),
        inet("1.1.1.1:1", uid=1000, user="dev"),
        inet("1.1.1.1:1", uid=None),
        inet("1.1.1.1:1", uid=0),
    ]
    assert found(Query(users=("dev",)), *sockets) == [1]
    assert found(Query(users=("1000",)), *sockets) == [1]
    assert found(Query(users=("root",)), *sockets) == [0]
    assert found(Query(users=("0",)), *sockets) == [3]
    assert found(Query(users=("root", "1000")), *sockets) == [0, 1]


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("time-wait", {State.TIME_WAIT}),
        ("ESTAB", {State.ESTABLISHED}),
        ("listening", {State.LISTEN}),
        ("Bucket", {State.TIME_WAIT, State.SYN_RECV}),
        ("CLOSING", {State.CLOSING}),
        ("closing", {State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK, State.TIME_WAIT}),
    ],
)
def test_states_in_any_spelling(text: str, states: set[State]) -> None:
    assert parse_states(text) == states


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ESTABLISHD", "'ESTABLISHD' is no state; did you mean ESTABLISHED?"),
        ("synchronised", "'synchronised' is no state; did you mean synchronized?"),
        ("fin-wiat-2", "'fin-wiat-2' is no state; did you mean FIN_WAIT_2 or FIN_WAIT_1?"),
    ],
)
def test_an_unknown_state_is_refused_with_near_ones(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_states(text)
    assert str(caught.value) == message


def test_a_state_without_near_ones_is_refused_with_the_list_of_states() -> None:
    with pytest.raises(UsageError, match=r"^'SLEEPING' is no state; states are LISTEN, SYN_SENT, .*connected, synchronized"):
        parse_states("SLEEPING")


def test_a_query_names_something_if_it_has_a_target_or_filter() -> None:
    assert not names_something(Query())
    assert not names_something(Query(all=True, exact=True, all_families=True, netns=("all",)))
    for query in (asking("80"), Query(listening=True), Query(pids=(0,)), Query(exclude=(target("80"),)), Query(users=("0",))):
        assert names_something(query)


def test_owner_filters_are_targets_and_options_that_name_processes() -> None:
    for query in (asking("80", "proc:x"), asking("fd:1/2"), Query(users=("0",)), Query(pids=(1,)), Query(processes=("x",))):
        assert filters_owners(query)
    for query in (Query(), asking("80", "inode:7", "/x"), Query(exclude=(target("pid:1"),))):
        assert not filters_owners(query)


def test_a_query_without_owners_keeps_its_other_conditions() -> None:
    query = asking("80", exclude=(target("proc:x"), target("90")), pids=(1,), processes=("x",), users=("0",), listening=True)
    assert without_owners(query) == asking("80", exclude=(target("90"),), listening=True)
    assert without_owners(asking("80", "proc:x")).targets == ()


def test_all_targets_and_states_include_ports_that_only_connections_use() -> None:
    for query in (
        Query(all=True),
        asking("8080"),
        Query(established=True),
        Query(states=frozenset({State.TIME_WAIT})),
        Query(ports=((80, 80),)),
        Query(local=(place("80"),)),
        Query(remote=(place("80"),)),
    ):
        assert includes_connection_ports(query)
    for query in (Query(), Query(listening=True), asking("proc:x")):
        assert not includes_connection_ports(query)


@given(st.integers(0, 3), random_queries(), st.sampled_from(["local", "either"]))
def test_selecting_keeps_the_order_and_selecting_again_changes_nothing(seed: int, query: Query, side: str) -> None:
    seen, query = (
        snapshot(many_sockets(seed)),
        query._replace(netns=()),
    )  # a part of the sockets shows fewer local addresses there
    chosen = select(seen, query, side=side)
    rest = iter(seen.sockets)
    assert all(any(socket is other for other in rest) for socket in chosen)
    assert select(seen._replace(sockets=chosen), query, side=side) == chosen


@given(st.integers(0, 3), random_queries(), st.sampled_from(["local", "either"]))
def test_exact_leaves_out_the_sockets_that_are_marked_as_covering(seed: int, query: Query, side: str) -> None:
    # An MPTCP socket hides its subflow where it is selected itself, so that leaving it out brings the subflow back.
    sockets = [socket for socket in many_sockets(seed) if socket.protocol != "mptcp"]
    seen, query = snapshot(sockets), query._replace(netns=())
    chosen = select(seen, query, side=side)
    exact = select(seen, query._replace(exact=True), side=side)
    mark = covering(seen, query, side=side)
    assert exact == (chosen if mark is None else [socket for socket in chosen if not mark(socket)])
