"""Ctrl-C while a system call is stuck. This is imported before all else: it must be quick."""

import _thread
import os
import signal

_GRACE = 0.1
"""Seconds after Ctrl-C in which the program may end by itself."""


def watch_interrupts() -> None:
    """Have Ctrl-C end the program also while a system call is stuck; Python runs its handler only when the call returns."""
    if os.name != "posix" or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return  # a shell has its jobs in the background ignore the signal
    try:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        _thread.start_new_thread(_end_when_interrupted, (reader,))
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    except (OSError, RuntimeError):  # no descriptor or thread is left; the ordinary handler remains
        pass


def _end_when_interrupted(reader: int) -> None:
    """Wait for a signal, then give the program an instant to end by itself."""
    from time import sleep

    try:
        os.read(reader, 1)
    except OSError:
        return
    sleep(_GRACE)
    os._exit(130)
