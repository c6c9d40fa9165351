"""Against ss and lsof on the same sockets, in a network namespace of their own."""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.live import answer, as_root, on_linux, portsock, run, tool, zoo
from tests.support.zoo import NOBODY

pytestmark = [on_linux, as_root, pytest.mark.linux, pytest.mark.root]


@pytest.fixture(scope="module")
def animals() -> Iterator[dict[str, Any]]:
    with zoo(private=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def sockets(animals: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer("sockets", "-tu", pid=animals["pid"])["sockets"]
    return found


def end(text: str) -> tuple[str | None, int | None]:
    """Address and port as ss prints them: '127.0.0.1:80', '[::1]:80', '*:80', '0.0.0.0:*'."""
    address, _, port = text.rpartition(":")
    address = address.strip("[]").removeprefix("::ffff:")
    return "::" if address == "*" else address, None if port == "*" else int(port)


def by_ss(pid: int) -> set[Any]:
    rows = set()
    for line in run([tool("ss"), "-HOtuanpe"], pid).stdout.splitlines():
        protocol, state, receive, send, local, remote, *rest = line.split()
        inode = int((re.search(r"ino:(\d+)", line) or ["", "0"])[1])
        owners = frozenset((int(a), int(b)) for a, b in re.findall(r"pid=(\d+),fd=(\d+)", " ".join(rest)))
        spelt = {"ESTAB": "ESTABLISHED"}.get(state, state.replace("-", "_"))
        far = end(remote)
        rows.add((protocol, spelt, end(local), None if far[1] is None else far, int(receive), int(send), inode, owners))
    return rows


def by_portsock(sockets: list[dict[str, Any]]) -> set[Any]:
    def pair(side: dict[str, Any] | None) -> Any:
        return side and (side["address"], side["port"])

    return {
        (
            found["protocol"],
            found["state"],
            pair(found["local"]),
            pair(found["remote"]),
            found["recv_q"],
            found["send_q"],
            found["inode"] or 0,
            frozenset((owner["pid"], owner["fd"]) for owner in found["owners"]),
        )
        for found in sockets
        if found["state"] != "BOUND"  # ss before 6.8 does not ask for these
    }


def test_every_socket_is_as_ss_shows_it_with_all_its_owners(animals: dict[str, Any], sockets: list[dict[str, Any]]) -> None:
    mine, theirs = by_portsock(sockets), by_ss(animals["pid"])
    assert mine - theirs == set()
    assert theirs - mine == set()
    assert {row[1] for row in mine} >= {"LISTEN", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_2", "TIME_WAIT", "UNCONN"}


def test_the_owners_are_those_that_lsof_finds(animals: dict[str, Any], sockets: list[dict[str, Any]]) -> None:
    done = run([tool("lsof"), "-nP", "-i", "-F", "pfdi"], animals["pid"])
    theirs = set()
    process = descriptor = None
    for line in done.stdout.splitlines():
        kind, value = line[0], line[1:]
        if kind == "p":
            process = int(value)
        elif kind == "f":
            descriptor = int(value)
        elif kind == "d":
            theirs.add((process, descriptor, int(value)))
    pids = {animals["pid"], animals["twin"], animals["other"]}
    shown = [found for found in sockets if found["state"] != "BOUND"]
    mine = {(owner["pid"], owner["fd"], found["inode"]) for found in shown for owner in found["owners"]}
    assert mine == {row for row in theirs if row[0] in pids}


def test_a_bound_socket_that_ss_does_not_show_is_shown(animals: dict[str, Any], sockets: list[dict[str, Any]]) -> None:
    bound = [found for found in sockets if found["state"] == "BOUND"]
    assert [found["local"]["port"] for found in bound] == [animals["ports"]["bound"]]
    assert bound[0]["role"] == "bound"


def test_a_completed_but_unaccepted_connection_has_no_owner_and_says_so(sockets: list[dict[str, Any]]) -> None:
    waiting = [found for found in sockets if found["owner_reason"] == "unaccepted"]
    assert [(found["state"], found["owner_status"], found["owners"]) for found in waiting] == [("ESTABLISHED", "none", [])]
    listener = next(found for found in sockets if found["state"] == "LISTEN" and found["accept_queue"])
    assert listener["accept_queue"] == 1
    assert listener["local"]["port"] == waiting[0]["local"]["port"]


def test_both_ends_of_a_local_connection_name_each_other(sockets: list[dict[str, Any]]) -> None:
    ends = {(found["local"]["port"], found["remote"]["port"]): found for found in sockets if found["state"] == "CLOSE_WAIT"}
    ((ports, server),) = ends.items()
    client = next(f for f in sockets if f["remote"] and (f["remote"]["port"], f["local"]["port"]) == ports)
    assert server["peer"]["inode"] == client["inode"]
    assert client["peer"]["owners"] == server["owners"]
    assert (server["role"], client["role"]) == ("server", "client")


def test_the_dual_stack_wildcard_is_told_from_the_v6_only_one(animals: dict[str, Any]) -> None:
    ports = {row["port"]: row for row in answer("ports", "--listening", "-t", pid=animals["pid"])["ports"]}
    assert ports[animals["ports"]["dual"]]["addresses"] == ["*"]
    assert ports[animals["ports"]["v6only"]]["addresses"] == ["::"]


def test_as_another_user_the_same_sockets_are_hidden_partial_or_without_owner(
    animals: dict[str, Any], sockets: list[dict[str, Any]]
) -> None:
    done = portsock("sockets", "-tu", "--no-header", pid=animals["pid"], uid=NOBODY)
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
    seen = answer("sockets", "-tu", pid=animals["pid"], uid=NOBODY)
    assert seen["complete"] is False
    assert {found["cookie"] for found in seen["sockets"]} >= {found["cookie"] for found in sockets if found["inode"]}
    shared = next(f for f in seen["sockets"] if f["state"] == "LISTEN" and f["local"]["port"] == animals["ports"]["v4"])
    assert (shared["owner_status"], [owner["pid"] for owner in shared["owners"]]) == ("partial", [animals["other"]])
    for found in seen["sockets"]:
        if found is shared:
            continue
        expected = ("hidden", "other_user") if found["inode"] else ("none", found["owner_reason"])
        assert (found["owner_status"], found["owner_reason"]) == expected
        assert not found["inode"] or found["user"] == "root"


def test_pids_are_those_of_the_listener_and_never_its_clients(animals: dict[str, Any]) -> None:
    done = portsock("ports", f"tcp/{animals['ports']['v6']}", "--listening", "--pids", pid=animals["pid"])
    assert [int(line) for line in done.stdout.split()] == sorted([animals["pid"], animals["twin"]])


def test_what_portsock_printed_reads_back_without_loss(animals: dict[str, Any]) -> None:
    for form, command in (("--json", "sockets"), ("--jsonl", "sockets"), ("--json", "procs")):
        printed = portsock(command, "-tu", form, pid=animals["pid"]).stdout
        again = run(["sh", "-c", f"{sys.executable} -m portsock {command} -tu {form} --from - <<'END'\n{printed}END\n"]).stdout
        texts = [text.splitlines() if form == "--jsonl" else [text] for text in (printed, again)]
        want, got = ([json.loads(part) for part in parts] for parts in texts)
        want[0].pop("source")
        got[0].pop("source")
        assert got == want
