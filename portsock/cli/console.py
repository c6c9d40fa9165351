"""Streams and terminal in one object, which tests replace."""

import os
import sys
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import BinaryIO, NamedTuple, TextIO

from portsock.errors import OutputClosed, WriteError


class Console(NamedTuple):
    """The standard streams, and what the terminal can show."""

    out: BinaryIO | None
    """None if standard output is closed, as by '>&-'."""
    err: TextIO | None
    stdin: BinaryIO
    out_is_terminal: bool
    err_is_terminal: bool
    encoding: str
    """Of standard output. What it lacks is written as an escape."""
    width: int
    environ: Mapping[str, str]
    kept: list[object] | None = None
    """See keep()."""

    @property
    def ascii_only(self) -> bool:
        """Tell whether only ASCII can be shown."""
        return self.encoding.lower().replace("-", "").replace("_", "") in {"ascii", "usascii", "ansix3.41968", "646"}

    def write(self, chunks: Iterable[str]) -> None:
        """Write text to standard output and flush it.

        Raises OutputClosed if the reader has closed a pipe, and WriteError if the output cannot be written (a full disk).
        """
        if self.out is None:
            raise WriteError("cannot write the output: standard output is closed")
        try:
            for chunk in chunks:
                _write_whole(self.out, chunk.encode(self.encoding, "backslashreplace"))
            _flush(self.out)
        except BrokenPipeError as error:
            raise OutputClosed from error
        except OSError as error:
            raise WriteError(f"cannot write the output: {error.strerror or error}") from error

    def keep(self, thing: object) -> None:
        """Keep a reference until exit: freeing 50,000 sockets takes 30 ms."""
        if self.kept is not None:
            self.kept.append(thing)

    def say(self, message: str) -> None:
        """Write one line to standard error; without effect if that is closed."""
        from portsock.output.text.escape import escape

        if self.err is None:
            return
        try:
            self.err.write(f"portsock: {escape(message)}\n")
            self.err.flush()
        except (OSError, ValueError):
            pass


def _write_whole(out: BinaryIO, data: bytes) -> None:
    """Write all the data. A raw stream (PYTHONUNBUFFERED) may take a part of it, a non-blocking one nothing for a while."""
    rest = memoryview(data)
    while rest:
        try:
            written = out.write(rest)
        except BlockingIOError as error:  # from a buffered stream; a raw one returns None
            written = error.characters_written
        rest = rest[written or 0 :]
        if rest:
            _wait_for_room(out)


def _flush(out: BinaryIO) -> None:
    while True:
        try:
            return out.flush()
        except BlockingIOError:
            _wait_for_room(out)


def _wait_for_room(out: BinaryIO) -> None:
    from select import select

    select([], [out], [])


def system_console() -> Console:
    """Return the console of this process."""
    out: TextIO | None = sys.stdout
    err: TextIO | None = sys.stderr
    terminal = out is not None and out.isatty()
    return Console(
        out.buffer if out else None,
        err,
        sys.stdin.buffer if sys.stdin else BytesIO(),  # /dev/null may be missing
        terminal,
        err is not None and err.isatty(),
        (out.encoding if out else None) or "utf-8",
        _width() if terminal else 0,
        os.environ,
        [],
    )


def _width() -> int:
    """Return the columns of the terminal. COLUMNS overrides them, as for other programs."""
    from shutil import get_terminal_size

    return get_terminal_size((80, 24)).columns
