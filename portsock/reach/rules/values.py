"""What is known of a value in a rule."""

from collections.abc import Callable
from typing import NamedTuple

from portsock.reach.sources import Bounds, size


class Symbol(NamedTuple):
    """Bits of the source address: ((source >> shift) & mask) ^ flip. `mask` has a bit for each that the value has."""

    shift: int
    mask: int
    flip: int
    bits: int
    """How many bits the whole address has."""

    def of(self, source: int) -> int:
        return ((source >> self.shift) & self.mask) ^ self.flip

    def plain(self) -> int | None:
        """Return how many low bits of the address are left out, where it is all others; None where bits between are."""
        free = (self.mask & -self.mask).bit_length() - 1
        return free + self.shift if self.mask and self.mask >> free == (1 << self.bits - self.shift - free) - 1 else None

    def origin(self, low: int, high: int) -> tuple[int, int] | None:
        """Return the sources for which a plain value is low to high; None where there is none."""
        free = self.plain() or 0
        inner = free - self.shift
        if self.flip:
            low = high = low ^ self.flip
        first, last = -(-low >> inner), min(high >> inner, self.mask >> inner)
        return (first << free, (last + 1 << free) - 1) if first <= last else None


class Possible(NamedTuple):
    """A number that is not known, but in one of these ranges. It can be each of them."""

    ranges: tuple[tuple[int, int], ...]
    text: str


class Choice(NamedTuple):
    """One of several values, not known which."""

    values: tuple["Value", ...]
    text: str


class Split(NamedTuple):
    """A value that depends on the source address."""

    parts: tuple[tuple[Bounds, "Value"], ...]


class Missing(NamedTuple):
    """A value of which nothing is known; what it is, in words."""

    text: str


class Absent(NamedTuple):
    """No value: the kernel leaves a rule that asks for it."""


class Link(NamedTuple):
    """A device, to compare with an index or with a name."""

    ifindex: int | None
    name: str
    type: int | None = None


class Row(NamedTuple):
    """The values of a concatenation."""

    parts: tuple["Value", ...]


Value = int | Symbol | Possible | Choice | Split | Missing | Absent | Link | Row
ABSENT = Absent()
MOST_CHOICES = 64
MOST_NUMBERS = 256


def numbers(value: Possible) -> list[int] | None:
    """Return every number that it can be, None where these are too many to go through."""
    if sum(high - low + 1 for low, high in value.ranges) > MOST_NUMBERS:
        return None
    return [number for low, high in value.ranges for number in range(low, high + 1)]


def chosen(values: "list[Value]", text: str) -> Value:
    """Return one of several values, the same ones joined."""
    distinct = tuple(dict.fromkeys(values))
    if len(distinct) == 1:
        return distinct[0]
    return Choice(distinct, text) if 0 < len(distinct) <= MOST_CHOICES else Missing(text)


def each(value: Value, change: Callable[[int], int]) -> Value:
    """Return the value after a change of numbers."""
    if isinstance(value, int):
        return change(value)
    if isinstance(value, Possible):
        every = numbers(value)
        if every is None:
            return Missing(value.text)
        results = sorted({change(one) for one in every})
        return results[0] if len(results) == 1 else Possible(tuple((one, one) for one in results), value.text)
    if isinstance(value, Choice):
        return chosen([each(one, change) for one in value.values], value.text)
    if isinstance(value, Split):
        return Split(tuple((bounds, each(one, change)) for bounds, one in value.parts))
    if isinstance(value, Symbol):
        return Missing("bits of the source address")
    return value


def masked(value: Value, mask: int, flip: int) -> Value:
    """Return (value & mask) ^ flip."""
    if isinstance(value, Symbol):
        return value._replace(mask=value.mask & mask, flip=value.flip & mask ^ flip)
    if isinstance(value, Missing) and not mask:
        return flip
    if isinstance(value, Possible) and not flip and all((1 << high.bit_length()) - 1 & ~mask == 0 for _, high in value.ranges):
        return value
    return each(value, lambda one: one & mask ^ flip)


def shifted(value: Value, bits: int) -> Value:
    """Return the value shifted left, or right where `bits` is negative."""
    if isinstance(value, Symbol) and bits < 0:
        return value._replace(shift=value.shift - bits, mask=value.mask >> -bits, flip=value.flip >> -bits)
    # Registers of the kernel's shifts have 32 bits.
    return each(value, lambda one: one << bits & 0xFFFFFFFF if bits > 0 else one >> -bits)


def concrete(value: Value, sources: Bounds) -> Value:
    """Return the value where the sources are so few that each can be gone through; else the value itself."""
    if not isinstance(value, Symbol) or not sources:
        return value
    if len(sources) == 2 and sources[1] - sources[0] == 1:
        return value.of(sources[0])
    if value.plain() is not None:
        return value
    if size(sources) > MOST_NUMBERS:
        return Missing("bits of the source address")
    parts: dict[Value, Bounds] = {}
    for low, end in zip(sources[::2], sources[1::2], strict=True):
        for source in range(low, end):
            parts.setdefault(value.of(source), []).extend((source, source + 1))
    return Split(tuple((bounds, one) for one, bounds in parts.items()))
