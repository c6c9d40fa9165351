"""The first line of an answer."""

import pytest

from portsock.explain.types import Part
from tests.support.explain_factory import CURL, answer, part, seen, web
from tests.support.factory import tcp, udp


def test_a_port_is_answered_with_holder_address_and_number_of_connections() -> None:
    assert answer("80", web()).summary == (
        "80/tcp (http) is held by nginx (pid 500) and 1 worker, listening on all IPv4 addresses, with 3 connections."
    )


def test_the_name_is_given_as_convention_after_the_number() -> None:
    explanation = answer("8080", seen([tcp("127.0.0.1:8080")], {1: 700}))
    assert explanation.summary.startswith("8080/tcp (http-alt) is held by python3 (pid 700)")
    assert "any program may use the number" in part(explanation, Part.PORT)


def test_tcp_and_udp_of_one_number_are_two_ports() -> None:
    explanation = answer("53", seen([tcp("127.0.0.1:53", inode=1), udp("127.0.0.1:53", inode=2)], {1: 700, 2: 500}))
    assert "53/tcp (domain) is held by python3" in explanation.summary
    assert "53/udp (domain) is held by nginx" in explanation.summary
    assert "two ports with one number" in part(explanation, Part.PORT)
    assert [reading.command for reading in explanation.readings] == [
        "portsock explain tcp/53",
        "portsock explain udp/53",
    ]


def test_a_port_that_only_clients_use() -> None:
    explanation = answer("50000", web())
    assert explanation.summary == (
        "Port 50000 is no server's: curl (pid 800) has it as its own end of a connection to 127.0.0.1:80."
    )
    assert "inside the ephemeral range 32768-60999 (live value of this host)" in part(explanation, Part.PORT)


def test_a_remote_port() -> None:
    snapshot = seen([tcp("10.0.0.7:40000", "192.0.2.1:443")], {1: CURL.pid})
    assert answer("443", snapshot).summary == (
        "Nothing on this host holds port 443 itself; it is the far end of 1 connection of curl (pid 800)."
    )


@pytest.mark.parametrize("target", ["pid:4242", "inode:99", "fd:4242/3", "@nothing", "10.1.2.3:80", "10.0.0.7:5,10.0.0.9:6"])
def test_any_target_that_is_nowhere_gets_an_answer(target: str) -> None:
    explanation = answer(target, web())
    assert not explanation.found
    assert "Nothing on this host" in explanation.summary
    assert target in explanation.summary


def test_a_connection_names_both_ends_client_first() -> None:
    explanation = answer("127.0.0.1:80,127.0.0.1:50000", web())
    assert explanation.summary == (
        "curl (pid 800) and nginx (pid 501) are the two ends of the connection 127.0.0.1:50000 → 127.0.0.1:80 (ESTABLISHED)."
    )
    assert explanation.picture == ("127.0.0.1:50000 → 127.0.0.1:80  ESTABLISHED  curl[800] → nginx[501]",)
    assert "127.0.0.1:50000 is the client's end" in part(explanation, Part.CONNECTION)
    assert "inferred" in part(explanation, Part.CONNECTION)


def test_a_process_is_answered_with_its_ports_and_connections() -> None:
    explanation = answer("pid:501", web())
    assert explanation.summary == "nginx (pid 501, user www) listens on 80/tcp and has 3 connections."
    assert "Started by: systemd → nginx → nginx." in part(explanation, Part.PROCESS)
    assert "500" not in part(explanation, Part.PROCESS)


def test_a_process_name_may_be_several_processes() -> None:
    explanation = answer("proc:ngi*", web())
    assert explanation.summary.startswith(
        "2 processes (nginx (pid 500, user root) and nginx (pid 501, user www)) listen on 80/tcp"
    )


def test_an_inode_and_a_descriptor_name_one_socket() -> None:
    assert answer("inode:1", web()).summary == (
        "inode:1 is a TCP socket listening on 0.0.0.0:80, held by nginx (pids 500 and 501)."
    )
    assert answer("fd:800/3", web()).summary.startswith(
        "Descriptor 3 of curl (pid 800, user dev) is a TCP socket, 127.0.0.1:50000 → 127.0.0.1:80 in ESTABLISHED"
    )


def test_an_endpoint_finds_the_wildcard_socket_that_covers_it() -> None:
    assert "listening on all IPv4 addresses" in answer("127.0.0.1:80", web()).summary
    assert not answer("192.0.2.55:80", web()).found
