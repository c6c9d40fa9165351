"""Sockets that are no longer connected: the kernel keeps the address of the last attempt, which is no remote end."""

import json
import subprocess
import sys

import pytest

from tests.support.live import answer, as_root, on_linux, run, situation, tool

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]

PORTS = range(8310, 8315)


@pytest.mark.parametrize("backend", ["netlink", "procfs"])
def test_a_socket_without_a_connection_has_no_remote_end(backend: str) -> None:
    with situation("disconnected", "corners") as place:
        found = answer("sockets", "8310-8314", "--backend", backend, pid=place.facts["pid"])["sockets"]
        printed = run([tool("ss"), "-Hanu"], pid=place.facts["pid"]).stdout
    by_port = {each["local"]["port"]: each for each in found}
    assert by_port.keys() == ({8313, 8314} if backend == "procfs" else set(PORTS))
    assert {port: each["remote"] for port, each in by_port.items()} == dict.fromkeys(by_port)
    assert {each["role"] for each in found} == {"bound"}
    states = {port: each["state"] for port, each in by_port.items()}
    expected = {8310: "BOUND", 8311: "BOUND", 8312: "BOUND", 8313: "UNCONN", 8314: "UNCONN"}
    assert states == {port: expected[port] for port in states}
    assert "*:8314 [::ffff:127.0.0.1]:*" in " ".join(printed.split())  # the address that the kernel has kept


def test_what_ss_prints_of_one_is_read_without_a_remote_end() -> None:
    with situation("disconnected", "corners") as place:
        printed = run([tool("ss"), "-anu"], pid=place.facts["pid"]).stdout
    command = [sys.executable, "-m", "portsock", "sockets", "--from", "-", "--json"]
    done = subprocess.run(command, input=printed, capture_output=True, text=True, check=True)
    sockets = {each["local"]["port"]: each for each in json.loads(done.stdout)["sockets"]}
    assert (sockets[8314]["state"], sockets[8314]["remote"]) == ("UNCONN", None)
