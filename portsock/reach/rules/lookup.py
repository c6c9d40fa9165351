"""The value of an expression for a packet at a hook."""

import re
from collections.abc import Iterable
from typing import Any

from portsock.reach.path.routes import Routes, Target
from portsock.reach.rules.keys import Keys, Piece
from portsock.reach.rules.packet import OWN, Environment, Packet, Place, meta, named, tracking
from portsock.reach.rules.values import ABSENT, Choice, Link, Missing, Possible, Row, Split, Value, chosen, masked, shifted
from portsock.reach.sources import Bounds, everything, subtract
from portsock.rulesets import (
    Constant,
    Ct,
    Expression,
    Fib,
    Joined,
    Key,
    Looked,
    Masked,
    Meta,
    Name,
    Other,
    Part,
    Payload,
    Set,
    Shifted,
    Table,
)

MODULUS = re.compile(
    r"(?:numgen|jhash|symhash)\b[^{}]{0,500}? mod (\d{1,10})(?: seed [0-9a-fx]{1,18})?(?: offset (\d{1,10}))?$"
)
NO_LINK = Link(0, "")


class Lookup:
    """Values of expressions, sets and maps of the table at hand."""

    def __init__(self, packet: Packet, routes: Routes, known: dict[tuple[int, str], Keys]) -> None:
        """`known`: the keys of sets and maps that were made before, for all packets."""
        self.packet, self.routes = packet, routes
        self.table: Table
        self.place: Place
        self._keys = known
        self._values: dict[Value, Value] = {}

    def enter(self, table: Table, place: Place) -> None:
        self.table, self.place = table, place

    def keys(self, keys: tuple[Key, ...] | str) -> Keys:
        """Return the keys of a match, or those of a set or a map by its name."""
        if not isinstance(keys, str):
            return Keys([(key, True) for key in keys])
        found = self._keys.get((id(self.table), keys))
        if found is None:
            found = self._keys[id(self.table), keys] = keys_of(self.table.sets.get(keys), keys)
        return found

    def value(self, expression: Expression, environment: Environment) -> Value:
        kind = type(expression)
        if kind is Payload:
            return self.packet.payload(expression, environment)  # type: ignore[arg-type]
        if environment.changed and expression in environment.changed:
            return Missing(named(expression))
        if kind is Meta:
            return meta(self.packet, expression.key, environment, self.place)  # type: ignore[union-attr]
        if kind is Ct:
            return tracking(self.packet, expression, environment)  # type: ignore[arg-type]
        return self._composed(expression, environment)

    def _composed(self, expression: Expression, environment: Environment) -> Value:
        if isinstance(expression, Constant):
            return expression.value if isinstance(expression.value, int) else Link(None, expression.value)
        if isinstance(expression, Masked):
            return masked(self.value(expression.source, environment), expression.mask, expression.flip)
        if isinstance(expression, Shifted):
            return shifted(self.value(expression.source, environment), expression.bits)
        if isinstance(expression, Joined):
            parts = tuple(self.value(part, environment) for part in expression.parts)
            return ABSENT if ABSENT in parts else Row(parts)
        if isinstance(expression, Looked):
            return looked(self.keys(expression.map), self.value(expression.source, environment), self.packet.bits)
        if isinstance(expression, Part):
            return part_of(self.value(expression.source, environment), expression.place)
        if isinstance(expression, Fib):
            return self._fib(expression, environment)
        assert isinstance(expression, Other)
        found = MODULUS.match(expression.text)
        if found and (modulus := int(found[1])):
            first = int(found[2] or 0)
            return Possible(((first, first + modulus - 1),), expression.text)
        return Missing(expression.text)

    # Routes

    def _fib(self, fib: Fib, environment: Environment) -> Value:
        text = "fib " + " . ".join(sorted(fib.inputs, key=FIB_ORDER.index)) + f" {fib.result}"
        by_source = "saddr" in fib.inputs
        if (by_source and not environment.own_source) or (not by_source and environment.address is None):
            return Missing(text)
        if not by_source and environment.address == OWN:
            return 2 if fib.result == "type" else Missing(text)
        link = self.place.incoming if "iif" in fib.inputs else self.place.outgoing if "oif" in fib.inputs else None
        if link is not None and not isinstance(link, Link):
            return Missing(text)
        if not self.routes.network.known:
            return self._fib_unknown(fib, environment, by_source, text)
        if fib.result == "type":
            return self._fib_type(environment, by_source, link, text)
        if not self.routes.certain:
            return Missing(text)
        return self._fib_device(fib, environment, by_source, link, text)

    def _fib_unknown(self, fib: Fib, environment: Environment, by_source: bool, text: str) -> Value:
        """Take the destination that is asked about as an own address where the addresses are not known."""
        local = not by_source and environment.address == self.packet.address and fib.inputs == {"daddr"}
        return 2 if local and fib.result == "type" else Missing(text)

    def _fib_type(self, environment: Environment, by_source: bool, link: Link | None, text: str) -> Value:
        if link is not None or (self.packet.version == 6 and not self.routes.certain):
            return self._fib_type_at(environment, by_source, link, text)
        if not by_source:
            assert environment.address is not None
            return self.routes.type_of(environment.address)
        return Split(tuple(self.routes.types()))

    def _fib_type_at(self, environment: Environment, by_source: bool, link: Link | None, text: str) -> Value:
        """Return the type of an address as seen from one device, where it is simple: it is the device's own or not."""
        if by_source or environment.address is None or link is None or link.ifindex is None:
            return Missing(text)
        ranges = self.routes.own_ranges.get(link.ifindex, [])
        if any(low == environment.address for low, _ in ranges):
            return 2
        kind = self.routes.type_of(environment.address)
        if kind == 2 and any((environment.address, environment.address) in own for own in self.routes.own_ranges.values()):
            return 1
        return kind if kind in (1, 5) else Missing(text)

    def _fib_device(self, fib: Fib, environment: Environment, by_source: bool, link: Link | None, text: str) -> Value:
        incoming = self.place.incoming
        if isinstance(incoming, Link) and self._loops(incoming):
            # Since Linux 6.16 in chains of the hook input as well: nft_fib_can_skip() in net/netfilter/nft_fib.c.
            return self._result(fib, incoming) if self.place.hook == "prerouting" else Missing(text)
        if not by_source:
            assert environment.address is not None
            return self._led(fib, self.routes.lookup(environment.address), link, text)
        return Split(tuple((bounds, self._led(fib, target, link, text)) for target, bounds in self.routes.leading().items()))

    def _loops(self, link: Link) -> bool:
        device = self.routes.links.get(link.ifindex or 0)
        return device is not None and device.loopback

    def _led(self, fib: Fib, target: Target, link: Link | None, text: str) -> Value:
        """Return what a lookup gives that finds the target."""
        if target.kind not in ("unicast", "broadcast", "multicast") or (self.packet.version == 6 and target.kind != "unicast"):
            return self._result(fib, NO_LINK)
        if link is not None:
            return self._result(fib, link if link.ifindex in target.devices else NO_LINK)
        devices = [self.routes.links.get(index or 0) for index in target.devices]
        found = [Link(device.ifindex, device.name) for device in devices if device]
        return self._result(fib, found[0]) if len(found) == len(devices) == 1 else Missing(text)

    def _result(self, fib: Fib, link: Link) -> Value:
        return int(bool(link.ifindex)) if fib.result == "present" else link


