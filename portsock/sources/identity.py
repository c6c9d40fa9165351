"""The user for whom a bind is judged, and whether that user may bind privileged ports."""

import os
import sys

from portsock.errors import UsageError
from portsock.records import Identity
from portsock.sources.system import effective_capabilities, parse_uid, sudo_uid, user_name

_CAP_NET_BIND_SERVICE = 10
"""include/uapi/linux/capability.h"""
_NS_GET_USERNS = 0xB701
"""ioctl_ns(2)"""


def effective_uid() -> int | None:
    """Return the uid that this process acts as; None on systems without uids."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def identity(user: str | None = None) -> Identity:
    """Return the user with this name or uid. Without one: the user who ran sudo, else the effective user of this process.

    Raises UsageError for a user that does not exist.
    """
    if not hasattr(os, "geteuid"):
        return Identity(0, None, user)
    uid, name = _user(user) if user is not None else _default()
    return Identity(uid, _may_bind_privileged_ports(uid), name)


def _default() -> tuple[int, str | None]:
    uid = os.geteuid()
    if uid == 0:
        uid = sudo_uid() or 0
    return uid, user_name(uid)


def _user(user: str) -> tuple[int, str | None]:
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except (KeyError, ValueError):
        uid = parse_uid(user)
        if uid is not None:
            return uid, user_name(uid)
        raise UsageError(f"--as {user[:60]}: no such user; give a name from the user table, or a uid") from None
    return entry.pw_uid, entry.pw_name


def _may_bind_privileged_ports(uid: int) -> bool | None:
    """Tell whether a program of this user may bind privileged ports.

    Our own user needs the capability, any other user must be root. The capability counts in the user namespace that owns the
    network namespace. None where that is not ours.
    """
    if not sys.platform.startswith("linux"):
        return uid == 0
    if uid not in {0, os.geteuid()}:
        return False
    if uid == os.geteuid():
        capabilities = effective_capabilities()
        if capabilities is None:
            return None
        if not capabilities >> _CAP_NET_BIND_SERVICE & 1:
            return False
    return True if _owns_network() else None


def _owns_network() -> bool:
    """Tell whether our user namespace owns our network namespace.

    The kernel refuses the ioctl (EPERM) where the owner is outside of our user namespace. Without nsfs (Linux before 4.9) the
    owner cannot be read, and is assumed to be ours.
    """
    import fcntl

    try:
        ours = os.stat("/proc/self/ns/user").st_ino
        with open("/proc/thread-self/ns/net", "rb") as network:
            owner = fcntl.ioctl(network.fileno(), _NS_GET_USERNS)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        return os.fstat(owner).st_ino == ours
    finally:
        os.close(owner)
