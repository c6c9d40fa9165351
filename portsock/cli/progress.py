"""A line on the terminal while a collection takes long."""

from collections.abc import Iterator
from contextlib import contextmanager

from portsock.cli.console import Console

PATIENCE = 0.5
"""Seconds before the line is shown."""


@contextmanager
def progress(console: Console, what: str) -> Iterator[None]:
    """Show on standard error, if it is a terminal, what takes longer than PATIENCE, and erase it at the end."""
    if not console.err_is_terminal:
        yield
        return
    from threading import Event, Thread

    done = Event()

    def show() -> None:
        if done.wait(PATIENCE):
            return
        seconds = PATIENCE
        _write(console, f"\rportsock: {what}, {seconds:.0f} s")
        while not done.wait(1):
            seconds += 1
            _write(console, f"\rportsock: {what}, {seconds:.0f} s")
        _write(console, "\r\x1b[K")

    thread = Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _write(console: Console, text: str) -> None:
    assert console.err is not None
    try:
        console.err.write(text)
        console.err.flush()
    except (OSError, ValueError):
        pass
