"""Descriptors: our own, closed in the end, and what those of another process refer to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from portsock.sources.failures import is_absent, note

READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)


@contextmanager
def opened(path: str, flags: int) -> Iterator[int]:
    """Open a file, and close it at the end. Raises OSError."""
    descriptor = os.open(path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def descriptors(directory: str) -> Iterator[tuple[int, str, int]]:
    """Yield the descriptors in /proc/PID/fd that refer to sockets, namespaces and pipes: number, kind and inode number."""
    try:
        with opened(directory, READ) as home:
            for name in os.listdir(home):
                kind, found, inode = _target(name, home).partition(":[")
                if found and inode[:-1].isdigit():
                    yield int(name), kind, int(inode[:-1])
    except PermissionError:  # counted by its namespace
        return
    except OSError as error:
        note("directory", directory, error)


def _target(name: str, directory: int) -> str:
    """Return the target of a link; empty if it is gone. Raises OSError."""
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError as error:
        if is_absent(error):
            return ""
        raise
