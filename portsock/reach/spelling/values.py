"""Numbers and names of keys, as nft writes them."""

from socket import AF_INET, AF_INET6, inet_ntop

from portsock.nft_words.fields import BITMASKS
from portsock.nft_words.names import NAMES, name_of
from portsock.rulesets import Element, Key, Name, Range, Verdict

MOST_ELEMENTS = 10
"""Elements of a set that are written out."""
_ADDRESSES = {"ipv4_addr": (AF_INET, 4), "ipv6_addr": (AF_INET6, 16)}
_HEXADECIMAL = frozenset({"mark", "ct_status", "ct_state"})


def spell_number(type_: str, number: int) -> str:
    """Return one value: an address, a name, a number."""
    if type_ == "address":
        type_ = "ipv4_addr" if number < 1 << 32 else "ipv6_addr"
    if type_ in _ADDRESSES:
        family, size = _ADDRESSES[type_]
        return inet_ntop(family, number.to_bytes(size, "big")) if number < 1 << 8 * size else hex(number)
    if type_ == "ether_addr":
        return ":".join(f"{byte:02x}" for byte in number.to_bytes(6, "big")) if number < 1 << 48 else hex(number)
    if type_ == "mark":
        return f"0x{number:08x}"
    if type_ == "tc_handle":
        return f"{number >> 16:x}:{number & 0xFFFF:x}" if number < 1 << 32 else hex(number)
    if type_ in BITMASKS:
        return spell_bits(type_, number, ",")
    return name_of(type_, number) or str(number)


def spell_bits(type_: str, number: int, between: str) -> str:
    """Return the names of the bits: 'established,related', 'fin | syn'. Of labels the numbers of the bits."""
    if type_ == "ct_label":
        return between.join(str(bit) for bit in range(number.bit_length()) if number >> bit & 1) or "0x0"
    names = NAMES.get(type_, {})
    if not number or number & ~sum(set(names.values())):
        return hex(number)
    return between.join(name for name, bit in names.items() if number & bit)


def spell_name(name: Name) -> str:
    """Return a device's name in quotes: "eth*" for every name that begins so."""
    text = name.text[:-1] + "\\*" if name.text.endswith("*") and not name.prefix else name.text
    return f'"{text}*"' if name.prefix else f'"{text}"'


def spell_part(type_: str, part: Range | Name) -> str:
    """Return one part of a key: '10.0.0.0/8', '80-90', '"lo"'."""
    if isinstance(part, Name):
        return spell_name(part)
    if part.low == part.high:
        return spell_number(type_, part.low)
    size = part.high - part.low + 1
    if type_ in _ADDRESSES:
        if not size & (size - 1) and not part.low % size:
            return f"{spell_number(type_, part.low)}/{8 * _ADDRESSES[type_][1] - size.bit_length() + 1}"
        return f"{spell_number(type_, part.low)}-{spell_number(type_, part.high)}"
    if type_ in ("ether_addr", "mark"):
        return f"{spell_number(type_, part.low)}-{spell_number(type_, part.high)}"
    return f"{part.low}-{part.high}"


def spell_key(types: tuple[str, ...], key: Key | None) -> str:
    """Return a key: its parts with dots between them."""
    if key is None:
        return "*"
    padded = (*types, *("integer",) * len(key))
    return " . ".join(map(spell_part, padded, key))


def spell_verdict(verdict: Verdict) -> str:
    return f"{verdict.kind} {verdict.chain}" if verdict.chain is not None else verdict.kind


def spell_elements(types: tuple[str, ...], values: tuple[str, ...], elements: tuple[Element, ...]) -> str:
    """Return elements in braces. After a few of them '…' stands for the rest."""
    return braced([_spell_element(types, values, element) for element in elements[: MOST_ELEMENTS + 1]])


def braced(items: list[str]) -> str:
    """Return items in braces, at most MOST_ELEMENTS of them."""
    shown = items if len(items) <= MOST_ELEMENTS else [*items[:MOST_ELEMENTS], "…"]
    return f"{{ {', '.join(shown)} }}" if shown else "{ }"


def _spell_element(types: tuple[str, ...], values: tuple[str, ...], element: Element) -> str:
    key = spell_member(types, element.key)
    if element.verdict is not None:
        return f"{key} : {spell_verdict(element.verdict)}"
    return f"{key} : {spell_key(values, element.value)}" if element.value is not None else key


def spell_member(types: tuple[str, ...], key: Key | None) -> str:
    """Return a key inside braces, where a comma stands between elements."""
    if key is not None and len(key) == 1 and types[:1] and types[0] in BITMASKS and isinstance(key[0], Range):
        low, high = key[0]
        return spell_bits(types[0], low, " | ") if low == high else f"{low}-{high}"
    return spell_key(types, key)
