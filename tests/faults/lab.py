"""Runs of portsock in namespaces whose processes and sockets never change, with and without a fault."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.faults.calls import Call, parse_trace

ROOT = Path(__file__).parents[2]
LIMIT = 20.0
"""Seconds after which a run hangs."""
_MEMORY = 2 << 30
"""Bytes of address space that a run may use."""
_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "LC_ALL": "C.UTF-8",
    "HOME": "/nonexistent",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",  # a run with a fault must not leave half a file for the next one
}


class Fault(NamedTuple):
    """One system call that fails."""

    command: str
    name: str
    errno: str
    ordinal: int
    """Counted from 1 among the calls of this name in one thread, and with this path if there is one."""
    path: str | None
    where: str
    """The call, with numbers masked, as the run without a fault made it."""


class Outcome(NamedTuple):
    """What a run printed, and its exit status."""

    status: int | None
    """None where it hung; negative where a signal ended it."""
    out: str
    err: str
    hit: tuple[Call, ...]
    """The calls that failed."""


class Lab(NamedTuple):
    """The processes of tests.faults.inside."""

    pid: int
    """Of its PID 1, seen from here."""
    work: Path
    enter: tuple[str, ...]
    """Options of nsenter(1)."""

    def answer(self, arguments: Sequence[str]) -> Outcome:
        """Run portsock without a fault and without strace."""
        return self._run([], arguments)

    def trace(self, arguments: Sequence[str]) -> tuple[Outcome, list[Call]]:
        """Run portsock without a fault; return also all its system calls."""
        outcome = self._run(self._strace("-f", "-y"), arguments)
        return outcome, list(parse_trace(self._log()))

    def fail(self, fault: Fault, arguments: Sequence[str]) -> Outcome:
        """Run portsock with a fault."""
        options = ["--seccomp-bpf", "-f", "-y", "-e", f"trace={fault.name}"]
        options += ["-e", f"inject={fault.name}:error={fault.errno}:when={fault.ordinal}"]
        if fault.path is not None:
            options += ["-P", fault.path]
        outcome = self._run(self._strace(*options), arguments)
        hit = parse_trace(line for line in self._log() if line.endswith("(INJECTED)\n"))
        return outcome._replace(hit=tuple(hit))

    def _strace(self, *options: str) -> list[str]:
        return ["strace", "-qq", "-s", "200", "-e", "signal=none", "-o", str(self.work / "trace"), *options, "--"]

    def _log(self) -> list[str]:
        log = self.work / "trace"
        return log.read_text(errors="backslashreplace").splitlines(keepends=True) if log.exists() else []

    def _run(self, tracer: Sequence[str], arguments: Sequence[str]) -> Outcome:
        (self.work / "trace").unlink(missing_ok=True)
        enter = ["nsenter", f"--target={self.pid}", *self.enter, "--", "env", "-C", str(ROOT)]
        command = [*enter, *tracer, sys.executable, "-m", "portsock", *arguments]
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_ENVIRONMENT,
            start_new_session=True,
            preexec_fn=_limit_memory,
        ) as started:
            status: int | None
            try:
                out, err = started.communicate(timeout=LIMIT)
                status = started.returncode
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(started.pid, signal.SIGKILL)
                out, err = started.communicate()
                status = None
        said = err.decode(errors="backslashreplace").splitlines(keepends=True)
        # strace's own remark where a path leads elsewhere, as /proc/thread-self does; -qq does not silence it.
        own = "".join(line for line in said if not line.startswith('strace: Requested path "'))
        return Outcome(status, out.decode(errors="backslashreplace"), own, ())


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


@contextmanager
def lab(shared_pids: bool = False) -> Iterator[Lab]:
    """Start the processes, in a PID namespace of their own unless `shared_pids`, and end them at the end."""
    options = ["--net", "--mount"] + ([] if shared_pids else ["--pid", "--mount-proc", "--fork", "--kill-child"])
    command = ["unshare", *options, "--", sys.executable, "-m", "tests.faults.inside"]
    work = Path(tempfile.mkdtemp(prefix="portsock-faults-"))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as started:
        pids: list[int] = []
        try:
            assert started.stdout
            pids = json.loads(started.stdout.readline())
            first = started.pid
            if not shared_pids:
                first = int(Path(f"/proc/{first}/task/{first}/children").read_text())
            yield Lab(first, work, ("--net", "--mount") if shared_pids else ("--net", "--mount", "--pid"))
        finally:
            for pid in pids if shared_pids else ():
                os.kill(pid, signal.SIGKILL)
            started.kill()
            shutil.rmtree(work)


def missing_tools() -> list[str]:
    """Return the programs that the matrix needs and that are not installed."""
    return [name for name in ("strace", "nsenter", "unshare", "ip") if shutil.which(name) is None]


def masked(text: str) -> str:
    """Replace numbers, which differ between runs, in the path of a call."""
    return re.sub(r"0x[0-9a-f]+|\d+", "N", text)[:100]
