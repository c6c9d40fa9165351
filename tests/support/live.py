"""Running portsock and the system's own tools, for live tests."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks a Linux kernel")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root: its own network namespace, other users' processes"
)

ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in {"PYTHONUNBUFFERED", "NO_COLOR"}}


def tool(name: str) -> str:
    """The path of a system tool; the test is skipped where it is missing."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed here")
    return path


def run(arguments: Sequence[str], pid: int | None = None, uid: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command, in the network namespace of `pid`, as the user `uid`."""
    before: list[str] = []
    if pid is not None:
        before += [tool("nsenter"), f"--net=/proc/{pid}/ns/net", "--"]
    if uid is not None:
        before += [tool("setpriv"), f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]
    return subprocess.run(
        [*before, *arguments], capture_output=True, text=True, errors="surrogateescape", cwd=ROOT, env=ENVIRONMENT, timeout=60
    )


def portsock(*arguments: str, pid: int | None = None, uid: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run portsock as a user does. Skips where another user may not run this Python (one below root's home)."""
    if uid is not None and not _runs_as(uid):
        pytest.skip(f"user {uid} cannot run {sys.executable}")
    return run([sys.executable, "-m", "portsock", *arguments], pid, uid)


@cache
def _runs_as(uid: int) -> bool:
    return run([sys.executable, "-c", "import portsock"], uid=uid).returncode == 0


def answer(*arguments: str, pid: int | None = None, uid: int | None = None) -> Any:
    """portsock's JSON."""
    done = portsock(*arguments, "--json", pid=pid, uid=uid)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@contextmanager
def waiting(command: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A program that prints a line of JSON about itself, which this gives, and ends when its stdin closes."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as started:
        assert started.stdin
        assert started.stdout
        try:
            yield json.loads(started.stdout.readline())
        finally:
            started.stdin.close()
            started.wait(10)


@contextmanager
def zoo(private: bool) -> Iterator[dict[str, Any]]:
    """The processes of tests.support.zoo, in a network namespace of their own if `private`; gone at the end."""
    command = [sys.executable, "-m", "tests.support.zoo"]
    if private:
        command = [tool("unshare"), "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]
    with waiting(command) as told:
        yield told
