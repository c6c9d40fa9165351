"""State files of programs. A file in another user's directory may be anything that this user put there."""

import os
import stat

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_LARGEST = 4 << 20
"""Bytes; a container takes about one KiB in such a file."""


def read_json(path: str, owner: int) -> object:
    """Return the JSON document of a regular file of this uid; None for any other file, or one that is too large or no JSON."""
    import json

    try:
        return json.loads(_read(path, owner))
    except (OSError, ValueError, RecursionError):
        return None


def _read(path: str, owner: int) -> bytes:
    """Return the bytes of the file. Raises OSError, or ValueError for a file that is not trusted."""
    descriptor = os.open(path, _FLAGS)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != owner:
            raise ValueError(path)
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(path)
    return data
