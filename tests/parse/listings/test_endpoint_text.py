"""Endpoints as tools print them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.model import Family, InetEndpoint
from portsock.parse.listings.endpoint_text import colon_endpoint, dotted_endpoint, inet_endpoint, infer_family, is_no_peer
from portsock.port_numbers import EMPTY, parse_services

SERVICES = parse_services("http 80/tcp www\nhttp-alt 8080/tcp webcache\nsyslog 514/udp\nshell 514/tcp\nwhois++ 63/tcp\n")


@pytest.mark.parametrize(
    ("text", "address", "port", "zone"),
    [
        ("10.0.0.1:80", "10.0.0.1", 80, None),
        ("[::1]:631", "::1", 631, None),
        (":::80", "::", 80, None),
        ("::1:631", "::1", 631, None),
        ("*:80", "*", 80, None),
        ("0.0.0.0:*", "0.0.0.0", None, None),
        ("[fe80::1%eth0]:546", "fe80::1", 546, "eth0"),
        ("[fe80::1]%eth0:546", "fe80::1", 546, "eth0"),
        ("fe80::1%2:546", "fe80::1", 546, "2"),
        ("[::ffff:127.0.0.1]:80", "127.0.0.1", 80, None),
        ("2001:DB8:0:0::5:443", "2001:db8::5", 443, None),
    ],
)
def test_colon_style(text: str, address: str, port: int | None, zone: str | None) -> None:
    assert colon_endpoint(text, "tcp", EMPTY) == InetEndpoint(address, port, zone)


@pytest.mark.parametrize(
    ("text", "address", "port", "zone"),
    [
        ("10.0.0.6.49871", "10.0.0.6", 49871, None),
        ("*.80", "*", 80, None),
        ("*.*", "*", None, None),
        ("::1.631", "::1", 631, None),
        ("fe80::1%lo0.123", "fe80::1", 123, "lo0"),
    ],
)
def test_dotted_style(text: str, address: str, port: int | None, zone: str | None) -> None:
    assert dotted_endpoint(text, "tcp4", EMPTY) == InetEndpoint(address, port, zone)


def test_service_names_become_numbers_that_are_marked_as_guessed() -> None:
    found = colon_endpoint("*:webcache", "tcp", SERVICES)
    assert found == InetEndpoint("*", 8080, label="webcache", guessed=True)


def test_a_service_name_prefers_its_own_protocol() -> None:
    both = parse_services("x 1/tcp\nx 2/udp\n")
    assert [colon_endpoint("*:x", protocol, both)[1] for protocol in ("tcp6", "udplite", "sctp")] == [1, 2, 1]  # type: ignore[index]


def test_an_unknown_service_name_has_no_port() -> None:
    assert colon_endpoint("10.0.0.1:nosuch", "tcp", SERVICES) == InetEndpoint("10.0.0.1", None, label="nosuch")


def test_host_names_stay_names() -> None:
    assert colon_endpoint("localhost:http", "tcp", SERVICES) == InetEndpoint(None, 80, None, "localhost", "http", False, True)


def test_a_cut_address_is_kept_and_marked() -> None:
    assert colon_endpoint("2001:db8:85a3:8d3:1:443", "tcp6", EMPTY, cut=True) == InetEndpoint(
        "2001:db8:85a3:8d3:1", 443, truncated=True
    )
    assert colon_endpoint("2001:db8:85a3:8d3:1:443", "tcp6", EMPTY) is None


def test_a_whole_ipv4_address_is_never_marked_as_cut() -> None:
    assert colon_endpoint("192.168.100.200:65535", "tcp", EMPTY, cut=True) == InetEndpoint("192.168.100.200", 65535)


@pytest.mark.parametrize(
    "text",
    ["", ":", "10.0.0.1", "10.0.0.1:65536", "10.0.0.1:８０", "300.0.0.1:80", "a b:80", "(x):80", "[::1:80", "10.0.0.1:-1"],
)
def test_other_text_is_no_endpoint(text: str) -> None:
    assert colon_endpoint(text, "tcp", EMPTY) is None


def test_a_wildcard_without_a_port_is_no_peer() -> None:
    assert [is_no_peer(colon_endpoint(text, "tcp", EMPTY)) for text in ("0.0.0.0:*", ":::*", "*:*", "0.0.0.0:0")] == [True] * 4  # type: ignore[arg-type]
    assert not is_no_peer(InetEndpoint("::", 12345))
    assert not is_no_peer(InetEndpoint("*", None, label="nosuch"))


def test_the_family_is_inferred_from_the_protocol_then_from_the_address() -> None:
    star = InetEndpoint("*", 80)
    families = [infer_family(star, protocol) for protocol in ("tcp46", "tcp4", "tcp")]
    assert families == [Family.IPV6, Family.IPV4, Family.INET]
    assert infer_family(InetEndpoint("::1", 80), "tcp") is Family.IPV6


@given(st.text(), st.text(), st.booleans())
def test_any_text_is_an_endpoint_or_none(host: str, port: str, cut: bool) -> None:
    found = inet_endpoint(host, port, "tcp", SERVICES, cut)
    assert found is None or found.address is not None or found.hostname is not None
