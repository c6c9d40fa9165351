"""Expressions of nft's text: what is compared, and with what."""

from collections.abc import Callable
from typing import Any

from portsock.nft_words.fields import BARE_META, PROTOCOLS
from portsock.parse.rulesets.meaning.describe import Verbatim
from portsock.parse.rulesets.meaning.scope import MOST_DEPTH
from portsock.parse.rulesets.meaning.values import Unreadable
from portsock.parse.rulesets.text.elements import read_elements
from portsock.parse.rulesets.text.tokens import Cursor, unquoted

_AND, _OR, _XOR = {"&": "&", "and": "&"}, {"|": "|", "or": "|"}, {"^": "^", "xor": "^"}
_SHIFTS = {"<<": "<<", "lshift": "<<", ">>": ">>", "rshift": ">>"}
_LEVELS = (_OR, _XOR, _AND, _SHIFTS)
"""Operators, those that bind least first."""

_TWO_WORD_FIELDS = {"arp": ("saddr", "daddr")}
EXTENSIONS = frozenset({"exthdr", "hbh", "frag", "rt0", "rt2", "srh", "dst", "mh"})
_RT_KEYS = frozenset({"classid", "nexthop", "mtu", "ipsec", "ip", "ip6"})
COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">=", "!", "eq", "ne", "lt", "gt", "le", "ge"})


def left_side(cursor: Cursor, depth: int = 0) -> Any:
    """Return the value that a match compares, or that a map has as its key: with operations and concatenations."""
    found = [_operation(cursor, 0, depth)]
    while cursor.take("."):
        found.append(_operation(cursor, 0, depth))
    return found[0] if len(found) == 1 else {"concat": found}


def _operation(cursor: Cursor, level: int, depth: int) -> Any:
    if depth > MOST_DEPTH:
        raise Unreadable("nested too deeply")
    if level == len(_LEVELS):
        return primary(cursor, depth)
    found = _operation(cursor, level + 1, depth)
    while operator := _LEVELS[level].get(cursor.peek()):
        cursor.next()
        right = mask(cursor) if level == 2 else _operation(cursor, level + 1, depth)
        found = {operator: [found, right]}
    return found


def mask(cursor: Cursor) -> Any:
    """Return the number or the flags after '&': '0xff', '(fin | syn)', 'fin,syn'."""
    closed = cursor.take("(")
    found = [unquoted(cursor.next())]
    while cursor.peek() == "," or (closed and cursor.peek() == "|"):
        cursor.next()
        found.append(unquoted(cursor.next()))
    if closed:
        cursor.expect(")")
    return found if len(found) > 1 else found[0]


def primary(cursor: Cursor, depth: int) -> Any:
    """Return a field, a key or a constant. A constant stays a word."""
    word = cursor.next()
    if word == "(":
        found = _operation(cursor, 0, depth + 1)
        cursor.expect(")")
        return found
    if word.startswith("@") and word.count(",") == 2:
        base, offset, length = word[1:].split(",")
        return {"payload": {"base": base, "offset": _number(offset), "len": _number(length)}}
    reader = _KINDS.get(word)
    if reader:
        return reader(cursor, word)
    if word in PROTOCOLS:
        return _payload(cursor, word)
    if word in BARE_META:
        return {"meta": {"key": word}}
    if word in "{}),;=":
        raise Unreadable(word)
    return unquoted(word)


def _number(text: str) -> int:
    return int(text) if len(text) < 6 else -1


def _payload(cursor: Cursor, protocol: str) -> Any:
    field = cursor.peek()
    if field == "option" and protocol in ("tcp", "ip"):
        return _option(cursor, protocol)
    if field in _TWO_WORD_FIELDS.get(protocol, ()):
        field = f"{cursor.next()} {cursor.peek()}"
    if field.split(" ")[-1] in ("", "{", "}"):
        raise Unreadable(protocol)
    cursor.next()
    return {"payload": {"protocol": protocol, "field": field}}


def _option(cursor: Cursor, protocol: str) -> Any:
    start = cursor.at - 1
    cursor.next()
    cursor.next()
    if cursor.peek() in ("size", "count", "kind", "length", "left", "right", "tsval", "tsecr", "ptr", "type", "addr", "value"):
        cursor.next()
    return Verbatim(f"{protocol} option", cursor.since(start))


def _meta(cursor: Cursor, _: str) -> Any:
    return {"meta": {"key": "ipsec" if cursor.peek() == "secpath" and cursor.next() else _word(cursor)}}


def _word(cursor: Cursor) -> str:
    word = cursor.next()
    if word in "{}(),;=":
        raise Unreadable(word)
    return word


