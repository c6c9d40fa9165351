"""What tells this host, and this boot of it, from others: for records that are compared, or joined with those of others."""

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from portsock.model import Interface, Machine

if TYPE_CHECKING:
    from types import ModuleType

_APPLICATION = bytes.fromhex("7c1f0e5b9a3d4c62a8f4d0936be15a27")
"""The application id of portsock, see machine-id(5). Another one would make every host another one."""
_MACHINE_ID_DIGITS = 32
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")
"""Files that docker, podman and systemd-nspawn or LXC make in a container."""
_INITIAL_PID_NAMESPACE = "pid:[4026531836]"


def describe(interfaces: tuple[Interface, ...] | None, root: str = "/") -> Machine:
    """Return what is known of this host; what cannot be read is None. `root` is for tests."""
    if sys.platform == "win32":
        system, kernel = "Windows", None
    else:
        uname = os.uname()
        system, kernel = uname.sysname, uname.release
    if system != "Linux":
        return Machine(None, None, system, kernel, None, interfaces, None)
    boot_id = _first_line(f"{root}proc/sys/kernel/random/boot_id")
    return Machine(machine_id(root), boot_id, system, kernel, _own_netns(root), interfaces, None)


def machine_id(root: str = "/") -> str | None:
    """Return an id of this host that nothing else than portsock uses, in 32 hexadecimal digits.

    machine-id(5) itself must not leave the host: it is a secret that other programs derive theirs from. This is an HMAC-SHA256
    with it as the key, made as sd_id128_get_machine_app_specific(3) does. None where it is absent, empty or unreadable; and in
    a container, where it is that of the image, which other hosts run, too.
    """
    text = _first_line(f"{root}etc/machine-id") or ""
    if len(text) != _MACHINE_ID_DIGITS or not all(digit in "0123456789abcdef" for digit in text) or is_container(root):
        return None
    import hmac

    found = bytearray(hmac.digest(bytes.fromhex(text), _APPLICATION, "sha256")[:16])
    found[6] = found[6] & 0x0F | 0x40  # a UUID of version 4 (RFC 9562), as systemd makes it
    found[8] = found[8] & 0x3F | 0x80
    return found.hex()


def is_container(root: str = "/") -> bool:
    """Tell whether this process is in a container, as far as its files and its PID namespace show."""
    if any(os.path.exists(root + path[1:]) for path in _CONTAINER_MARKS):
        return True
    with suppress(OSError):
        return os.readlink(f"{root}proc/self/ns/pid") != _INITIAL_PID_NAMESPACE
    return False


def _own_netns(root: str) -> int | None:
    with suppress(OSError):
        return os.stat(f"{root}proc/thread-self/ns/net").st_ino
    return None


def _first_line(path: str) -> str | None:
    """Return the first line of a small file; None where it cannot be read: no answer depends on it."""
    with suppress(OSError, ValueError), open(path, encoding="ascii") as file:
        return file.readline(100).strip() or None
    return None


def psutil_interfaces(psutil: "ModuleType") -> tuple[Interface, ...] | None:
    """Return the interfaces that have addresses, as psutil lists them; None where it cannot."""
    try:
        listed = psutil.net_if_addrs()
    except (OSError, psutil.Error):
        return None
    found = []
    for name, entries in sorted(listed.items()):
        addresses = [
            _with_length(each.address, each.netmask) for each in entries if each.family.name in ("AF_INET", "AF_INET6")
        ]
        if addresses:
            found.append(Interface(name, tuple(addresses)))
    return tuple(found)


def _with_length(address: str, mask: str | None) -> str:
    """Return 'ADDRESS/LENGTH' without a zone; without the length where there is no mask."""
    from portsock.addresses import number_of

    address = address.partition("%")[0]
    number = number_of(mask or "")
    return address if number is None else f"{address}/{number[1].bit_count()}"
