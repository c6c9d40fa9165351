"""portsock diff: what is printed, the exit status, and captures of any kind on both sides."""

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.contract import LISTINGS, Answer, ask, schema_faults
from tests.support.live import on_linux

SS = """Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
udp   UNCONN 0      0          127.0.0.1:53        0.0.0.0:*     users:(("dnsmasq",pid={pid},fd=4))
tcp   LISTEN 0      511          0.0.0.0:80        0.0.0.0:*     users:(("nginx",pid={pid},fd=6))
tcp   LISTEN 0      128        {redis}:6379      0.0.0.0:*     users:(("redis-server",pid=77,fd=6))
"""
NETNS = {"id": 4026531840, "name": None}
COVERS = {"protocols": ["tcp", "udp", "udplite"], "states": None, "netns": [NETNS], "filters": []}


def record(host: str = "web1", ports: tuple[int, ...] = (22, 80), **changes: Any) -> dict[str, Any]:
    """Make what `portsock sockets --json` records of a host."""
    rows = [
        {
            "family": "ipv4", "type": "stream", "protocol": "tcp", "state": "LISTEN", "role": "listener",
            "local": {"kind": "inet", "address": "0.0.0.0", "port": port}, "remote": None, "netns": NETNS,
            "owner_status": "known", "owners": [{"pid": port, "fd": 3, "name": f"daemon{port}", "user": "root"}],
        }
        for port in ports
    ]  # fmt: skip
    machine = {"id": f"id-{host}", "boot_id": "1", "system": "Linux", "kernel": "6.1", "netns": NETNS["id"]}
    return {
        "schema": "portsock/1", "command": "sockets", "host": host, "taken_at": "2026-11-21T18:00:00Z",
        "source": {"kind": "live", "backend": "netlink"}, "machine": machine | {"interfaces": [], "version": "0.2.0"},
        "covers": COVERS, "complete": True, "notices": [], "sockets": rows,
        "processes": [
            {"pid": port, "name": f"daemon{port}", "exe": f"/usr/sbin/daemon{port}", "user": "root"} for port in ports
        ],
    } | changes  # fmt: skip


def diff(folder: Path, old: Any, new: Any, *options: str) -> Answer:
    """Compare two captures: texts, or records."""
    paths = []
    for name, content in (("old", old), ("new", new)):
        path = folder / f"{name}.txt"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        paths.append(str(path))
    return ask("diff", *paths, *options)


def test_the_first_line_is_the_answer_and_each_change_has_a_line(tmp_path: Path) -> None:
    found = diff(tmp_path, record(), record(ports=(80, 443), taken_at="2026-11-22T06:00:00Z"))
    assert found.status == 1
    assert found.out.decode().splitlines() == [
        "2 changes between 2026-11-21 18:00 and 2026-11-22 06:00 UTC on web1: 1 opened, 1 closed",
        *[line.rstrip() for line in found.out.decode().splitlines()[1:3]],
    ]
    opened, closed = (line.split() for line in found.out.decode().splitlines()[1:3])
    assert (opened[:3], opened[-2:]) == (["+", "opened", "tcp/443"], ["0.0.0.0", "daemon443"])
    assert (closed[:3], closed[-2:]) == (["-", "closed", "tcp/22"], ["0.0.0.0", "daemon22"])


def test_nothing_changed_is_status_0(tmp_path: Path) -> None:
    found = diff(tmp_path, record(), record(sockets=record()["sockets"][::-1]))
    assert (found.status, found.err) == (0, "")
    assert found.out.startswith(b"nothing changed between ")
    assert len(found.out.splitlines()) == 1


def test_blindness_is_status_3_and_says_what_to_do(tmp_path: Path) -> None:
    rows = [{**row, "owner_status": "hidden", "owner_reason": "other_user", "owners": []} for row in record()["sockets"]]
    found = diff(tmp_path, record(sockets=rows), record())
    assert found.status == 3
    first, why = found.out.decode().splitlines()
    assert (
        first
        == "no change was seen between 2026-11-21 18:00 and 2026-11-21 18:00 UTC on web1, but not everything could be compared"
    )
    assert why.startswith("not compared: who holds 2 ports was not all seen on the old side; ")
    assert "sudo portsock sockets --json" in why
    assert diff(tmp_path, record(sockets=rows), record(), "--owners", "none").status == 0


