"""Scopes and exposures of addresses."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.addresses import _V4, _v4_rows, exposure, needs_zone, number_of, scope, unmap, widest
from portsock.model import Exposure, Scope

SCOPES = {
    Scope.UNSPECIFIED: "0.0.0.0 :: *",
    Scope.LOOPBACK: "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1 ::ffff:7f00:1",
    Scope.LINK: "169.254.169.254 fe80::1 febf::1",
    Scope.PRIVATE: "10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 fc00::1 fdff::1 ::ffff:10.0.0.1 fec0::1 64:ff9b:1::1",
    Scope.SHARED: "100.64.0.1 100.127.255.255",
    Scope.MULTICAST: "224.0.0.1 239.255.255.255 ff02::1",
    Scope.BROADCAST: "255.255.255.255",
    Scope.DOCUMENTATION: "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1",
    Scope.RESERVED: "0.1.2.3 240.0.0.1 198.18.0.1 192.0.0.1 4000::1 100::1 2001:2::1",
    Scope.GLOBAL: "8.8.8.8 172.32.0.1 100.63.255.255 100.128.0.1 192.169.0.1 2a00::1 64:ff9b::808:808 2001:3::1",
}


def test_scopes() -> None:
    for expected, addresses in SCOPES.items():
        assert {text: scope(text) for text in addresses.split()} == dict.fromkeys(addresses.split(), expected)
    assert set(SCOPES) == set(Scope)


def test_the_rows_of_an_octet_are_those_that_its_addresses_can_match() -> None:
    for octet in range(256):
        first, last = octet << 24, (octet + 1 << 24) - 1
        near = [row for row in _V4 if row[0] <= last and row[0] | (1 << 32 - row[1]) - 1 >= first]
        assert _v4_rows(octet) == near


@pytest.mark.parametrize(
    "text", [None, "", "300.1.1.1", "127.1", "localhost", "fe80::1%eth0", "1.2.3.4:80", "\0", "\ud800", "１.1.1.1"]
)
def test_text_that_is_no_address_has_no_scope(text: str | None) -> None:
    assert scope(text) is None
    assert exposure(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0", Exposure.ALL),
        ("::", Exposure.ALL),
        ("*", Exposure.ALL),
        ("127.0.0.1", Exposure.LOOPBACK),
        ("::ffff:127.0.0.1", Exposure.LOOPBACK),
        ("169.254.0.1", Exposure.LINK),
        ("10.0.0.1", Exposure.PRIVATE),
        ("100.64.0.1", Exposure.SHARED),
        ("8.8.8.8", Exposure.PUBLIC),
        ("255.255.255.255", Exposure.LINK),
        ("224.0.0.251", Exposure.LINK),
        ("::ffff:224.0.0.251", Exposure.LINK),
        ("224.0.1.1", Exposure.PUBLIC),
        ("ff01::1", Exposure.LOOPBACK),
        ("ff02::fb", Exposure.LINK),
        ("FF12::1", Exposure.LINK),
        ("ff0e::1", Exposure.PUBLIC),
        ("ff00::1", None),
        ("ff05::2", Exposure.PRIVATE),
        ("ff18::2", Exposure.PRIVATE),
        ("239.255.255.250", Exposure.PRIVATE),
        ("::ffff:239.1.1.1", Exposure.PRIVATE),
        ("fec0::1", Exposure.PRIVATE),
        ("64:ff9b:1::1", Exposure.PRIVATE),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("198.18.0.1", None),
        ("240.0.0.1", None),
        ("100::1", None),
    ],
)
def test_exposures(text: str, expected: Exposure | None) -> None:
    assert exposure(text) is expected


def test_the_widest_exposure_is_the_one_that_most_can_reach() -> None:
    assert widest([Exposure.LOOPBACK, None, Exposure.PRIVATE]) is Exposure.PRIVATE
    assert widest([Exposure.PUBLIC, Exposure.ALL]) is Exposure.ALL
    assert widest([None]) is None
    assert widest([]) is None


def test_only_mapped_addresses_are_unmapped() -> None:
    assert unmap("::ffff:10.0.0.1") == unmap("::FFFF:10.0.0.1") == "10.0.0.1"
    for text in ("::ffff:0:10.0.0.1", "::10.0.0.1", "::ffff:a00:1", "10.0.0.1"):
        assert unmap(text) == text


@given(st.ip_addresses())
def test_numbers_of_addresses_are_the_standard_librarys(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert number_of(str(address)) == (address.version, int(address))


@given(st.ip_addresses())
def test_every_address_has_a_scope_that_agrees_with_the_standard_library(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    plain = getattr(address, "ipv4_mapped", None) or address
    found = scope(str(address))
    assert (found is Scope.LOOPBACK) == plain.is_loopback
    assert (found is Scope.LINK) == plain.is_link_local
    assert (found is Scope.MULTICAST) == plain.is_multicast
    assert (found is Scope.UNSPECIFIED) == plain.is_unspecified


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    assert scope(text) is not None or exposure(text) is None


def test_link_local_addresses_need_a_zone_multicast_ones_too() -> None:
    need = ("fe80::1", "febf::1", "ff01::1", "ff02::fb", "ff12::5", "ff32::1")
    need_none = ("fec0::1", "ff05::1", "ff0e::1", "2001:db8::1", "::1", "::", "169.254.1.1", "text")
    assert [address for address in (*need, *need_none) if needs_zone(address)] == list(need)
