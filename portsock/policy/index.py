"""Rules by port and program, so that a socket is held only against the rules that may concern it."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter

from portsock.normalize.offers import Program
from portsock.policy.matching import names_of, split
from portsock.policy.types import Rule
from portsock.policy.values import EPHEMERAL

Numbered = tuple[int, Rule]
"""A rule, and its place among the rules of its host."""
_number = itemgetter(0)


class Bucket:
    """Rules with the same ports, by program."""

    def __init__(self, rules: Iterable[Numbered]) -> None:
        self.rules = sorted(rules, key=_number)
        self._any: list[Numbered] = []
        self._by_name: dict[str, list[Numbered]] = {}
        self._known: dict[tuple[Program, ...], tuple[Numbered, ...]] = {}
        for rule in self.rules:
            names, globs = split(rule[1].selectors.get("program", ("*",)))
            if globs:
                self._any.append(rule)
            else:
                for name in names:
                    self._by_name.setdefault(name, []).append(rule)

    def of(self, programs: tuple[Program, ...]) -> tuple[Numbered, ...]:
        """Return the rules that these programs may match, one object for equal programs."""
        if not self.rules:
            return ()
        found = self._known.get(programs)
        if found is None:
            names = names_of(programs[0]) if programs else ()
            # What is not known may be anything.
            named = [self._by_name.get(name, ()) for name in names] if names else self._by_name.values()
            unique = dict(rule for rules in (self._any, *named) for rule in rules)
            found = self._known[programs] = tuple(sorted(unique.items(), key=_number))
        return found


class Index:
    """The rules of one host in their order."""

    def __init__(self, rules: Sequence[Rule], ephemeral: tuple[int, int]) -> None:
        single: dict[int, list[Numbered]] = {}
        self._wide: list[tuple[int, int, Numbered]] = []
        portless = []
        for rule in enumerate(rules):
            ranges = {ephemeral if each == EPHEMERAL else each for each in rule[1].selectors.get("port", ())}
            if not ranges:
                portless.append(rule)
            for first, last in ranges:
                if first == last:
                    single.setdefault(first, []).append(rule)
                else:
                    self._wide.append((first, last, rule))
        self._single = {port: Bucket(found) for port, found in single.items()}
        self._portless = Bucket(portless)
        self._bounds = sorted({bound for first, last, _ in self._wide for bound in (first, last + 1)})
        self._between: dict[int, Bucket] = {}
        self._nothing = Bucket(())

    def of_port(self, port: int) -> tuple[Bucket, Bucket, Bucket]:
        """Return the rules that name this port alone, in a range, and those that name none."""
        if not self._bounds:
            return self._single.get(port, self._nothing), self._nothing, self._portless
        place = bisect_right(self._bounds, port)
        wide = self._between.get(place)
        if wide is None:
            # A rule may have several ranges with the port.
            rules = dict(rule for first, last, rule in self._wide if first <= port <= last)
            wide = self._between[place] = Bucket(rules.items())
        return self._single.get(port, self._nothing), wide, self._portless


def merged(parts: Iterable[Sequence[Numbered]]) -> list[Rule]:
    """Return the rules of several buckets, each once, in the order of the policy."""
    filled = [part for part in parts if part]
    if len(filled) < 2:
        return [rule for part in filled for _, rule in part]
    return [rule for _, rule in sorted(dict(rule for part in filled for rule in part).items(), key=_number)]