def test_a_change_outranks_blindness_unless_strict(tmp_path: Path) -> None:
    hidden = record(sockets=[{**row, "owner_status": "hidden", "owners": []} for row in record()["sockets"]])
    new = record(ports=(22, 80, 443))
    assert diff(tmp_path, hidden, new).status == 1
    assert diff(tmp_path, hidden, new, "--strict").status == 3


def test_the_json_fits_the_schema_and_says_all(tmp_path: Path) -> None:
    found = diff(tmp_path, record(), record(ports=(80, 443)), "--json")
    answer = found.json()
    assert (found.status, schema_faults(answer)) == (1, [])
    assert (answer["command"], answer["host"], answer["complete"], answer["blind"]) == ("diff", "web1", True, [])
    opened, closed = answer["changes"]
    assert opened["subject"] == {
        "host": "web1", "netns": NETNS, "protocol": "tcp", "address": "0.0.0.0", "port": 443, "program": "daemon443",
        "unit": None, "container": None,
    }  # fmt: skip
    assert (opened["kind"], opened["before"], closed["kind"], closed["after"]) == ("opened", None, "closed", None)
    assert opened["after"]["programs"][0]["exe"] == "/usr/sbin/daemon443"
    assert answer["compared"][0]["old"]["taken_at"] == "2026-11-21T18:00:00Z"


def test_foreign_listings_are_compared_by_names(tmp_path: Path) -> None:
    same = diff(tmp_path, SS.format(pid=5, redis="127.0.0.1"), SS.format(pid=6, redis="127.0.0.1"))
    assert (same.status, same.out) == (0, b"nothing changed\n")
    wide = diff(tmp_path, SS.format(pid=5, redis="127.0.0.1"), SS.format(pid=6, redis="0.0.0.0"), "-n")
    assert wide.status == 1
    assert wide.out.decode().splitlines()[1].split() == [
        "~", "widened", "tcp/6379", "127.0.0.1", "→", "0.0.0.0", "redis-server",
    ]  # fmt: skip


def test_a_protocol_of_one_side_only_is_not_compared(tmp_path: Path) -> None:
    tcp_only = "\n".join(line for line in SS.format(pid=5, redis="127.0.0.1").splitlines() if not line.startswith("udp"))
    found = diff(tmp_path, tcp_only, SS.format(pid=5, redis="127.0.0.1"))
    assert found.status == 3
    assert b"what listens on UDP: the old side does not cover it" in found.out


def test_filters_hold_on_both_sides(tmp_path: Path) -> None:
    old, new = record(), record(ports=(80, 443))
    assert diff(tmp_path, old, new, "--port", "80").status == 0
    assert diff(tmp_path, old, new, "--port", "443").status == 1
    assert diff(tmp_path, old, new, "--process", "daemon443").out.startswith(b"1 change ")


def test_a_record_with_filters_does_not_open_what_it_left_out(tmp_path: Path) -> None:
    old = record(ports=(80,), covers=COVERS | {"filters": ["--port 80"]})
    found = diff(tmp_path, old, record(ports=(80, 443)))
    assert found.status == 3
    assert b"made with --port 80" in found.out
    assert diff(tmp_path, old, record(ports=(80, 443)), "--port", "80").status == 0


def test_names_cannot_move_the_cursor(tmp_path: Path) -> None:
    evil = record()
    evil["host"] = evil["processes"][0]["name"] = "x\x1b[2J\u202e"
    found = diff(tmp_path, evil, record(host="x\x1b[2J\u202e", ports=()))
    assert b"\\x1b[2J\\u202e" in found.out
    assert b"\x1b" not in found.out
    assert b"\x1b[31m-" in diff(tmp_path, record(), record(ports=()), "--color", "always").out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["a", "b", "c"], "diff takes one capture, or two"),
        (["-", "-"], "stdin is one capture"),
        (["--unix", "a"], "have no ports to compare"),
        (["/no/such/file"], "/no/such/file"),
        ([], "diff what? Name a capture"),
    ],
)
def test_mistakes_are_one_line(words: list[str], line: str) -> None:
    found = ask("diff", *words)
    assert (found.status, found.out, found.err.count("\n")) == (2, b"", 1)
    assert line in found.err


