"""Section PORT."""

import pytest

from portsock.model import Host, Netns
from tests.support.explain_factory import codes, seen, text, web
from tests.support.factory import tcp


def test_netstats_triple_colon_is_explained() -> None:
    assert "netstat's way to print the address '::' followed by ':80'" in text(":::80", seen([tcp(":::80")], {1: 500}))


def test_port_zero_is_explained() -> None:
    assert "choose one for me" in text("0", seen([]))


def test_a_low_port_says_what_binding_it_takes() -> None:
    assert "Ports below 1024 (live value) need CAP_NET_BIND_SERVICE" in text("80", web())
    assert "CAP_NET_BIND_SERVICE" not in text("8080", seen([tcp("127.0.0.1:8080")], {1: 700}))


@pytest.mark.parametrize("port", [5000, 7000])
def test_macos_own_ports_are_known(port: int) -> None:
    mac = Host("Darwin", (49152, 65535), True)
    assert "AirPlay" in text(str(port), seen([tcp(f"0.0.0.0:{port}")], host=mac))
    assert "AirPlay" not in text(str(port), web())


def test_one_number_in_two_namespaces_is_two_ports() -> None:
    records = [tcp("0.0.0.0:80", inode=1), tcp("0.0.0.0:80", inode=2, netns=Netns(7, "blue"))]
    snapshot = seen(records, {1: 500, 2: 700})
    assert "Ports are separate in each network namespace" in text("80", snapshot)
    assert "specific_and_wildcard" not in codes("80", snapshot)
