"""A container with a PID namespace, a mount namespace and a /proc of its own: `python -m tests.support.attacks.container`.

It shares the laboratory's network namespace. Facts: `healthy`, processes outside with pid and port; `inside`, processes of the
container with port and the pid inside, which other processes have outside; `init`, the pid outside of the container's first
process.
"""

import os
import sys
from pathlib import Path
from typing import Any

from tests.support.attacks import program

_CLONE_NEWPID = 0x20000000


def _run_container() -> list[dict[str, int]]:
    """Mount the container's /proc and start two processes in it with a listener each; return ports and pids inside."""
    program.own_mounts()
    program.check(program.libc.mount(b"none", b"/", None, 0x44000, None))  # MS_REC | MS_PRIVATE
    program.mount("proc", Path("/proc"), "proc")
    return program.healthy(2, "inside")


def main() -> None:
    program.limit()
    healthy = program.healthy(3)
    program.check(program.libc.unshare(_CLONE_NEWPID))
    facts: dict[str, Any] = {}
    facts["init"], facts["inside"] = program.spawn(_run_container, "container-init")
    program.serve({**facts, "healthy": healthy})
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
