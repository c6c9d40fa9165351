"""The file at the path of a unix socket in this mount namespace, its socket, and whether others see the same files."""

import errno
import os
import sys
from typing import NamedTuple

from portsock.sources.failures import note

_DIRECTORY_ONLY = getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0)


class PathStatus(NamedTuple):
    """The answer of stat(2) for a path."""

    exists: bool | None
    """None where it could not be seen."""
    mode: int | None = None
    """st_mode; None where there is no file, or where it may not be read."""
    file: tuple[int, int] | None = None
    """Device and inode number as in UNIX_DIAG_VFS: those of the file system, with 32 bits of the inode number."""
    uid: int | None = None
    gid: int | None = None


def stat_path(path: bytes, pid: int | None = None) -> PathStatus:
    """Return the status of the file at an absolute path, as process `pid` (Linux) or this one sees it.

    Without permission to search a directory, the file is assumed to exist. A file system that may never answer is not entered.
    Both are noted as failures.
    """
    try:
        if not sys.platform.startswith("linux"):
            found = os.stat(path)
            return PathStatus(True, found.st_mode, (found.st_dev, found.st_ino & 0xFFFFFFFF), found.st_uid, found.st_gid)
        return _stat_local(path, pid)
    except PermissionError as error:
        note("the file at", os.fsdecode(path), error)
        return PathStatus(True)
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError, ValueError):
        return PathStatus(False)
    except OSError as error:
        note("the file at", os.fsdecode(path), error)
        return PathStatus(None)


def _stat_local(path: bytes, pid: int | None) -> PathStatus:
    from portsock.sources.linux.local_files import NotLocalError, number_of, open_path

    try:
        with open_path(path, "/proc/self" if pid is None else f"/proc/{pid}") as opened:
            found, number = os.fstat(opened.descriptor), number_of(opened.descriptor)
            device, inode = (found.st_dev, found.st_ino) if number is None else (os.makedev(*opened.device), number)
            return PathStatus(True, found.st_mode, (device, inode & 0xFFFFFFFF), found.st_uid, found.st_gid)
    except NotLocalError as error:
        note("the file at", os.fsdecode(path), error)
        return PathStatus(None)


def has_socket(path: bytes) -> bool | None:
    """Tell whether any socket, of whatever network namespace, is bound to the file at an absolute path. Linux only.

    None where that may not be asked: it takes write permission on the file, as connecting does.

    Nothing is connected: a socket that has its peer already is asked to connect, which the kernel refuses in any case. Before,
    it looks for a socket with this file in all network namespaces (unix_find_bsd() in net/unix/af_unix.c). ECONNREFUSED says
    that there is none, or none that listens; EPROTOTYPE that there is one of another type. One of two types is another type.
    """
    import socket

    from portsock.sources.linux.local_files import open_path

    errors = set()
    try:
        with open_path(path) as opened:
            for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM):
                error = _refusal(kind, f"/proc/self/fd/{opened.descriptor}")
                if error == errno.EPROTOTYPE:
                    return True
                errors.add(error)
    except OSError as error:
        note("the socket at", os.fsdecode(path), error)
        return None
    return False if errors == {errno.ECONNREFUSED} else None


def _refusal(kind: int, path: str) -> int:
    """Return the error with which the kernel refuses to connect an end of a pair of sockets once more. Raises OSError."""
    import socket

    end, other = socket.socketpair(socket.AF_UNIX, kind)
    with end, other:
        end.setblocking(False)  # a full queue is no reason to wait
        return end.connect_ex(path)


def sees_the_same_files(pid: int) -> bool | None:
    """Tell whether a process has our mount namespace and root directory. None where that may not be read."""
    from portsock.sources.linux.local_files import mount_of, number_of

    roots = []
    try:
        if os.readlink(f"/proc/{pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt"):
            return False
        for home in (f"/proc/{pid}", "/proc/self"):
            opened = os.open(f"{home}/root", _DIRECTORY_ONLY)  # not stat(2), which a FUSE file system would have to answer
            try:
                roots.append((mount_of(opened), number_of(opened)))
            finally:
                os.close(opened)
    except (OSError, KeyError):
        return None
    return None if roots[1][1] is None else roots[0] == roots[1]
