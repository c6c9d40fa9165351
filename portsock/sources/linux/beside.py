"""Work in a second process, beside this one: what the kernel does for us while we compute, or half of what we compute."""

import marshal
import os
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_LENGTH = struct.Struct("=Q")


class Beside:
    """Work that a forked process does from now on, result by result. Whatever hinders it, some or all results are missing:
    then do it here."""

    def __init__(self, work: Callable[[], Iterable[Any]]) -> None:
        self.pid: int | None = None
        try:
            reading, writing = os.pipe()
        except OSError:
            return
        try:
            self.pid = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            return
        if self.pid == 0:
            os.close(reading)
            _work(work, writing)
        os.close(writing)
        self._reading = reading

    def results(self) -> Iterator[Any]:
        """The results, plain data that marshal can write, in order and as they come. At their end the process has ended."""
        if self.pid is None:
            return
        try:
            with open(self._reading, "rb") as pipe:
                while len(head := pipe.read(_LENGTH.size)) == _LENGTH.size:
                    (length,) = _LENGTH.unpack(head)
                    told = pipe.read(length)
                    if len(told) < length:
                        return
                    yield marshal.loads(told)  # noqa: S302 - written by our own fork
        finally:
            os.waitpid(self.pid, 0)


def possible() -> bool:
    """Whether a second process would run beside this one: on a core of its own, and where no other thread is that a fork could
    leave with a lock in its hand (a terminal's progress has one). Other systems than Linux do not like processes that only
    fork."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _work(work: Callable[[], Iterable[Any]], writing: int) -> None:
    """The second process: does the work and ends, without any of the first one's clean-up."""
    try:
        from portsock.sources.pipes import widen

        with open(writing, "wb") as pipe:
            widen(pipe)  # so that it need not wait for the first process, which computes, too
            for result in work():
                data = marshal.dumps(result)
                pipe.write(_LENGTH.pack(len(data)))
                pipe.write(data)
    finally:
        os._exit(0)  # also of an interrupt or a reader that went away, of which the first process knows more
