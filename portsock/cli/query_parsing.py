"""Parse the targets and filters of a command line into a Query."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from portsock.cli.options import Collecting, Selecting
from portsock.errors import UsageError
from portsock.model import Family
from portsock.port_numbers import Services
from portsock.query.query import Query

if TYPE_CHECKING:
    from portsock.model import State
    from portsock.query.target import SocketEnd, Target

_BY_FLAG = {
    "tcp": frozenset({"tcp"}),
    "mptcp": frozenset({"mptcp"}),
    "udp": frozenset({"udp", "udplite"}),
    "unix": frozenset({"unix"}),
    "raw": frozenset({"raw", "icmp"}),
}


def parse_query(targets: Iterable[str] | None, select: Selecting, collect: Collecting, services: Services) -> Query:
    """Parse what was typed. Raises UsageError for the first value that does not parse.

    The modules of the grammar are imported only for what was typed: most commands need none of them.
    """
    return Query(
        targets=_targets(targets, collect, services),
        exclude=_targets(select.exclude, collect, services),
        listening=select.listening,
        established=select.established,
        states=_states(select.state),
        families=_families(select),
        protocols=frozenset().union(*(found for flag, found in _BY_FLAG.items() if getattr(select, flag))),
        all_families=select.all_families,
        local=_socket_ends(select.local, collect, services),
        remote=_socket_ends(select.remote, collect, services),
        ports=_ports(select.port),
        pids=_pids(select.pid),
        processes=tuple(select.process or ()),
        users=tuple(_listed(select.user)),
        netns=tuple(collect.netns or ()),
        all=select.all,
        exact=select.exact,
    )


def _listed(texts: Iterable[str] | None) -> list[str]:
    """Split the values of an option that may be repeated, or written as 'A,B'."""
    return [part.strip() for text in texts or () for part in text.split(",")]


def _states(texts: Iterable[str] | None) -> frozenset["State"]:
    if not texts:
        return frozenset()
    from portsock.query.values import parse_states

    return frozenset().union(*(parse_states(word) for text in texts for word in text.split(",")))


def _families(select: Selecting) -> frozenset[Family]:
    found = set()
    if select.ipv4:
        found.add(Family.IPV4)
    if select.ipv6:
        found.add(Family.IPV6)
    return frozenset(found)


def _targets(texts: Iterable[str] | None, collect: Collecting, services: Services) -> tuple["Target", ...]:
    if not texts:
        return ()
    from portsock.query.target import parse_target

    return tuple(parse_target(text, services, resolve=resolver(collect)) for text in texts)


def _socket_ends(texts: Iterable[str] | None, collect: Collecting, services: Services) -> tuple["SocketEnd", ...]:
    if not texts:
        return ()
    from portsock.query.target import parse_socket_end

    return tuple(parse_socket_end(text, services, resolve=resolver(collect)) for text in texts)


def resolver(collect: Collecting) -> Callable[[str], list[str]] | None:
    """Return the function that looks up host names; None without --resolve."""
    if not collect.resolve:
        return None
    from portsock.sources.resolve import addresses_of

    return addresses_of


def _ports(texts: Iterable[str] | None) -> tuple[tuple[int, int], ...]:
    if not texts:
        return ()
    from portsock.query.values import parse_ports

    return tuple(parse_ports(text, text) for text in _listed(texts))


def _pids(texts: Iterable[str] | None) -> tuple[int, ...]:
    if not texts:
        return ()
    from portsock.query.values import parse_number

    numbers = []
    for text in _listed(texts):
        number = parse_number(text, 2**32 - 1)
        if number is None:
            raise UsageError(f"--pid {text}: no process number; write it in the digits 0 to 9, or find it by --process {text}")
        numbers.append(number)
    return tuple(numbers)
