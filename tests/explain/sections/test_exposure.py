"""Section EXPOSURE."""

import pytest

from portsock.explain.types import Part
from portsock.model import Exposure, Netns, Process, State, Viewpoint
from tests.support.explain_factory import answer, part, seen, text, web
from tests.support.factory import OWN, tcp


def test_a_wildcard_bound_to_a_device_is_reached_through_that_only() -> None:
    snapshot = seen([tcp("0.0.0.0:80", interface="v0", inode=1)], {1: 500})
    exposure = part(answer("80", snapshot), Part.EXPOSURE)
    assert "through v0 can reach it" in exposure
    assert "Whoever can reach any" not in exposure
    assert "all IPv4 addresses of the device v0" in answer("80", snapshot).summary


def test_a_wildcard_and_one_bound_to_a_device_are_both_described() -> None:
    records = [tcp("0.0.0.0:80", interface="v0", inode=1), tcp("0.0.0.0:80", inode=2)]
    exposure = part(answer("80", seen(records, {1: 500, 2: 500})), Part.EXPOSURE)
    assert "through v0 can reach it" in exposure
    assert "Whoever can reach any IPv4 address that this host has" in exposure


@pytest.mark.parametrize(
    ("local", "words"),
    [
        ("127.0.0.1:80", "Only programs on this machine and in this network namespace"),
        ("0.0.0.0:80", "0.0.0.0 stands for every IPv4 address"),
        ("169.254.1.1:80", "Hosts on the same link"),
        ("10.0.0.7:80", "only where a NAT forwards"),
        ("100.64.0.1:80", "100.64.0.0/10"),
        ("8.8.8.8:80", "The address is public"),
        ("fe80::1:80", "Hosts on the same link"),
        ("fd00::1:80", "Hosts of the same private network"),
    ],
)
def test_who_can_reach_a_bound_address(local: str, words: str) -> None:
    said = part(answer("80", seen([tcp(local)], {1: 500})), Part.EXPOSURE)
    assert words in said
    assert said.endswith("decide the rest, in both directions.")


@pytest.mark.parametrize(
    ("v6only", "words"),
    [(True, "every IPv6 address only"), (False, "every IPv6 and every IPv4"), (None, "probably for every IPv4")],
)
def test_a_v6_wildcard_is_described_by_its_v6only(v6only: bool | None, words: str) -> None:
    assert words in part(answer("80", seen([tcp(":::80", v6only=v6only)], {1: 500})), Part.EXPOSURE)


def test_tcp_on_multicast_is_useless() -> None:
    assert "nobody will ever connect" in part(answer("80", seen([tcp("224.0.0.9:80")], {1: 500})), Part.EXPOSURE)


def test_the_peers_address_of_a_connection_is_classed() -> None:
    said = part(answer("10.0.0.7:80,10.0.0.9:40000", web()), Part.EXPOSURE)
    assert "The peer's address 10.0.0.9 is private" in said


def test_no_answer_promises_anything_about_firewalls() -> None:
    for exposure in Exposure:
        assert exposure  # the texts of all are checked in test_explain_texts
    said = text("0.0.0.0:80", web()).lower()
    assert "open to the internet" not in said
    assert "safe" not in said


def test_an_address_that_no_network_uses_is_not_called_public() -> None:
    said = part(answer("80", seen([tcp("198.18.0.1:80")], {1: 700})), Part.EXPOSURE)
    assert "198.18.0.1: The address is reserved: not in ordinary use, so that nothing can be said" in said
    assert "public" not in said


def test_a_wildcard_bound_to_lo_is_described_as_a_wildcard() -> None:
    exposure = part(answer("80", seen([tcp("0.0.0.0:80", interface="lo", inode=1)], {1: 500})), Part.EXPOSURE)
    assert "bound to the device" not in exposure


@pytest.mark.parametrize(
    ("local", "v6only", "words"),
    [
        ("0.0.0.0:80", None, "any IPv4 address that this host has"),
        (":::80", True, "any IPv6 address that this host has"),
        (":::80", None, "any IPv6 (and probably any IPv4) address that this host has"),
        (":::80", False, "any address that this host has"),
    ],
)
def test_a_wildcard_is_reached_by_the_addresses_of_its_own_family(local: str, v6only: bool | None, words: str) -> None:
    assert f"Whoever can reach {words}" in part(answer("80", seen([tcp(local, v6only=v6only)], {1: 500})), Part.EXPOSURE)


def test_both_wildcards_are_described_though_both_are_everywhere() -> None:
    said = part(
        answer("80", seen([tcp("0.0.0.0:80", inode=1), tcp(":::80", v6only=True, inode=2)], {1: 5, 2: 5})), Part.EXPOSURE
    )
    assert "any IPv4 address that this host has" in said
    assert "any IPv6 address that this host has" in said


@pytest.mark.parametrize("local", ["0.0.0.0:80", "10.0.0.7:80", "127.0.0.1:80"])
def test_a_socket_that_does_not_listen_is_reached_by_nobody(local: str) -> None:
    said = part(answer("80", seen([tcp(local, state=State.BOUND)], {1: 500})), Part.EXPOSURE)
    assert "Nobody can reach it: a TCP socket that is bound and does not listen" in said
    assert "can reach any" not in said
    assert "Hosts of" not in said


APART = Netns(9, "blue")
HERE = Viewpoint(OWN)


@pytest.mark.parametrize(
    ("local", "words"),
    [
        ("0.0.0.0:80", "any IPv4 address that network namespace blue has now"),
        (":::80", "any IPv4 or IPv6 address that network namespace blue has now"),
        ("127.0.0.1:80", "Only programs in network namespace blue can reach it"),
        ("10.9.0.1:80", "Network namespace blue has addresses of its own"),
    ],
)
def test_another_network_namespace_has_addresses_of_its_own(local: str, words: str) -> None:
    said = part(answer("80", seen([tcp(local, netns=APART, v6only=False)], {1: 500}, viewpoint=HERE)), Part.EXPOSURE)
    assert words in said
    assert "this host has now" not in said


def test_a_container_is_reached_by_its_own_address_too() -> None:
    inside = Process(900, "web", container="shop")
    records = [tcp("0.0.0.0:80", netns=APART)]
    said = part(answer("80", seen(records, {1: 900}, [inside], viewpoint=HERE)), Part.EXPOSURE)
    assert "network namespace of container shop" in said
    assert "this host also by the container's own address" in said
    assert "only what" not in said
    loopback = [tcp("127.0.0.1:80", netns=APART)]
    said = part(answer("80", seen(loopback, {1: 900}, [inside], viewpoint=HERE)), Part.EXPOSURE)
    assert "no published port leads to a loopback address" in said


def test_a_container_with_the_network_of_the_host_is_in_no_other_namespace() -> None:
    inside = Process(900, "web", container="shop")
    said = part(answer("80", seen([tcp("0.0.0.0:80")], {1: 900}, [inside], viewpoint=HERE)), Part.EXPOSURE)
    assert "container" not in said
