"""Run a command within limits, and write what it took as JSON: `python -I -S limited.py REPORT LIMITS COMMAND…`.

It is a program of its own, and small: the memory that getrusage(2) reports of a child is at least that of the process that
forked it. LIMITS is JSON: `seconds` (it is killed then), `address_space` in bytes or null, `interrupt` (it gets
SIGINT when it has waited for so many seconds without using the processor) or null. The report has `status` (as
subprocess.Popen.returncode; null where it had to be killed), `seconds`, `memory` in KiB, and `interrupted`: the seconds until
SIGINT, or null.
"""

import json
import os
import resource
import signal
import sys
import time


def main(report: str, limits: str, *command: str) -> None:
    allowed = json.loads(limits)
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell has its jobs in the background ignore it
        if allowed["address_space"] is not None:
            resource.setrlimit(resource.RLIMIT_AS, (allowed["address_space"],) * 2)
        os.execvp(command[0], command)  # noqa: S606 - a shell would be measured too
    status, interrupted = _wait(pid, started, allowed["seconds"], allowed["interrupt"])
    seconds = time.monotonic() - started
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with open(report, "w", encoding="ascii") as file:
        json.dump({"status": status, "seconds": seconds, "memory": memory, "interrupted": interrupted}, file)


def _wait(pid: int, started: float, seconds: float, interrupt: float | None) -> tuple[int | None, float | None]:
    """Return the exit status, None where the process did not end in time, and the seconds until it was interrupted.

    A process that does not end is killed, which may not end it either.
    """
    idle_since, before, interrupted = started, "", None
    while time.monotonic() - started < seconds:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), interrupted
        if interrupt is not None and interrupted is None:
            now = time.monotonic()
            state = _state(pid)
            if state != before or state[0] == "R":
                idle_since, before = now, state
            elif now - idle_since > interrupt:
                os.kill(pid, signal.SIGINT)
                interrupted = now - started
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    return None, interrupted


def _state(pid: int) -> str:
    """Return the state of a process and its times on the processor."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return " ".join((fields[0], *fields[11:13]))


if __name__ == "__main__":
    main(*sys.argv[1:])
