"""Matches in nft's words."""

from portsock.nft_words.dependencies import Need
from portsock.nft_words.fields import BITMASKS, PROTOCOLS
from portsock.reach.spelling.expressions import Speller, Spelt
from portsock.reach.spelling.values import braced, spell_bits, spell_key, spell_member
from portsock.rulesets import Expression, Joined, Key, Masked, Match, Meta, Payload, Range

_ZERO = ((Range(0, 0),),)
_DEPENDENCIES = frozenset({"nfproto", "l4proto", "protocol", "iiftype"})
_ADDRESSES = frozenset({"ipv4_addr", "ipv6_addr", "ether_addr"})
_ORDERED = frozenset({"inet_service", "integer", "uid", "gid"})


def dependency(match: Match) -> Need | None:
    """Return the protocol that a match asks for, if other words may imply it."""
    if match.negated or isinstance(match.keys, str) or len(match.keys) != 1 or len(match.keys[0]) != 1:
        return None
    only, left = match.keys[0][0], match.left
    key = left.key if isinstance(left, Meta) and left.key in _DEPENDENCIES else ""
    if left == Payload("link", 96, 16):
        key = "ether type"
    return Need(key, only.low) if key and isinstance(only, Range) and only.low == only.high else None


def spell_match(speller: Speller, match: Match) -> str:
    """Return a match: 'ip saddr 10.0.0.0/8', 'tcp dport { 80, 443 }', 'ct state established,related'."""
    left, keys = _whole_field(speller, match.left, match.keys)
    if isinstance(left, Masked) and not isinstance(keys, str) and not left.flip:
        inner = speller.expression(left.source)
        if inner.types[0] in BITMASKS and (text := _spell_flags(inner, left.mask, keys, match.negated)):
            return text
    spelt = speller.expression(left)
    operator = "!= " if match.negated else ""
    if isinstance(keys, str):
        return f"{spelt.text} {operator}{speller.map_text(keys, spelt.types, ())}"
    if len(keys) != 1 or isinstance(left, Joined):
        return f"{spelt.text} {operator}{braced([spell_member(spelt.types, key) for key in keys[:100]])}"
    if isinstance(left, Masked) or spelt.types[0] in BITMASKS:
        operator = operator or "== "
    return f"{spelt.text} {operator}{_spell_one(spelt, keys[0], match.negated)}"


def _spell_one(spelt: Spelt, key: Key, negated: bool) -> str:
    """Return the only key of a match: '22', '>= 1024', '80-90'."""
    part = key[0]
    full = (1 << spelt.widths[0]) - 1
    if isinstance(part, Range) and part.low < part.high and spelt.types[0] in _ORDERED and not negated:
        if part.high == full and part.low:
            return f">= {part.low}"
        if not part.low and part.high != full:
            return f"< {part.high + 1}"
    return spell_key(spelt.types, key)


def _spell_flags(inner: Spelt, mask: int, keys: tuple[Key, ...], negated: bool) -> str | None:
    """Return 'ct state established,related', 'ct state ! invalid' or 'tcp flags syn / fin,syn'."""
    type_ = inner.types[0]
    names = spell_bits(type_, mask, ",")
    if keys == _ZERO:
        return f"{inner.text} {'' if negated else '! '}{names}"
    only = keys[0][0] if len(keys) == 1 else None
    if type_ != "tcp_flag" or not isinstance(only, Range) or only.low != only.high:
        return None
    return f"{inner.text} {'!= ' if negated else ''}{spell_bits(type_, only.low, ',')} / {names}"


def _whole_field(speller: Speller, left: Expression, keys: tuple[Key, ...] | str) -> tuple[Expression, tuple[Key, ...] | str]:
    """Return the address where a match has only its first bits: nft compares one byte for '10.0.0.0/8'."""
    if isinstance(keys, str):
        return left, keys
    source = left.source if isinstance(left, Masked) else left
    if not isinstance(source, Payload):
        return left, keys
    if isinstance(left, Masked):
        free = ~left.mask & ((1 << source.length) - 1)
        plain = not free & (free + 1) and not left.flip and speller.expression(source).types[0] in _ADDRESSES
        whole, shift = source, 0
        if not plain or not all(_aligned(key, free) for key in keys):
            return left, keys
    else:
        length = next((
            length for header in PROTOCOLS.values() if header.base == source.base
            for offset, length, type_ in header.fields.values()
            if offset == source.offset and length > source.length and type_ in _ADDRESSES
            and speller.expression(source._replace(length=length)).types[0] == type_
        ), None)  # fmt: skip
        if length is None or not speller.expression(source).text.startswith("@") or not all(_aligned(key, 0) for key in keys):
            return left, keys
        whole, shift = source._replace(length=length), length - source.length
        free = (1 << shift) - 1
    return whole, tuple((Range(part.low << shift, part.high << shift | free),) for (part,) in keys if isinstance(part, Range))


def _aligned(key: Key, free: int) -> bool:
    return len(key) == 1 and isinstance(key[0], Range) and not key[0].low & free and (not free or key[0].low == key[0].high)
