"""A line on a terminal while a collection takes long."""

from collections.abc import Iterator
from contextlib import contextmanager

from portsock.cli.console import Console

PATIENCE = 0.5
"""Seconds without a word."""


@contextmanager
def progress(console: Console, what: str) -> Iterator[None]:
    """Say on a terminal's standard error what is being done if it takes longer than PATIENCE, and erase that at the end."""
    if not console.err_is_terminal:
        yield
        return
    from threading import Event, Thread

    done = Event()

    def tell() -> None:
        told = done.wait(PATIENCE)
        if told:
            return
        seconds = PATIENCE
        while not told:
            _write(console, f"\rportsock: {what}, {seconds:.0f} s")
            seconds += 1
            told = done.wait(1)
        _write(console, "\r\x1b[K")

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _write(console: Console, text: str) -> None:
    assert console.err is not None
    try:
        console.err.write(text)
        console.err.flush()
    except (OSError, ValueError):
        pass
