"""What lies at the path of a unix socket, as this mount namespace sees it."""

import os
from typing import NamedTuple


class PathSeen(NamedTuple):
    """What stat(2) says of a path."""

    exists: bool
    mode: int | None
    """st_mode; None where there is nothing, or where it may not be seen."""
    file: tuple[int, int] | None
    """Device and inode number."""


def look(path: bytes) -> PathSeen:
    """The file at the path itself; a directory that may not be searched leaves open whether there is one."""
    try:
        found = os.stat(path)
    except PermissionError:
        return PathSeen(True, None, None)
    except (OSError, ValueError):
        return PathSeen(False, None, None)
    return PathSeen(True, found.st_mode, (found.st_dev, found.st_ino))
