"""Answers about a port that nothing has."""

import pytest

from portsock.explain.types import Part
from tests.support.explain_factory import answer, captured, part, seen, text
from tests.support.factory import tcp


def test_a_port_that_nothing_uses_is_still_explained() -> None:
    explanation = answer("8080", seen([]))
    assert explanation.summary == "Nothing on this host uses port 8080 (conventionally http-alt)."
    assert not explanation.found
    said = part(explanation, Part.PORT)
    assert "user (registered) port" in said
    assert "refuses a TCP connection to it (RST), unless a rule" in said
    assert "published by packet filter rules" in said
    assert "bound but neither listens nor is connected" in said
    assert [command.line for command in explanation.next] == [
        "portsock ports --all --netns all 8080",
        "nft list ruleset",
    ]


@pytest.mark.parametrize(
    "target", ["8080", "tcp/8080", "0.0.0.0:81", "[::]:81", "127.0.0.1:81", "10.0.0.7:81", "localhost:81"]
)
def test_a_client_of_a_port_of_this_host_is_refused(target: str) -> None:
    assert "refuses a TCP connection to it (RST), unless a rule" in part(answer(target, seen([])), Part.PORT)


@pytest.mark.parametrize(
    "target",
    ["203.0.113.5:80", "5555/udp", "sctp/80", "0", "127.0.0.1:0", "239.1.1.1:80", "[ff02::1]:80", "[fe80::1%nosuch]:80"],
)
def test_no_refusal_is_promised_where_another_host_or_no_tcp_would_answer(target: str) -> None:
    assert "refuses a TCP connection" not in text(target, seen([]))


def test_a_datagram_to_nobody_is_answered_by_icmp_or_by_silence() -> None:
    said = part(answer("5555/udp", seen([])), Part.PORT)
    assert "ICMP port unreachable" in said
    assert "neither listens nor is connected" not in said


def test_of_an_address_of_another_host_nothing_is_promised() -> None:
    said = part(answer("203.0.113.5:80", seen([])), Part.PORT)
    assert "203.0.113.5 is no address of this host, and nothing here can say what answers there" in said
    assert "packet filter" not in said


def test_absence_from_a_listing_is_no_proof() -> None:
    snapshot = captured([tcp("0.0.0.0:80", inode=None)])
    assert answer("8080", snapshot).summary.startswith("Nothing in this listing uses port 8080")
    assert "may have been left out" in text("8080", snapshot)
    assert "refuses a TCP connection" not in text("8080", snapshot)
