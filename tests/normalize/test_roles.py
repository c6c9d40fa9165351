"""Roles inferred from listeners, names and the ephemeral range."""

import pytest

from portsock.model import (
    InetEndpoint,
    Netns,
    Role,
    State,
)
from portsock.normalize.snapshot import normalize
from tests.support.factory import LINUX, collection, tcp, udp


@pytest.mark.parametrize(
    ("local", "remote", "role"),
    [
        ("127.0.0.1:8080", "127.0.0.1:40000", Role.SERVER),
        ("127.0.0.1:40000", "127.0.0.1:8080", Role.CLIENT),
        ("10.0.0.1:50000", "93.184.216.34:443", Role.CLIENT),
        ("10.0.0.1:9001", "198.51.100.7:39255", Role.UNKNOWN),
        ("10.0.0.1:50000", "10.0.0.2:50001", Role.UNKNOWN),
    ],
)
def test_role_is_inferred_from_listeners_and_the_ephemeral_range(local: str, remote: str, role: Role) -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:8080", inode=2), tcp(local, remote)])])
    assert [socket.role for socket in snapshot.sockets] == [Role.LISTENER, role]


def test_a_listener_of_another_namespace_makes_no_socket_a_server() -> None:
    records = [tcp("0.0.0.0:8080", netns=Netns(2)), tcp("10.0.0.1:8080", "10.0.0.2:80")]
    assert normalize([collection(records)]).sockets[1].role is Role.UNKNOWN


def test_the_ephemeral_range_includes_both_ends() -> None:
    for port in LINUX.ephemeral:
        assert normalize([collection([tcp(f"10.0.0.1:{port}", "10.0.0.2:443")])]).sockets[0].role is Role.CLIENT
    for port in (LINUX.ephemeral[0] - 1, LINUX.ephemeral[1] + 1):
        assert normalize([collection([tcp(f"10.0.0.1:{port}", "10.0.0.2:443")])]).sockets[0].role is Role.UNKNOWN


def test_a_listener_here_on_the_port_of_another_machine_decides_nothing() -> None:
    listener = tcp("0.0.0.0:50000", inode=2)
    here, elsewhere = tcp("10.0.0.1:40000", "10.0.0.1:50000"), tcp("10.0.0.1:40001", "10.0.0.9:50000")
    snapshot = normalize([collection([listener, here, elsewhere])])
    assert [socket.role for socket in snapshot.sockets] == [Role.LISTENER, Role.CLIENT, Role.UNKNOWN]


def test_a_socket_bound_to_an_address_without_a_port_has_no_role() -> None:
    snapshot = normalize([collection([tcp("10.0.0.1:0", state=State.BOUND), tcp("10.0.0.1:8080", state=State.BOUND)])])
    assert [socket.role for socket in snapshot.sockets] == [Role.UNKNOWN, Role.BOUND]


@pytest.mark.parametrize(
    ("bound", "local", "remote", "role"),
    [
        ("0.0.0.0:4433", "10.0.0.1:4433", "10.0.0.2:40000", Role.SERVER),
        ("10.0.0.1:4433", "10.0.0.1:4433", "10.0.0.2:4433", Role.SERVER),
        ("10.0.0.9:4433", "10.0.0.1:4433", "10.0.0.2:40000", Role.UNKNOWN),
        ("0.0.0.0:40444", "10.0.0.1:40444", "10.0.0.2:5000", Role.SERVER),
        ("0.0.0.0:40444", "10.0.0.1:40444", "10.0.0.2:53", Role.CLIENT),
        ("0.0.0.0:40444", "10.0.0.1:40000", "10.0.0.1:40444", Role.CLIENT),
    ],
)
def test_a_connected_udp_socket_beside_one_without_a_peer_is_a_server_s(
    bound: str, local: str, remote: str, role: Role
) -> None:
    snapshot = normalize([collection([udp(bound, inode=1), udp(local, remote, inode=2)])])
    assert [socket.role for socket in snapshot.sockets] == [Role.BOUND, role]


def test_a_raw_socket_beside_another_is_no_server() -> None:
    raw = udp("0.0.0.0:0")._replace(protocol="raw", local=InetEndpoint("0.0.0.0", None))
    connected = raw._replace(state=State.ESTABLISHED, remote=InetEndpoint("10.0.0.2", None))
    assert normalize([collection([raw, connected])]).sockets[1].role is Role.UNKNOWN
