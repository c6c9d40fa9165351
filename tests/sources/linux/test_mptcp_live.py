"""An MPTCP connection over three subflows, two network namespaces apart: it is one connection, at both ends."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.live import Place, answer, as_root, on_linux, portsock, situation

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    if not Path("/proc/sys/net/mptcp/enabled").exists():
        pytest.skip("no MPTCP in this kernel")
    with situation("three_subflows", "corners") as found:
        yield found


@pytest.fixture(params=["pid", "far"])
def pid(place: Place, request: pytest.FixtureRequest) -> int:
    """The process at one end, and in its namespace."""
    return place.facts[request.param]


def ends(sockets: list[dict[str, Any]]) -> set[tuple[str, int, str, int]]:
    return {
        (each["local"]["address"], each["local"]["port"], each["remote"]["address"], each["remote"]["port"])
        for each in sockets
    }


@pytest.mark.parametrize("arguments", [("--mptcp",), ("-M", "--established"), ("mptcp/7400", "--state", "estab")])
def test_a_connection_is_one_row_with_its_subflows(pid: int, arguments: tuple[str, ...]) -> None:
    rows = [each for each in answer("sockets", *arguments, pid=pid)["sockets"] if each["state"] != "LISTEN"]
    subflows = [each for each in answer("sockets", "-t", pid=pid)["sockets"] if each["remote"]]
    (row,) = rows
    assert len(row["subflows"]) == len(subflows) == 3
    assert ends(row["subflows"]) == ends(subflows)
    assert ends([row]) < ends(subflows)
    assert {each["state"] for each in row["subflows"]} == {"ESTABLISHED"}


def test_its_first_port_alone_shows_all_subflows(place: Place) -> None:
    port = place.facts["client_port"]
    (row,) = answer("sockets", f"mptcp/{port}", pid=place.facts["far"])["sockets"]
    assert len(row["subflows"]) == 3
    assert "which has 3 subflows" in " ".join(
        portsock("explain", "--long", f"tcp/{port}", pid=place.facts["far"]).stdout.split()
    )


def test_the_table_has_a_column_of_subflows_where_there_are_some(place: Place) -> None:
    table = portsock("sockets", "-M", pid=place.facts["pid"]).stdout
    assert table.split("\n")[0].split()[-1] == "SUBFLOWS"
    assert f"10.81.1.2:7400 - 10.81.1.1:{place.facts['client_port']}" in table
    assert "SUBFLOWS" not in portsock("sockets", "-t", pid=place.facts["pid"]).stdout


def test_ports_procs_and_explain_count_it_once(place: Place) -> None:
    pid, port = place.facts["pid"], place.port
    (row,) = answer("ports", str(port), pid=pid)["ports"]
    assert row["connections"] == 1
    assert [each["connections"] for each in answer("ports", "-a", pid=place.facts["far"])["ports"]] == [1, 1, 1]
    ends_of_processes = portsock("procs", "--columns", "pid,connections", "--csv", pid=pid).stdout
    assert f"{pid},:7400 from 10.81." in ends_of_processes
    assert "x2" not in ends_of_processes
    first = portsock("explain", "--brief", str(port), pid=pid).stdout
    assert " ".join(first.split()).endswith(
        "listening on all IPv4 addresses (MPTCP), with 1 MPTCP connection over 3 subflows."
    )
    far = portsock("explain", "--brief", str(port), pid=place.facts["far"]).stdout
    assert "the far end of 1 connection of" in " ".join(far.split())


def test_what_was_printed_of_it_is_read_again(place: Place, tmp_path: Path) -> None:
    printed = answer("sockets", "-M", pid=place.facts["pid"])
    path = tmp_path / "mptcp.json"
    path.write_text(json.dumps(printed), "utf-8")
    assert answer("sockets", "-M", "--from", str(path))["sockets"] == printed["sockets"]
