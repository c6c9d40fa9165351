"""Facts of the host."""

import os
import socket
import sys
from pathlib import Path

import pytest

from portsock.sources import system

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's /proc")


@linux
def test_ephemeral_ports_are_always_read_and_facts_on_request(tmp_path: Path) -> None:
    directory = tmp_path / "sys/net/ipv4"
    directory.mkdir(parents=True)
    (directory / "ip_local_port_range").write_text("1024\t2000\n", encoding="ascii")
    (directory / "tcp_fin_timeout").write_text("30\n", encoding="ascii")
    host = system.host(str(tmp_path))
    assert (host.system, host.ephemeral, host.assumed) == ("Linux", (1024, 2000), False)
    assert (host.addresses, host.sysctls) == (None, {})
    assert host.name == socket.gethostname()
    facts = system.host(str(tmp_path), facts=True)
    assert facts.sysctls == {"net.ipv4.ip_local_port_range": "1024 2000", "net.ipv4.tcp_fin_timeout": "30"}
    assert facts.addresses is None


@linux
@pytest.mark.parametrize("text", [None, "", "a b", "1", "1 2 3", "-1 5"])
def test_default_ephemeral_ports_are_marked_as_assumed(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "sys/net/ipv4").mkdir(parents=True)
        (tmp_path / "sys/net/ipv4/ip_local_port_range").write_text(text, encoding="ascii")
    host = system.host(str(tmp_path))
    assert (host.ephemeral, host.assumed) == ((32768, 60999), True)


@linux
@pytest.mark.linux
def test_real_addresses_include_loopback() -> None:
    addresses = system.host(facts=True).addresses
    assert addresses is not None
    assert "127.0.0.1" in addresses


@linux
def test_users_without_a_name_are_left_out() -> None:
    assert system.users([0, 4_000_000_000]) == {0: "root"}
    assert system.home(4_000_000_000) == "/nonexistent"


def test_services_are_empty_without_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(os.environ, "SYSTEMROOT", "/nonexistent")
    assert system.services().names() == []
