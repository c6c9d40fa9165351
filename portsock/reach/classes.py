"""Ports that no rule tells apart: what is true of one of them is true of all.

A host has hundreds of ports and thousands of rules, but the rules name few ports.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from portsock.reach.path.devices import parts
from portsock.rulesets import (
    Assign,
    Ct,
    Expression,
    Fib,
    Joined,
    Key,
    Looked,
    Masked,
    Match,
    Meta,
    Nat,
    Part,
    Payload,
    Range,
    Ruleset,
    Shifted,
    Statement,
    Table,
    Verdict,
    VerdictMap,
)

_DESTINATION = Payload("transport", 16, 16)
SOURCE = Payload("network", 96, 32)


class _Indivisible(Exception):
    """A rule computes with the port, so that every port may be another case."""


class Classes(NamedTuple):
    """Ports in the same ranges are treated alike; None where every port may be treated in its own way."""

    ranges: tuple[Range, ...] | None

    def of(self, port: int) -> object:
        """Return a name of the port's class."""
        return port if self.ranges is None else tuple(one for one in self.ranges if one[0] <= port <= one[1])


def classes_of(ruleset: Ruleset) -> Classes:
    """Return which destination ports the rules tell apart."""
    ranges: dict[Range, None] = {}
    try:
        for table in ruleset.tables:
            for chain in table.chains.values():
                for rule in chain.rules:
                    for statement in rule.statements:
                        # Most rules of long chains compare something else.
                        if type(statement) is not Match or statement.left != SOURCE:
                            ranges.update(dict.fromkeys(_ranges(_uses(statement, table))))
    except _Indivisible:
        return Classes(None)
    return Classes(tuple(ranges))


def compares_destination(ruleset: Ruleset) -> bool:
    """Tell whether a rule compares the destination address, so that it matters which address of this host is meant."""
    for table in ruleset.tables:
        for chain in table.chains.values():
            for rule in chain.rules:
                for statement in rule.statements:
                    if any(_is_destination(part) for used, _ in _uses(statement, table) for part in _leaves(used)):
                        return True
    return False


def tells_own_addresses_apart(ruleset: Ruleset) -> bool:
    """Tell whether anything can depend on which address of this host is meant."""
    return any(
        _depends(part)
        for table in ruleset.tables
        for chain in table.chains.values()
        for rule in chain.rules
        for statement in rule.statements
        if type(statement) is not Verdict and (type(statement) is not Match or _may_overlap(statement.left))
        for part in parts(statement)
    )


def _may_overlap(left: Expression) -> bool:
    """Tell whether the destination may be compared. Most rules of long chains compare the source."""
    return left != SOURCE and type(left) is not Meta and (type(left) is not Payload or _overlaps_destination(left))


def _depends(part: object) -> bool:
    if isinstance(part, Payload):
        return _overlaps_destination(part)
    if isinstance(part, Fib):
        return "daddr" in part.inputs and (part.result != "type" or len(part.inputs) > 1)
    if isinstance(part, Nat):
        return part.kind not in ("snat", "masquerade")
    return isinstance(part, Ct) and "addr" in part.key


def _overlaps_destination(payload: Payload) -> bool:
    """Tell whether it has bits of the destination address of either IP version."""
    return (
        payload.base == "network" and payload.offset + payload.length > 128 and (payload.offset, payload.length) != (64, 128)
    )


def _leaves(expression: Expression) -> Iterator[Expression]:
    if isinstance(expression, Joined):
        for part in expression.parts:
            yield from _leaves(part)
    elif isinstance(expression, Masked | Shifted | Looked | Part):
        yield from _leaves(expression.source)
    else:
        yield expression


def _is_destination(expression: Expression) -> bool:
    """Tell whether it has bits of the destination address: from byte 16 of an IPv4 header, from byte 24 of an IPv6 header."""
    if not isinstance(expression, Payload) or expression.base != "network":
        return False
    return expression.offset in (128, 192) or (expression.offset > 128 and expression.offset + expression.length <= 160)


def _uses(statement: Statement, table: Table) -> Iterator[tuple[Expression, Iterable[Key]]]:
    """Yield each expression that is compared or looked up, with the keys that it is compared with."""
    if isinstance(statement, Match):
        yield statement.left, _keys(statement.keys, table)
        yield from _inside(statement.left, table)
    elif isinstance(statement, VerdictMap):
        yield statement.source, _keys(statement.map, table)
        yield from _inside(statement.source, table)
    elif isinstance(statement, Assign):
        yield from _inside(statement.value, table)
        _refuse(statement.value)
    elif isinstance(statement, Nat):
        for value in (statement.address, statement.last_address, statement.port, statement.last_port):
            if value is not None:
                yield from _inside(value, table)
                _refuse(value)


def _inside(expression: Expression, table: Table) -> Iterator[tuple[Expression, Iterable[Key]]]:
    """Yield the look-ups within an expression."""
    if isinstance(expression, Looked):
        yield expression.source, _keys(expression.map, table)
        yield from _inside(expression.source, table)
    elif isinstance(expression, Joined):
        for part in expression.parts:
            yield from _inside(part, table)
    elif isinstance(expression, Masked | Shifted | Part):
        yield from _inside(expression.source, table)


def _keys(keys: tuple[Key, ...] | str, table: Table) -> Iterable[Key]:
    if not isinstance(keys, str):
        return keys
    found = table.sets.get(keys)
    return () if found is None else [element.key for element in found.elements if element.key is not None]


def _ranges(uses: Iterable[tuple[Expression, Iterable[Key]]]) -> Iterator[Range]:
    for expression, keys in uses:
        parts = expression.parts if isinstance(expression, Joined) else (expression,)
        for place, part in enumerate(parts):
            if part != _DESTINATION:
                _refuse(part)
                continue
            for key in keys:
                if place < len(key) and isinstance(compared := key[place], Range):
                    yield compared


def _refuse(expression: Expression) -> None:
    """Raise _Indivisible where a value is computed from the destination port; what is looked up by it is not."""
    if isinstance(expression, Payload):
        if expression.base == "transport" and expression.offset < 32 and expression.offset + expression.length > 16:
            raise _Indivisible
    elif isinstance(expression, Masked | Shifted):
        _refuse(expression.source)
    elif isinstance(expression, Joined):
        for part in expression.parts:
            _refuse(part)
