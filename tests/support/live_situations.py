"""Asking portsock about a situation of tests.support.situations, in a network namespace of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from tests.support.live import ROOT, answer, portsock, tool


class Place(NamedTuple):
    """A namespace with a situation in it."""

    facts: dict[str, int]

    @property
    def port(self) -> int:
        return self.facts["port"]

    def explain(self, *arguments: object, uid: int | None = None, status: int = 0) -> str:
        """The answer in words, on one line, so that a test does not depend on where lines break."""
        return " ".join(self.screen(*arguments, uid=uid, status=status).split())

    def screen(self, *arguments: object, uid: int | None = None, status: int = 0) -> str:
        """The answer as it is laid out."""
        done = portsock("explain", *map(str, arguments), pid=self.facts["pid"], uid=uid)
        assert done.returncode == status, done.stderr
        return done.stdout

    def json(self, *arguments: object, uid: int | None = None) -> Any:
        """The whole answer as data."""
        return answer("explain", *map(str, arguments), pid=self.facts["pid"], uid=uid)

    def ask(self, *arguments: object, uid: int | None = None) -> Any:
        """The one explanation as data."""
        return self.json(*arguments, uid=uid)["explanations"][0]


@contextmanager
def situation(name: str) -> Iterator[Place]:
    """The situation of this name; its processes are gone at the end."""
    inside = 'ip link set lo up && exec "$@"'
    command = [
        tool("unshare"),
        "--net",
        "--",
        "sh",
        "-c",
        inside,
        "sh",
        sys.executable,
        "-m",
        "tests.support.situations",
        name,
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as started:
        assert started.stdin
        assert started.stdout
        facts: dict[str, int] = {}
        try:
            facts = json.loads(started.stdout.readline())
            yield Place(facts)
        finally:
            started.stdin.close()
            started.wait(10)
            if "end" in facts:
                with suppress(ProcessLookupError):
                    os.kill(facts["end"], 15)
