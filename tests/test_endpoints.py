"""Endpoints as text: the same in tables and in the sentences of explain."""

import pytest

from portsock.endpoints import address_of, endpoint_text, port_of
from portsock.explain.wording import end_text
from portsock.model import Endpoint, InetEndpoint, NetlinkEndpoint, PacketEndpoint, UnixEndpoint, VsockEndpoint

ANY = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        (InetEndpoint("10.0.0.5", 80), "10.0.0.5:80"),
        (InetEndpoint("fe80::1", 631, "eth0"), "[fe80::1]%eth0:631"),
        (InetEndpoint("*", None), "*:*"),
        (InetEndpoint("10.0.0.1", None, label="http"), "10.0.0.1:http"),
        (InetEndpoint("2001:db8:1", 80, truncated=True), "[2001:db8:1…]:80"),
        (InetEndpoint(None, None), "?:*"),
        (UnixEndpoint(b"/run/x.sock"), "/run/x.sock"),
        (UnixEndpoint(b"name", abstract=True), "@name"),
        (UnixEndpoint(b"/run/with", truncated=True), "/run/with…"),
        (UnixEndpoint(None), "(unnamed)"),
        (NetlinkEndpoint(0, 0), "route:kernel"),
        (NetlinkEndpoint(99, 700), "99:700"),
        (PacketEndpoint(0x0800, None), "ip:*"),
        (PacketEndpoint(0x9999, 2), "0x9999:if2"),
        (VsockEndpoint(ANY, 22), "*:22"),
    ],
)
def test_tables_and_sentences_write_an_endpoint_alike(endpoint: Endpoint, text: str) -> None:
    assert endpoint_text(endpoint) == end_text(endpoint) == text


def test_no_endpoint_is_an_empty_cell_and_an_asterisk_in_a_sentence() -> None:
    assert (endpoint_text(None), end_text(None)) == ("", "*")


def test_a_sentence_has_the_address_even_of_a_resolved_name_and_marks_a_name_that_was_cut() -> None:
    assert end_text(InetEndpoint("10.0.0.5", 80, hostname="db.example")) == "10.0.0.5:80"
    assert end_text(InetEndpoint(None, 80, hostname="db.exam", truncated=True)) == "db.exam…:80"
    assert endpoint_text(InetEndpoint("10.0.0.5", 80), {"10.0.0.5": "db.example"}) == "db.example:80"


def test_only_internet_endpoints_have_an_address_and_a_port() -> None:
    assert (address_of(InetEndpoint("::1", 80)), port_of(InetEndpoint("::1", 80))) == ("::1", 80)
    for endpoint in (None, UnixEndpoint(b"/x"), VsockEndpoint(1, 2)):
        assert (address_of(endpoint), port_of(endpoint)) == (None, None)
