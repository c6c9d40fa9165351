"""Ranges of port numbers and the table of service names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.parse.listings.portsock_json import read_snapshots
from portsock.port_numbers import BOUNDS, EMPTY, Range, default_ephemeral, naming_protocol, parse_services, range_of
from portsock.sources.capture import collect

TABLE = parse_services(
    """# Network services
http\t\t80/tcp\t\twww WorldWideWeb  # the web
domain 53/tcp
domain 53/udp
first 90/tcp
second 90/tcp
weird 99999/tcp
odd ８０/tcp
long {}/tcp
broken
nothing/tcp
""".format("9" * 5000)
)


def test_a_port_has_the_first_name_given_it() -> None:
    assert TABLE.name("tcp", 80) == "http"
    assert TABLE.name("tcp", 90) == "first"
    assert TABLE.name("udp", 80) is None
    assert TABLE.name("tcp", None) is None


def test_names_and_aliases_in_any_case_have_their_ports() -> None:
    assert TABLE.ports("HTTP") == TABLE.ports("worldwideweb") == {("tcp", 80)}
    assert TABLE.ports("domain") == {("tcp", 53), ("udp", 53)}
    assert TABLE.ports("second") == {("tcp", 90)}
    assert TABLE.ports("nosuch") == frozenset()


def test_protocols_without_names_use_those_of_another() -> None:
    assert (naming_protocol("udplite"), naming_protocol("mptcp"), naming_protocol("sctp")) == ("udp", "tcp", "sctp")
    assert TABLE.name("udplite", 53) == "domain"
    assert TABLE.name("mptcp", 80) == "http"


def test_broken_lines_are_skipped() -> None:
    assert TABLE.names() == ["domain", "first", "http", "second", "worldwideweb", "www"]
    assert EMPTY.names() == []


@pytest.mark.parametrize("text", ["", "#", "a", "a 1", "a 1/", "a /tcp", "a -1/tcp", "\0 \0/\0"])
def test_text_without_a_valid_line_has_no_names(text: str) -> None:
    assert parse_services(text).name("tcp", 1) is None


@given(st.text(), st.integers(0, 65535))
def test_valid_lines_are_read_after_any_text(text: str, port: int) -> None:
    table = parse_services(f"{text}\nmine {port}/tcp\n")
    assert ("tcp", port) in table.ports("mine")


def test_the_ranges_are_those_of_rfc_6335() -> None:
    assert [range_of(port) for port in (0, 1023, 1024, 49151, 49152, 65535)] == [
        Range.SYSTEM,
        Range.SYSTEM,
        Range.USER,
        Range.USER,
        Range.DYNAMIC,
        Range.DYNAMIC,
    ]
    for name, (first, last) in BOUNDS.items():
        assert range_of(first) is range_of(last) is name


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("Linux", (32768, 60999)),
        ("Darwin", (49152, 65535)),
        ("FreeBSD", (10000, 65535)),
        ("OpenBSD", (1024, 49151)),
        ("NetBSD", (49152, 65535)),
        ("SunOS", (32768, 65535)),
        ("unknown", (32768, 65535)),
    ],
)
def test_each_system_has_its_own_ephemeral_ports(system: str, expected: tuple[int, int]) -> None:
    assert default_ephemeral(system) == expected


def test_a_listing_has_the_default_ephemeral_ports_of_its_system(tmp_path: object) -> None:
    path = f"{tmp_path}/ss.txt"
    with open(path, "w", encoding="ascii") as file:
        file.write("State  Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0      5      127.0.0.1:80 0.0.0.0:*\n")
    assert collect([path], None, EMPTY)[0].host.ephemeral == default_ephemeral("Linux")
    assert read_snapshots(['{"schema": "portsock/1"}'])[0].host.ephemeral == default_ephemeral("unknown")
