"""Expressions of libnftables-json(5) into those of rulesets.py."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from portsock.nft_words.fields import CT, FIB, META, PROTOCOLS, RAW_BASES, WIDTHS
from portsock.parse.rulesets.meaning.describe import described
from portsock.parse.rulesets.meaning.maps import guessed, members
from portsock.parse.rulesets.meaning.scope import MapTypes, RuleScope, TableScope, Types, type_names, with_widths
from portsock.parse.rulesets.meaning.values import NAMED, Unreadable, part, scalar
from portsock.rulesets import (
    Constant,
    Ct,
    Expression,
    Fib,
    Joined,
    Looked,
    Masked,
    Meta,
    Name,
    Other,
    Payload,
    Range,
    Set,
    Shifted,
)

Found = tuple[Expression, Types]
_FIB_INPUTS = frozenset({"saddr", "daddr", "mark", "iif", "oif"})
_LONGEST_WORD = 40
_MOST_BITS = 4096
"""The longest load that the kernel makes is shorter."""


def _payload(scope: RuleScope, value: Any) -> Found:
    if "base" in value:
        base = RAW_BASES.get(str(value["base"]))
        offset, length = value.get("offset"), value.get("len")
        if base is None or not _small(offset) or not _small(length) or not length:
            raise Unreadable(described(value))
        return Payload(base, offset, length), (("integer", length),)
    protocol, name = value.get("protocol"), value.get("field")
    known = isinstance(protocol, str) and isinstance(name, str) and protocol in PROTOCOLS and len(name) < _LONGEST_WORD
    found = _field(protocol, name) if known else None
    if found is None:
        raise Unreadable(described({"payload": value}))
    scope.need_protocol(protocol)
    return found


@lru_cache(1024)
def _field(protocol: str, name: str) -> Found | None:
    header = PROTOCOLS.get(protocol)
    if header is None or name not in header.fields:
        return None
    offset, length, type_ = header.fields[name]
    return Payload(header.base, offset, length), ((type_, length),)


def _small(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value <= _MOST_BITS


def _meta(_: RuleScope, value: Any) -> Found:
    key = str(value.get("key"))
    if key not in META:
        raise Unreadable(f"meta {key[:40]}")
    return Meta(key), ((META[key], WIDTHS.get(META[key], 32)),)


def _ct(_: RuleScope, value: Any) -> Found:
    key, direction = str(value.get("key")), value.get("dir")
    family = value.get("family")
    if family in ("ip", "ip6"):
        key = f"{family} {key}"
    if key not in CT or direction not in (None, "original", "reply"):
        raise Unreadable(f"ct {key[:40]}")
    return Ct(key, direction), ((CT[key], WIDTHS.get(CT[key], 32)),)


def _fib(_: RuleScope, value: Any) -> Found:
    flags = value.get("flags")
    inputs = frozenset(map(str, flags if isinstance(flags, list) else [flags]))
    result = "present" if value.get("result") == "check" else str(value.get("result"))
    if not inputs or not inputs <= _FIB_INPUTS or result not in FIB:
        raise Unreadable(described({"fib": value}))
    return Fib(inputs, result), ((FIB[result], WIDTHS.get(FIB[result], 32)),)


def _concat(scope: RuleScope, value: Any) -> Found:
    if not isinstance(value, list) or not 1 < len(value) <= 32:
        raise Unreadable("concatenation")
    found = [expression(scope, item) for item in value]
    if any(len(types) != 1 for _, types in found):
        raise Unreadable("concatenation")
    return Joined(tuple(left for left, _ in found)), tuple(types[0] for _, types in found)


def _binary(operator: str) -> Callable[[RuleScope, Any], Found]:
    def read(scope: RuleScope, value: Any) -> Found:
        if not isinstance(value, list) or len(value) < 2:
            raise Unreadable(operator)
        found, types = expression(scope, value[0])
        (type_, width), *more = types
        if more or type_ in NAMED:
            raise Unreadable(operator)
        for right in value[1:]:
            number = scalar("integer" if operator in ("<<", ">>") else type_, right)
            found = _combined(operator, found, number, width)
        return found, types

    return read


def _combined(operator: str, left: Expression, number: int, width: int) -> Expression:
    """Return the left value after an operation with a number: masks of masks become one, as in the kernel."""
    full = (1 << width) - 1
    if operator in ("<<", ">>"):
        if number > width:
            raise Unreadable(f"{operator} {number}")
        return Shifted(left, number if operator == "<<" else -number)
    if number > full:
        raise Unreadable(f"{operator} {number}")
    source, mask, flip = left if isinstance(left, Masked) else (left, full, 0)
    if operator == "&":
        return Masked(source, mask & number, flip & number)
    if operator == "|":
        return Masked(source, mask & ~number, (flip & ~number) | number)
    return Masked(source, mask, flip ^ number)


_READERS: dict[str, Callable[[RuleScope, Any], Found]] = {
    "payload": _payload, "meta": _meta, "ct": _ct, "fib": _fib, "concat": _concat,
    "map": lambda scope, value: looked(scope, value),
    "&": _binary("&"), "|": _binary("|"), "^": _binary("^"), "<<": _binary("<<"), ">>": _binary(">>"),
}  # fmt: skip
_LISTS = frozenset({"concat", "&", "|", "^", "<<", ">>"})

_OPAQUE = {
    "numgen": "integer", "jhash": "integer", "symhash": "integer", "socket": "mark", "rt": "integer", "osf": "string",
    "exthdr": "integer", "tcp option": "integer", "ip option": "integer", "sctp chunk": "integer", "dccp option": "integer",
    "ipsec": "integer", "tunnel": "integer",
}  # fmt: skip
"""Expressions that are not modelled, and the type of their values where it is a number."""


def expression(scope: RuleScope, value: Any) -> Found:
    """Return an expression, with the types of its parts. Adds the matches that it depends on. Raises Unreadable."""
    if not isinstance(value, dict) or len(value) != 1:
        raise Unreadable(described(value))
    ((kind, inner),) = value.items()
    scope.deeper()
    try:
        if (reader := _READERS.get(kind)) and isinstance(inner, list if kind in _LISTS else dict):
            return reader(scope, inner)
    finally:
        scope.depth -= 1
    if kind in _OPAQUE:
        return Other(described(value)), ((_OPAQUE[kind], 32),)
    raise Unreadable(described(value))


def value_of(scope: RuleScope, types: Types, value: Any) -> Expression:
    """Return what a rule assigns or translates to: another expression, or a constant of these types. Raises Unreadable."""
    if isinstance(value, dict) and not value.keys() & {"prefix", "range", "|", "concat"}:
        return expression(scope, value)[0]
    if isinstance(value, dict) and isinstance(value.get("|"), list) and any(isinstance(item, dict) for item in value["|"]):
        return expression(scope, value)[0]
    return constant(types, value)


def constant(types: Types, value: Any) -> Constant:
    """Return a value of one part. Raises Unreadable, also for a range."""
    if len(types) != 1:
        raise Unreadable(described(value))
    found = part(*types[0], value)
    if isinstance(found, Name):
        return Constant(found.text)
    if isinstance(found, Range) and found.low == found.high:
        return Constant(found.low)
    raise Unreadable(described(value))


def keep_named(scope: TableScope, name: str, keys: tuple[str, ...], values: tuple[str, ...], items: list[Any]) -> None:
    """Keep a named set or map of the table."""
    types = values if values != ("verdict",) else ()
    found, whole = members(with_widths(keys), with_widths(types), items) if keys else ((), not items)
    scope.types[name] = MapTypes(keys, types)
    scope.sets[name] = Set(name, found, keys, whole)


def types_of(scope: TableScope, value: Any) -> tuple[str, ...]:
    """Return the types of 'ipv4_addr . inet_service', or of the expression after 'typeof'; () where they are not known."""
    if not isinstance(value, dict):
        return type_names(value)
    try:
        return tuple(name for name, _ in expression(RuleScope(scope), value)[1])
    except Unreadable:
        return ()


def map_name(scope: RuleScope, keys: Types, values: Types, data: Any) -> tuple[str, tuple[str, ...]]:
    """Return the name of the map that a rule looks into, and the types of its values. An anonymous one is kept."""
    if isinstance(data, str) and data.startswith("@"):
        known = scope.table.types.get(data[1:])
        return data[1:], known.values if known else ()
    items = data.get("set") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise Unreadable(described(data))
    values = values or guessed(items)
    found, whole = members(keys, values, items)
    if not whole and not found:
        raise Unreadable(described(data))
    names = tuple(name for name, _ in keys)
    return scope.table.add_anonymous(Set("", found, names, whole)), tuple(name for name, _ in values)


def looked(scope: RuleScope, value: Any, values: Types = ()) -> Found:
    """Return what a map has for a key: {"map": {"key": …, "data": …}}."""
    source, keys = expression(scope, value.get("key"))
    name, types = map_name(scope, keys, values, value.get("data"))
    return Looked(source, name), with_widths(types or ("integer",))
