"""For whom a bind is judged, and whether that user may take privileged ports."""

import os
import sys

from portsock.errors import UsageError
from portsock.records import Identity

_CAP_NET_BIND_SERVICE = 10
"""include/uapi/linux/capability.h"""
_NS_GET_USERNS = 0xB701
"""ioctl_ns(2)"""


def identity(user: str | None = None) -> Identity:
    """The user named or numbered `user`; without one the user behind sudo, else the effective one of this process.

    Raises UsageError for a user that does not exist.
    """
    if not hasattr(os, "geteuid"):
        return Identity(0, None, user)
    uid, name = _user(user) if user is not None else _default()
    return Identity(uid, _may_bind_low(uid), name)


def _default() -> tuple[int, str | None]:
    uid = os.geteuid()
    behind = os.environ.get("SUDO_UID", "")
    if uid == 0:
        number = _number(behind)
        uid = 0 if number is None else number
    return uid, _name_of(uid)


def _number(text: str) -> int | None:
    """A uid written in digits; None for anything else and for -1, which stands for no user."""
    usable = text.isascii() and text.isdigit() and len(text) <= 10 and int(text) < 2**32 - 1
    return int(text) if usable else None


def _user(user: str) -> tuple[int, str | None]:
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except (KeyError, ValueError):
        uid = _number(user)
        if uid is not None:
            return uid, _name_of(uid)
        raise UsageError(f"--as {user[:60]}: no such user; give a name from the user table, or a uid") from None
    return entry.pw_uid, entry.pw_name


def _name_of(uid: int) -> str | None:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _may_bind_low(uid: int) -> bool | None:
    """Whether a program of this user may take privileged ports: our own capability for ourselves, else root only. The
    capability counts in the user namespace that owns the network namespace; None where that is another than ours."""
    if not sys.platform.startswith("linux"):
        return uid == 0
    if uid not in {0, os.geteuid()}:
        return False
    mine = _effective_capability() if uid == os.geteuid() else True
    if not mine:
        return mine
    owns = _owns_network()
    return mine if owns else None


def _effective_capability() -> bool | None:
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"CapEff:"):
                    return bool(int(line.split()[1], 16) >> _CAP_NET_BIND_SERVICE & 1)
    except (OSError, ValueError, IndexError):
        pass
    return None


def _owns_network() -> bool:
    """Whether the network namespace belongs to our user namespace. The ioctl is refused (EPERM) where the owner is none of
    ours nor below it; without nsfs (Linux before 4.9) there is nothing to compare and nothing nested is expected."""
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
