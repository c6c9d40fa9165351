"""Requests are as narrow as the query allows and lose no row."""

from hypothesis import given
from hypothesis import strategies as st

from portsock.enums import DETAILS, Need
from portsock.model import INTERNET, Family, InetEndpoint, Role, Socket, State
from portsock.query.answer import select
from portsock.query.plan import plan
from portsock.query.query import ALL_PROTOCOLS, Query, Question, includes_connection_ports
from portsock.records import PortFilter, Request
from tests.query.tcp_states import reachable_pairs
from tests.support.query_factory import asking, inet, many_sockets, place, random_queries, snapshot, target


def request(query: Query, command: str = "sockets", *needs: Need, owners: str = "auto") -> Request:
    """The request for an answer that shows owners and these needs."""
    return plan(Question(query, command, frozenset({Need.OWNERS, *needs})), owners)


def test_the_default_is_tcp_and_udp_in_all_states() -> None:
    found = request(Query())
    assert found.protocols == {"tcp", "udp", "udplite"}
    assert (found.states, found.ports, found.families) == (None, None, frozenset(Family))


def test_ports_with_listening_requests_listeners_only() -> None:
    assert request(Query(listening=True), "ports").states == frozenset({State.LISTEN})


def test_ports_with_a_count_of_connections_requests_all_states() -> None:
    assert request(Query(), "ports", Need.CONNECTIONS).states is None
    assert request(Query(states=frozenset({State.LISTEN})), "ports", Need.CONNECTIONS).states is None


def test_ports_with_listening_counts_no_connections() -> None:
    assert request(Query(listening=True), "ports", Need.CONNECTIONS).states == frozenset({State.LISTEN})


def test_ports_without_counts_requests_listeners_and_bound_sockets_unless_a_port_is_named() -> None:
    assert request(Query(), "ports").states == frozenset({State.LISTEN, State.BOUND, State.CLOSED})
    assert request(Query(all=True), "ports").states is None
    assert request(asking("8080"), "ports").states is None


def test_a_state_also_requests_listeners_and_the_states_that_the_peer_can_have() -> None:
    for state in State:
        expected = frozenset({state, State.LISTEN}) | ({State.CLOSED} if state is State.BOUND else set())
        assert request(Query(states=frozenset({state}))).states == expected | peers_of(state)
    assert request(Query(established=True)).states == peers_of(State.ESTABLISHED) | {State.ESTABLISHED, State.LISTEN}


def peers_of(state: State) -> frozenset[State]:
    """Return the states that the other end of a connection can have while one end has this state."""
    pairs = set(reachable_pairs())
    # A dump takes time: a client read in SYN_SENT may be connected when its server is read.
    pairs |= {(State.SYN_SENT, State.ESTABLISHED), (State.ESTABLISHED, State.SYN_SENT)}
    # A client that closes before its server has read the end of the handshake: a missing peer that Linux hardly shows.
    pairs -= {(State.SYN_RECV, State.FIN_WAIT_1), (State.FIN_WAIT_1, State.SYN_RECV)}
    return frozenset(there for here, there in pairs if here is state)


def test_the_states_of_peers_are_symmetric() -> None:
    found = {state: request(Query(states=frozenset({state}))).states or frozenset() for state in State}
    without = {State.LISTEN, State.BOUND, State.CLOSED}
    pairs = {(here, there) for here, states in found.items() for there in states if not {here, there} & without}
    assert pairs == {(there, here) for here, there in pairs}


def test_state_bound_also_requests_closed_sockets() -> None:
    assert request(Query(states=frozenset({State.BOUND}))).states == frozenset({State.BOUND, State.CLOSED, State.LISTEN})
    assert request(Query(states=frozenset({State.BOUND})), "ports").states == frozenset(
        {State.BOUND, State.CLOSED, State.LISTEN}
    )


def test_ports_shows_no_peers_and_requests_no_states_for_them() -> None:
    assert request(Query(established=True), "ports").states == frozenset({State.ESTABLISHED, State.LISTEN})


