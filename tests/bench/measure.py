"""Measure whole commands in turn, so that a busy minute affects all of them alike."""

import os
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

_UNMEASURED = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "COLUMNS")
"""Variables that would change the measurement: no .pyc files, one write(2) per line."""
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in _UNMEASURED}


class Run(NamedTuple):
    """One run of one command."""

    seconds: float
    peak: int
    """Resident memory in KiB of the largest process. Never less than this program's own, with which a new process begins."""
    status: int
    output: int
    """Bytes written to stdout."""
    cpu: float
    """CPU time in seconds, of user and kernel."""


class Runs(NamedTuple):
    """All runs of one command, by round."""

    command: Sequence[str]
    runs: list[Run]

    @property
    def seconds(self) -> float:
        """The median time in seconds."""
        return median(run.seconds for run in self.runs)

    @property
    def peak(self) -> float:
        """The median peak memory in MB."""
        return median(run.peak for run in self.runs) * 1024 / 1e6

    @property
    def cpu(self) -> float:
        """The median CPU time in seconds."""
        return median(run.cpu for run in self.runs)

    def cpu_ratio(self, other: "Runs") -> float:
        """Return the median of the ratios of CPU time in each round."""
        return median(one.cpu / two.cpu for one, two in zip(self.runs, other.runs, strict=True))

    def ratio(self, other: "Runs") -> float:
        """Return the median of the ratios of time in each round."""
        return median(one.seconds / two.seconds for one, two in zip(self.runs, other.runs, strict=True))


def once(command: Sequence[str]) -> Run:
    """Run the command with stdout into a pipe and stderr into /dev/null."""
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
    return Run(seconds, usage.ru_maxrss, os.waitstatus_to_exitcode(status), output, usage.ru_utime + usage.ru_stime)


def in_turn(commands: Mapping[str, Sequence[str]], rounds: int, warm: bool = True) -> dict[str, Runs]:
    """Run every command once in each round; where `warm`, after a round that is not counted."""
    found = {name: Runs(command, []) for name, command in commands.items()}
    for number in range(0 if warm else 1, rounds + 1):
        for name, command in commands.items():
            run = once(command)
            if run.status:
                raise RuntimeError(f"{' '.join(command)}: exit status {run.status}")
            if number:
                found[name].runs.append(run)
    return found
