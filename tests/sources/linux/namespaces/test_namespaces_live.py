"""Sockets that are in other network namespaces than the processes' own or ours: found, and said to be there."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from portsock.cli.main import run as run_portsock
from portsock.records import Request
from portsock.sources.linux import collect
from portsock.sources.linux.namespaces import by_socket
from tests.support.afar import OTHER_PORT, PORT
from tests.support.live import answer, as_root, on_linux, portsock, waiting
from tests.support.zoo import NOBODY

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]


@contextmanager
def afar(name: str) -> Iterator[dict[str, Any]]:
    with waiting([sys.executable, "-m", "tests.support.afar", name]) as facts:
        yield facts


@pytest.fixture(scope="module")
def inside() -> Iterator[dict[str, Any]]:
    with afar("inside") as facts:
        yield facts


@pytest.fixture(scope="module")
def left() -> Iterator[dict[str, Any]]:
    with afar("left") as facts:
        yield facts


def found(*words: str) -> list[tuple[int, int, list[int]]]:
    """Return port, network namespace and owners of each socket that is listed."""
    rows = answer("sockets", *words)["sockets"]
    return [(row["local"]["port"], row["netns"]["id"], [each["pid"] for each in row["owners"]]) for row in rows]


def named(facts: dict[str, Any]) -> list[list[str]]:
    """Return the ways to name the process or its socket by number."""
    pid = facts["pid"]
    return [[f"pid:{pid}"], ["--pid", str(pid)], [f"fd:{pid}/{facts['fd']}"], [f"inode:{facts['inode']}"]]


@pytest.mark.parametrize("way", range(4))
def test_a_process_in_another_namespace_is_followed(inside: dict[str, Any], way: int) -> None:
    words = named(inside)[way]
    assert found(*words) == [(PORT, inside["netns"], [inside["pid"]])]
    done = portsock("sockets", *words)
    assert f"1 of these is in network namespace net:[{inside['netns']}], not in this one" in done.stderr
    assert done.returncode == 0


def test_ports_and_procs_follow_it_too(inside: dict[str, Any]) -> None:
    (port,) = answer("ports", f"pid:{inside['pid']}")["ports"]
    assert (port["port"], port["netns"]["id"]) == (PORT, inside["netns"])
    (process,) = answer("procs", f"pid:{inside['pid']}")["procs"]
    assert [each["netns"]["id"] for each in process["listening"]] == [inside["netns"]]


def test_explain_follows_it_at_once(inside: dict[str, Any]) -> None:
    for words in named(inside)[0], named(inside)[2]:
        assert portsock("explain", *words).stdout.startswith(f"In network namespace net:[{inside['netns']}], not in this one:")


def test_nothing_else_of_its_namespace_matches(inside: dict[str, Any]) -> None:
    """The child in the same namespace has the port that is asked for; in ours nobody has it."""
    assert found(f"pid:{inside['pid']}", str(OTHER_PORT)) == [(PORT, inside["netns"], [inside["pid"]])]
    text = portsock(
        "explain", "--brief", f"pid:{inside['pid']}", f"tcp/127.0.0.1:{OTHER_PORT}", "--netns", str(os.getpid())
    ).stdout
    assert "listens on" not in text


def test_an_explicit_namespace_wins(inside: dict[str, Any]) -> None:
    assert found("--netns", str(os.getpid()), f"pid:{inside['pid']}") == []
    assert found("--netns", str(os.getpid()), f"inode:{inside['inode']}") == []


def test_a_process_with_sockets_of_two_namespaces_shows_both() -> None:
    with afar("both") as facts:
        rows = answer("sockets", f"pid:{facts['pid']}")["sockets"]
        table = portsock("sockets", f"pid:{facts['pid']}").stdout
    assert {row["inode"]: row["netns"]["id"] for row in rows} == {
        facts["first"]: facts["came_from"],
        facts["inode"]: facts["netns"],
    }
    assert "NETNS" in table


def test_a_process_that_has_ended_is_in_no_other_namespace() -> None:
    done = portsock("sockets", "pid:4194303")
    assert done.stderr == "portsock: there is no process 4194303\n"
    assert done.returncode == 1


def test_nobody_is_told_that_the_sockets_are_elsewhere(inside: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    status = as_nobody(["sockets", f"pid:{inside['pid']}"])
    said = capfd.readouterr().err
    assert f"process {inside['pid']} is in another network namespace, whose sockets only root may see: sudo " in said
    assert f"sockets pid:{inside['pid']}" in said
    assert status == 3


def test_nobody_is_not_told_that_a_descriptor_is_no_socket(inside: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    as_nobody(["explain", f"fd:{inside['pid']}/{inside['fd']}"])
    assert f"Process {inside['pid']} (python" in (said := capfd.readouterr().out)
    assert "runs and its descriptors cannot be read from here." in said


def as_nobody(arguments: list[str]) -> int:
    """Run portsock in a child of user nobody and return its exit status."""
    run_portsock([*arguments, "--help"])  # all modules are imported before
    run_portsock(arguments)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        status = run_portsock(arguments)
        sys.stdout.flush()
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("words", [("--netns", "all"), ("--netns", "net:[{}]"), ("--netns", "{}"), ()])
def test_a_namespace_to_which_only_a_socket_leads_is_found(left: dict[str, Any], words: tuple[str, ...]) -> None:
    words = tuple(word.format(left["netns"]) for word in words)
    for targets in named(left):
        assert found(*targets, *words) == [(PORT, left["netns"], [left["pid"]])]


@pytest.mark.parametrize("word", ["net:[{}]", "{}"])
def test_a_namespace_is_selected_by_its_number(left: dict[str, Any], inside: dict[str, Any], word: str) -> None:
    assert found("--netns", word.format(left["netns"])) == [(PORT, left["netns"], [left["pid"]])]
    assert {port for port, _, _ in found("--netns", word.format(inside["netns"]))} == {PORT, OTHER_PORT}
    own = os.stat("/proc/self/ns/net").st_ino
    rows = answer("sockets", "--netns", word.format(own), "--all-families")["sockets"]
    assert {row["netns"]["id"] for row in rows} == {own}


def test_a_number_of_no_namespace_is_refused() -> None:
    done = portsock("sockets", "--netns", "net:[4294967295]")
    assert done.stderr == "portsock: --netns net:[4294967295]: no such network namespace was found\n"
    assert done.returncode == 2


def test_explain_finds_what_is_there(left: dict[str, Any]) -> None:
    done = portsock("explain", f"pid:{left['pid']}")
    assert done.stdout.startswith(f"In network namespace net:[{left['netns']}], not in this one: python")


def test_a_unix_socket_leads_to_its_namespace() -> None:
    with afar("left_unix") as facts:
        for words in (f"net:[{facts['netns']}]",), ("all", "--unix"), (f"net:[{facts['netns']}]", "--tcp", "--unix"):
            (space,) = [
                row["netns"]["id"]
                for row in answer("sockets", "--all-families", "--netns", *words)["sockets"]
                if row["local"] and row["local"].get("path") == "portsock-afar"
            ]
            assert space == facts["netns"]


def test_what_was_not_looked_at_in_time_is_said(left: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_socket, "_SECONDS", -1.0)
    seen = collect.collect(Request(frozenset({"tcp"}), netns=("all",)))
    assert left["netns"] not in {record.netns.id for record in seen.sockets if record.netns}
    (notice,) = [notice for notice in seen.notices if notice.code == "netns_late"]
    assert notice.incomplete
