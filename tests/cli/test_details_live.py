"""TCP details, timers and memory: as `ss` tells them of the same quiet connection, and asked for only on demand."""

import re
import socket
from collections.abc import Iterator
from time import sleep
from typing import Any

import pytest

from tests.support.live import answer, on_linux, portsock, run, tool

pytestmark = [on_linux, pytest.mark.linux]

COUNTS = {
    "bytes_acked": r"bytes_acked:(\d+)",
    "bytes_received": r"bytes_received:(\d+)",
    "bytes_sent": r"bytes_sent:(\d+)",
    "congestion_window": r"cwnd:(\d+)",
    "send_mss": r" mss:(\d+)",
    "path_mtu": r"pmtu:(\d+)",
    "segments_sent": r"segs_out:(\d+)",
    "segments_received": r"segs_in:(\d+)",
}


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    """The ports of a server and of its one client, which have talked and are quiet."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for _ in range(10):
                client.sendall(b"x" * 5000)
                left = 5000
                while left:
                    left -= len(accepted.recv(left))
                accepted.sendall(b"y" * 100)
                client.recv(100)
            sleep(0.1)  # the last acknowledgement is delayed by 40 ms
            yield server.getsockname()[1], client.getsockname()[1]


def ends(ports: tuple[int, int], *options: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The listener, the server's end and the client's end."""
    found = answer("sockets", f"tcp:{ports[0]}", *options)["sockets"]
    (listener,) = [each for each in found if each["state"] == "LISTEN"]
    (server,) = [each for each in found if each["role"] == "server"]
    (client,) = [each for each in found if each["role"] == "client"]
    return listener, server, client


def by_ss(local: int, options: str) -> str:
    return run([tool("ss"), "-HtnO", options, "state", "established", f"( sport = :{local} )"]).stdout


@pytest.mark.parametrize("end", [0, 1])
def test_details_are_those_of_ss(ports: tuple[int, int], end: int) -> None:
    info = ends(ports, "--info")[1 + end]["info"]
    theirs = by_ss(ports[end], "-i")
    for name, pattern in COUNTS.items():
        found = re.search(pattern, theirs)
        assert found, (name, theirs)
        assert info[name] == int(found[1]), name
    rtt = re.search(r" rtt:([\d.]+)/([\d.]+)", theirs)
    assert rtt
    assert (info["rtt_ms"], info["rtt_variation_ms"]) == (float(rtt[1]), float(rtt[2]))
    assert f" {info['congestion_control']} " in theirs


def test_the_bytes_of_one_end_are_those_of_the_other(ports: tuple[int, int]) -> None:
    _, server, client = ends(ports, "--info")
    assert (server["info"]["bytes_received"], client["info"]["bytes_received"]) == (50_000, 1_000)
    assert client["info"]["bytes_sent"] == server["info"]["bytes_received"]


def test_a_listener_has_measured_nothing(ports: tuple[int, int]) -> None:
    listener = ends(ports, "--info")[0]
    assert listener["info"].keys() == {"congestion_control"}


def test_memory_is_that_of_ss(ports: tuple[int, int]) -> None:
    _, _, client = ends(ports, "--memory")
    found = re.search(r"skmem:\(r(\d+),rb(\d+),t(\d+),tb(\d+),f(\d+),w(\d+),o(\d+),bl(\d+),d(\d+)\)", by_ss(ports[1], "-m"))
    assert found
    assert list(client["memory"].values()) == [int(number) for number in found.groups()]


def test_a_keepalive_timer_is_told_of_the_end_that_asked_for_it(ports: tuple[int, int]) -> None:
    _, server, client = ends(ports, "--timers")
    assert "timer" not in server
    assert client["timer"]["kind"] == "keepalive"
    assert 0 < client["timer"]["expires_ms"] <= 7_200_000
    assert client["timer"]["retransmits"] == 0


def test_nothing_of_it_is_told_unasked(ports: tuple[int, int]) -> None:
    for found in ends(ports):
        assert not found.keys() & {"info", "memory", "timer"}


@pytest.mark.parametrize(
    ("option", "headers"),
    [
        ("--info", ["RTT-MS", "CWND", "RETRANS", "BYTES-ACKED", "BYTES-RECEIVED", "CC"]),
        ("--timers", ["TIMER"]),
        ("--memory", ["MEMORY"]),
    ],
)
def test_the_table_has_the_most_telling_of_what_was_asked(ports: tuple[int, int], option: str, headers: list[str]) -> None:
    plain = portsock("sockets", f"tcp:{ports[0]}").stdout.splitlines()[0].split()
    asked = portsock("sockets", f"tcp:{ports[0]}", option).stdout.splitlines()[0].split()
    assert not set(headers) & set(plain)
    assert [header for header in asked if header in headers] == headers
