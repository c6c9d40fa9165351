"""The range (RFC 6335) and the service name (services(5)) of a port number."""

from collections.abc import Mapping
from enum import StrEnum


class Range(StrEnum):
    """The three ranges of RFC 6335, section 6. The values are those of Port.range."""

    SYSTEM = "system"
    USER = "user"
    DYNAMIC = "dynamic"


BOUNDS = {Range.SYSTEM: (0, 1023), Range.USER: (1024, 49151), Range.DYNAMIC: (49152, 65535)}
"""First and last number of each range."""

PRIVILEGED_END = 1024
"""The first port that needs no privilege. On Linux ip_unprivileged_port_start can change it (ip-sysctl.rst)."""

_EPHEMERAL = {
    "Linux": (32768, 60999), "Darwin": (49152, 65535), "Windows": (49152, 65535),
    "FreeBSD": (10000, 65535), "OpenBSD": (1024, 49151), "NetBSD": (49152, 65535),
    "SunOS": (32768, 65535), "AIX": (32768, 65535), "HP-UX": (49152, 65535),
}  # fmt: skip
"""Default ephemeral ports, first and last. Sources: ip-sysctl.rst; netinet/in.h of xnu, FreeBSD, OpenBSD and NetBSD;
Microsoft's KB 929851; smallest_anon_port of Solaris; tcp_ephemeral_low of AIX; tcp_smallest_anon_port of HP-UX."""

_EPHEMERAL_UNKNOWN = (32768, 65535)
"""For other systems: it includes the ranges of Linux and of systems that use RFC 6335's dynamic ports."""


def range_of(port: int) -> Range:
    """Return the range of a port number (0 to 65535)."""
    return Range.SYSTEM if port < 1024 else Range.USER if port < 49152 else Range.DYNAMIC


def default_ephemeral(system: str) -> tuple[int, int]:
    """Return the first and last local port that a system chooses from by default. `system` is as in Host.system."""
    return _EPHEMERAL.get(system, _EPHEMERAL_UNKNOWN)


_NAMED_AS = {"udplite": "udp", "mptcp": "tcp"}
"""Protocols without service names of their own, and the protocol whose names they use."""


def naming_protocol(protocol: str) -> str:
    """Return the protocol whose service names this one uses."""
    return _NAMED_AS.get(protocol, protocol)


class Services:
    """A table of service names. Ports are shown by the first name of a line; aliases are only looked up."""

    def __init__(self, names: Mapping[tuple[str, int], str], ports: Mapping[str, frozenset[tuple[str, int]]]) -> None:
        self._names = names
        self._ports = ports

    def name(self, protocol: str, port: int | None) -> str | None:
        """Return the name of this protocol's port, or None."""
        return None if port is None else self._names.get((naming_protocol(protocol), port))

    def ports(self, name: str) -> frozenset[tuple[str, int]]:
        """Return all (protocol, port) pairs of a name or alias in any case; empty where the table has none."""
        return self._ports.get(name.lower(), frozenset())

    def names(self) -> list[str]:
        """Return every name and alias, sorted."""
        return sorted(self._ports)


def parse_services(text: str) -> Services:
    """Parse the text of a services file: 'name port/protocol alias…', '#' begins a comment.

    Broken lines are skipped: they must not stop a listing.
    """
    names: dict[tuple[str, int], str] = {}
    ports: dict[str, set[tuple[str, int]]] = {}
    for line in text.split("\n"):
        words = line.partition("#")[0].split()
        if len(words) < 2:
            continue
        number, slash, protocol = words[1].partition("/")
        if not slash or not number.isascii() or not number.isdigit() or len(number) > 5 or int(number) > 65535:
            continue
        key = (protocol.lower(), int(number))
        names.setdefault(key, words[0])
        for name in (words[0], *words[2:]):
            ports.setdefault(name.lower(), set()).add(key)
    return Services(names, {name: frozenset(pairs) for name, pairs in ports.items()})


EMPTY = Services({}, {})
