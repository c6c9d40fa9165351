"""What explain says of sockets that share an endpoint, compared with what the kernel lets them do."""

import errno
from typing import Any

import pytest

from tests.support.live import Place, as_root, on_linux, situation

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]


def shared(place: Place) -> Any:
    return next(found for found in place.ask(place.port)["findings"] if found["code"] == "shared_endpoint")


def test_two_bound_sockets_need_only_so_reuseaddr() -> None:
    with situation("shared_by_bound", "corners") as place:
        found = shared(place)
    assert "None of them listens: on Linux that takes only SO_REUSEADDR, or SO_REUSEPORT, on each" in found["detail"]
    assert found["advice"] == "Clients are refused until one of them listens."
    assert found["severity"] == "info"


def test_one_listener_beside_a_bound_socket_gets_every_client() -> None:
    with situation("shared_by_one_listener", "corners") as place:
        assert place.facts["refused"] == errno.EADDRINUSE
        found = shared(place)
    assert "or SO_REUSEADDR on each if all were bound before one listened" in found["detail"]
    assert found["advice"] == "Every client reaches the socket that listens; the others get nothing."


def test_two_listeners_need_so_reuseport() -> None:
    with situation("shared_by_listeners", "corners") as place:
        found = shared(place)
    assert found["detail"].startswith("On Linux that takes SO_REUSEPORT on each of them, set by one user: TCP connections")
    assert "SO_REUSEADDR" not in found["detail"]
