"""Roles of sockets of this kernel: the connected UDP sockets of servers."""

from typing import Any

import pytest

from tests.support.live import Place, answer, as_root, on_linux, situation

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]


def roles(place: Place, *arguments: str) -> dict[tuple[int, int | None], str]:
    found: list[dict[str, Any]] = answer("sockets", *arguments, pid=place.facts["pid"])["sockets"]
    return {(each["local"]["port"], (each["remote"] or {}).get("port")): each["role"] for each in found}


@pytest.mark.parametrize("backend", ["netlink", "procfs"])
def test_the_connected_udp_socket_of_a_server_is_no_client_s(backend: str) -> None:
    with situation("udp_children", "corners") as place:
        found = roles(place, "-u", "--backend", backend)
        by_client = [roles(place, "udp/5001", "--backend", backend), roles(place, "udp/5002", "--backend", backend)]
    assert found[4433, 5001] == found[40444, 5002] == "server"
    assert found[4433, None] == found[40444, None] == "bound"
    # Only the client's port is asked for: what shows the server's role must be read all the same.
    assert [each[pair] for each, pair in zip(by_client, ((4433, 5001), (40444, 5002)), strict=True)] == ["server", "server"]


def test_explain_counts_them_with_the_server() -> None:
    with situation("udp_children", "corners") as place:
        server = place.explain("udp/40444")
        connection = place.explain("127.0.0.1:40444,127.0.0.1:5002")
    assert f"40444/udp is held by python (pid {place.facts['pid']}), bound to 127.0.0.1, with 1 connected UDP socket" in server
    assert "127.0.0.1:5002 → 127.0.0.1:40444" in connection
