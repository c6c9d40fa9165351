"""Elements of sets and maps."""

from typing import Any

from portsock.parse.rulesets.meaning.describe import described
from portsock.parse.rulesets.meaning.scope import Types
from portsock.parse.rulesets.meaning.values import Unreadable, ipv4, ipv6, key, plain_addresses, unwrapped
from portsock.rulesets import Element, Verdict

_TARGETED = ("jump", "goto")
_IPV4: Types = (("ipv4_addr", 32),)
_VERDICTS = ("accept", "drop", "continue", "return", "queue")


def verdict(value: Any) -> Verdict | None:
    """Return the verdict of {"jump": {"target": "x"}}, or None."""
    if isinstance(value, dict) and len(value) == 1:
        ((kind, inner),) = value.items()
        if kind in _VERDICTS:
            return Verdict(kind)
        if kind in _TARGETED and isinstance(inner, dict) and isinstance(inner.get("target"), str):
            return Verdict(kind, inner["target"])
    return None


def members(keys: Types, values: Types, items: list[Any]) -> tuple[tuple[Element, ...], bool]:
    """Return the elements of a set or map, and whether all of them could be read. Values of no type are verdicts."""
    if keys == _IPV4 and not values and (plain := plain_addresses(items)) is not None:
        return tuple(map(Element, plain)), True
    found, whole = [], True
    for item in items:
        try:
            found.append(_member(keys, values, item))
        except Unreadable:
            whole = False
    return tuple(found), whole


def _member(keys: Types, values: Types, item: Any) -> Element:
    pair = item if isinstance(item, list) and len(item) == 2 else None
    bare = unwrapped(pair[0] if pair else item)
    found = None if bare == "*" else key(keys, bare)
    if pair is None:
        return Element(found)
    if (answer := verdict(pair[1])) is not None:
        return Element(found, verdict=answer)
    if not values:
        raise Unreadable(described(pair[1]))
    return Element(found, value=key(values, unwrapped(pair[1])))


def guessed(items: list[Any]) -> Types:
    """Return the types that the values of a map have, where no target says it: addresses, then a port."""
    value = unwrapped(items[0][1]) if items and isinstance(items[0], list) and len(items[0]) == 2 else None
    parts = value.get("concat") if isinstance(value, dict) else None
    if isinstance(parts, list) and len(parts) == 2:
        return (_address_type(parts[0]), ("inet_service", 16))
    return () if verdict(value) else (_address_type(value),)


def _address_type(value: Any) -> tuple[str, int]:
    if isinstance(value, dict) and isinstance(span := value.get("prefix"), dict):
        value = span.get("addr")
    elif isinstance(value, dict) and isinstance(ends := value.get("range"), list):
        value = ends[0] if ends else None
    text = str(value).partition("/")[0].partition("-")[0]
    if ipv4(text) is not None:
        return "ipv4_addr", 32
    return ("ipv6_addr", 128) if ipv6(text) is not None else ("integer", 32)
