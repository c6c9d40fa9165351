"""Expressions that compare what registers hold: cmp, range, lookup."""

from functools import lru_cache
from typing import NamedTuple

from portsock.parse.netlink.nftables.fields import Attributes, data, number, text
from portsock.parse.netlink.nftables.machine import Machine, SetHead
from portsock.parse.netlink.nftables.registers import Value, exact, in_order, joined, shortened, span, word_of, words
from portsock.parse.netlink.nftables.registers import number as as_number
from portsock.parse.netlink.nftables.words import NAME_SIZE, Order, layout, padded, types
from portsock.rulesets import (
    Expression,
    Looked,
    Masked,
    Match,
    Name,
    Part,
    Payload,
    Range,
    Shifted,
    Unknown,
    VerdictMap,
)

_EQUAL, _UNEQUAL, _LESS, _AT_MOST, _GREATER, _AT_LEAST = range(6)
_SIGNS = ("==", "!=", "<", "<=", ">", ">=")
_FIELDS = {
    Payload("network", 96, 64): 32, Payload("network", 64, 256): 128, Payload("transport", 0, 32): 16,
    Payload("link", 0, 96): 48,
}  # fmt: skip
"""Two neighbouring fields, which nft compares at once: the bits of each field."""
_MOST_REMEMBERED = 4096
_INVERTED = 1


class Comparison(NamedTuple):
    """A register is compared with bytes."""

    word: int
    """The first of the register."""
    register: int
    operation: int
    raw: bytes


def comparison(found: Attributes) -> Comparison:
    register = number(found, 1)
    return Comparison(word_of(register), register, number(found, 2), data(found.get(3)))


def compare(machine: Machine, found: Comparison) -> None:
    word, register, operation, raw = found
    value = machine.registers.values.get(word)
    parts = [value] if value is not None and value.size == len(raw) else machine.registers.get(register, len(raw))
    if operation >= len(_SIGNS) or not raw:
        machine.unknown(f"comparison {operation}")
    elif len(parts) > 1:
        _compare_parts(machine, parts, raw, operation)
    else:
        for each in _compared(parts[0], raw, operation):
            if isinstance(each, Match):
                machine.match(each)
            else:
                machine.state(each)


def _compare_parts(machine: Machine, parts: list[Value], raw: bytes, operation: int) -> None:
    at, keys = 0, []
    for part in parts:
        keys.append(exact(raw[at : at + part.size], part.order))
        at += padded(part.size)
    if operation not in (_EQUAL, _UNEQUAL):
        machine.unknown(f"{' . '.join(words(part.source) for part in parts)} {_SIGNS[operation]} 0x{raw.hex()}")
        return
    left = joined([in_order(part, part.order) for part in parts])
    machine.match(Match(left, (tuple(keys),), operation == _UNEQUAL))


@lru_cache(_MOST_REMEMBERED)
def _compared(value: Value, raw: bytes, operation: int) -> tuple[Match | Unknown, ...]:
    """Return what it means that a value is compared with bytes."""
    size, negated = value.size, operation == _UNEQUAL
    unknown = Unknown(f"{words(value.source)} {_SIGNS[operation]} 0x{raw.hex()}")
    if value.order != "text" and len(raw) > size:  # the kernel fills the register with zeros
        if any(raw[size:]):
            return (unknown,)
        raw = raw[:size]
    if value.source is None or (value.order in ("text", "little") and size > 1 and operation > _UNEQUAL):
        return (unknown,)
    if value.order == "text":
        key = Name(text(raw), b"\0" not in raw and len(raw) < NAME_SIZE)
        return (Match(value.source, ((key,),), negated),)
    number_ = as_number(raw, value.order)
    if operation > _UNEQUAL:
        low = number_ + (operation == _GREATER) if operation >= _GREATER else 0
        high = (1 << 8 * len(raw)) - 1 if operation >= _GREATER else number_ - (operation == _LESS)
        return (Match(value.source, ((Range(low, high),),) if low <= high else ()),)
    half = _FIELDS.get(value.source) if isinstance(value.source, Payload) else None
    if half and not negated and isinstance(value.source, Payload):
        first, second = number_ >> half, number_ & (1 << half) - 1
        ends = value.source._replace(length=half), value.source._replace(offset=value.source.offset + half, length=half)
        return Match(ends[0], ((Range(first, first),),)), Match(ends[1], ((Range(second, second),),))
    source, covered = as_range(value.source, 8 * size, number_)
    return (Match(source, ((covered,),), negated),)


