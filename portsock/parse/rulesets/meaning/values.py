"""Values of rules: text, numbers and JSON objects into numbers and names, by the type of what they are compared with."""

import re
from collections.abc import Callable
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any

from portsock.nft_words.fields import BITMASKS, WIDTHS
from portsock.nft_words.names import NAMES
from portsock.rulesets import Key, Name, Range

_LONGEST_VALUE = 120
"""Characters of a value that can have a meaning: a range of IPv6 addresses has 79."""
_ETHER = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.I)
_DECIMALS = re.compile(r"\d{1,40}", re.A)
_HEXADECIMAL = re.compile(r"0x[0-9a-f]{1,40}", re.I)
_HANDLE = re.compile(r"([0-9a-f]{1,4}):([0-9a-f]{0,4})", re.I)
_TC_ROOT = {"none": 0, "root": 0xFFFFFFFF}

NAMED = frozenset({"ifname", "string"})
"""Types whose values are text."""


class Unreadable(ValueError):
    """A statement or value that is not understood. It becomes Unknown."""


def plain_number(text: str) -> int | None:
    """Return the number of '80' or '0x50'."""
    if _DECIMALS.fullmatch(text):
        return int(text)
    return int(text, 16) if _HEXADECIMAL.fullmatch(text) else None


def ipv4(text: str) -> int | None:
    """Return the number of an IPv4 address."""
    try:
        return int.from_bytes(inet_pton(AF_INET, text), "big")
    except (OSError, ValueError):
        return None


def ipv6(text: str) -> int | None:
    """Return the number of an IPv6 address."""
    try:
        return int.from_bytes(inet_pton(AF_INET6, text), "big")
    except (OSError, ValueError):
        return None


def _ether(text: str) -> int | None:
    return int(text.replace(":", ""), 16) if _ETHER.fullmatch(text) else None


def _tc_handle(text: str) -> int | None:
    if match := _HANDLE.fullmatch(text):
        return int(match[1], 16) << 16 | int(match[2] or "0", 16)
    return _TC_ROOT.get(text, plain_number(text))


_PARSERS: dict[str, Callable[[str], int | None]] = {
    "ipv4_addr": ipv4, "ipv6_addr": ipv6, "ether_addr": _ether, "tc_handle": _tc_handle,
}  # fmt: skip


def scalar(type_: str, value: Any) -> int:
    """Return the number of one value of a type. Raises Unreadable."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and type_ not in _PARSERS:
        number: int | None = value
    elif isinstance(value, str):
        parser = _PARSERS.get(type_)
        number = parser(value) if parser else NAMES.get(type_, {}).get(value)
        if number is None and not parser and type_ in WIDTHS:
            number = plain_number(value)
    elif isinstance(value, list) or (isinstance(value, dict) and isinstance(value.get("|"), list)):
        return _bits(type_, value)
    else:
        number = None
    if type_ == "ct_label" and number is not None and 0 <= number < WIDTHS["ct_label"]:
        return 1 << number
    if number is None or not 0 <= number < 1 << 128:
        raise Unreadable(f"{type_} {str(value)[:80]}")
    return number


def _bits(type_: str, value: Any) -> int:
    """Return the bits that a list or a chain of 'or' has together."""
    waiting, found = [value], 0
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict) and isinstance(item.get("|"), list):
            item = item["|"]
        if not isinstance(item, list):
            found |= scalar(type_, item)
        elif type_ in BITMASKS or type_ in ("integer", "mark"):
            waiting.extend(item)
        else:
            raise Unreadable(str(value)[:80])
    return found


def _name(value: Any) -> Name:
    """Return the name of a device: 'eth*' is every name that begins so, 'eth\\*' that very name."""
    if not isinstance(value, str):
        raise Unreadable(str(value)[:80])
    if value.endswith("\\*"):
        return Name(value[:-2] + "*")
    return Name(value[:-1], prefix=True) if value.endswith("*") else Name(value)


def _prefix(type_: str, width: int, address: Any, length: Any) -> Range:
    number = scalar(type_, address)
    if isinstance(length, str):
        length = plain_number(length)
    if not isinstance(length, int) or not 0 <= length <= width or number >> width:
        raise Unreadable(f"{address}/{length}")
    free = (1 << (width - length)) - 1
    return Range(number & ~free, number | free)


def _between(type_: str, low: Any, high: Any) -> Range:
    found = Range(scalar(type_, low), scalar(type_, high))
    if found.low > found.high:
        raise Unreadable(f"{low}-{high}")
    return found


@lru_cache(8192)
def _split_text(type_: str, width: int, value: str) -> Range:
    """Return the range of '10.0.0.0/8', '80-90', 'fin,syn' or one value."""
    if "/" in value:
        address, _, length = value.rpartition("/")
        return _prefix(type_, width, address, length)
    if "-" in value and value not in NAMES.get(type_, ()):
        low, _, high = value.partition("-")
        return _between(type_, low, high)
    number = scalar(type_, value)
    return Range(number, number)


def part(type_: str, width: int, value: Any) -> Range | Name:
    """Return one part of a key. Raises Unreadable."""
    if type_ in NAMED:
        return _name(value)
    if type_ == "iface_index" and isinstance(value, str) and not _DECIMALS.fullmatch(value):
        return Name(value)  # which index the device has is not said
    if type_ == "address":
        type_, width = ("ipv6_addr", 128) if ":" in str(value) else ("ipv4_addr", 32)
    if isinstance(value, str):
        if len(value) > _LONGEST_VALUE:
            raise Unreadable(value[:80])
        return _split_text(type_, width, value)
    if isinstance(value, dict) and len(value) == 1:
        (kind, inner), *_ = value.items()
        if kind == "prefix" and isinstance(inner, dict):
            return _prefix(type_, width, inner.get("addr"), inner.get("len"))
        if kind == "range" and isinstance(inner, list) and len(inner) == 2:
            return _between(type_, inner[0], inner[1])
    number = scalar(type_, value)
    return Range(number, number)


def plain_addresses(items: list[Any]) -> list[Key] | None:
    """Return the keys of IPv4 addresses of which none is a range, or None: long sets have nothing else."""
    try:
        numbers = [int.from_bytes(inet_pton(AF_INET, item), "big") for item in items]
    except (OSError, TypeError, ValueError):
        return None
    return [(Range(number, number),) for number in numbers]


def key(types: tuple[tuple[str, int], ...], value: Any) -> Key:
    """Return the key that a value stands for; `types` has type and width of each part. Raises Unreadable."""
    if len(types) == 1:
        return (part(*types[0], value),)
    parts = value.get("concat") if isinstance(value, dict) else None
    if not isinstance(parts, list) or len(parts) != len(types):
        raise Unreadable(str(value)[:80])
    return tuple(part(type_, width, item) for (type_, width), item in zip(types, parts, strict=True))


def unwrapped(element: Any) -> Any:
    """Return the value of an element, which may have a timeout, a comment or a counter."""
    if isinstance(element, dict) and isinstance(element.get("elem"), dict):
        return element["elem"].get("val")
    return element
