"""Pipes that hold more than the usual 64 KiB."""

from typing import BinaryIO

WIDE = 1 << 20
"""Bytes that any user may ask for: /proc/sys/fs/pipe-max-size, where nobody has changed it."""


def widen(pipe: BinaryIO) -> None:
    """Let a pipe hold WIDE bytes (fcntl(2), F_SETPIPE_SZ), so that its writer waits less often. Where it is no pipe, the user
    has too many wide ones, or the system has no such call, nothing happens."""
    try:
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, WIDE)
    except (ImportError, AttributeError, OSError):
        pass
