"""Run a command within limits, and write what it took as JSON: `python -I -S limited.py REPORT LIMITS COMMAND…`.

It is a program of its own, and small: the memory that getrusage(2) reports of a child is at least that of the process that
forked it. LIMITS is JSON: `seconds` (it is killed then), `address_space` in bytes or null, `interrupt` (seconds until SIGINT)
or null. The report has `status` (as subprocess.Popen.returncode; null where it had to be killed), `seconds`, and `memory` in
KiB.
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
        if allowed["address_space"] is not None:
            resource.setrlimit(resource.RLIMIT_AS, (allowed["address_space"],) * 2)
        os.execvp(command[0], command)  # noqa: S606 - a shell would be measured too
    status = _wait(pid, started, allowed["seconds"], allowed["interrupt"])
    seconds = time.monotonic() - started
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with open(report, "w", encoding="ascii") as file:
        json.dump({"status": status, "seconds": seconds, "memory": memory}, file)


def _wait(pid: int, started: float, seconds: float, interrupt: float | None) -> int | None:
    """Return the exit status, or None where the process did not end in time; it is killed then, which may not end it."""
    while (passed := time.monotonic() - started) < seconds:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if interrupt is not None and passed > interrupt:
            os.kill(pid, signal.SIGINT)
            interrupt = None
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    return None


if __name__ == "__main__":
    main(*sys.argv[1:])
