"""Processes whose command line cannot be read: `python -m tests.support.attacks.hung COUNT COMM SILENCE`.

Each holds its mmap lock for writing, because mmap(2) replaces a dirty page of a FUSE file, which must be written first. Then
/proc/PID/cmdline, environ, maps and smaps_rollup block, and only SIGKILL ends a wait for them; stat, status, comm, exe, cgroup
and statm are read at once. munmap(2) alone holds the lock for reading, which blocks nobody. A command line in a page of a FUSE
file blocks nobody either: since Linux 4.17 it is not read. A COMM of 15 bytes or more may be cut; a shorter one is
the whole name. SILENCE is 'stop' or 'mute', as in tests.support.fuse. Facts: `hung` and `healthy`, with a pid and a port each.
"""

import ctypes
import mmap
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from tests.support import fuse
from tests.support.attacks import program

_PAGE = mmap.PAGESIZE
_GO = signal.SIGUSR2


def start(
    directory: Path, count: int, comm: str, silence: str = "stop", uid: int = program.NOBODY
) -> tuple[fuse.Mount, list[dict[str, int]]]:
    """Start the processes; return the mount that hangs, and their pids and ports. `directory` must be empty."""
    path = directory / "fuse"
    path.mkdir()
    signal.pthread_sigmask(signal.SIG_BLOCK, {_GO})
    mount = fuse.start(path, {str(number): bytes(2 * _PAGE) for number in range(count)}, directory / "log")
    hung = [_process(path / str(number), comm, uid) for number in range(count)]
    mount.stop() if silence == "stop" else mount.mute()
    for process in hung:
        os.kill(process["pid"], _GO)
    program.await_state([process["pid"] for process in hung], "D")
    return mount, hung


def _process(path: Path, comm: str, uid: int) -> dict[str, int]:
    addresses = []

    def prepare() -> None:
        # Not in the parent: to unmap the file there would write the dirty page.
        opened = os.open(path, os.O_RDWR)
        address = program.check(program.libc.mmap(None, 2 * _PAGE, program.PROT_READ_WRITE, program.MAP_SHARED, opened, 0))
        addresses.append(address)
        ctypes.memset(address, 1, 1)  # makes the page dirty

    return program.listening_process(prepare, comm, uid, lambda: _hang(addresses[0]))


def _hang(address: int) -> None:
    """Replace the dirty page when the file system has fallen silent."""
    signal.sigwait({_GO})
    flags = program.MAP_PRIVATE | program.MAP_ANONYMOUS | program.MAP_FIXED
    program.libc.mmap(address, 2 * _PAGE, program.PROT_READ_WRITE, flags, -1, 0)


def main(count: str, comm: str, silence: str) -> None:
    program.limit()
    with program.private_directory() as directory:
        healthy = program.healthy(2)
        mount, hung = start(directory, int(count), comm, silence)
        try:
            healthy += program.healthy(2)  # with higher pids: they are read after those that hang
            program.serve({"hung": hung, "healthy": healthy})
        finally:
            with suppress(ChildProcessError):
                mount.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
