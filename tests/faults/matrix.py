"""The commands, their faults, and the runs of the faults on several processors."""

import queue
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from compileall import compile_dir
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from tests.faults.calls import Call, after_start
from tests.faults.errors import ERRORS, RUNTIME
from tests.faults.inside import LISTING, PORT, STATE
from tests.faults.judge import Verdict, judge
from tests.faults.lab import ROOT, Fault, Lab, Outcome, lab, masked

COMMANDS: Mapping[str, Sequence[str]] = {
    "listening": ["ports", "-l"],
    "ports": ["ports", "--all", "--json"],
    "sockets": ["sockets", "--json"],
    "unix": ["sockets", "--unix"],
    "procs": ["procs", "--json"],
    "explain-port": ["explain", str(PORT)],
    "explain-unix": ["explain", f"unix:{STATE}/web.sock", "--json"],
    "netns": ["ports", "--netns", "all", "--json"],
    "procfs": ["sockets", "--backend", "procfs", "--json"],
    "bpf": ["ports", "--owners", "bpf", "--json"],
    "capture": ["sockets", "--from", LISTING, "--json"],
}
SHARED_PIDS = frozenset({"bpf"})
"""Commands that work only in the initial PID namespace."""


class Result(NamedTuple):
    """A fault and how the run with it ended."""

    fault: Fault
    outcome: Outcome
    verdict: Verdict

    @property
    def reached(self) -> bool:
        """Tell whether the call was made and failed."""
        return bool(self.outcome.hit)


class Plan(NamedTuple):
    """The faults of one command."""

    faults: list[Fault]
    unlisted: set[str]
    """System calls without plausible errors in the table."""
    unreachable: int
    """Calls of a second thread that strace cannot single out."""


def plan(command: str, calls: Sequence[Call], imports: bool = False) -> Plan:
    """Return all faults of the calls made after start, those of imports only if requested, and then no others."""
    own = [
        call
        for call in after_start(calls)
        if call.name not in RUNTIME and "MAP_ANONYMOUS" not in call.text and call.imports == imports
    ]
    target = _Targets(calls, own)
    found = Plan([], {call.name for call in own if call.name not in ERRORS}, sum(target(call) is None for call in own))
    for call in own:
        aim = target(call)
        if aim is None:
            continue
        where = masked(f"{call.name} {call.path or call.text.partition(')')[0]}")
        for errno in ERRORS.get(call.name, ()):
            if errno != call.error and (errno != "ESRCH" or "/proc/" in (call.path or "") or call.name.startswith("pidfd")):
                found.faults.append(Fault(command, call.name, errno, *aim, where))
    return found


class _Targets:
    """Ordinals and paths with which strace, which counts in each thread, hits a call and no call of the start."""

    def __init__(self, calls: Sequence[Call], own: Sequence[Call]) -> None:
        self._calls = calls
        self._first = {(call.name, call.ordinal): call for call in calls if call.thread == 0}
        self._own = set(own)

    def __call__(self, call: Call) -> tuple[int, str | None] | None:
        if call.thread == 0 or self._first.get((call.name, call.ordinal), call) in self._own:
            return call.ordinal, None
        path = call.path
        if not path or not path.startswith("/") or path.startswith("/proc/self"):
            return None
        alike = [each for each in self._calls if (each.name, each.path) == (call.name, path)]
        if any(each.thread == 0 and each not in self._own for each in alike):
            return None
        return [each for each in alike if each.thread == call.thread].index(call) + 1, path


def sample(faults: Iterable[Fault], number: int | None, seed: int) -> list[Fault]:
    """Return this number of the faults, or all, in an order by the seed."""
    mixed = list(faults)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - no secret
    return mixed[:number]


class Matrix:
    """Laboratories, one for each processor and kind, each with the answers of the runs without a fault."""

    def __init__(self, stack: ExitStack, jobs: int, commands: Sequence[str], imports: bool = False) -> None:
        # Runs do not write bytecode, and without it they make other calls than those that were listed.
        compile_dir(ROOT / "portsock", quiet=2)
        self._jobs = jobs
        self._imports = imports
        self._labs: dict[bool, queue.Queue[Lab]] = {}
        self._references: dict[tuple[int, str], Outcome] = {}
        self.plans: dict[str, Plan] = {}
        self.skipped: dict[str, str] = {}
        """Commands that this system refuses, and what they say."""
        for shared in sorted({command in SHARED_PIDS for command in commands}):
            labs = [stack.enter_context(lab(shared)) for _ in range(jobs)]
            alike = [command for command in commands if (command in SHARED_PIDS) == shared]
            self._labs[shared] = queue.Queue()
            with ThreadPoolExecutor(jobs) as workers:
                for made in workers.map(partial(self._refer_all, labs[0], alike), labs):
                    self._labs[shared].put(made)

    def _refer_all(self, first: Lab, commands: Sequence[str], made: Lab) -> Lab:
        """Run the commands without a fault, in the first laboratory also to see their system calls."""
        for command in commands:
            usual = made.answer(COMMANDS[command])
            if usual.status == 3 and command in SHARED_PIDS:
                self.skipped[command] = usual.err.strip()
                continue
            self._references[made.pid, command] = usual
            if made is first:
                traced, calls = made.trace(COMMANDS[command])
                self.plans[command] = plan(command, calls, self._imports)
                verdict = judge(usual, traced)
                if usual.status != 0 or verdict.kind != "same":
                    raise AssertionError(f"{command}: without a fault {usual.status}, {verdict}, {usual.err}")
        return made

    def run(self, faults: Iterable[Fault]) -> Iterator[Result]:
        """Run each fault and yield the results in the order of the faults."""

        def one(fault: Fault) -> Result:
            labs = self._labs[fault.command in SHARED_PIDS]
            made = labs.get()
            try:
                result = self._try(made, fault)
                if not result.verdict.right:  # once more: a loaded machine may have its own reasons
                    result = self._try(made, fault)
            finally:
                labs.put(made)
            return result

        workers = ThreadPoolExecutor(self._jobs)
        try:
            yield from workers.map(one, faults)
        finally:  # Ctrl-C waits only for the runs that have begun
            workers.shutdown(cancel_futures=True)

    def _try(self, made: Lab, fault: Fault) -> Result:
        outcome = made.fail(fault, COMMANDS[fault.command])
        return Result(fault, outcome, judge(self._references[made.pid, fault.command], outcome))
