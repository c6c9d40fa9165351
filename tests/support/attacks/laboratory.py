"""Running attackers in namespaces of their own, and portsock beside them within limits.

    with attack("hung", 20, "a-name-of-15-ch") as place:
        answer = place.soon("ports", "-l", "--json").json

The network namespace keeps other programs that list this host's sockets away from the attackers. The PID namespace, with a
/proc of its own, ends all attackers with its first process. Every process in it may be read, also where a host denies PID 1 to
root: an answer without attackers is complete.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.fuse import LIFETIME
from tests.support.live import ENVIRONMENT, ROOT, tool, waiting

SOON = 2.0
"""Seconds within which portsock must answer beside attackers. The requirement is 1 s; the tests also run on busy machines."""
_LIMITED = str(Path(__file__).with_name("limited.py"))


class Outcome(NamedTuple):
    """What a command wrote and took."""

    status: int | None
    """The exit status, negative for a signal; None where the command did not end in time."""
    stdout: str
    stderr: str
    seconds: float
    memory: int
    """Peak resident memory in KiB."""
    interrupted: float | None
    """Seconds until it got SIGINT, if it did."""

    @property
    def json(self) -> Any:
        """The output, read as JSON."""
        assert self.stdout, f"status {self.status} after {self.seconds:.2f} s: {self.stderr}"
        return json.loads(self.stdout)

    @property
    def ended(self) -> "Outcome":
        """Return itself, and fail where the command had to be killed."""
        assert self.status is not None, f"did not end within {self.seconds:.1f} s"
        return self


def limited(
    command: Sequence[str],
    enter: Sequence[str] = (),
    seconds: float = 3,
    address_space: int | None = None,
    interrupt: float | None = None,
) -> Outcome:
    """Run a command, kill it after `seconds`, and return what it wrote and took.

    `enter` is a command that runs another one, with the limits, in some namespace. `address_space` is as `ulimit -v`, in
    bytes; the command gets SIGINT when it has waited for `interrupt` seconds.
    """
    limits = json.dumps({"seconds": seconds, "address_space": address_space, "interrupt": interrupt})
    with tempfile.TemporaryDirectory(prefix="portsock-limited-") as directory:
        stdout, stderr, report = (Path(directory, name) for name in ("stdout", "stderr", "report"))
        # Files, because a process that cannot be killed would keep pipes open.
        with stdout.open("wb") as out, stderr.open("wb") as err:
            runner = [*enter, sys.executable, "-I", "-S", _LIMITED, str(report), limits, *command]
            subprocess.run(
                runner, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=ENVIRONMENT, timeout=seconds + 10, check=True
            )
        took = json.loads(report.read_text(encoding="ascii"))
        output, errors = (path.read_text(encoding="utf-8", errors="surrogateescape") for path in (stdout, stderr))
    return Outcome(took["status"], output, errors, took["seconds"], took["memory"], took["interrupted"])


def portsock_command(*arguments: object) -> list[str]:
    """Return the command of portsock; it runs in the checkout, whatever the working directory is."""
    return [tool("env"), f"--chdir={ROOT}", sys.executable, "-m", "portsock", *map(str, arguments)]


class Place(NamedTuple):
    """The namespaces with attackers in them."""

    facts: dict[str, Any]
    """What the attacker says about itself; see its module."""

    @property
    def enter(self) -> list[str]:
        """The command that runs another one in these namespaces."""
        pid = self.facts["outside"]
        return [tool("nsenter"), f"--target={pid}", "--net", "--mount", "--pid", "--"]

    def portsock(
        self, *arguments: object, seconds: float = 3, address_space: int | None = None, interrupt: float | None = None
    ) -> Outcome:
        """Run portsock there, as `limited` does."""
        return limited(portsock_command(*arguments), self.enter, seconds, address_space, interrupt)

    def soon(self, *arguments: object, within: float = SOON, address_space: int | None = None) -> Outcome:
        """Run portsock there and fail where it hangs, or where it is late three times: the machine may have been busy."""
        late = []
        for _ in range(3):
            done = self.portsock(*arguments, address_space=address_space).ended
            if done.seconds < within:
                return done
            late.append(round(done.seconds, 2))
        raise AssertionError(f"took {late} s, not {within} s")

    def pids(self, kind: str) -> dict[int, int]:
        """Return the pids of the processes of a kind ('healthy', 'hung', …) by their ports."""
        return {process["port"]: process["pid"] for process in self.facts[kind]}


@contextmanager
def attack(name: str, *arguments: object) -> Iterator[Place]:
    """Run an attacker, a module of tests.support.attacks, until the end of the context."""
    if sys.platform != "linux":
        pytest.skip("needs a Linux kernel")
    prepare = 'ip link set lo up && exec timeout -k 1 "$@"'
    # Without site-packages the attackers are smaller and fork faster.
    module = [sys.executable, "-S", "-m", f"tests.support.attacks.{name}", *map(str, arguments)]
    apart = [tool("unshare"), "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
    if refused := _refusal(tuple(apart)):
        pytest.skip(refused)
    with waiting([*apart, "sh", "-c", prepare, "sh", str(LIFETIME + 70), *module]) as facts:
        yield Place({**facts, "outside": _outside(facts["namespace"])})


@cache
def _refusal(apart: tuple[str, ...]) -> str:
    """Return why namespaces cannot be made here, or nothing."""
    return subprocess.run([*apart, "true"], capture_output=True, text=True, check=False).stderr.strip()


def _outside(namespace: int) -> int:
    """Return the pid of a process in this PID namespace, as this process's /proc has it."""
    for path in Path("/proc").glob("[0-9]*/ns/pid"):
        with suppress(OSError):
            if path.stat().st_ino == namespace:
                return int(path.parts[2])
    raise AssertionError("the attackers have ended")
