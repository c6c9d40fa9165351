"""Options of another process's socket on Linux, read through a short-lived duplicate of its descriptor.

pidfd_getfd(2) (Linux 5.6) requires the right to attach to the process: it must be our own, or we must be root. Duplicating
changes nothing for the holder. Use it only for the few sockets whose options matter.
"""

import os
import socket
import sys
from collections.abc import Collection, Iterable

from portsock.model import Socket
from portsock.records import SocketOptions

_PIDFD_GETFD = 438
"""The same number on every architecture but Alpha."""
_SO_BINDTODEVICE = 25
_IFNAMSIZ = 16


def options_of(sockets: Iterable[Socket], inodes: Collection[int]) -> dict[int, SocketOptions]:
    """Return the options by inode, of the sockets with these inodes. Sockets that cannot be read are left out."""
    found: dict[int, SocketOptions] = {}
    if not sys.platform.startswith("linux"):
        return found
    for item in sockets:
        inode = item.inode
        if inode is None or inode not in inodes or inode in found:
            continue
        for owner in item.owners:
            if owner.pid is None or owner.fd is None:
                continue
            options = _read(owner.pid, owner.fd, inode)
            if options is not None:
                found[inode] = options
                break
    return found


def _read(pid: int, fd: int, inode: int) -> SocketOptions | None:
    """Return the options of a descriptor's socket; None where it may not be read, or is another socket by now."""
    try:
        duplicate = _duplicate(pid, fd)
        try:
            return _options(duplicate) if os.fstat(duplicate).st_ino == inode else None
        finally:
            os.close(duplicate)
    except OSError:
        return None


def _duplicate(pid: int, fd: int) -> int:
    """Return a duplicate of the process's descriptor. Raises OSError."""
    import ctypes

    process = os.pidfd_open(pid)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        duplicate: int = libc.syscall(ctypes.c_long(_PIDFD_GETFD), process, fd, 0)
        if duplicate < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        return duplicate
    finally:
        os.close(process)


def _options(fd: int) -> SocketOptions:
    held = socket.socket(fileno=fd)
    try:
        device = held.getsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, _IFNAMSIZ).rstrip(b"\0").decode("utf-8", "replace")
        v6 = held.family == socket.AF_INET6
        return SocketOptions(
            held.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) != 0,
            held.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) != 0,
            held.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) != 0 if v6 else None,
            device or None,
        )
    finally:
        held.detach()
