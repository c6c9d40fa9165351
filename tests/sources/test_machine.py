"""What tells a host from others: ids that may leave it, boots, interfaces; absent where they cannot be known."""

import hashlib
import hmac
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portsock.model import Interface
from portsock.network import Device
from portsock.parse.netlink.route.devices import Address
from portsock.sources import machine
from portsock.sources.linux.routes.interfaces import with_addresses

ID = "0123456789abcdef0123456789abcdef"


def root_with(tmp_path: Path, text: str | None, pidns: str = "pid:[4026531836]") -> str:
    """Make the files of a system; return the path before them."""
    for name in ("etc", "run", "proc/self/ns", "proc/sys/kernel/random"):
        (tmp_path / name).mkdir(parents=True)
    if text is not None:
        (tmp_path / "etc/machine-id").write_text(text)
    (tmp_path / "proc/self/ns/pid").symlink_to(pidns)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("9c1e5c0e-0000-4000-8000-000000000001\n")
    return f"{tmp_path}/"


def test_the_id_is_made_as_systemd_makes_those_of_an_application(tmp_path: Path) -> None:
    found = machine.machine_id(root_with(tmp_path, ID + "\n"))
    digest = bytearray(hmac.new(bytes.fromhex(ID), machine._APPLICATION, hashlib.sha256).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x40, digest[8] & 0x3F | 0x80
    assert found == digest.hex()
    assert found is not None
    assert found[12] == "4"
    assert ID not in found


def test_another_machine_has_another_id(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert machine.machine_id(root_with(tmp_path / "a", ID)) != machine.machine_id(root_with(tmp_path / "b", ID[::-1]))


@pytest.mark.parametrize("text", [None, "", "uninitialized\n", ID[:-1], ID.upper(), "g" * 32, "\xff" * 32, "0" * 10**6])
def test_a_machine_without_a_readable_id_has_none(tmp_path: Path, text: str | None) -> None:
    assert machine.machine_id(root_with(tmp_path, text)) is None


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv", "run/systemd/container"])
def test_in_a_container_the_id_is_that_of_the_image_and_not_used(tmp_path: Path, mark: str) -> None:
    root = root_with(tmp_path, ID)
    (tmp_path / mark).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / mark).write_text("")
    assert machine.machine_id(root) is None


def test_in_a_further_pid_namespace_the_id_is_not_used(tmp_path: Path) -> None:
    assert machine.machine_id(root_with(tmp_path, ID, "pid:[4026532180]")) is None


def test_a_host_is_described_by_what_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(sysname="Linux", release="6.8.0-1"), raising=False)
    found = machine.describe((), root_with(tmp_path, ID))
    assert found.id is not None
    assert (found.boot_id, found.system, found.kernel) == ("9c1e5c0e-0000-4000-8000-000000000001", "Linux", "6.8.0-1")
    empty = machine.describe(None, f"{tmp_path}/none/")
    assert (empty.id, empty.boot_id, empty.netns, empty.interfaces, empty.system) == (None, None, None, None, "Linux")


def test_a_bridge_without_a_way_out_has_a_network_of_its_own() -> None:
    links = [
        Device(1, "lo", loopback=True),
        Device(2, "eth0"),
        Device(3, "docker0", kind="bridge"),
        Device(4, "veth1", master=3, kind="veth"),
        Device(5, "vmbr0", kind="bridge"),
        Device(6, "eth1", master=5),
        Device(7, "tap0", master=5, kind="tun"),
        Device(8, "br-vx", kind="bridge"),
        Device(9, "vxlan0", master=8, kind="vxlan"),
    ]
    addresses = [Address(index, f"192.0.2.{index}/24") for index in (1, 2, 3, 5, 8)] + [Address(3, "2001:db8::1/64")]
    found = with_addresses(links, addresses, 7)
    assert [(each.name, each.internal) for each in found] == [
        ("lo", False), ("eth0", False), ("docker0", True), ("vmbr0", False), ("br-vx", False),
    ]  # fmt: skip
    assert found[2] == Interface("docker0", ("192.0.2.3/24", "2001:db8::1/64"), 7, True)


def test_other_systems_list_their_interfaces_by_psutil() -> None:
    def entry(family: str, address: str, netmask: str | None) -> Any:
        return SimpleNamespace(family=SimpleNamespace(name=family), address=address, netmask=netmask)

    listed = {
        "en0": [
            entry("AF_LINK", "02:00:00:00:00:01", None),
            entry("AF_INET", "192.0.2.7", "255.255.255.0"),
            entry("AF_INET6", "fe80::1%en0", "ffff:ffff:ffff:ffff::"),
            entry("AF_INET6", "2001:db8::7", None),
        ],
        "awdl0": [entry("AF_LINK", "02:00:00:00:00:02", None)],
    }
    psutil: Any = SimpleNamespace(net_if_addrs=lambda: listed, Error=KeyError)
    assert machine.psutil_interfaces(psutil) == (Interface("en0", ("192.0.2.7/24", "fe80::1/64", "2001:db8::7")),)

    def fail() -> None:
        raise OSError

    psutil.net_if_addrs = fail
    assert machine.psutil_interfaces(psutil) is None