def as_range(left: Expression, width: int, compared: int) -> tuple[Expression, Range]:
    """Return what is equal to a number, and the range: where only the last bits are left out, the whole value in a range."""
    if isinstance(left, Masked):
        source, compared, hidden = left._replace(flip=0), compared ^ left.flip, ~left.mask & (1 << width) - 1
        if left.mask and hidden & hidden + 1 == 0 and not compared & hidden:
            return left.source, Range(compared, compared | hidden)
        return source, Range(compared, compared)
    if isinstance(left, Shifted) and left.bits < 0:
        return left.source, Range(compared << -left.bits, (compared + 1 << -left.bits) - 1)
    return left, Range(compared, compared)


def within(machine: Machine, found: Attributes) -> None:
    first, last, operation = data(found.get(3)), data(found.get(4)), number(found, 2)
    parts = machine.registers.get(number(found, 1), len(first))
    value = parts[0] if len(parts) == 1 and parts[0].size >= len(first) and len(first) == len(last) else None
    value = shortened(value, len(first)) if value and value.size > len(first) else value
    key = span(first, last, value.order) if value else None
    if value is None or value.source is None or key is None or operation > _UNEQUAL:
        source = " . ".join(words(part.source) for part in parts) or "nothing"
        machine.unknown(f"{source} {'!= ' * (operation == _UNEQUAL)}0x{first.hex()}-0x{last.hex()}")
    else:
        machine.match(Match(value.source, ((key,),), operation == _UNEQUAL))


def lookup(machine: Machine, found: Attributes) -> None:
    head = machine.place.sets.get(text(found.get(1)))
    if head is None:
        machine.unknown(f"lookup in @{text(found.get(1))}")
        return
    parts = machine.registers.get(number(found, 2), head.key_length)
    source = keyed(machine, head, parts)
    if source is None:
        machine.unknown(
            f"{' . '.join(words(part.source) for part in parts)} in @{head.name}, whose keys other rules load otherwise"
        )
    elif 3 not in found:  # no NFTA_LOOKUP_DREG: a set
        machine.match(Match(source, head.name, bool(number(found, 5) & _INVERTED)))
        machine.statements.extend(head.limits if not number(found, 5) & _INVERTED else ())
    elif not number(found, 3):
        machine.state(VerdictMap(source, head.name))
    else:
        _load(machine, number(found, 3), head, Looked(source, head.name))


def keyed(machine: Machine, head: SetHead, parts: list[Value]) -> Expression | None:
    """Return what is looked up; None where another rule reads the keys of this set in another way."""
    if not machine.layout_agrees(head.name, parts):
        return None
    return joined([in_order(part, part.order) for part in parts])


def value_layout(head: SetHead) -> tuple[tuple[tuple[int, Order], ...], bool]:
    """Return size and order of the parts of a map's values, and whether each value is a range: its two ends."""
    single = layout(head.data_type, head.data_length)
    half = layout(head.data_type, head.data_length // 2)
    known = layout_size(head.data_type)
    if known and head.data_length == 2 * known:
        return half, True
    return single, False


def layout_size(magic: int) -> int:
    """Return the bytes of the registers that a value of a type takes; 0 where not known."""
    return sum(padded(size) for _, size, _ in types(magic))


def _load(machine: Machine, register: int, head: SetHead, looked: Looked) -> None:
    """Store the value that a map has, part by part. Both ends of a range are the same expression."""
    forms, ranged = value_layout(head)
    word = register if register >= 8 else 4 + 4 * register
    for _ in range(1 + ranged):
        for place, (size, order) in enumerate(forms):
            source: Expression = Part(looked, place) if len(forms) > 1 else looked
            machine.registers.put(word, Value(source, size, order))
            word += padded(size) // 4
