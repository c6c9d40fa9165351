"""Whether a rule matches a socket: yes, no, or nobody can say."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from portsock.addresses import WILDCARDS, exposure, number_of, scope, unmap
from portsock.model import Exposure, Netns, Scope
from portsock.normalize.offers import Program
from portsock.policy.subjects import Subject, Surroundings
from portsock.policy.types import Match, Rule
from portsock.policy.values import OF_OWNERS, Net
from portsock.reachability import Reach, Reachable

NO, MAYBE, YES = Match.NO, Match.MAYBE, Match.YES
_ORDER = {each: number for number, each in enumerate(Exposure)}
_SHORTEST_ID = 4
_GLOB = frozenset("*?[")
_HEX = frozenset("0123456789abcdef")
_LETS_IN = frozenset({Reachable.ACCEPT, Reachable.REDIRECT, Reachable.MIXED})


def match(rule: Rule, subject: Subject, around: Surroundings) -> Match:
    """Return whether all selectors of the rule match, its port apart."""
    least = YES
    for key in rule.selectors:
        if key in TESTS:
            least = min(least, TESTS[key](rule.selectors[key], subject, around))
            if least is NO:
                return NO
    if not rule.selectors.keys().isdisjoint(OF_OWNERS):
        least = min(least, _owners(rule, subject, around))
    return least


def failing(rule: Rule, subject: Subject, around: Surroundings, of: Match = NO) -> list[str]:
    """Return the keys of the rule that do not match, or with MAYBE those of which nobody can say."""
    found = [key for key in rule.selectors if key in TESTS and TESTS[key](rule.selectors[key], subject, around) is of]
    for key in OF_OWNERS:
        if key in rule.selectors:
            matches = [_owner(key, rule.selectors[key], program, around) for program in subject.programs] or [MAYBE]
            if min(matches) is of:
                found.append(key)
    return found


def widest_scope(address: str | None) -> Exposure | None:
    """Return who could reach a socket bound here. Addresses that no network should use count as public."""
    if address is None:
        return None
    found = exposure(address)
    if found is None and scope(address) is not None:
        return Exposure.PUBLIC
    return found


def _protocol(values: Sequence[Any], subject: Subject, _: Surroundings) -> Match:
    best = NO
    for names, version in values:
        if subject.protocol in names:
            best = max(best, YES if version is None else _offers(subject.address, subject.v6only, version))
    return best


def _offers(address: str | None, v6only: bool | None, version: int) -> Match:
    """Return whether a socket with this address takes connections or datagrams of an IP version."""
    if address is None:
        return MAYBE
    if address == "*":
        return YES
    if address == "::" and version == 4:
        return MAYBE if v6only is None else NO if v6only else YES
    own = 6 if ":" in unmap(address) else 4
    return YES if own == version else NO


def _address(values: Sequence[Any], subject: Subject, _: Surroundings) -> Match:
    address = subject.address
    if address is None:
        return MAYBE
    if address in WILDCARDS:
        return max(_wildcard(value, address, subject.v6only) for value in values)
    number = address_number(address)
    if number is None:
        return MAYBE
    return YES if any(isinstance(value, Net) and value.contains(*number) for value in values) else NO


def _wildcard(value: Any, address: str, v6only: bool | None) -> Match:
    if value == "*":
        return YES
    if isinstance(value, Net):  # 0.0.0.0/0 is every address
        return Match(YES - _offers(address, v6only, 10 - value.version)) if value.length == 0 else NO
    return _offers(address, v6only, 4 if value == "0.0.0.0" else 6)


@lru_cache(maxsize=65536)
def address_number(address: str) -> tuple[int, int] | None:
    """Return 4 or 6 and the address as a number, of an IPv4-mapped one the IPv4 address."""
    return number_of(unmap(address))


def _scope(values: Sequence[Any], subject: Subject, _: Surroundings) -> Match:
    found = widest_scope(subject.address)
    if found is None:
        return YES if values[0] is Exposure.ALL else MAYBE
    return YES if _ORDER[found] <= _ORDER[values[0]] else NO


def _netns(values: Sequence[Any], subject: Subject, around: Surroundings) -> Match:
    return max(in_namespace(value, subject.netns, around) for value in values)


def in_namespace(value: str, netns: Netns | None, around: Surroundings) -> Match:
    """Return whether a network namespace is one that 'own', 'other' or a glob means."""
    name = netns.name if netns else None
    if value in ("own", "other"):
        if netns is None or (not around.several_netns and around.own_netns is None):
            own = YES if name is None else NO
        elif around.own_netns is None:
            own = NO if name else MAYBE
        else:
            own = YES if netns.id == around.own_netns else NO
        return own if value == "own" else Match(YES - own)
    return YES if name is not None and fnmatchcase(name, value) else NO


def _reach(values: Sequence[Any], subject: Subject, _: Surroundings) -> Match:
    if "all" in values:
        return YES
    reach: Reach | None = subject.reach
    if reach is None:
        return MAYBE
    if widest_scope(subject.address) is Exposure.LOOPBACK:
        return YES
    sources = [each for each in reach.sources if each.source != "lo"]
    least = MAYBE if reach.not_read or reach.left_out or not sources else YES
    for each in sources:
        if each.verdict is Reachable.UNKNOWN:
            least = min(least, MAYBE)
        elif each.verdict in _LETS_IN and not _within(each.source, values):
            return NO
    return least


def _within(source: str, values: Sequence[Any]) -> bool:
    """Tell whether a network that is let in lies within one that may be."""
    text, _, length = source.partition("%")[0].partition("/")
    found = number_of(text)
    if found is None:
        return False
    if scope(text) is Scope.LOOPBACK:
        return True
    bits = int(length) if length else 32 if found[0] == 4 else 128
    return any(isinstance(value, Net) and value.contains(*found, bits) for value in values)


TESTS: Mapping[str, Callable[[Sequence[Any], Subject, Surroundings], Match]] = {
    "protocol": _protocol, "netns": _netns, "address": _address, "scope": _scope, "reach": _reach,
}  # fmt: skip


def _owners(rule: Rule, subject: Subject, around: Surroundings) -> Match:
    """Return whether every holder is one that the rule names: a socket that another program holds, too, is not allowed."""
    if not subject.programs:
        return MAYBE
    return min(
        _owner(key, rule.selectors[key], program, around)
        for program in subject.programs
        for key in OF_OWNERS
        if key in rule.selectors
    )


def _owner(key: str, values: tuple[str, ...], program: Program, around: Surroundings) -> Match:
    if key == "program":
        names = names_of(program)
        return MAYBE if not names else YES if any(_like(name, values) for name in names) else NO
    found: str | None = getattr(program, key)
    if found is None:
        return NO if key in ("unit", "container") and around.units_reported else MAYBE
    if key == "unit":
        return YES if _like(found, values) or _like(found.removesuffix(".service"), values) else NO
    if key == "container":
        return YES if _like(found, values) or any(_same_id(found, value) for value in values) else NO
    return YES if _like(found, values) else NO


def names_of(program: Program) -> list[str]:
    """Return the names that a rule may give a program: its own, and that of its executable."""
    base = (program.exe or "").replace("\\", "/").rpartition("/")[2]
    return [name for name in dict.fromkeys((program.name, base)) if name]


@lru_cache(maxsize=4096)
def split(values: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return names as they were written, and those of them that are globs."""
    return frozenset(values), tuple(value for value in values if not _GLOB.isdisjoint(value))


def _like(name: str, values: tuple[str, ...]) -> bool:
    names, globs = split(values)
    return name in names or (bool(globs) and any(fnmatchcase(name, glob) for glob in globs))


def _same_id(container: str, value: str) -> bool:
    """Tell whether two texts are ids of one container, of which either may be shortened."""
    ids = len(value) >= _SHORTEST_ID and _HEX.issuperset(value) and _HEX.issuperset(container)
    return ids and (container.startswith(value) or value.startswith(container))