def test_all_states_together_are_no_filter() -> None:
    assert request(Query(states=frozenset(State))).states is None


def test_ports_are_local_in_ports_and_at_either_end_elsewhere_where_roles_need_all_listeners() -> None:
    one = ((8080, 8080),)
    in_ports, in_sockets = request(asking("8080"), "ports"), request(asking("8080"))
    assert (in_ports.ports, in_ports.listeners) == (PortFilter(one, "local"), False)
    assert (in_sockets.ports, in_sockets.listeners) == (PortFilter(one, "either"), True)


def test_the_option_port_is_filtered_on_the_same_side_as_a_target() -> None:
    query = Query(ports=((80, 90),))
    assert request(query, "ports").ports == PortFilter(((80, 90),), "local")
    assert request(query).ports == PortFilter(((80, 90),), "either")
    assert request(Query(local=(place("80"),))).ports == PortFilter(((80, 80),), "either")


def test_the_ports_of_all_targets_are_requested() -> None:
    found = request(asking("8080", "127.0.0.1:53", "https", "127.0.0.1:1,127.0.0.1:2")).ports
    assert found == PortFilter(((1, 1), (2, 2), (53, 53), (443, 443), (8080, 8080)), "either")


def test_ports_are_not_filtered_if_one_target_has_no_port() -> None:
    assert request(asking("8080", "pid:1")).ports is None
    assert request(asking("8080", "10.0.0.0/8")).ports is None


def test_a_remote_port_does_not_narrow_the_request_of_ports() -> None:
    remote = Query(remote=(place("443"),))
    assert request(remote, "ports").ports is None
    assert request(remote).ports == PortFilter(((443, 443),), "either")


def test_protocols_of_options_replace_the_default_and_those_of_targets_widen_or_narrow_it() -> None:
    assert request(Query(protocols=frozenset({"unix"}))).protocols == {"unix"}
    assert request(asking("/run/x")).protocols == {"unix"}
    assert request(asking("/run/x", "80")).protocols == {"unix", "tcp", "udp", "udplite"}
    assert request(asking("tcp/80")).protocols == {"tcp"}
    assert request(asking("raw/127.0.0.1", "pid:1")).protocols == {"raw", "tcp", "udp", "udplite"}
    assert request(asking("domain/udp")).protocols == {"udp", "udplite"}
    assert request(asking("inode:7")).protocols == ALL_PROTOCOLS
    assert request(Query(all_families=True)).protocols == ALL_PROTOCOLS
    assert request(asking("tcp/80", protocols=frozenset({"udp"}))).protocols == {"udp"}


def test_families_are_narrowed_only_where_no_peer_is_shown() -> None:
    query = Query(families=frozenset({Family.IPV4}))
    assert request(query, "ports").families == {Family.IPV4}
    assert request(query).families == frozenset(Family)


def test_owners_are_requested_only_where_output_or_filters_need_them() -> None:
    def idle(query: Query) -> Request:
        return plan(Question(query, "sockets", frozenset()), "walk")

    assert (idle(asking("80")).owners, idle(asking("80")).needs) == ("none", frozenset())
    for query in (asking("pid:1"), asking("proc:x"), Query(users=("0",)), Query(exclude=(target("fd:1/2"),))):
        assert idle(query).owners == "walk"
    assert request(Query(), owners="bpf").owners == "bpf"
    assert Need.PROCESSES not in request(Query(), owners="none").needs


def test_the_hosts_addresses_are_requested_where_a_wildcard_may_cover_one() -> None:
    assert Need.HOST in request(asking("127.0.0.1:80")).needs
    assert Need.HOST in request(asking("127.0.0.1")).needs
    assert Need.HOST in request(Query(local=(place("127.0.0.1"),))).needs
    assert Need.HOST not in request(asking("127.0.0.1:80", exact=True)).needs
    assert Need.HOST not in request(asking("80", "10.0.0.0/8")).needs


