"""Processes that declare a huge command line: `python -m tests.support.attacks.huge_argv BYTES COUNT COMM`.

prctl(PR_SET_MM_MAP) needs no privilege for it, and the mapping uses no memory until somebody reads it. The first page starts
with real arguments. With 0 bytes the command line stays as it is, for comparison. Facts: `huge` and `healthy`, with pids and
ports.
"""

import ctypes
import sys

from tests.support.attacks import program

_FIRST = b"/usr/bin/argv-bomb\0--first\0--second\0"


def _declare(size: int) -> None:
    if not size:
        return
    flags = program.MAP_PRIVATE | program.MAP_ANONYMOUS | program.MAP_NORESERVE
    address = program.check(program.libc.mmap(None, size, program.PROT_READ_WRITE, flags, -1, 0))
    ctypes.memmove(address, _FIRST, len(_FIRST))
    program.declare_command_line(address, size)


def main(size: str, count: str, comm: str) -> None:
    program.limit()
    huge = [program.listening_process(lambda: _declare(int(size)), comm, program.NOBODY) for _ in range(int(count))]
    program.serve({"huge": huge, "healthy": program.healthy(3)})


if __name__ == "__main__":
    main(*sys.argv[1:])
