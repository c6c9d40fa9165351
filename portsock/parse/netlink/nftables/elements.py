"""Elements of sets and maps. A set can have 100,000, so that what most elements have in common is compared as bytes."""

import struct
from collections.abc import Iterable, Sequence
from functools import partial
from operator import le, lt
from typing import NamedTuple

from portsock.parse.netlink.message import ATTRIBUTE, Buffer, GarbledMessage, attributes
from portsock.parse.netlink.nftables.comparisons import value_layout
from portsock.parse.netlink.nftables.fields import HEAD, Attributes, data, nested, number, verdict
from portsock.parse.netlink.nftables.machine import Layout, SetHead
from portsock.parse.netlink.nftables.registers import exact, span
from portsock.parse.netlink.nftables.words import layout, padded, types
from portsock.rulesets import Element, Key, Name, Range, Set, Verdict

_NESTED = 0x8000
_KEY, _DATA, _FLAGS, _KEY_END = 1, 2, 3, 10
_INTERVAL_END, _CATCH_ALL = 1, 2
_INTERVAL = 0x4
_PLAIN_END = b"\x08\0\x03\0\0\0\0\x01" if struct.pack("=H", 1) == b"\1\0" else b"\0\x08\0\x03\0\0\0\x01"
"""The flags of an element that ends an interval."""


_NUMBER = partial(int.from_bytes, byteorder="big")


class _Raw(NamedTuple):
    """An element as it came."""

    key: bytes
    end: bytes | None
    """The greatest key, where it is given with the element."""
    flags: int
    content: tuple[Key | None, Verdict | None]


