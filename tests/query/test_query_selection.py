"""A query selects the sockets that all of its conditions hold for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.errors import UsageError
from portsock.model import Family, Role, SocketType, State
from portsock.query.answer import select
from portsock.query.query import Query, includes_connection_ports, is_selective
from portsock.query.values import parse_states
from tests.support.query_factory import asking, found, inet, many_sockets, place, random_queries, snapshot, target, udp, unix


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


def test_local_and_remote_ports_are_those_of_one_end_only() -> None:
    sockets = [inet("127.0.0.1:80"), inet("127.0.0.1:80", "127.0.0.1:90"), inet("127.0.0.1:90", "127.0.0.1:80")]
    assert found(Query(local=(place("80"),)), *sockets) == [0, 1]
    assert found(Query(remote=(place("80"),)), *sockets) == [2]
    assert found(Query(local=(place("tcp/80"),)), *sockets) == [0, 1]
    assert found(Query(remote=(place("http"),)), *sockets, side="local") == [2]
    assert found(Query(exclude=(target("80"),)), *sockets, side="local") == [2]


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
    assert not is_selective(Query())
    assert not is_selective(Query(all=True, exact=True, all_families=True, netns=("all",)))
    for query in (asking("80"), Query(listening=True), Query(pids=(0,)), Query(exclude=(target("80"),)), Query(users=("0",))):
        assert is_selective(query)


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
