"""Rules by port, so that a socket is held only against the rules that may concern it."""

from bisect import bisect_right
from collections.abc import Sequence

from portsock.policy.types import Rule
from portsock.policy.values import EPHEMERAL


class Index:
    """The rules of one host in their order."""

    def __init__(self, rules: Sequence[Rule], ephemeral: tuple[int, int]) -> None:
        self._single: dict[int, list[int]] = {}
        self._wide: list[tuple[int, int, int]] = []
        self._rules = rules
        for number, rule in enumerate(rules):
            for first, last in {
                ephemeral if each == EPHEMERAL else each for each in rule.selectors.get("port", ((0, 65535),))
            }:
                if first == last:
                    self._single.setdefault(first, []).append(number)
                else:
                    self._wide.append((first, last, number))
        self._bounds = sorted({bound for first, last, _ in self._wide for bound in (first, last + 1)})
        self._between: dict[int, tuple[tuple[int, ...], tuple[Rule, ...]]] = {}
        self._of_port: dict[int, tuple[Rule, ...]] = {}

    def candidates(self, port: int) -> tuple[Rule, ...]:
        """Return the rules whose ports have this one; one object for all ports that no rule names alone."""
        found = self._of_port.get(port)
        if found is not None:
            return found
        place = bisect_right(self._bounds, port)
        wide = self._between.get(place)
        if wide is None:
            numbers = tuple(sorted({number for first, last, number in self._wide if first <= port <= last}))
            wide = self._between[place] = numbers, tuple(self._rules[number] for number in numbers)
        single = self._single.get(port)
        if single is None:
            return wide[1]
        found = self._of_port[port] = tuple(self._rules[number] for number in sorted({*wide[0], *single}))
        return found
