"""The file at the path of a unix socket in this mount namespace, and whether other processes see the same files."""

import os
from typing import NamedTuple

_PATH_ONLY = getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0)


class PathStatus(NamedTuple):
    """The answer of stat(2) for a path."""

    exists: bool
    mode: int | None = None
    """st_mode; None where there is no file, or where it may not be read."""
    file: tuple[int, int] | None = None
    """Device and inode number as in UNIX_DIAG_VFS: those of the file system, with 32 bits of the inode number."""
    uid: int | None = None
    gid: int | None = None


def stat_path(path: bytes) -> PathStatus:
    """Return the status of the file at a path. Without permission to search a directory, the file is assumed to exist."""
    try:
        found = os.stat(path)
    except PermissionError:
        return PathStatus(True)
    except (OSError, ValueError):
        return PathStatus(False)
    device, inode = _filesystem_numbers(path) or (found.st_dev, found.st_ino)
    return PathStatus(True, found.st_mode, (device, inode & 0xFFFFFFFF), found.st_uid, found.st_gid)


def _filesystem_numbers(path: bytes) -> tuple[int, int] | None:
    """Return the file system's own device and inode number; overlayfs and btrfs report others to stat(2).

    None before Linux 5.14, which does not report the inode number in fdinfo.
    """
    if not _PATH_ONLY:
        return None
    from portsock.parse.proc.mountinfo import device_of

    try:
        descriptor = os.open(path, _PATH_ONLY)
        try:
            with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as file:
                fields = dict(line.split(":", 1) for line in file if ":" in line)
        finally:
            os.close(descriptor)
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            device = device_of(file.read(), int(fields["mnt_id"]))
        return (os.makedev(*device), int(fields["ino"])) if device else None
    except (OSError, KeyError, ValueError):
        return None


def sees_the_same_files(pid: int) -> bool | None:
    """Tell whether a process has our mount namespace and root directory. None where that may not be read."""
    try:
        if os.readlink(f"/proc/{pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt"):
            return False
        theirs, ours = os.stat(f"/proc/{pid}/root"), os.stat("/")
    except OSError:
        return None
    return (theirs.st_dev, theirs.st_ino) == (ours.st_dev, ours.st_ino)


def path_through(pid: int, path: bytes) -> bytes:
    """Return the path from here to a path that a process sees. An absolute symbolic link in it would lead elsewhere."""
    return os.fsencode(f"/proc/{pid}/root") + path
