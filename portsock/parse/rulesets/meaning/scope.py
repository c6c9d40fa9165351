"""What the statements of a rule share: the table's family, its sets, and what the rule has compared already."""

from typing import Any, NamedTuple

from portsock.nft_words.dependencies import Need, needs
from portsock.nft_words.fields import WIDTHS
from portsock.parse.rulesets.meaning.values import Unreadable
from portsock.rulesets import Match, Meta, Payload, Range, Set, Statement

Types = tuple[tuple[str, int], ...]
"""Type and width of each part of a value."""

_SAME_AS = {
    Payload("network", 72, 8): "l4proto", Payload("network", 48, 8): "l4proto", Payload("link", 96, 16): "ether type",
}  # fmt: skip
"""Fields that say as much as a meta key."""
MOST_DEPTH = 20
"""Expressions in expressions. nft writes three."""


class MapTypes(NamedTuple):
    keys: tuple[str, ...]
    values: tuple[str, ...]


class TableScope:
    """A table while it is read: what its rules refer to."""

    def __init__(self, family: str, name: str) -> None:
        self.family = family
        self.name = name
        self.sets: dict[str, Set] = {}
        self.types: dict[str, MapTypes] = {}
        self._anonymous = 0

    def add_anonymous(self, found: Set) -> str:
        """Keep an anonymous map, and return the name that it gets."""
        while (name := f"__map{self._anonymous}") in self.sets:
            self._anonymous += 1
        self.sets[name] = found._replace(name=name)
        return name


class RuleScope:
    """A rule while it is read: its statements so far, and the protocols that they have made certain."""

    def __init__(self, table: TableScope) -> None:
        self.table = table
        self.statements: list[Statement] = []
        self.known: set[Need] = set()
        self.depth = 0

    def need(self, required: tuple[Need, ...]) -> None:
        """Add the matches that text leaves out."""
        for need in required:
            if need in self.known or self._implied(need):
                continue
            left = Payload("link", 96, 16) if need.key == "ether type" else Meta(need.key)
            self.statements.append(Match(left, ((Range(need.value, need.value),),)))
            self.known.add(need)

    def _implied(self, need: Need) -> bool:
        """Tell whether another key has said it: 'meta nfproto ipv4' in place of 'meta protocol ip', or ether type."""
        if need.key != "protocol":
            return False
        number = {0x0800: 2, 0x86DD: 10}.get(need.value)
        return Need("ether type", need.value) in self.known or Need("nfproto", number or -1) in self.known

    def need_protocol(self, protocol: str) -> None:
        self.need(needs(protocol, self.table.family))

    def learn(self, match: Match) -> None:
        """Note a protocol that a match makes certain."""
        if match.negated or isinstance(match.keys, str) or len(match.keys) != 1 or len(match.keys[0]) != 1:
            return
        only = match.keys[0][0]
        key = match.left.key if isinstance(match.left, Meta) else ""
        if isinstance(match.left, Payload):
            key = _SAME_AS.get(match.left, "")
        if key and isinstance(only, Range) and only.low == only.high:
            self.known.add(Need(key, only.low))

    def deeper(self) -> None:
        """Note an expression in an expression. Raises Unreadable where there are too many."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise Unreadable("nested too deeply")


def with_widths(names: tuple[str, ...]) -> Types:
    return tuple((name, WIDTHS.get(name, 32)) for name in names)


def type_names(value: Any) -> tuple[str, ...]:
    """Return the types of 'ipv4_addr . inet_service', of a list of them, or () for anything else ('typeof' of JSON)."""
    if isinstance(value, str):
        return tuple(value.split(" . "))
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return ()
