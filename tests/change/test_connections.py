"""Who is connected to whom."""

import pytest

from portsock.change.bound import network
from portsock.model import OwnerStatus, Role, State
from tests.support.compared import NGINX, REDIS, Daemon, Row, codes, compared, connected, listening, said

SERVER = listening("tcp", "0.0.0.0:443", NGINX)


def incoming(peer: str, port: int = 50000, daemon: Daemon = NGINX) -> Row:
    return connected("10.0.0.5:443", f"{peer}:{port}", daemon, Role.SERVER)


def outgoing(peer: str, mine: int = 40000, daemon: Daemon = REDIS) -> Row:
    return connected(f"10.0.0.5:{mine}", peer, daemon, Role.CLIENT)


def between(old: list[Row], new: list[Row]) -> list[str]:
    found = compared([SERVER, *old], [SERVER, *new], connections=True)
    assert codes(found) == []
    return said(found)


def test_other_numbers_of_the_same_client_network_are_no_change() -> None:
    old, new = (
        [incoming("192.0.2.7"), outgoing("198.51.100.1:443")],
        [incoming("192.0.2.9", 51111), outgoing("198.51.100.2:443", 42000)],
    )
    assert between(old, new) == []


def test_a_new_client_network_is_one_change_with_its_count() -> None:
    new = [incoming("192.0.2.7"), incoming("192.0.2.8"), incoming("192.0.2.8", 50001)]
    assert between([], new) == ["connected tcp/443 0 → 3"]
    assert between(new, []) == ["disconnected tcp/443 3 → 0"]
    (change,) = compared([SERVER], [SERVER, *new], connections=True).changes
    assert (change.place.direction, change.place.network, change.place.port) == ("in", "192.0.2.0/24", 443)
    assert change.message == "nginx: connections from 192.0.2.0/24, on tcp/443: 0 before, 3 now"


def test_a_program_that_calls_another_port_or_network_is_connected() -> None:
    old = [outgoing("198.51.100.1:443")]
    assert between(old, [*old, outgoing("198.51.100.1:5432")]) == ["connected tcp/5432 0 → 1"]
    assert between(old, [*old, outgoing("203.0.113.1:443")]) == ["connected tcp/443 0 → 1"]
    assert between(old, [*old, outgoing("198.51.100.1:443", 41000, NGINX)]) == ["connected tcp/443 0 → 1"]


def test_without_the_option_connections_say_nothing() -> None:
    assert said(compared([SERVER], [SERVER, incoming("192.0.2.7")])) == []


def test_owners_that_were_not_seen_are_blind() -> None:
    row, daemons = incoming("192.0.2.7")
    unseen = (row._replace(owners=(), owner_status=OwnerStatus.HIDDEN), daemons)
    found = compared([SERVER, unseen], [SERVER, (row, daemons)], connections=True)
    assert (said(found), codes(found)) == ([], [("owners", "old")])


@pytest.mark.parametrize("state", [State.TIME_WAIT, State.SYN_SENT, State.FIN_WAIT_2])
def test_connections_that_begin_or_end_do_not_count(state: State) -> None:
    row = connected("10.0.0.5:443", "192.0.2.7:50000", NGINX, Role.SERVER, state=state)
    assert between([], [row]) == []


def test_a_port_that_the_system_picked_at_both_ends_is_no_number() -> None:
    old = [connected("10.0.0.5:40000", "192.0.2.7:50000", REDIS, Role.UNKNOWN)]
    new = [connected("10.0.0.5:41000", "192.0.2.7:52000", REDIS, Role.UNKNOWN)]
    assert between(old, new) == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", "loopback"), ("::1", "loopback"), ("::ffff:127.0.0.1", "loopback"), ("10.1.2.3", "10.1.2.0/24"),
        ("::ffff:10.1.2.3", "10.1.2.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("fe80::1", "fe80::/64"),
        ("web.example", "web.example"), ("10.1.2", "10.1.2"),
    ],
)  # fmt: skip
def test_the_network_of_a_peer(address: str, expected: str) -> None:
    assert network(address) == expected
