"""Processes and sockets that change all the time: `python -m tests.support.attacks.churn KIND SECONDS DIRECTORY`.

KIND is one of:

* 'forks': workers fork short-lived children; each opens a loopback connection, holds both ends and closes them.
* 'chain': a listener is handed along: each holder forks the next and exits, so that it has a holder the whole time.
* 'ring': a listener is passed on with SCM_RIGHTS; the sender closes it when the receiver has confirmed it.

Facts: `healthy` with pid and port; `ports` of the handed listeners. DIRECTORY gets `pids`, each pid that ever held a handed
listener (4 bytes in host order), and at the end `rate`, the forks or handovers per second.
"""

import gc
import mmap
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.attacks import program

COMM = "churner"
_PID = struct.Struct("=i")
_WORKERS = 2
_AT_ONCE = 8
"""The children of a worker that may exist at the same time."""
_HOLD = 0.002
"""Seconds for which a child of 'forks' holds its connection."""
_RING = 4
_CHILD_SUBREAPER = 36


class Churn:
    """A worker's stop sign and counter, in memory that its descendants share."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)

    def goes_on(self) -> bool:
        return not self._memory[0] and time.monotonic() < self.until

    def stop(self) -> None:
        self._memory[0] = 1

    def count(self) -> None:
        self._memory[8:16] = (self.counted() + 1).to_bytes(8, "little")

    def counted(self) -> int:
        return int.from_bytes(self._memory[8:16], "little")


def forks(churn: Churn, _log: int) -> list[int]:
    """Fork children; the counter is that of forks."""
    tokens, returned = os.pipe()
    os.write(returned, bytes(_AT_ONCE))
    listener, _ = program.listen()
    address = listener.getsockname()

    def work() -> None:
        while churn.goes_on():
            if not select.select([tokens], [], [], 0.5)[0]:
                continue
            os.read(tokens, 1)
            churn.count()
            if os.fork() == 0:
                _open_and_close(listener, address)
                os.write(returned, b"x")
                os._exit(0)

    program.spawn(lambda: 0, COMM, then=work)
    return []


def _open_and_close(listener: socket.socket, address: tuple[str, int]) -> None:
    client = socket.socket()  # create_connection() would import the codec of host names in each child
    client.connect(address)
    # A reset leaves no TIME_WAIT: the ports would be used up.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    accepted = listener.accept()[0]
    time.sleep(_HOLD)
    client.close()
    accepted.close()


def chain(churn: Churn, log: int) -> list[int]:
    """Hand a listener along by forks; the counter is that of holders."""
    listener, port = program.listen()

    def work() -> None:
        while churn.goes_on():
            os.write(log, _PID.pack(os.getpid()))
            churn.count()
            if os.fork():
                os._exit(0)
        os._exit(0)

    program.spawn(lambda: 0, COMM, then=work)
    listener.close()
    return [port]


def ring(churn: Churn, log: int) -> list[int]:
    """Pass a listener round by SCM_RIGHTS; the counter is that of confirmed handovers."""
    listener, port = program.listen()
    pairs = [socket.socketpair() for _ in range(_RING)]

    def member(number: int) -> Callable[[], None]:
        before, after = pairs[number - 1][1], pairs[number][0]

        def work() -> None:
            os.write(log, _PID.pack(os.getpid()))
            held = listener.fileno() if number == 0 else None
            if number:
                listener.close()
            while True:
                if held is None:
                    _, (held,), _, _ = socket.recv_fds(before, 1, 1)
                    before.send(b"k")
                socket.send_fds(after, [b"x"], [held])
                after.recv(1)
                os.close(held)
                held = None
                churn.count()

        return work

    for number in range(_RING):
        program.spawn(lambda: 0, COMM, then=member(number))
    listener.close()
    return [port]


KINDS = {"forks": forks, "chain": chain, "ring": ring}


def main(kind: str, seconds: str, directory: str) -> None:
    program.limit(int(float(seconds)) + 20)
    program.libc.prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)
    gc.disable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    healthy = program.healthy(5)
    log = os.open(Path(directory, "pids"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    churns = [Churn(float(seconds) + 15) for _ in range(1 if kind == "ring" else _WORKERS)]
    started = time.monotonic()
    ports = [port for churn in churns for port in KINDS[kind](churn, log)]
    try:
        program.serve({"healthy": healthy, "ports": ports}, int(float(seconds)) + 15)
    finally:
        rate = sum(churn.counted() for churn in churns) / (time.monotonic() - started)
        for churn in churns:
            churn.stop()
        Path(directory, "rate").write_text(f"{rate:.0f}", encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
