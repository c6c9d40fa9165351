"""What a port number means by itself: its range (RFC 6335) and its service name (services(5))."""

from collections.abc import Mapping
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


_BORROWS = {"udplite": "udp", "mptcp": "tcp"}
"""Protocols without names of their own, and whose they use."""


def naming_protocol(protocol: str) -> str:
    """The protocol whose service names this one goes by: its own, or another's where it has none."""
    return _BORROWS.get(protocol, protocol)


class Services:
    """Names of ports and ports of names. The first name of a line is the one shown; aliases only find."""

    def __init__(self, names: Mapping[tuple[str, int], str], ports: Mapping[str, frozenset[tuple[str, int]]]) -> None:
        self._names = names
        self._ports = ports

    def name(self, protocol: str, port: int | None) -> str | None:
        """What the table calls the port of this protocol, or None."""
        if port is None:
            return None
        return self._names.get((naming_protocol(protocol), port))

    def ports(self, name: str) -> frozenset[tuple[str, int]]:
        """All (protocol, port) pairs that the table gives the name or alias; empty where it has none."""
        return self._ports.get(name.lower(), frozenset())

    def names(self) -> list[str]:
        """Every name and alias, sorted."""
        return sorted(self._ports)


def parse_services(text: str) -> Services:
    """Read the text of a services file: 'name port/protocol alias…', '#' begins a comment. Lines that do not fit are skipped,
    since a broken line there must not stop a listing."""
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