@on_linux
def test_this_system_is_asked_for_what_the_record_covers(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    with _listener() as held:
        port = str(held.getsockname()[1])
        path.write_bytes(ask("ports", "-l", "--tcp", "--port", port, "--json").out)
        again = ask("diff", str(path), "--owners", "none", "--json").json()
        assert (again["changes"], again["blind"], again["covers"]["filters"]) == ([], [], [f"--port {port}"])
        assert again["covers"]["protocols"] == ["tcp"]
    found = ask("diff", str(path), "--json")
    assert (found.status, [change["kind"] for change in found.json()["changes"]]) == (1, ["closed"])


def _listener() -> socket.socket:
    """Listen on a port that no system picks by itself."""
    for port in range(20000, 32000, 37):
        with suppress(OSError):
            return socket.create_server(("127.0.0.1", port))
    pytest.skip("no port is free")


class TestHosts:
    def side(self, folder: Path, hosts: Mapping[str, tuple[int, ...]]) -> str:
        folder.mkdir()
        for host, ports in hosts.items():
            (folder / f"{host}.json").write_text(json.dumps(record(host, ports)), encoding="utf-8")
        return str(folder)

    def test_fifty_hosts_are_compared_host_by_host(self, tmp_path: Path) -> None:
        hosts = {f"web{number}": (22, 80) for number in range(50)}
        old = self.side(tmp_path / "old", hosts)
        new = self.side(tmp_path / "new", hosts | {"web7": (22, 80, 8080), "web9": (22,)})
        found = ask("diff", old, new)
        assert found.status == 1
        first, *rows = found.out.decode().splitlines()
        assert first == "2 changes on 2 of 50 hosts: 1 opened, 1 closed"
        assert [row.split()[:4] for row in rows] == [
            ["+", "opened", "web7", "tcp/8080"],
            ["-", "closed", "web9", "tcp/80"],
        ]

    def test_one_broken_file_is_named_and_the_rest_is_compared(self, tmp_path: Path) -> None:
        hosts = {f"web{number}": (22, 80) for number in range(5)}
        old, new = self.side(tmp_path / "old", hosts), self.side(tmp_path / "new", hosts)
        (tmp_path / "new" / "web3.json").write_text('{"schema": "portsock/1", "sockets": [', encoding="utf-8")
        found = ask("diff", old, new, "--json")
        assert found.status == 3
        assert schema_faults(found.json()) == []
        blind = found.json()["blind"]
        assert {each["code"] for each in blind} == {"host", "incomplete"}
        assert any("web3.json" in each["message"] for each in blind)
        assert len(found.json()["compared"]) == 4

    def test_a_host_on_one_side_only_is_named_once(self, tmp_path: Path) -> None:
        old = self.side(tmp_path / "old", {"web1": (22,), "web2": (22, 80, 443)})
        new = self.side(tmp_path / "new", {"web1": (22,), "web3": (80,)})
        found = ask("diff", old, new)
        assert found.status == 3
        assert [line.partition(";")[0] for line in found.out.decode().splitlines()[1:]] == [
            "not compared: host web2 is on the old side only",
            "not compared: host web3 is on the new side only",
        ]

    def test_two_captures_of_a_host_count_as_the_newest(self, tmp_path: Path) -> None:
        old = self.side(tmp_path / "old", {"web1": (22,), "web2": (22,)})
        later = record("web1", (22, 443), taken_at="2026-11-22T18:00:00Z")
        (tmp_path / "old" / "later.json").write_text(json.dumps(later), encoding="utf-8")
        assert ask("diff", old, self.side(tmp_path / "new", {"web1": (22, 443), "web2": (22,)})).status == 0

    def test_two_hosts_may_be_compared_with_each_other(self, tmp_path: Path) -> None:
        found = diff(tmp_path, record("web1"), record("web2"))
        assert found.status == 0
        assert "two hosts are compared: web1 before, web2 after" in found.err


@pytest.mark.parametrize("path", LISTINGS, ids=lambda path: path.name)
def test_a_listing_compared_with_itself_has_no_change(path: Path) -> None:
    found = ask("diff", str(path), str(path), "--connections", "--json")
    if found.status == 2:  # rules, and other texts that are no listing
        return
    answer = found.json()
    assert (answer["changes"], schema_faults(answer)) == ([], [])
    assert found.status == (3 if answer["blind"] else 0)


@pytest.mark.parametrize("path", LISTINGS[::4], ids=lambda path: path.name)
def test_any_two_listings_can_be_compared(path: Path) -> None:
    other = LISTINGS[(LISTINGS.index(path) * 7 + 3) % len(LISTINGS)]
    found = ask("diff", str(path), str(other), "--connections", "--json")
    assert found.status in (0, 1, 2, 3)
    assert found.status == 2 or schema_faults(found.json()) == []
    assert ask("diff", str(path), str(other), "--connections").status == found.status
