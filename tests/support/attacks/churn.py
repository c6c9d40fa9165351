"""Processes and sockets that change all the time: `python -m tests.support.attacks.churn KIND SECONDS DIRECTORY`.

KIND is one of:

* 'forks': short-lived children; each opens a loopback connection, holds both ends for a pause and closes them.
* 'chain': two listeners are handed along: each holder forks the next and exits, so that each has a holder the whole time.
* 'ring': a listener is passed on with SCM_RIGHTS; the sender closes it when the receiver has confirmed it.
* 'fast_ring': the same without a pause by an unprivileged user, 40,000 times a second: faster than a process's descriptors
  can be read. (A socket of root that goes round so fast can be missed: it takes fewer searches, as the kernel's own do.)

Facts: `healthy` with pid and port; `ports` of the listeners that are handed along. DIRECTORY gets `pids`, each pid that ever
held one of them (4 bytes in host order), and at the end `rate`, the forks or handovers per second.
"""

import gc
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.attacks import machine_code, program
from tests.support.attacks.machine_code import Shared

COMM = "churner"
PAUSE = 0.0005
"""Seconds between the forks of a worker, for which a child holds its connection, and for which a holder of a chain lives."""
_PID = struct.Struct("=i")
_RING = 4
_GRACE = 15
"""Seconds for which the attackers outlive the time that was asked for."""
_CHILD_SUBREAPER = 36


def forks(shared: Shared, _log: int) -> int | None:
    listener, port = program.listen()
    code, address = machine_code.forks(), machine_code.socket_address(port)
    program.spawn(lambda: 0, COMM, then=lambda: machine_code.run(code, address, shared, listener.fileno()))
    listener.close()
    return None


def chain(shared: Shared, log: int) -> int | None:
    listener, port = program.listen()
    code = machine_code.chain()
    program.spawn(lambda: 0, COMM, then=lambda: machine_code.run(code, b"", shared, log))
    listener.close()
    return port


def ring(shared: Shared, log: int, pause: float = PAUSE, uid: int = 0) -> int | None:
    os.seteuid(uid)  # the socket's uid is that of its creator
    listener, port = program.listen()
    os.seteuid(0)
    pairs = [socket.socketpair() for _ in range(_RING)]

    def member(number: int) -> Callable[[], None]:
        before, after = pairs[number - 1][1], pairs[number][0]

        def work() -> None:
            os.write(log, _PID.pack(os.getpid()))
            held = listener.detach()
            if number:
                os.close(held)
                held = -1
            while True:
                if held < 0:
                    _, (held,), _, _ = socket.recv_fds(before, 1, 1)
                    before.send(b"k")
                    if pause:
                        time.sleep(pause)
                socket.send_fds(after, [b"x"], [held])
                after.recv(1)
                os.close(held)
                held = -1
                shared.add()

        return work

    for number in range(_RING):
        program.spawn(lambda: 0, COMM, uid, then=member(number))
    listener.close()
    return port


def fast_ring(shared: Shared, log: int) -> int | None:
    return ring(shared, log, 0, program.NOBODY)


KINDS: dict[str, tuple[Callable[[Shared, int], int | None], int]] = {
    "forks": (forks, 2),
    "chain": (chain, 2),
    "ring": (ring, 1),
    "fast_ring": (fast_ring, 1),
}
"""Function and number of workers."""


def main(kind: str, seconds: str, directory: str) -> None:
    lifetime = int(float(seconds)) + _GRACE
    program.limit(lifetime + 5)
    program.libc.prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    gc.disable()
    healthy = program.healthy(5)
    log = os.open(Path(directory, "pids"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    function, workers = KINDS[kind]
    memories = [Shared(PAUSE) for _ in range(workers)]
    started = time.monotonic()
    ports = [port for memory in memories if (port := function(memory, log)) is not None]
    try:
        program.serve({"healthy": healthy, "ports": ports}, lifetime)
    finally:
        rate = sum(memory.count for memory in memories) / (time.monotonic() - started)
        for memory in memories:
            memory.stop()
        Path(directory, "rate").write_text(f"{rate:.0f}", encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
