"""Running portsock, the system's own tools and programs that hold sockets, for live tests."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from signal import SIGCONT, SIGTERM
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a Linux kernel")
takes_long = pytest.mark.skipif("PORTSOCK_LONG" not in os.environ, reason="takes seconds of waiting: set PORTSOCK_LONG")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root: its own network namespace, other users' processes"
)

ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in {"PYTHONUNBUFFERED", "NO_COLOR"}}


def tool(name: str) -> str:
    """Return the path of a system tool. Skips the test where it is missing."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed here")
    return path


def run(
    arguments: Sequence[str], pid: int | None = None, uid: int | None = None, seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a command, in the network namespace of `pid`, as the user `uid`."""
    before: list[str] = []
    if pid is not None:
        before += [tool("nsenter"), f"--net=/proc/{pid}/ns/net", "--"]
    if uid is not None:
        before += [tool("setpriv"), f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]
    return subprocess.run(
        [*before, *arguments],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        cwd=ROOT,
        env=ENVIRONMENT,
        timeout=seconds,
    )


def portsock(*arguments: str, pid: int | None = None, uid: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run portsock as a user does. Skips the test where the user `uid` may not run this Python (one below root's home)."""
    if uid is not None and not runs_as(uid):
        pytest.skip(f"user {uid} cannot run {sys.executable}")
    return run([sys.executable, "-m", "portsock", *arguments], pid, uid)


@cache
def runs_as(uid: int) -> bool:
    """Tell whether a user may run this Python and read this checkout."""
    return run([sys.executable, "-c", "import portsock"], uid=uid).returncode == 0


def answer(*arguments: str, pid: int | None = None, uid: int | None = None) -> Any:
    """Run portsock with --json and return its answer."""
    done = portsock(*arguments, "--json", pid=pid, uid=uid)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@contextmanager
def waiting(command: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Run a program that prints a line of JSON about itself, yield that, and end the program by closing its stdin."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as started:
        assert started.stdin
        assert started.stdout
        try:
            yield json.loads(started.stdout.readline())
        finally:
            started.stdin.close()
            started.wait(10)


def _in_namespace(module: str, *arguments: str) -> list[str]:
    """Return the command of a test module that runs in a network namespace of its own, whose loopback is up."""
    loopback_up = 'ip link set lo up && exec "$@"'
    return [tool("unshare"), "--net", "--", "sh", "-c", loopback_up, "sh", sys.executable, "-m", module, *arguments]


@contextmanager
def zoo(private: bool) -> Iterator[dict[str, Any]]:
    """Run the processes of tests.support.zoo, in a network namespace of their own if `private`."""
    command = _in_namespace("tests.support.zoo") if private else [sys.executable, "-m", "tests.support.zoo"]
    with waiting(command) as facts:
        yield facts


class Place(NamedTuple):
    """A network namespace with a situation in it."""

    facts: dict[str, int]
    """Ports, pids and inodes of the situation, by name."""

    @property
    def port(self) -> int:
        """The port that the situation is about."""
        return self.facts["port"]

    def explain(self, *arguments: object, uid: int | None = None, status: int = 0) -> str:
        """Return the answer in words, on one line, so that a test does not depend on where lines break."""
        return " ".join(self.screen(*arguments, uid=uid, status=status).split())

    def screen(self, *arguments: object, uid: int | None = None, status: int = 0) -> str:
        """Return the answer as it is laid out."""
        done = portsock("explain", "--long", *map(str, arguments), pid=self.facts["pid"], uid=uid)
        assert done.returncode == status, done.stderr
        return done.stdout

    def json(self, *arguments: object, uid: int | None = None) -> Any:
        """Return the whole answer as data."""
        return answer("explain", *map(str, arguments), pid=self.facts["pid"], uid=uid)

    def ask(self, *arguments: object, uid: int | None = None) -> Any:
        """Return the first explanation as data."""
        return self.json(*arguments, uid=uid)["explanations"][0]


@contextmanager
def situation(name: str, module: str = "situations") -> Iterator[Place]:
    """Make the situation of this name (see tests.support.situations) in a network namespace of its own.

    `module`: situations, transfers or another one beside it.
    """
    facts: dict[str, int] = {}
    try:
        with waiting(_in_namespace(f"tests.support.{module}", name)) as facts:
            yield Place(facts)
    finally:
        if "end" in facts:
            with suppress(ProcessLookupError):
                os.kill(facts["end"], SIGTERM)
                os.kill(facts["end"], SIGCONT)
