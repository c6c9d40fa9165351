"""What a rule has loaded and stated so far, while its expressions are read one after the other."""

from collections.abc import Mapping
from typing import NamedTuple

from portsock.parse.netlink.nftables.fields import Attributes
from portsock.parse.netlink.nftables.registers import Registers, Value
from portsock.parse.netlink.nftables.words import Order
from portsock.rulesets import Limit, Match, Range, Statement, Unknown

Layout = tuple[tuple[int, Order], ...]
"""Size and order of each part of a set's keys."""


class SetHead(NamedTuple):
    """A set without its elements."""

    name: str
    flags: int
    key_type: int
    key_length: int
    data_type: int
    data_length: int
    object_type: int
    limits: tuple[Limit, ...]
    """What every element has: packets that match it must also be below these."""


class Place(NamedTuple):
    """Where a rule stands, and what it can refer to."""

    family: str
    hook: str | None
    """Of the base chain; None in other chains."""
    sets: Mapping[str, SetHead]
    layouts: dict[str, Layout]
    """Of the keys of sets that rules use, as the first rule that uses one loads them."""
    objects: Mapping[tuple[int, str], Attributes]
    """Named limits and the like, by type and name."""


class Machine:
    """A rule of nf_tables while it is read."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.registers = Registers()
        self.statements: list[Statement] = []
        self.comment: str | None = None

    def state(self, statement: Statement) -> None:
        self.statements.append(statement)

    def store(self, loaded: tuple[int, int, Value]) -> None:
        """Store a value: its first word, its width in words, and itself."""
        self.registers.store(*loaded)

    def unknown(self, text: str) -> None:
        self.statements.append(Unknown(text))

    def match(self, found: Match) -> None:
        """Add a condition. Two on the same value become one: nft writes 'tcp dport 1-9' as 'at least 1' and 'at most 9'."""
        before = self.statements[-1] if self.statements else None
        if isinstance(before, Match) and before.left == found.left and not before.negated and not found.negated:
            one, other = _single(before), _single(found)
            if one and other:
                low, high = max(one.low, other.low), min(one.high, other.high)
                self.statements[-1] = found._replace(keys=((Range(low, high),),) if low <= high else ())
                return
        self.statements.append(found)

    def layout_agrees(self, name: str, parts: list[Value]) -> bool:
        """Tell whether every rule that uses this set loads such parts. The first one decides how the set is read."""
        form = tuple(part.form for part in parts)
        return self.place.layouts.setdefault(name, form) == form


def _single(match: Match) -> Range | None:
    if isinstance(match.keys, str) or len(match.keys) != 1 or len(match.keys[0]) != 1:
        return None
    key = match.keys[0][0]
    return key if isinstance(key, Range) else None