FIB_ORDER = ("saddr", "daddr", "mark", "iif", "oif")


def keys_of(known: Set | None, name: str) -> Keys:
    """Return the keys of a set or a map."""
    if known is None:
        return Keys((), f"set {name}")
    entries = ((element.key, element.verdict or element.value or True) for element in known.elements)
    return Keys(entries, None if known.whole else f"set {name}, not read whole")


def single(key: Any) -> Value:
    """Return what a map has as a value."""
    if key is True:
        return Missing("map")
    parts: list[Value] = []
    for part in key:
        if isinstance(part, Name):
            parts.append(Link(None, part.text))
        else:
            low, high = part
            parts.append(low if low == high else Possible(((low, high),), "a value of a range"))
    return parts[0] if len(parts) == 1 else Row(tuple(parts))


def looked(keys: Keys, value: Value, bits: int) -> Value:
    """Return what a map has for the value."""
    sources = everything(bits)
    pieces = keys.find(value, sources)
    if not pieces:
        return ABSENT
    if len(pieces) == 1 and pieces[0].sources is sources and pieces[0].cause is None:
        return ABSENT if pieces[0].found is None else single(pieces[0].found)
    return together(pieces, sources)


def together(pieces: Iterable[Piece], sources: Bounds) -> Value:
    """Return a value for each part of the sources."""
    parts: list[tuple[Bounds, Value]] = []
    rest = sources
    doubtful: list[Piece] = []
    for piece in pieces:
        if piece.cause is None:
            parts.append((piece.sources, ABSENT if piece.found is None else single(piece.found)))
            rest = subtract(rest, piece.sources)
        else:
            doubtful.append(piece)
    if doubtful and rest:
        values = [single(piece.found) for piece in doubtful]
        if not all(piece.certain for piece in doubtful):
            values.append(ABSENT)
        parts.append((rest, chosen(values, doubtful[0].cause or "")))
    elif rest:
        parts.append((rest, ABSENT))
    return parts[0][1] if len(parts) == 1 else Split(tuple(parts))


def part_of(value: Value, place: int) -> Value:
    """Return one part of a concatenation."""
    if isinstance(value, Row):
        return value.parts[place] if place < len(value.parts) else Missing("part of a concatenation")
    if isinstance(value, Split):
        return Split(tuple((bounds, part_of(one, place)) for bounds, one in value.parts))
    if isinstance(value, Choice):
        return Choice(tuple(part_of(one, place) for one in value.values), value.text)
    return value
