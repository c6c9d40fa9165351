"""Sockets whose holder may be outside our PID namespace, as in a pod that shares its network and not its PIDs."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from portsock.sources.linux.visibility import nested_namespace
from tests.support.live import ENVIRONMENT, ROOT, as_root, on_linux, tool, waiting

pytestmark = [on_linux, as_root, pytest.mark.linux, pytest.mark.root]

PORT = 7201
SERVER = f"""
import json, os, socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
held = socket.create_server(("127.0.0.1", {PORT})), socket.socket(type=socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX)
held[1].bind(("127.0.0.1", {PORT + 1}))
held[2].bind(b"\\0pod")
held[2].listen()
print(json.dumps({{"pid": os.getpid()}}), flush=True)
sys.stdin.read()
"""
INSIDE = f"""
import socket, subprocess, sys
held = socket.create_server(("127.0.0.1", {PORT + 2}))
sys.exit(subprocess.run([sys.executable, "-m", "portsock", *sys.argv[1:]]).returncode)
"""
NESTED = ("--pid", "--fork", "--mount-proc")
CANNOT_KNOW = "no process of this PID namespace holds {}: one outside, or the kernel; look from the host's PID namespace\n"


class Pod(NamedTuple):
    """A network namespace with a server in it, and another PID namespace beside it, with a server of its own on PORT + 2."""

    enter: Sequence[str]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*self.enter, tool("unshare"), *NESTED, "--", sys.executable, "-c", INSIDE, *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT, timeout=60)

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)


@contextmanager
def pod(*options: str) -> Iterator[Pod]:
    """Start the server in namespaces of its own, made with these options of unshare(1)."""
    with waiting([tool("unshare"), *options, "--", sys.executable, "-c", SERVER]) as started:
        user = ["--user", "--preserve-credentials"] if "--user" in options else []
        yield Pod([tool("nsenter"), f"--target={started['pid']}", "--net", *user, "--"])


@pytest.fixture(scope="module", params=["root", "user namespace"])
def place(request: pytest.FixtureRequest) -> Iterator[Pod]:
    options = ["--net"] if request.param == "root" else ["--user", "--map-root-user", "--net"]
    with pod(*options) as made:
        yield made


def test_a_port_of_the_pod_is_not_said_to_be_the_kernels(place: Pod) -> None:
    done = place("explain", str(PORT), "--strict")
    text = " ".join(done.stdout.split())
    assert text.startswith(
        f"{PORT}/tcp is held by no process of this PID namespace (one outside, or the kernel), listening on"
    )
    assert (done.returncode, done.stderr) == (3, "portsock: " + CANNOT_KNOW.format("1 socket"))


def test_the_answer_says_how_that_is_known(place: Pod) -> None:
    (found,) = place.json("explain", str(PORT))["explanations"]
    (finding,) = (each for each in found["findings"] if each["code"] == "listener_without_process")
    number = finding["evidence"][-1].partition("pid:[")[2].partition("]")[0]
    assert int(number) != 4026531836
    assert finding["evidence"][-1] == f"this PID namespace is pid:[{number}], and the host's is always pid:[4026531836]"
    assert "look from the host" in finding["detail"]
    assert "kernel?" not in str(found)


def test_listings_call_it_elsewhere_and_know_the_owners_that_are_inside(place: Pod) -> None:
    for command, name in (("ports", "ports"), ("sockets", "sockets")):
        answer = place.json(command, "--tcp", "--udp", "--unix")
        seen = {
            str(row.get("port") or row["local"].get("port")): (row["owner_status"], row["owner_reason"])
            for row in answer[name]
        }
        assert {seen[str(PORT)], seen[str(PORT + 1)]} == {("elsewhere", "pidns")}
        assert seen[str(PORT + 2)] == ("known", None)
        assert answer["complete"] is False
        assert {"unheld", "hidden"}.isdisjoint(str(answer).split("'"))
    assert "? (other PID namespace)" in place("ports", str(PORT)).stdout


def test_what_is_held_inside_is_complete_and_takes_no_notice(place: Pod) -> None:
    for command in (
        ["ports", str(PORT + 2)],
        ["explain", str(PORT + 2)],
        ["procs", str(PORT + 2)],
        ["sockets", "pid:1", "-t"],
    ):
        done = place(*command, "--strict")
        assert (done.returncode, done.stderr) == (0, ""), command
        assert "pid" in command[1] or "python" in done.stdout
    assert place.json("ports", str(PORT + 2))["complete"] is True


def test_processes_outside_are_missed_with_a_notice(place: Pod) -> None:
    done = place("procs", "--strict", "--tcp", "--udp")
    assert done.returncode == 3
    assert done.stderr == "portsock: " + CANNOT_KNOW.format("2 sockets")
    assert str(PORT + 2) in done.stdout
    named = place("sockets", "proc:nginx")
    assert (named.returncode, named.stdout) == (3, "")
    assert "2 sockets that might, whose owners are not all seen" in named.stderr


def test_psutil_says_the_same(place: Pod) -> None:
    row = place.json("ports", str(PORT), "--backend", "psutil")["ports"][0]
    assert (row["owner_status"], row["owner_reason"]) == ("elsewhere", "pidns")


def test_a_container_of_its_own_is_complete_where_nothing_is_without_a_holder() -> None:
    command = [tool("unshare"), "--net", *NESTED, "--", sys.executable, "-c", INSIDE, "ports", "--strict"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "python" in done.stdout


@pytest.mark.skipif(nested_namespace() is not None if sys.platform.startswith("linux") else True, reason="not on the host")
def test_in_the_first_pid_namespace_nothing_is_elsewhere() -> None:
    with pod("--net") as made:
        command = [*made.enter, sys.executable, "-m", "portsock", "sockets", "-tu", "--json"]
        rows = json.loads(subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT).stdout)["sockets"]
    assert {row["owner_status"] for row in rows} <= {"known", "partial"}
