"""Listeners on one port that are bound to different devices: every device is named."""

import pytest

from tests.support.live import answer, as_root, on_linux, portsock, situation

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]


def test_a_listener_on_two_devices_names_both() -> None:
    with situation("two_devices", "corners") as place:
        pid = place.facts["pid"]
        short = " ".join(portsock("explain", "8305", pid=pid).stdout.split())
        long = place.explain(8305)
        (row,) = answer("ports", "8305", pid=pid)["ports"]
    assert row["addresses"] == ["0.0.0.0%far", "0.0.0.0%near"]
    assert "listening on all IPv4 addresses of the devices far and near." in short
    assert "0.0.0.0%near:8305 LISTEN" in short
    assert "0.0.0.0%far:8305 LISTEN" in short
    assert "every IPv4 address of this host, through far or near" in short
    assert "2 separate sockets have this port: tcp 0.0.0.0%" in long
    assert "are each bound to the device in this name, and take only what passes there" in long


def test_two_programs_on_two_devices_are_both_named() -> None:
    with situation("two_devices", "corners") as place:
        pid, other = place.facts["pid"], place.facts["other"]
        rows = answer("ports", "8306", pid=pid)["ports"]
        text = place.explain(8306)
    holders = {owner["pid"] for row in rows for owner in row["owners"]}
    assert holders == {pid, other}
    assert {address for row in rows for address in row["addresses"]} == {"0.0.0.0%far", "0.0.0.0%near"}
    assert "of the devices far and near" in text
    assert str(pid) in text
    assert str(other) in text
