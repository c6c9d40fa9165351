"""Answers about a port that nothing has."""

import pytest

from portsock.explain.types import Part
from portsock.model import Netns, State, Viewpoint
from portsock.records import SocketRecord
from tests.support.explain_factory import answer, captured, part, seen, text
from tests.support.factory import OWN, tcp, udp


def test_a_port_that_nothing_uses_is_still_explained() -> None:
    explanation = answer("8080", seen([]))
    assert explanation.summary == "Nothing on this host uses port 8080 (http-alt)."
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


HERE = Viewpoint(OWN, 1000)
BLUE = Netns(9, "blue")


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        (None, "Nothing on this host uses port 99."),
        (HERE, "Nothing in this network namespace uses port 99."),
        (HERE._replace(others=(BLUE,)), "Nothing in the network namespaces that were read uses port 99."),
        (HERE._replace(counted=True, whole=True), "Nothing on this host uses port 99."),
        (HERE._replace(counted=True, whole=True, others=(BLUE,)), "Nothing on this host uses port 99."),
        (HERE._replace(counted=True), "Nothing in this network namespace uses port 99, and no other one was found."),
        (
            HERE._replace(counted=True, whole=True, unseen=("red",), unnamed=2),
            "Nothing in this network namespace uses port 99; not looked into: red and 2 unnamed network namespaces "
            "(that takes root).",
        ),
        (
            HERE._replace(uid=0, counted=True, whole=True, others=(BLUE,), unseen=("red",)),
            "Nothing in the network namespaces that were read uses port 99; not looked into: red.",
        ),
    ],
)
def test_nothing_is_claimed_of_namespaces_that_were_not_read(point: Viewpoint | None, sentence: str) -> None:
    explanation = answer("99", seen([], viewpoint=point))
    assert explanation.summary == sentence
    assert not explanation.found


def test_what_is_found_in_other_namespaces_only_is_said_to_be_there() -> None:
    point = HERE._replace(counted=True, whole=True, others=(BLUE,))
    snapshot = seen([tcp("0.0.0.0:80", netns=BLUE)], {1: 500}, viewpoint=point)
    explanation = answer("80", snapshot)
    assert explanation.summary.startswith("In network namespace blue, not in this one: 80/tcp (http) is held by ")
    assert explanation.found
    both = seen([tcp("0.0.0.0:80", netns=BLUE), tcp("0.0.0.0:80", inode=2)], {1: 500, 2: 501}, viewpoint=point)
    assert answer("80", both).summary.startswith("80/tcp ")
    asked = seen([tcp("0.0.0.0:80", netns=BLUE)], {1: 500}, viewpoint=HERE._replace(others=(BLUE,)))
    assert answer("80", asked).summary.startswith("80/tcp ")


@pytest.mark.parametrize(
    ("target", "nearby"),
    [
        ("10.0.0.7:8000", "python3 (pid 700) listens on 127.0.0.1:8000."),
        ("[::1]:8000", "python3 (pid 700) listens on 127.0.0.1:8000."),
        ("udp/8000", "python3 (pid 700) listens on 127.0.0.1:8000."),
        ("tcp/8001", "python3 (pid 700) has udp 127.0.0.1:8001."),
    ],
)
def test_who_waits_on_the_port_at_other_addresses_is_named(target: str, nearby: str) -> None:
    records = [tcp("127.0.0.1:8000"), udp("127.0.0.1:8001"), tcp("127.0.0.1:8000", netns=BLUE, inode=2)]
    explanation = answer(target, seen(records, {1: 700, 2: 500}, viewpoint=HERE))
    assert explanation.summary.endswith(f"; {nearby}")
    assert "nginx" not in explanation.summary
    assert not explanation.found
    assert explanation.picture[0].startswith(("127.0.0.1:8000  LISTEN", "127.0.0.1:8001  UNCONN"))


@pytest.mark.parametrize(
    ("target", "record", "sentence"),
    [
        ("0.0.0.0:80", tcp("127.0.0.1:80"), "(EADDRINUSE): nginx (pid 500) listens on 127.0.0.1:80, which it covers."),
        ("[::]:80", tcp("127.0.0.1:80"), "(EADDRINUSE without IPV6_V6ONLY): nginx (pid 500) listens on 127.0.0.1:80"),
        ("[::]:80", tcp("::1:80"), "(EADDRINUSE): nginx (pid 500) listens on [::1]:80"),
        (
            "0.0.0.0:80",
            tcp("10.0.0.7:80", state=State.BOUND),
            "(EADDRINUSE unless both sides set SO_REUSEADDR): nginx (pid 500) has 10.0.0.7:80",
        ),
        (
            "0.0.0.0:80",
            tcp("10.0.0.7:80", "10.0.0.9:4000", State.TIME_WAIT, inode=None),
            "(EADDRINUSE unless both sides set SO_REUSEADDR): a socket in TIME_WAIT without a known process has 10.0.0.7:80",
        ),
    ],
)
def test_a_wildcard_is_answered_by_what_is_in_its_way(target: str, record: SocketRecord, sentence: str) -> None:
    explanation = answer(target, seen([record], {1: 500}, viewpoint=HERE))
    assert explanation.summary.startswith(f"{target} cannot be bound {sentence}")
    assert explanation.found
    assert len(explanation.sockets) == 1


@pytest.mark.parametrize(
    ("target", "record"),
    [
        ("0.0.0.0:80", tcp("::1:80")),
        ("0.0.0.0:80", tcp(":::80", v6only=True)),
        ("0.0.0.0:80", tcp("127.0.0.1:81")),
        ("udp/0.0.0.0:80", tcp("127.0.0.1:80")),
        ("0.0.0.0:80", tcp("127.0.0.1:80", netns=BLUE)),
        ("10.0.0.7:80", tcp("127.0.0.1:80")),
    ],
)
def test_what_is_not_in_its_way_does_not_answer_for_a_wildcard(target: str, record: SocketRecord) -> None:
    explanation = answer(target, seen([record], {1: 500}, viewpoint=HERE))
    assert explanation.summary.startswith("Nothing in this network namespace uses ")
    assert not explanation.found


def test_of_a_listing_nothing_is_said_about_binding() -> None:
    snapshot = captured([tcp("127.0.0.1:80", inode=None)])
    assert answer("0.0.0.0:80", snapshot).summary.startswith("Nothing in this listing is bound to 0.0.0.0:80 itself; ")


def test_as_a_destination_a_wildcard_is_loopback() -> None:
    assert "As a destination 0.0.0.0 means 127.0.0.1 to connect(2)." in text("0.0.0.0:81", seen([]))
    assert "As a destination :: means ::1 to connect(2)." in text("[::]:81", seen([]))


@pytest.mark.parametrize(
    ("point", "commands"),
    [
        (HERE._replace(uid=0, counted=True, whole=True), []),
        (HERE._replace(counted=True), []),
        (HERE._replace(counted=True, unseen=("red",)), ['sudo "$(command -v portsock)" explain 99']),
        (HERE._replace(counted=True, unnamed=1), ['sudo "$(command -v portsock)" explain 99']),
        (HERE, ["portsock ports --all --netns all 99"]),
    ],
)
def test_a_second_look_is_advised_only_where_it_would_see_more(point: Viewpoint, commands: list[str]) -> None:
    found = [command.line for command in answer("99", seen([], viewpoint=point)).next]
    assert found == [*commands, "nft list ruleset"]