def test_explain_of_an_endpoint_requests_every_port_since_siblings_have_other_ports() -> None:
    assert request(asking("192.168.1.3:63240"), "explain").ports is None
    assert request(asking("http"), "explain").ports == PortFilter(((80, 80),), "either")


def test_explain_requests_all_states_with_listeners_and_peers() -> None:
    found = request(asking("tcp/8080", listening=True), "explain")
    assert (found.states, Need.HOST in found.needs, found.listeners) == (None, True, True)
    assert found.ports == PortFilter(((8080, 8080),), "either")
    assert found.protocols == {"tcp", "udp", "udplite", "mptcp"}


def test_other_namespaces_are_requested_whole_since_their_sockets_show_which_addresses_are_local() -> None:
    found = request(asking("tcp/127.0.0.1:80", netns=("all",), listening=True), "ports")
    assert (found.states, found.ports, found.protocols) == (None, None, frozenset({"tcp", "udp", "udplite"}))


def test_a_request_has_no_details_unless_they_are_wanted() -> None:
    found = request(Query())
    assert (found.owners, found.needs) == ("auto", frozenset({Need.OWNERS, Need.PROCESSES}))


def test_namespaces_and_details_are_passed_on() -> None:
    found = request(Query(netns=("all",)), "sockets", Need.INFO, Need.TIMERS, Need.MEMORY, Need.PARENTS)
    assert found.netns == ("all",)
    assert found.needs >= DETAILS | {Need.PARENTS}


def includes(requested: Request, socket: Socket) -> bool:
    """Return whether the strictest possible source would include the socket in its answer."""
    families = requested.families | ({Family.INET} if requested.families & INTERNET else set())
    if socket.protocol not in requested.protocols or socket.family not in families:
        return False
    if socket.protocol == "tcp":
        if requested.listeners and socket.state is State.LISTEN:
            return True
        if requested.states is not None and socket.state is not None and socket.state not in requested.states:
            return False
    if requested.ports is None:
        return True
    ends = (socket.local,) if requested.ports.side == "local" else (socket.local, socket.remote)
    numbers = [end.port for end in ends if isinstance(end, InetEndpoint)]
    return any(number is not None and first <= number <= last for number in numbers for first, last in requested.ports.ranges)


@given(st.integers(0, 3), random_queries(), st.sampled_from(["ports", "sockets", "explain"]), st.booleans())
def test_a_narrow_request_loses_no_row(seed: int, query: Query, command: str, counts: bool) -> None:
    sockets = list(many_sockets(seed))
    if command == "ports":
        sockets = [socket._replace(role=Role.CLIENT if socket.remote else Role.BOUND) for socket in sockets]
    side = "local" if command == "ports" else "either"
    requested = request(query, command, *([Need.CONNECTIONS] if counts else []))
    if requested.protocols == ALL_PROTOCOLS:
        sockets = [socket for socket in sockets if socket.protocol in ALL_PROTOCOLS]
    given_sockets = [socket for socket in sockets if includes(requested, socket)]
    whole, narrowed = (select(snapshot(found), query, side=side) for found in (sockets, given_sockets))
    if command == "ports" and not includes_connection_ports(query):
        whole, narrowed = ([item for item in found if is_a_row_without_connections(item)] for found in (whole, narrowed))
    assert narrowed == whole


def is_a_row_without_connections(socket: Socket) -> bool:
    """Return whether the socket is part of a row of `ports` that has no rows for connections."""
    return socket.state in {State.LISTEN, State.BOUND} or socket.protocol != "tcp"


def test_a_request_for_ports_includes_listeners_on_other_ports() -> None:
    listener = inet("0.0.0.0:45000")
    assert includes(request(asking("8080")), listener)


def test_only_the_table_of_ports_does_without_the_numbers_of_descriptors() -> None:
    assert not request(Query(), "ports").descriptors
    assert request(Query()).descriptors
    assert request(Query(), "ports", Need.PEER).descriptors  # JSON
    assert request(asking("fd:1/2"), "ports").descriptors
    assert request(Query(exclude=(target("fd:1/2"),)), "ports").descriptors