class Reader:
    """Reads the elements of one set."""

    def __init__(self, head: SetHead, keys: Layout | None) -> None:
        """`keys` is the form in which rules look things up; None where no rule does."""
        self._head = head
        self._keys = keys or layout(head.key_type, head.key_length)
        self._raw: list[_Raw] = []
        self._plain: list[bytes] = []
        """Keys of elements that have nothing else."""
        self._ends: list[bytes] = []
        """Keys that end intervals."""
        self._contents: dict[bytes, tuple[Key | None, Verdict | None]] = {}
        self._whole = True

    def add(self, buffer: Buffer, bodies: Iterable[tuple[int, int]]) -> None:
        """Read the messages of a dump. Raises GarbledMessage."""
        for at, end in bodies:
            listed = attributes(buffer, at + HEAD.size, end).get(3)
            if listed:
                self._add(listed)

    def _add(self, listed: bytes) -> None:
        length = self._head.key_length
        leads = {struct.pack("=4H", length + 8 & 0xFFFF, _KEY | flag, length + 4 & 0xFFFF, 1) for flag in (0, _NESTED)}
        begin, stop = 12, 12 + padded(length)
        ends = begin + length
        unpack, at, end = ATTRIBUTE.unpack_from, 0, len(listed)
        plain, finish, slow = self._plain.append, self._ends.append, self._slow
        while at + 4 <= end:
            size, _ = unpack(listed, at)
            if size < 4 or at + size > end:
                raise GarbledMessage(f"a set element of {size} bytes at {at} of {end}")
            if listed[at + 4 : at + begin] in leads and size >= stop:
                rest = listed[at + stop : at + size]
                if not rest:
                    plain(listed[at + begin : at + ends])
                elif rest == _PLAIN_END:
                    finish(listed[at + begin : at + ends])
                else:
                    slow(listed[at + begin : at + ends], rest)
            else:
                found = attributes(listed, at + 4, at + size)
                self._element(data(found.get(_KEY)), found)
            at += size + 3 & ~3

    def _slow(self, key: bytes, rest: bytes) -> None:
        self._element(key, attributes(rest, 0, len(rest)))

    def _element(self, key: bytes, found: Attributes) -> None:
        flags, raw_content = number(found, _FLAGS), found.get(_DATA, b"")
        content = self._contents.get(raw_content)
        if content is None:
            content = self._contents[raw_content] = self._content(raw_content)
        end = data(found[_KEY_END]) if _KEY_END in found else None
        self._raw.append(_Raw(key, end, flags, content))

    def _content(self, raw: bytes) -> tuple[Key | None, Verdict | None]:
        """Return value and verdict of an element of a map."""
        if not raw:
            return None, None
        decided = verdict(raw)
        if decided is not None:
            return None, Verdict(*decided)
        forms, ranged = value_layout(self._head)
        value = nested(raw).get(1, b"")
        low = _parts(value, forms)
        high = _parts(value[sum(padded(size) for size, _ in forms) :], forms) if ranged else low
        return self._key(low, high, forms), None

    def _key(self, low: Sequence[bytes], high: Sequence[bytes], forms: Layout) -> Key | None:
        found: list[Range | Name] = []
        for first, last, (_, order) in zip(low, high, forms, strict=True):
            each = span(first, last, order)
            if each is None:
                self._whole = False
                return None
            found.append(each)
        return tuple(found)

    def result(self, whole: bool) -> Set:
        """Return the set. `whole`: all of its elements came."""
        head = self._head
        if not head.flags & _INTERVAL:
            found = self._exact()
        elif len(self._keys) > 1 or any(raw.end is not None for raw in self._raw):
            found = self._closed()
        else:
            found = self._intervals()
        known = types(head.key_type)
        names = tuple(word for word, _, _ in known) if len(known) == len(self._keys) else ()
        return Set(head.name, tuple(found), names, whole and self._whole)

    def _exact(self) -> list[Element]:
        """Return elements that are one key each."""
        found: list[Element] = []
        if len(self._keys) == 1 and self._keys[0][1] != "text":
            order = self._keys[0][1]
            from_bytes = int.from_bytes
            values = [from_bytes(key, order) for key in self._plain]
            found = list(map(Element, zip(map(Range, values, values), strict=True)))
        else:
            found = [Element(self._exact_key(key)) for key in self._plain]
        for raw in self._raw:
            found.append(Element(None if raw.flags & _CATCH_ALL else self._exact_key(raw.key), *raw.content))
        return found

    def _exact_key(self, key: bytes) -> Key:
        return tuple(exact(part, order) for part, (_, order) in zip(_parts(key, self._keys), self._keys, strict=True))

    def _closed(self) -> list[Element]:
        """Return elements that have both ends."""
        found: list[Element] = []
        for raw in [*(_Raw(key, None, 0, (None, None)) for key in self._plain), *self._raw]:
            if raw.flags & _CATCH_ALL:
                found.append(Element(None, *raw.content))
                continue
            low = _parts(raw.key, self._keys)
            high = _parts(raw.end, self._keys) if raw.end is not None else low
            key = self._key(low, high, self._keys)
            if key is not None:
                found.append(Element(key, *raw.content))
        return found

    def _intervals(self) -> list[Element]:
        """Return the intervals of a tree, in which one element begins an interval and the next one is past its end."""
        if not self._raw and self._keys[0][1] == "big":
            ranges = _paired(self._plain, self._ends)
            if ranges is not None:
                return list(map(Element, zip(ranges, strict=True)))
        every: list[tuple[bytes, bool, tuple[Key | None, Verdict | None]]] = []
        nothing = (None, None)
        every += [(key, False, nothing) for key in self._ends]
        every += [(key, True, nothing) for key in self._plain]
        found: list[Element] = []
        for raw in self._raw:
            if raw.flags & _CATCH_ALL:
                found.append(Element(None, *raw.content))
            else:
                every.append((raw.key, not raw.flags & _INTERVAL_END, raw.content))
        every.sort(key=_begin)
        begun: bytes | None = None
        content: tuple[Key | None, Verdict | None] = nothing
        values: list[Element] = []
        for key, begins, own in every:
            if begun is not None and begun != key:
                self._interval(values, begun, key, content)
            begun, content = (key, own) if begins else (None, nothing)
        if begun is not None:
            self._interval(values, begun, None, content)
        return values + found

    def _interval(
        self, found: list[Element], first: bytes, past: bytes | None, content: tuple[Key | None, Verdict | None]
    ) -> None:
        """Add the interval from `first` up to what is before `past`; to the greatest value where `past` is None."""
        order = self._keys[0][1]
        low = int.from_bytes(first, "big")
        high = (1 << 8 * len(first)) - 1 if past is None else int.from_bytes(past, "big") - 1
        if order == "big":
            key: Range | Name | None = Range(low, high)
        else:
            key = span(first, high.to_bytes(len(first), "big"), order)
        if key is None:
            self._whole = False
        else:
            found.append(Element((key,), *content))


def _paired(begins: list[bytes], pasts: list[bytes]) -> list[Range] | None:
    """Return the ranges of intervals that each have an end; None where one has none, or two share one."""
    lows, highs = sorted(map(_NUMBER, begins)), sorted(map(_NUMBER, pasts))
    if lows and highs and highs[0] <= lows[0]:
        del highs[0]  # the end of nothing, which nft(8) puts before the first interval
    if len(lows) != len(highs) or not all(map(lt, lows, highs)) or not all(map(le, highs, lows[1:])):
        return None
    return list(map(Range, lows, [high - 1 for high in highs]))


def _begin(each: tuple[bytes, bool, object]) -> tuple[bytes, bool]:
    return each[0], each[1]


def _parts(raw: bytes, forms: Layout) -> list[bytes]:
    """Split a concatenation, whose parts begin at multiples of 4 bytes."""
    found, at = [], 0
    for size, _ in forms:
        found.append(raw[at : at + size])
        at += padded(size)
    return found
