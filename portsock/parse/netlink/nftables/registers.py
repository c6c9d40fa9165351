"""The registers in which a rule of nf_tables keeps what it loads: 64 bytes, named in words of 4 or of 16 bytes."""

from typing import NamedTuple

from portsock.parse.netlink.nftables.words import HOST, Order, padded
from portsock.rulesets import Constant, Ct, Expression, Joined, Masked, Meta, Name, Other, Payload, Range, Shifted

_FIRST_SMALL = 8
"""NFT_REG32_00, the first word of NFT_REG_1."""
MOST_BYTES = 64
_BASES = {"link": "ll", "network": "nh", "transport": "th", "inner": "ih"}


class Value(NamedTuple):
    """What a register holds."""

    source: Expression | None
    """None for a constant: only what uses it knows in which order its bytes are."""
    size: int
    order: Order
    raw: bytes = b""

    @property
    def form(self) -> tuple[int, Order]:
        """Return what two values that are looked up in one set have in common."""
        return self.size, self.order if self.size > 1 else "big"


def constant(raw: bytes) -> Value:
    return Value(None, len(raw), "big", raw)


def number(raw: bytes, order: Order) -> int:
    return int.from_bytes(raw, "big" if order == "text" else order)


def name(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def exact(raw: bytes, order: Order) -> Range | Name:
    """Return the key that is equal to these bytes."""
    if order == "text":
        return Name(name(raw))
    value = number(raw, order)
    return Range(value, value)


class Registers:
    """The registers of one rule."""

    def __init__(self) -> None:
        self.values: dict[int, Value] = {}

    def put(self, register: int, value: Value) -> None:
        """Store a value. What it overwrites is lost."""
        self.store(word_of(register), padded(value.size) // 4, value)

    def store(self, first: int, width: int, value: Value) -> None:
        """Store a value in `width` words from the word `first` on."""
        values = self.values
        if len(values) > 1 or first not in values:
            for word, other in list(values.items()):
                if word < first + width and first < word + padded(other.size) // 4:
                    del values[word]
        values[first] = value

    def get(self, register: int, size: int) -> list[Value]:
        """Return the values in the first `size` bytes from a register on: more than one for a concatenation."""
        word, parts, rest = word_of(register), [], size
        while rest > 0:
            value = self.values.get(word)
            if value is None or not value.size:
                parts.append(Value(Other(f"register {register}"), rest, "big"))
                break
            width = padded(value.size)
            parts.append(value if rest >= value.size else shortened(value, rest))
            word += width // 4
            rest -= width
        return parts

    def expression(self, register: int, size: int, order: Order) -> Expression:
        """Return what the first `size` bytes from a register on are, used as a number in an order."""
        return joined([in_order(each, order) for each in self.get(register, size)])


def word_of(register: int) -> int:
    """Return the first word of a register."""
    return register - _FIRST_SMALL + 4 if register >= _FIRST_SMALL else register * 4


def joined(parts: list[Expression]) -> Expression:
    return parts[0] if len(parts) == 1 else Joined(tuple(parts))


def shortened(value: Value, size: int) -> Value:
    """Return the first bytes of a value."""
    if value.source is None:
        return constant(value.raw[:size])
    if isinstance(value.source, Payload):
        return Value(value.source._replace(length=8 * size), size, value.order)
    if value.order == "text":
        return value._replace(size=size)
    if value.order == "little":
        return Value(Masked(value.source, (1 << 8 * size) - 1), size, "little")
    return Value(Shifted(value.source, 8 * (size - value.size)), size, value.order)


def in_order(value: Value, order: Order) -> Expression:
    """Return a value as one that uses it in this order sees it."""
    if value.source is None:
        return Constant(name(value.raw) if order == "text" else number(value.raw, order))
    if value.size == 1 or value.order == order or isinstance(value.source, Other):
        return value.source
    return Other(f"{words(value.source)} in {order} order")


def swapped(value: Value) -> Value:
    """Return a value after its bytes were brought from the machine's order into the network's, or back."""
    if HOST == "big" or value.order == "text":
        return value
    return value._replace(order="little" if value.order == "big" else "big", raw=value.raw[::-1])


def words(source: Expression | None) -> str:
    """Return an expression as text for what is not modelled."""
    if isinstance(source, Other):
        return source.text
    if isinstance(source, Payload):
        return f"@{_BASES[source.base]},{source.offset},{source.length}"
    if isinstance(source, Masked):
        return f"{words(source.source)} & {source.mask:#x}"
    if isinstance(source, (Meta, Ct)):
        return f"{type(source).__name__.lower()} {source.key}"
    return type(source).__name__.lower() if source is not None else "a constant"


def span(first: bytes, last: bytes, order: Order) -> Range | Name | None:
    """Return the values from `first` to `last`, None where they are not a range of numbers or a name and what it begins."""
    if first == last:
        return exact(first, order)
    if order == "text":
        begin = first.rstrip(b"\0")
        return Name(begin.decode("utf-8", "surrogateescape"), True) if last == begin.ljust(len(last), b"\xff") else None
    if order == "little" and len(first) > 1:
        return None  # the kernel compares the bytes as they are in memory
    return Range(number(first, order), number(last, order))
