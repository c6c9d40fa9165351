"""What a port's number says by itself: the ranges of RFC 6335, and where each system's own choice and privilege begin."""

from enum import StrEnum


class Range(StrEnum):
    """The three ranges of RFC 6335, section 6. The values are those of Port.range."""

    SYSTEM = "system"
    USER = "user"
    DYNAMIC = "dynamic"


BOUNDS = {Range.SYSTEM: (0, 1023), Range.USER: (1024, 49151), Range.DYNAMIC: (49152, 65535)}
"""First and last number of each."""

PRIVILEGED_END = 1024
"""The first port that needs no privilege, unless Linux's ip_unprivileged_port_start says otherwise (ip-sysctl.rst)."""

_EPHEMERAL = {
    "Linux": (32768, 60999),
    "Darwin": (49152, 65535),
    "Windows": (49152, 65535),
    "FreeBSD": (10000, 65535),
    "OpenBSD": (1024, 49151),
    "NetBSD": (49152, 65535),
}
"""ip-sysctl.rst; xnu's, FreeBSD's, OpenBSD's and NetBSD's netinet/in.h; Microsoft's KB 929851."""

_EPHEMERAL_UNKNOWN = (32768, 65535)
"""Wide enough for Linux, for those that use RFC 6335's dynamic ports, and for Solaris and AIX."""


def range_of(port: int) -> Range:
    """The range that the number (0 to 65535) is in."""
    return Range.SYSTEM if port < 1024 else Range.USER if port < 49152 else Range.DYNAMIC


def default_ephemeral(system: str) -> tuple[int, int]:
    """First and last of the local ports that a system picks from unless told otherwise. `system`: as in Host.system."""
    return _EPHEMERAL.get(system, _EPHEMERAL_UNKNOWN)
