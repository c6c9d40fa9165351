"""Answers without permission to read processes and namespaces: as another user, and inside a user namespace."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live import ENVIRONMENT, ROOT, as_root, on_linux, portsock, tool, waiting

pytestmark = [on_linux, as_root, pytest.mark.linux, pytest.mark.root]

COMMANDS = [
    ["ports"],
    ["ports", "--netns", "all"],
    ["sockets", "--unix"],
    ["sockets", "--all-families", "--netns", "all"],
    ["sockets", "--unix", "--backend", "procfs"],
    ["sockets", "--tcp", "--info", "--timers", "--memory"],
    ["procs"],
    ["explain", "80", "/run/nothing"],
]


HOLDER = """
import json, os, socket, sys
held = socket.create_server(("", 80)), socket.socket(socket.AF_UNIX)
held[1].bind(b"\\0held")
held[1].listen()
print(json.dumps({"pid": os.getpid()}), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def holder() -> Iterator[int]:
    """A process of root with sockets, in a network namespace in which no other program opens any; its pid."""
    with waiting([tool("unshare"), "--net", "--", sys.executable, "-c", HOLDER]) as started:
        yield started["pid"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_another_user_gets_an_answer_and_at_most_two_notices(command: list[str], holder: int) -> None:
    done = portsock(*command, pid=holder, uid=65534)
    assert "hidden" in done.stdout + done.stderr
    assert done.returncode in (0, 1)
    assert "internal error" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_user_namespace_does_not_fail(command: list[str]) -> None:
    own = [tool("unshare"), "--user", "--map-root-user", "--net", "--", sys.executable, "-m", "portsock", *command]
    done = subprocess.run(own, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT, timeout=60)
    assert done.returncode in (0, 1)
    assert "internal error" not in done.stderr


def test_procs_reports_hidden_owners_instead_of_no_match(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
        opened.listen()
        done = portsock("procs", str(path), uid=65534)
    assert done.returncode == 3
    assert done.stdout == ""
    assert "the owners of 1 socket are hidden" in done.stderr
