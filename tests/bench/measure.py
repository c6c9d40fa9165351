"""Whole commands, measured in turn: what runs later in a busy minute meets the same minute."""

import os
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

_UNMEASURED = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "COLUMNS")
"""They would change what is measured: no .pyc files, one write(2) a line."""
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in _UNMEASURED}


class Run(NamedTuple):
    """One run of one command."""

    seconds: float
    peak: int
    """Resident memory in KiB, of several processes that of the largest. Never less than this program's own, which a new
    process begins with."""
    status: int
    output: int
    """Bytes."""


class Runs(NamedTuple):
    """All runs of one command, by round."""

    command: Sequence[str]
    runs: list[Run]

    @property
    def seconds(self) -> float:
        """The median."""
        return median(run.seconds for run in self.runs)

    @property
    def peak(self) -> float:
        """The median, in MB."""
        return median(run.peak for run in self.runs) * 1024 / 1e6

    def ratio(self, other: "Runs") -> float:
        """The median of the ratios of each round."""
        return median(one.seconds / two.seconds for one, two in zip(self.runs, other.runs, strict=True))


def once(command: Sequence[str]) -> Run:
    """Run the command with its output into a pipe, and its errors into nothing."""
    reading, writing = os.pipe()
    null = os.open(os.devnull, os.O_RDWR)
    begin = time.perf_counter()
    streams = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
    pid = os.posix_spawnp(command[0], list(command), ENVIRONMENT, file_actions=streams)
    os.close(writing)
    output = 0
    while chunk := os.read(reading, 1 << 16):
        output += len(chunk)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - begin
    os.close(reading)
    os.close(null)
    return Run(seconds, usage.ru_maxrss, os.waitstatus_to_exitcode(status), output)


def in_turn(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Runs]:
    """Every command once in each round; a round before the first is not counted."""
    found = {name: Runs(command, []) for name, command in commands.items()}
    for number in range(rounds + 1):
        for name, command in commands.items():
            run = once(command)
            if run.status:
                raise RuntimeError(f"{' '.join(command)}: exit status {run.status}")
            if number:
                found[name].runs.append(run)
    return found
