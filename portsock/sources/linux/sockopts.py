"""Options of another process's socket on Linux, read through a short-lived duplicate of its descriptor.

pidfd_getfd(2) (Linux 5.6) requires the right to attach to the process: it must be our own, or we must be root. Duplicating
changes nothing for the holder. Use it only for the few sockets whose options matter.
"""

import errno
import os
import socket
import sys
from collections.abc import Collection, Iterable
from functools import cache
from typing import TYPE_CHECKING

from portsock.model import Socket
from portsock.records import SocketOptions
from portsock.sources.failures import note, note_reason

if TYPE_CHECKING:
    import ctypes

_PIDFD_GETFD = 438
"""The same number on every architecture but Alpha."""
_PIDFD_THREAD = getattr(os, "O_EXCL", 0)
"""For a thread other than the main one, since Linux 6.9."""
_SO_BINDTODEVICE = 25
_IFNAMSIZ = 16


def options_of(sockets: Iterable[Socket], inodes: Collection[int]) -> dict[int, SocketOptions]:
    """Return the options by inode, of the sockets with these inodes. Sockets that cannot be read are left out."""
    holders = {
        item.inode: tuple(
            (owner.tid or owner.pid, owner.fd) for owner in item.owners if owner.pid is not None and owner.fd is not None
        )
        for item in sockets
        if item.inode in inodes and item.inode is not None
    }
    if not holders or not sys.platform.startswith("linux"):
        return {}
    from portsock.sources.linux.blocking import patience

    # The kernel waits for a process that is within execve(2): __pidfd_fget() in kernel/pid.c.
    found = patience().call_each(lambda inode: _first_options(holders[inode], inode), holders)
    for inode in (*found.blocked, *found.unmade):
        note_reason("options of socket", inode, "its process is blocked")
    return {inode: options for inode, options in found.results.items() if options is not None}


def _first_options(holders: Iterable[tuple[int, int]], inode: int) -> SocketOptions | None:
    """Return the options of the first holder's descriptor that may be read and is still this socket."""
    for pid, fd in holders:
        try:
            copy = duplicate(pid, fd)
            try:
                if os.readlink(f"/proc/self/fd/{copy}") == f"socket:[{inode}]":
                    return _options(copy)
            finally:
                os.close(copy)
        except PermissionError:
            continue
        except OSError as error:
            note("options of socket", inode, error)
    return None


def duplicate(pid: int, fd: int) -> int:
    """Return a duplicate of the descriptor of a process, or of a thread with a table of its own. Raises OSError."""
    import ctypes

    try:
        process = os.pidfd_open(pid)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise
        process = os.pidfd_open(pid, _PIDFD_THREAD)
    try:
        copy: int = _libc().syscall(ctypes.c_long(_PIDFD_GETFD), process, fd, 0)
        if copy < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return copy
    finally:
        os.close(process)


@cache
def _libc() -> "ctypes.CDLL":
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


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
