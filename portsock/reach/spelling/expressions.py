"""Values that rules compare, in nft's words."""

from typing import NamedTuple

from portsock.nft_words.dependencies import NETWORKS, Need, needs
from portsock.nft_words.fields import CT, FIB, META, PROTOCOLS, UNQUALIFIED, WIDTHS
from portsock.reach.spelling.values import spell_elements, spell_number
from portsock.rulesets import (
    Constant,
    Ct,
    Expression,
    Fib,
    Joined,
    Looked,
    Masked,
    Meta,
    Other,
    Part,
    Payload,
    Shifted,
    Table,
)

_FIB_ORDER = ("saddr", "daddr", "mark", "iif", "oif")
_RAW = {"link": "ll", "network": "nh", "transport": "th", "inner": "ih"}
_ANONYMOUS = "__"


class Spelt(NamedTuple):
    """An expression in words, with the types and widths of its parts."""

    text: str
    types: tuple[str, ...]
    widths: tuple[int, ...]


class Speller:
    """A rule while it is spelt: which protocols its words have made certain, and which matches nft would leave out."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.known: set[Need] = set()
        self.pending: list[tuple[Need, str]] = []
        self.used: list[Need] = []

    def certain(self, need: Need) -> bool:
        return need in self.known or any(need == waiting for waiting, _ in self.pending)

    def use(self, required: tuple[Need, ...]) -> None:
        """Note matches that the words imply."""
        self.used += [need for need in required if need not in self.known and need not in self.used]

    def expression(self, left: Expression, values: tuple[str, ...] = ()) -> Spelt:
        """Return an expression in words. `values` are the types of what an anonymous map has."""
        if isinstance(left, Payload):
            return self._payload(left)
        if isinstance(left, Meta):
            type_ = META.get(left.key, "integer")
            return _one(left.key if left.key in UNQUALIFIED else f"meta {left.key}", type_)
        if isinstance(left, Ct):
            direction = f"{left.direction} " if left.direction else ""
            return _one(f"ct {direction}{left.key}", CT.get(left.key, "integer"))
        if isinstance(left, Fib):
            inputs = " . ".join(name for name in _FIB_ORDER if name in left.inputs)
            return _one(f"fib {inputs} {'oif' if left.result == 'present' else left.result}", FIB.get(left.result, "integer"))
        if isinstance(left, Joined):
            parts = [self.expression(part) for part in left.parts]
            return Spelt(
                " . ".join(part.text for part in parts),
                tuple(part.types[0] for part in parts),
                tuple(part.widths[0] for part in parts),
            )
        return self._made(left, values)

    def _made(self, left: Expression, values: tuple[str, ...]) -> Spelt:
        """Return an expression that is made of another one, in words."""
        if isinstance(left, Masked):
            source = self.expression(left.source)
            return source._replace(text=_masked(source, left))
        if isinstance(left, Shifted):
            source = self.expression(left.source)
            return source._replace(text=f"{source.text} {'<<' if left.bits >= 0 else '>>'} {abs(left.bits)}")
        if isinstance(left, Looked):
            source = self.expression(left.source)
            return _one(
                f"{source.text} map {self.map_text(left.map, source.types, values)}", values[0] if values else "integer"
            )
        if isinstance(left, Part):
            return self.expression(left.source, values)
        if isinstance(left, Other):
            return _one(left.text, "integer")
        value = left.value if isinstance(left, Constant) else ""
        return _one(value if isinstance(value, str) else spell_number(values[0] if values else "integer", value), "integer")

    def map_text(self, name: str, types: tuple[str, ...], values: tuple[str, ...]) -> str:
        """Return '@name', or the elements of an anonymous set or map."""
        found = self.table.sets.get(name) if name.startswith(_ANONYMOUS) else None
        return spell_elements(found.types or types, values, found.elements) if found else f"@{name}"

    def _payload(self, left: Payload) -> Spelt:
        for protocol, header in PROTOCOLS.items():
            if header.base != left.base or protocol == "th":
                continue
            field = next((name for name, place in header.fields.items() if place[:2] == left[1:]), None)
            required = needs(protocol, self.table.family)
            if field is None or not all(map(self.certain, required)) or not self._at_home(protocol):
                continue
            self.use(required)
            return Spelt(f"{protocol} {field}", (header.fields[field][2],), (left.length,))
        field = next((name for name, place in PROTOCOLS["th"].fields.items() if place[:2] == left[1:]), None)
        if left.base == "transport" and field:
            return _one(f"th {field}", "inet_service")
        return Spelt(f"@{_RAW[left.base]},{left.offset},{left.length}", ("integer",), (left.length,))

    def _at_home(self, protocol: str) -> bool:
        """Tell whether a table of this family can have the network protocol: an ip table has no ip6 fields."""
        family = self.table.family
        return protocol == family or not (protocol in (*NETWORKS, "arp") and family in (*NETWORKS, "arp"))


def _one(text: str, type_: str) -> Spelt:
    return Spelt(text, (type_,), (WIDTHS.get(type_, 32),))


def _masked(source: Spelt, left: Masked) -> str:
    """Return (source & mask) ^ flip with as few operations as say it."""
    type_, full = source.types[0], (1 << source.widths[0]) - 1
    mask, flip = left.mask, left.flip
    if not flip:
        return f"{source.text} & {_operand(type_, mask)}"
    if not flip & mask:
        kept = mask | flip
        before = source.text if kept == full else f"{source.text} & {_operand(type_, kept)}"
        return f"{before} | {_operand(type_, flip)}"
    before = source.text if mask == full else f"{source.text} & {_operand(type_, mask)}"
    return f"{before} ^ {_operand(type_, flip)}"


def _operand(type_: str, number: int) -> str:
    return spell_number(type_, number) if type_ in ("ipv4_addr", "ipv6_addr", "mark", "ether_addr") else hex(number)
