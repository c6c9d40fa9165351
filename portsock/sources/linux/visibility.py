"""Which processes cannot be seen from here, and why one may not be read."""

import os
from typing import NamedTuple

from portsock.model import OwnerReason
from portsock.parse.proc.mountinfo import INVISIBLE, NO_ACCESS, PTRACEABLE, HidePid, parse_hidepid

INITIAL_PID_NAMESPACE = 0xEFFFFFFC
"""Its inode number: PROC_PID_INIT_INO, include/linux/proc_ns.h"""
_INITIAL_NETWORK_ONLY = "sys/net/core/dev_weight"
"""A setting that only the initial network namespace has: net_core_table in net/core/sysctl_net_core.c."""


class Sight(NamedTuple):
    """The limits of what this process sees of others under one /proc."""

    hidepid: int
    """The mount's mode, 0 where it does not bind the present user."""
    unlisted: OwnerReason | None
    """HIDEPID or PIDNS where there may be processes that are not even listed."""

    def reason(self, uid: int | None) -> OwnerReason:
        """Why the descriptors of a process of this user may not be read."""
        if self.hidepid:
            return OwnerReason.HIDEPID
        own = os.geteuid()
        return OwnerReason.OTHER_USER if own != 0 and uid != own else OwnerReason.DENIED


def sight(root: str = "/proc") -> Sight:
    """What can be seen through this /proc.

    A PID namespace below the initial one alone hides nobody: its sockets are its processes' as long as it has a network of its
    own, too. In the host's network there are sockets of the host's processes, which it does not show.
    """
    hidepid = _hidepid(root)
    if hidepid >= INVISIBLE:
        return Sight(hidepid, OwnerReason.HIDEPID)
    try:
        inside = os.readlink(f"{root}/self/ns/pid") != f"pid:[{INITIAL_PID_NAMESPACE}]"
    except OSError:
        inside = False
    return Sight(hidepid, OwnerReason.PIDNS if inside and os.path.exists(f"{root}/{_INITIAL_NETWORK_ONLY}") else None)


def _hidepid(root: str) -> int:
    try:
        with open(f"{root}/self/mountinfo", encoding="utf-8", errors="replace") as file:
            option = parse_hidepid(file.read(), root)
    except OSError:
        return 0
    return option.mode if option and option.mode >= NO_ACCESS and not _exempt(option) else 0


def _exempt(option: HidePid) -> bool:
    """has_pid_permissions() in fs/proc/base.c: the group counts but for PTRACEABLE, and so in effect does root."""
    if option.mode == PTRACEABLE:
        return False
    return os.geteuid() == 0 or option.gid in {os.getegid(), *os.getgroups()}
