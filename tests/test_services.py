"""The table of service names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.port_numbers import EMPTY, naming_protocol, parse_services

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


def test_names_and_aliases_find_their_ports_in_any_case() -> None:
    assert TABLE.ports("HTTP") == TABLE.ports("worldwideweb") == {("tcp", 80)}
    assert TABLE.ports("domain") == {("tcp", 53), ("udp", 53)}
    assert TABLE.ports("second") == {("tcp", 90)}
    assert TABLE.ports("nosuch") == frozenset()


def test_a_services_file_of_windows_is_read() -> None:
    services = parse_services("http 80/tcp www\r\nsmtp 25/tcp\x0c\r\n")
    assert (services.name("tcp", 80), services.name("tcp", 25)) == ("http", "smtp")
    assert services.names() == ["http", "smtp", "www"]


def test_protocols_without_names_borrow_them() -> None:
    assert (naming_protocol("udplite"), naming_protocol("mptcp"), naming_protocol("sctp")) == ("udp", "tcp", "sctp")
    assert TABLE.name("udplite", 53) == "domain"
    assert TABLE.name("mptcp", 80) == "http"


def test_lines_that_do_not_fit_are_skipped() -> None:
    assert TABLE.names() == ["domain", "first", "http", "second", "worldwideweb", "www"]
    assert EMPTY.names() == []


@pytest.mark.parametrize("text", ["", "#", "a", "a 1", "a 1/", "a /tcp", "a -1/tcp", "\0 \0/\0"])
def test_a_table_of_nothing_names_nothing(text: str) -> None:
    assert parse_services(text).name("tcp", 1) is None


@given(st.text(), st.integers(0, 65535))
def test_any_text_is_a_table(text: str, port: int) -> None:
    table = parse_services(f"{text}\nmine {port}/tcp\n")
    assert ("tcp", port) in table.ports("mine")
