"""Reading a program's state file that may lie in another user's directory, and so be anything that user likes."""

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
    """The document of a regular file that belongs to this uid; None where it is anything else, or too large, or no JSON."""
    import json

    try:
        return json.loads(_read(path, owner))
    except (OSError, ValueError, RecursionError):
        return None


def _read(path: str, owner: int) -> bytes:
    """The bytes of the file. Raises OSError, ValueError where it is not to be trusted."""
    descriptor = os.open(path, _FLAGS)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != owner:
            raise ValueError(path)
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(path)
    return data
