"""What lies at the path of a unix socket, as this mount namespace sees it, and whether others see the same files."""

import os
from typing import NamedTuple

_LOCATE = getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0)


class PathSeen(NamedTuple):
    """What stat(2) says of a path."""

    exists: bool
    mode: int | None = None
    """st_mode; None where there is nothing, or where it may not be seen."""
    file: tuple[int, int] | None = None
    """Device and inode number, as UNIX_DIAG_VFS tells them: those of the file system, 32 bits of the inode."""
    uid: int | None = None
    gid: int | None = None


def look(path: bytes, proc: str = "/proc") -> PathSeen:
    """The file at the path itself; a directory that may not be searched leaves open whether there is one."""
    try:
        found = os.stat(path)
    except PermissionError:
        return PathSeen(True)
    except (OSError, ValueError):
        return PathSeen(False)
    device, inode = _as_the_kernel_counts(path, proc) or (found.st_dev, found.st_ino)
    return PathSeen(True, found.st_mode, (device, inode & 0xFFFFFFFF), found.st_uid, found.st_gid)


def _as_the_kernel_counts(path: bytes, proc: str) -> tuple[int, int] | None:
    """Device and inode of the file system itself, where overlayfs and btrfs give stat(2) others; None before Linux 5.14."""
    if not _LOCATE:
        return None
    from portsock.parse.proc.mountinfo import device_of

    try:
        descriptor = os.open(path, _LOCATE)
        try:
            with open(f"{proc}/self/fdinfo/{descriptor}", encoding="ascii") as file:
                told = dict(line.split(":", 1) for line in file if ":" in line)
        finally:
            os.close(descriptor)
        with open(f"{proc}/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            device = device_of(file.read(), int(told["mnt_id"]))
        return (os.makedev(*device), int(told["ino"])) if device else None
    except (OSError, KeyError, ValueError):
        return None


def sees_the_same_files(pid: int, proc: str = "/proc") -> bool | None:
    """Whether a process is in this mount namespace and has this root directory; None where that may not be known."""
    try:
        if os.readlink(f"{proc}/{pid}/ns/mnt") != os.readlink(f"{proc}/self/ns/mnt"):
            return False
        there, here = os.stat(f"{proc}/{pid}/root"), os.stat("/")
    except OSError:
        return None
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def seen_by(pid: int, path: bytes, proc: str = "/proc") -> bytes:
    """Where a path of a process is from here. An absolute symbolic link in it would lead astray."""
    return os.fsencode(f"{proc}/{pid}/root") + path
