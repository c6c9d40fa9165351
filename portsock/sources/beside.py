"""Work in a second process, beside this one: for what the kernel does for us while we compute."""

import marshal
import os
import sys
from collections.abc import Callable
from typing import Any


class Beside:
    """Work that a forked process does from now on. Whatever hinders it, there is no result: then do it here."""

    def __init__(self, work: Callable[[], Any]) -> None:
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

    def result(self) -> Any:
        """What the work returned (plain data, that marshal can write), once it has ended; None where it failed."""
        if self.pid is None:
            return None
        with open(self._reading, "rb") as pipe:
            told = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        return marshal.loads(told) if status == 0 else None  # noqa: S302 - written by our own fork


def possible() -> bool:
    """Whether a second process would run beside this one. Other systems than Linux do not like processes that only fork."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


def _work(work: Callable[[], Any], writing: int) -> None:
    """The second process: does the work and ends, without any of the first one's clean-up."""
    status = 1
    try:
        with open(writing, "wb") as pipe:
            pipe.write(marshal.dumps(work()))
        status = 0
    finally:
        os._exit(status)  # also of an interrupt, which the first process has got, too
