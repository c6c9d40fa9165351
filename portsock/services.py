"""The table of service names: services(5). Pure: the text comes from a source."""

from collections.abc import Mapping

_BORROWS = {"udplite": "udp", "mptcp": "tcp"}
"""Protocols without names of their own, and whose they use."""


def lender(protocol: str) -> str:
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
        return self._names.get((lender(protocol), port))

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