def _ct(cursor: Cursor, _: str) -> Any:
    found: dict[str, str] = {}
    if cursor.peek() in ("original", "reply"):
        found["dir"] = cursor.next()
    key = _word(cursor)
    if key in ("ip", "ip6"):
        key = f"{key} {_word(cursor)}"
    return {"ct": {"key": key, **found}}


def _fib(cursor: Cursor, _: str) -> Any:
    flags = [_word(cursor)]
    while cursor.take("."):
        flags.append(_word(cursor))
    return {"fib": {"flags": flags, "result": _word(cursor)}}


def _spelt(kind: str, *valued: str) -> Callable[[Cursor, str], Any]:
    """Return a reader of an expression that is not modelled; after each word of `valued` one more belongs to it."""

    def read(cursor: Cursor, _: str) -> Any:
        start = cursor.at - 1
        if kind == "jhash":
            left_side(cursor)
        elif kind != "symhash":
            _word(cursor)
        while cursor.peek() in valued:
            cursor.next()
            _word(cursor)
        return Verbatim(kind, cursor.since(start))

    return read


def _socket(cursor: Cursor, _: str) -> Any:
    start = cursor.at - 1
    if _word(cursor) == "cgroupv2":
        cursor.expect("level")
        _word(cursor)
    return Verbatim("socket", cursor.since(start))


def _osf(cursor: Cursor, _: str) -> Any:
    start = cursor.at - 1
    while cursor.peek() in ("ttl", "loose", "skip", "name", "version"):
        cursor.next()
    return Verbatim("osf", cursor.since(start))


def _rt(cursor: Cursor, _: str) -> Any:
    start = cursor.at - 1
    routing = cursor.peek() in _RT_KEYS
    if cursor.next() in ("ip", "ip6"):
        cursor.next()
    return Verbatim("rt" if routing else "exthdr", cursor.since(start))


def _extension(cursor: Cursor, _: str) -> Any:
    start = cursor.at - 1
    _word(cursor)
    return Verbatim("exthdr", cursor.since(start))


def _ipsec(cursor: Cursor, _: str) -> Any:
    start = cursor.at - 1
    _word(cursor)
    if cursor.take("spnum"):
        _word(cursor)
    if _word(cursor) in ("ip", "ip6"):
        _word(cursor)
    return Verbatim("ipsec", cursor.since(start))


_KINDS: dict[str, Callable[[Cursor, str], Any]] = {
    "meta": _meta, "ct": _ct, "fib": _fib, "socket": _socket, "osf": _osf, "rt": _rt, "ipsec": _ipsec,
    "numgen": _spelt("numgen", "mod", "offset"), "jhash": _spelt("jhash", "mod", "seed", "offset"),
    "symhash": _spelt("symhash", "mod", "offset"), **dict.fromkeys(EXTENSIONS, _extension),
}  # fmt: skip
STARTS = frozenset(_KINDS) | frozenset(PROTOCOLS) | BARE_META
"""Words with which an expression begins."""


def right_side(cursor: Cursor) -> Any:
    """Return what a match compares with: a set, a name, a range, flags or one value."""
    if cursor.take("{"):
        return {"set": set_items(cursor)}
    found = [_right_part(cursor)]
    while cursor.take("."):
        found.append(_right_part(cursor))
    return found[0] if len(found) == 1 else {"concat": found}


def _right_part(cursor: Cursor) -> Any:
    closed = cursor.take("(")
    word = cursor.next()
    if word in "{}(),;=":
        raise Unreadable(word)
    if word.startswith('"') and cursor.peek() == "-":
        cursor.next()
        return {"range": [unquoted(word), unquoted(cursor.next())]}
    flags = [unquoted(word)]
    while cursor.peek() in (",", "|"):
        cursor.next()
        flags.append(unquoted(_word(cursor)))
    if closed:
        cursor.expect(")")
    return flags if len(flags) > 1 else flags[0]


def set_items(cursor: Cursor) -> list[Any]:
    """Return the elements in braces; the cursor stands behind the opening one."""
    start = cursor.at
    while cursor.peek() != "}":
        if cursor.next() == "{":
            raise Unreadable("{ in {")
    items = read_elements(cursor.tokens[start : cursor.at])
    cursor.next()
    return items


def mapped(cursor: Cursor, key: Any) -> Any:
    """Return the map after the word map or vmap: its key, and its elements or its name."""
    data: Any = {"set": set_items(cursor)} if cursor.take("{") else cursor.next()
    return {"key": key, "data": data}
