"""The sockets that exist on a port: which of them may let a new one in."""

from typing import Any

import pytest

from portsock.explain.bind.addresses import requested_address
from portsock.explain.bind.existing import may_override, sockets_on_port
from portsock.explain.types import Way
from portsock.model import Socket, State
from portsock.normalize.snapshot import normalize
from portsock.records import SocketOptions, SocketRecord
from tests.support.factory import collection, tcp, udp

REUSEADDR, REUSEPORT = Way(reuseaddr=True), Way(reuseport=True)
UNSET = SocketOptions(False, False, False)
LISTENING, UNKNOWN_UID = {"uid": 1000}, {"uid": None}
CONNECTED = {"remote": "127.0.0.1:5", "state": State.ESTABLISHED, "uid": 7}


def sockets(record: SocketRecord) -> list[Socket]:
    return normalize([collection([record])]).sockets


@pytest.mark.parametrize(
    ("address", "v6only", "local", "more", "overrides"),
    [
        ("127.0.0.1", None, "127.0.0.1:8080", LISTENING, True),
        ("127.0.0.1", None, "127.0.0.1:8080", UNKNOWN_UID, True),
        ("127.0.0.1", None, "127.0.0.1:8080", {"uid": 7}, False),
        ("127.0.0.1", None, "127.0.0.2:8080", LISTENING, False),
        ("127.0.0.1", None, "0.0.0.0:8080", LISTENING, True),
        ("0.0.0.0", None, "127.0.0.1:8080", LISTENING, False),
        ("::", True, ":::8080", {"uid": 1000, "v6only": False}, True),
        ("::", False, "0.0.0.0:8080", LISTENING, True),
        ("::", True, "0.0.0.0:8080", LISTENING, False),
        ("0.0.0.0", None, ":::8080", {"uid": 1000, "v6only": True}, False),
        ("127.0.0.1", None, "127.0.0.2:8080", CONNECTED, True),
    ],
)
def test_a_reuseport_socket_may_let_a_new_one_in_past_the_others(
    address: str, v6only: bool | None, local: str, more: dict[str, Any], overrides: bool
) -> None:
    (item,) = sockets_on_port(
        sockets(tcp(local, **more)), "tcp", 8080, {1: SocketOptions(False, True, more.get("v6only"))}, None
    )
    new = requested_address(address, v6only)
    assert new is not None
    assert may_override(new, REUSEPORT, 1000, item, (), tcp=True) is overrides
    assert may_override(new, REUSEADDR, 1000, item, (), tcp=True) is False
    assert may_override(new, REUSEPORT, 1000, item._replace(options=UNSET), (), tcp=True) is False
    assert may_override(new, REUSEPORT, 1000, item._replace(address=None), (), tcp=True) is False


@pytest.mark.parametrize(
    ("local", "uid", "overrides"), [("0.0.0.0", 1000, True), ("127.0.0.2", 1000, False), ("0.0.0.0", 7, False)]
)
def test_a_udp_search_ends_at_the_first_overlapping_reuseport_socket_of_the_user(
    local: str, uid: int, overrides: bool
) -> None:
    (item,) = sockets_on_port(sockets(udp(f"{local}:8080", uid=uid)), "udp", 8080, {1: SocketOptions(False, True)}, None)
    new = requested_address("127.0.0.1", None)
    assert new is not None
    assert may_override(new, REUSEPORT, 1000, item, (), tcp=False) is overrides


@pytest.mark.parametrize(
    ("address", "device", "overrides"), [("0.0.0.0", "eth0", True), ("0.0.0.0", None, False), ("0.0.0.0", "lo", False)]
)
def test_the_remembered_socket_must_have_been_bound_beside_the_one_in_the_way(
    address: str, device: str | None, overrides: bool
) -> None:
    """Where it cannot have been, the other one was bound after it and made the kernel forget it."""
    holder, blocker = sockets_on_port(
        normalize(
            [
                collection(
                    [
                        tcp(f"{address}:8080", inode=1, uid=1000, interface=device),
                        tcp("127.0.0.1:8080", inode=2, uid=7, interface="lo"),
                    ]
                )
            ]
        ).sockets,
        "tcp",
        8080,
        {1: SocketOptions(False, True, None, device), 2: SocketOptions(False, False, None, "lo")},
        None,
    )
    new = requested_address("127.0.0.1", None)
    assert new is not None
    assert may_override(new, REUSEPORT, 1000, holder, (blocker,), tcp=True) is overrides


def test_a_udp_search_does_not_end_at_a_socket_of_another_device_or_one_that_reuseaddr_skips() -> None:
    record = udp("0.0.0.0:8080", uid=1000, interface="lo")
    (item,) = sockets_on_port(sockets(record), "udp", 8080, {1: SocketOptions(True, True, None, "lo")}, None)
    new = requested_address("127.0.0.1", None)
    assert new is not None
    assert may_override(new, REUSEPORT, 1000, item, (), tcp=False) is True
    assert may_override(new, REUSEPORT._replace(device="eth0"), 1000, item, (), tcp=False) is False
    assert may_override(new, Way(True, True), 1000, item, (), tcp=False) is False
