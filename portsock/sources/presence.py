"""What exists on this system whether it holds sockets or not: processes, users, units."""

import os
import sys
from collections.abc import Sequence

from portsock.model import Process
from portsock.sources.failures import is_absent
from portsock.sources.system import parse_uid, user_name

_UNIT_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
                 "/lib/systemd/system")  # fmt: skip
"""Where system units are: systemd.unit(5)."""


def running_processes() -> Sequence[Process]:
    """Return the processes that can be seen, without their command lines. Facts that cannot be read are None."""
    if sys.platform.startswith("linux"):
        from portsock.sources.linux.processes import facts

        try:
            pids = [int(name) for name in os.listdir("/proc") if name.isascii() and name.isdigit()]
        except OSError:
            return ()
        return [process for process in facts(pids, commands=False).values() if process.comm is not None]
    import psutil

    found = psutil.process_iter(["name", "username"])
    return [Process(each.pid, each.info["name"], user=each.info["username"]) for each in found]


def descriptors_readable(pid: int) -> bool:
    """Tell whether the descriptors of a process may be read from here. Where there is no /proc, that is not known: True."""
    try:
        os.listdir(f"/proc/{pid}/fd")
    except OSError as error:
        return is_absent(error)
    return True


def user_exists(name: str) -> bool | None:
    """Tell whether the user table has the name or uid; None where there is no such table."""
    uid = parse_uid(name)
    if uid is not None:
        return user_name(uid) is not None
    try:
        import pwd
    except ImportError:
        return None
    try:
        return bool(pwd.getpwnam(name))
    except (KeyError, ValueError, OSError):  # not in the table, a NUL, an encoding error
        return False


def unit_installed(name: str) -> bool:
    """Tell whether a system unit of this name, with or without '.service', has a file."""
    if "/" in name or "\0" in name or not name.isprintable():
        return False
    names = (name, f"{name}.service")
    return any(_exists(f"{folder}/{each}") for folder in _UNIT_FOLDERS for each in names)


def _exists(path: str) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        return not is_absent(error)
    return True
