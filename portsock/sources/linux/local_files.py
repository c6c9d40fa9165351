"""Files at paths that other processes chose, reached only over file systems of this host.

A path can lead to a FUSE or network file system that never answers, or make autofs mount something: stat(2) by root would then
hang, where not even SIGKILL ends it, or act for the process that chose the path. So each component is opened by itself with
O_PATH | O_NOFOLLOW, which mounts nothing (fs/namei.c, follow_automount()), and only if it is on, and no mount point of, a file
system that the kernel serves alone.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from portsock.parse.proc.mountinfo import parse_mounts

_PATH_ONLY = getattr(os, "O_PATH", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_LOCAL = frozenset({
    "bcachefs", "btrfs", "cgroup", "cgroup2", "devpts", "devtmpfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs",
    "hugetlbfs", "iso9660", "jfs", "mqueue", "nilfs2", "nsfs", "proc", "ramfs", "reiserfs", "rootfs", "squashfs", "sysfs",
    "tmpfs", "ubifs", "udf", "vfat", "xfs", "zfs",
})  # fmt: skip
"""File systems that wait for no other program and no network."""
_STACKED = frozenset({"overlay", "aufs"})
"""File systems on top of others, which may be any. Only root can mount them in our mount namespace."""
_MOST_COMPONENTS = 200
_MOST_MOUNTINFO = 1 << 22
"""Characters; a mount takes about 100. What is mounted behind them is not entered."""
_MOST_LINKS = 40
"""As in the kernel: MAXSYMLINKS."""
_OWN = "/proc/self"
_NS_GET_USERNS = 0xB701
"""ioctl_ns(2)"""


class NotLocalError(OSError):
    """The path leads to a file system that may need another program or the network to answer."""

    def __init__(self, kind: str) -> None:
        super().__init__(errno.EACCES, f"it is on a file system that may never answer: {kind}")


class LocalFile(NamedTuple):
    """A file that was reached."""

    descriptor: int
    """Opened with O_PATH."""
    device: tuple[int, int]
    """Major and minor number of its file system as in mountinfo; to stat(2), overlayfs and btrfs report others."""


@contextmanager
def open_path(path: bytes, home: str = _OWN, *, follow: bool = True) -> Iterator[LocalFile]:
    """Open the file at an absolute path, as the process with the directory `home` in /proc sees it; close it at the end.

    Symbolic links are followed, without `follow` only in directories. Raises NotLocalError, or OSError as open(2) does.
    """
    walk = _Walk(home)
    descriptor = walk.open(path, follow)
    try:
        yield LocalFile(descriptor, walk.mounts[mount_of(descriptor)].device)
    finally:
        os.close(descriptor)


class _Walk:
    """The way from the root directory of a process to a file."""

    def __init__(self, home: str) -> None:
        self._home = home
        mounts = parse_mounts(_read_own(f"{home}/mountinfo"))
        self.mounts = {mount.number: mount for mount in mounts}
        trusted = _LOCAL | _STACKED if _has_our_mounts(home) else _LOCAL
        self._trusted = trusted
        self._foreign = {os.fsencode(mount.point): mount.kind for mount in mounts if mount.kind not in trusted}
        """Mount points of file systems that are not entered."""
        self._names: list[bytes] = []
        """The path from the root, without symbolic links."""
        self._opened: list[int] = []
        """The root, and the file of each name."""

    def open(self, path: bytes, follow: bool) -> int:
        waiting = path.split(b"/")[::-1]
        links = 0
        try:
            self._opened.append(self._root())
            self._require_local()
            while waiting:
                name = waiting.pop()
                if name in (b"", b"."):
                    continue
                if name == b"..":
                    self._return_to(max(len(self._names) - 1, 0))
                    continue
                target = self._enter(name)
                if target is None:
                    continue
                links += 1
                if links > _MOST_LINKS or len(waiting) > _MOST_COMPONENTS or not (follow or waiting):
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                self._return_to(0 if target.startswith(b"/") else len(self._names) - 1)
                waiting += target.split(b"/")[::-1]
            return self._opened.pop()
        finally:
            for descriptor in self._opened:
                os.close(descriptor)

    def _root(self) -> int:
        """Open the root directory of the process. Raises OSError, not as if the path that is looked for were missing."""
        path = f"{self._home}/root"
        try:
            return os.open(path, _PATH_ONLY & ~getattr(os, "O_NOFOLLOW", 0))
        except OSError as error:
            raise OSError(errno.EIO, f"{path}: {error.strerror}") from error

    def _enter(self, name: bytes) -> bytes | None:
        """Open a file of the present directory; return the target of a symbolic link."""
        if len(self._names) >= _MOST_COMPONENTS:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        self._names.append(name)
        kind = self._foreign.get(b"/" + b"/".join(self._names))
        if kind is not None:  # already opening a mount point of NFS may ask the server
            raise NotLocalError(kind)
        self._opened.append(os.open(name, _PATH_ONLY, dir_fd=self._opened[-1]))
        self._require_local()
        if stat.S_ISLNK(os.fstat(self._opened[-1]).st_mode):
            return os.readlink(b"", dir_fd=self._opened[-1])
        return None

    def _require_local(self) -> None:
        mount = self.mounts.get(mount_of(self._opened[-1]))
        if mount is None or mount.kind not in self._trusted:
            raise NotLocalError(mount.kind if mount else "unknown")

    def _return_to(self, depth: int) -> None:
        """Leave the directories below the one at this depth, the root's being 0."""
        while len(self._names) > depth:
            self._names.pop()
            os.close(self._opened.pop())


def mount_of(descriptor: int) -> int:
    """Return the id of the mount that a descriptor is on, the first field of mountinfo. Raises OSError."""
    return _fields(descriptor)["mnt_id"]


def number_of(descriptor: int) -> int | None:
    """Return the inode number in the file system itself; None before Linux 5.14. Raises OSError."""
    return _fields(descriptor).get("ino")


def _fields(descriptor: int) -> dict[str, int]:
    """Return the decimal fields of /proc/self/fdinfo, proc(5)."""
    pairs = (line.partition(":")[::2] for line in _read_own(f"{_OWN}/fdinfo/{descriptor}").split("\n"))
    return {name: int(value) for name, value in pairs if value.strip().isdecimal()}


def _read_own(path: str) -> str:
    """Return the text of a process's file in /proc. Raises OSError, not as if the path that is looked for were missing."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(_MOST_MOUNTINFO)
    except OSError as error:
        raise OSError(errno.EIO, f"{path}: {error.strerror}") from error


def _has_our_mounts(home: str) -> bool:
    """Tell whether a process's mount namespace is ours, or belongs to our user namespace: then root has made its mounts."""
    import fcntl

    try:
        if os.readlink(f"{home}/ns/mnt") == os.readlink(f"{_OWN}/ns/mnt"):
            return True
        with open(f"{home}/ns/mnt", "rb") as namespace:
            owner = fcntl.ioctl(namespace.fileno(), _NS_GET_USERNS)
    except OSError:
        return False
    try:
        return os.fstat(owner).st_ino == os.stat(f"{_OWN}/ns/user").st_ino
    finally:
        os.close(owner)
