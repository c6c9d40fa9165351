"""Processes that /proc hides from this process, and why the descriptors of a process may not be read."""

import os
from typing import NamedTuple

from portsock.model import OwnerReason
from portsock.parse.proc.mountinfo import INVISIBLE, NO_ACCESS, PTRACEABLE, HidePid, parse_hidepid
from portsock.sources.system import read_text

INITIAL_PID_NAMESPACE = 0xEFFFFFFC
"""The inode number of the initial PID namespace: PROC_PID_INIT_INO, include/linux/proc_ns.h"""
_INITIAL_NETWORK_ONLY = "sys/net/core/dev_weight"
"""A setting that exists only in the initial network namespace: net_core_table in net/core/sysctl_net_core.c."""


class Visibility(NamedTuple):
    """The limits of what one /proc shows of other processes."""

    hidepid: int
    """The mount's mode, 0 where it does not restrict the present user."""
    unlisted: OwnerReason | None
    """HIDEPID or PIDNS where there may be processes that are not listed."""

    def reason(self, uid: int | None) -> OwnerReason:
        """Return why the descriptors of a process of this user may not be read."""
        if self.hidepid:
            return OwnerReason.HIDEPID
        own = os.geteuid()
        return OwnerReason.OTHER_USER if own != 0 and uid != own else OwnerReason.DENIED


def read_visibility(root: str = "/proc") -> Visibility:
    """Return what this /proc shows of other processes.

    A nested PID namespace hides no holder if it also has its own network namespace. In the host's network namespace there are
    sockets of host processes, which a nested PID namespace does not list.
    """
    hidepid = _hidepid(root)
    if hidepid >= INVISIBLE:
        return Visibility(hidepid, OwnerReason.HIDEPID)
    try:
        nested = os.readlink(f"{root}/self/ns/pid") != f"pid:[{INITIAL_PID_NAMESPACE}]"
    except OSError:
        nested = False
    return Visibility(hidepid, OwnerReason.PIDNS if nested and os.path.exists(f"{root}/{_INITIAL_NETWORK_ONLY}") else None)


def _hidepid(root: str) -> int:
    option = parse_hidepid(read_text(f"{root}/self/mountinfo") or "", root)
    return option.mode if option and option.mode >= NO_ACCESS and not _exempt(option) else 0


def _exempt(option: HidePid) -> bool:
    """Tell whether the mount option does not apply to this user: root and the option's group, but not under PTRACEABLE.

    Source: has_pid_permissions() in fs/proc/base.c.
    """
    if option.mode == PTRACEABLE:
        return False
    return os.geteuid() == 0 or option.gid in {os.getegid(), *os.getgroups()}
