"""Section CONNECTION."""

import pytest

from portsock.explain.types import Part
from portsock.model import Netns, State, Timer
from tests.support.explain_factory import CURL, answer, captured, part, seen, text, web
from tests.support.factory import tcp, udp


def test_connections_are_counted_by_state_and_peer() -> None:
    said = part(answer("80", web()), Part.CONNECTION)
    assert "3 connections: 3 ESTABLISHED." in said
    assert "10.0.0.9 (2)" in said
    assert "the pair of endpoints with the protocol" in said


def test_a_shared_remote_endpoint_identifies_no_connection() -> None:
    records = [tcp(f"10.0.0.7:{40000 + n}", "192.0.2.1:443", inode=n + 1) for n in range(3)]
    snapshot = seen(records, {n + 1: CURL.pid for n in range(3)})
    assert "3 connections" in answer("192.0.2.1:443", snapshot).summary
    assert "the remote end is the same in all" in part(answer("192.0.2.1:443", snapshot), Part.CONNECTION)
    said = part(answer("10.0.0.7:40000,192.0.2.1:443", snapshot), Part.CONNECTION)
    assert "192.0.2.1:443 takes part in 3 connections seen here (also with 10.0.0.7:4000" in said


def test_udp_established_is_only_a_default_peer() -> None:
    snapshot = seen([udp("10.0.0.7:40000", "192.0.2.1:53")], {1: CURL.pid})
    said = part(answer("10.0.0.7:40000,192.0.2.1:53", snapshot), Part.CONNECTION)
    assert "named a default peer" in said
    assert "open in both directions" not in said


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.CLOSE_WAIT, "the peer has closed, and the local program has not"),
        (State.FIN_WAIT_2, "dropped after 30 s (tcp_fin_timeout = 30, live)"),
        (State.TIME_WAIT, "Linux fixes this at 60 s"),
        (State.SYN_SENT, "given up after about 127 s (tcp_syn_retries = 6, live)"),
        (State.LAST_ACK, "assumed default"),
    ],
)
def test_the_state_of_a_single_connection_is_explained(state: State, words: str) -> None:
    snapshot = seen([tcp("10.0.0.7:40000", "192.0.2.1:443", state)])
    assert words in part(answer("10.0.0.7:40000,192.0.2.1:443", snapshot), Part.CONNECTION)


def test_the_other_ends_state_is_named_where_it_differs() -> None:
    records = [
        tcp("127.0.0.1:80", inode=1),
        tcp("127.0.0.1:80", "127.0.0.1:40000", State.CLOSE_WAIT, inode=2),
        tcp("127.0.0.1:40000", "127.0.0.1:80", State.FIN_WAIT_2, inode=3),
    ]
    said = part(answer("127.0.0.1:80,127.0.0.1:40000", seen(records, {1: 700, 2: 700})), Part.CONNECTION)
    assert "as a socket of its own in FIN_WAIT_2" in said


def test_an_unknown_state_is_named_as_such() -> None:
    record = tcp("10.0.0.7:40000", "192.0.2.1:443")._replace(state=None, state_raw="WEIRD")
    assert "'WEIRD', which portsock does not know" in text("10.0.0.7:40000", seen([record]))


def test_linux_durations_are_not_used_for_other_systems() -> None:
    snapshot = captured([tcp("10.0.0.7:50000", "192.0.2.1:443", State.TIME_WAIT, inode=None)])
    said = text("10.0.0.7:50000,192.0.2.1:443", snapshot)
    assert "TcpTimedWaitDelay" in said
    assert "60 s" not in said


def test_the_rest_of_time_wait_is_given_in_seconds() -> None:
    record = tcp("10.0.0.7:40000", "192.0.2.1:443", State.TIME_WAIT, inode=None, timer=Timer("timewait", 42500, 0))
    assert "This one ends in 42 s." in part(answer("10.0.0.7:40000,192.0.2.1:443", seen([record])), Part.CONNECTION)


def test_of_a_port_with_two_remote_addresses_only_the_port_is_the_same() -> None:
    records = [tcp("10.0.0.7:40000", "192.0.2.1:443", inode=1), tcp("10.0.0.7:40001", "192.0.2.2:443", inode=2)]
    said = part(answer("443", seen(records)), Part.CONNECTION)
    assert "the remote ends have the port in common, and 2 addresses (192.0.2.1 and 192.0.2.2)" in said
    assert "the same in all" not in said


def test_of_a_listener_with_clients_at_two_of_its_addresses_only_the_port_is_the_same() -> None:
    records = [
        tcp("0.0.0.0:80", inode=1),
        tcp("127.0.0.1:80", "127.0.0.1:40000", inode=2),
        tcp("10.0.0.7:80", "10.0.0.9:40000", inode=3),
    ]
    said = part(answer("80", seen(records)), Part.CONNECTION)
    assert "the local ends have the port in common, and 2 addresses (127.0.0.1 and 10.0.0.7)" in said


def test_the_two_ends_of_a_connection_in_two_namespaces_are_one_connection() -> None:
    records = [
        tcp("10.0.0.1:80", inode=1, netns=Netns(1, "a")),
        tcp("10.0.0.1:80", "10.0.0.2:40000", inode=2, netns=Netns(1, "a")),
        tcp("10.0.0.2:40000", "10.0.0.1:80", inode=3, netns=Netns(2, "b")),
    ]
    explanation = answer("80", seen(records, {1: 500, 2: 500, 3: 800}))
    assert "with 1 connection" in explanation.summary
    said = part(explanation, Part.CONNECTION)
    assert "On the far side it is in network namespace b" in said
    assert "curl[800] → nginx[500]" in " ".join(explanation.picture)
