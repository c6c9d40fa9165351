"""Processes that /proc hides from this process, and why the descriptors of a process may not be read."""

import errno
import os
from typing import NamedTuple

from portsock.model import OwnerReason
from portsock.parse.proc.mountinfo import INVISIBLE, NO_ACCESS, PTRACEABLE, HidePid, parse_hidepid, parse_mounts
from portsock.sources.failures import note
from portsock.sources.system import read_text

PROC = "/proc"
INITIAL_PID_NAMESPACE = 0xEFFFFFFC
"""The inode number of the initial PID namespace: PROC_PID_INIT_INO, include/linux/proc_ns.h"""


class Visibility(NamedTuple):
    """The limits of what one /proc shows of other processes."""

    hidepid: int
    """The mount's mode, 0 where it does not restrict the present user."""
    unlisted: OwnerReason | None
    """HIDEPID, PIDNS or NO_PROC where there may be processes that are not listed."""

    def reason(self, uid: int | None) -> OwnerReason:
        """Return why the descriptors of a process of this user may not be read."""
        if self.hidepid:
            return OwnerReason.HIDEPID
        own = os.geteuid()
        if own == 0:
            return OwnerReason.DENIED
        return OwnerReason.NOT_DUMPABLE if uid == own else OwnerReason.OTHER_USER


def read_visibility(root: str = "/proc") -> Visibility:
    """Return what this /proc shows of other processes.

    Only the initial PID namespace lists every process of the host. In a nested one nothing proves that a socket has no
    holder: any process outside may have entered our network namespace, whoever made that (setns(2)), or have got the socket
    from somebody (unix(7)).
    """
    mountinfo = read_text(f"{root}/self/mountinfo") or ""
    if root == PROC and not _is_ours(root, mountinfo):
        return Visibility(0, OwnerReason.NO_PROC)
    hidepid = _hidepid(root, mountinfo)
    if hidepid >= INVISIBLE:
        return Visibility(hidepid, OwnerReason.HIDEPID)
    return Visibility(hidepid, OwnerReason.PIDNS if nested_namespace(root) is not None else None)


def lists_whole_host() -> bool:
    """Tell whether /proc lists every process of the host: it is of the initial PID namespace, and hides none from us."""
    visible = read_visibility()
    return visible.unlisted is None and not visible.hidepid


def nested_namespace(root: str = PROC) -> int | None:
    """Return the inode number of our PID namespace; None if it is the initial one, or the kernel has no others."""
    try:
        inode = int(os.readlink(f"{root}/self/ns/pid")[5:-1])  # pid:[4026531836]
    except OSError as error:
        note("file", f"{root}/self/ns/pid", error)
        return None
    return None if inode == INITIAL_PID_NAMESPACE else inode


def read_pids(root: str = PROC) -> list[int]:
    """Return the pids of all processes that /proc lists, ascending. Raises OSError.

    libc takes some errors for the end of a directory: a list without this process is not whole.
    """
    pids = sorted(int(name) for name in os.listdir(root) if name.isascii() and name.isdigit())
    if root == PROC and os.getpid() not in pids:
        raise OSError(errno.EIO, "its list ends early")
    return pids


def shows_our_namespace() -> bool:
    """Tell whether /proc is a proc(5) file system, and of this process's PID namespace.

    It may be missing, or belong to a container whose mount namespace was entered without its PID namespace (nsenter --mount),
    or to the parent namespace (unshare --pid without --mount-proc). Its numbers are then those of other processes.
    """
    return _is_ours(PROC, read_text(f"{PROC}/self/mountinfo") or "")


def _is_ours(root: str, mountinfo: str) -> bool:
    try:
        if os.readlink(f"{root}/self") != str(os.getpid()):
            return False
    except OSError as error:
        note("file", f"{root}/self", error)
        return False
    _, found, rest = (read_text(f"{root}/self/status") or "").partition("\nNSpid:")
    if found and len(rest.partition("\n")[0].split()) != 1:  # one pid for each namespace from this /proc's down to ours
        return False
    return [mount.kind for mount in parse_mounts(mountinfo) if mount.point == root][-1:] == ["proc"]


def _hidepid(root: str, mountinfo: str) -> int:
    option = parse_hidepid(mountinfo, root)
    return option.mode if option and option.mode >= NO_ACCESS and not _exempt(option) else 0


def _exempt(option: HidePid) -> bool:
    """Tell whether the mount option does not apply to this user: root and the option's group, but not under PTRACEABLE.

    Source: has_pid_permissions() in fs/proc/base.c.
    """
    if option.mode == PTRACEABLE:
        return False
    return os.geteuid() == 0 or option.gid in {os.getegid(), *os.getgroups()}
