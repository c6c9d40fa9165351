"""Statements of a rule in nft's text, into the objects of libnftables-json(5)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from portsock.parse.rulesets.meaning.describe import Verbatim
from portsock.parse.rulesets.meaning.values import Unreadable, plain_number
from portsock.parse.rulesets.meaning.xtables import is_quiet
from portsock.parse.rulesets.text.expressions import COMPARISONS, STARTS, left_side, mapped, mask, right_side
from portsock.parse.rulesets.text.tokens import Cursor, joined, unquoted
from portsock.parse.rulesets.text.translations import NATS, read_nat

Read = Callable[[Cursor], Any]
_WORDED = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}


def _simple(kind: str) -> Read:
    return lambda _: {kind: None}


def _targeted(kind: str) -> Read:
    return lambda cursor: {kind: {"target": unquoted(cursor.next())}}


def _nat(kind: str) -> Read:
    return lambda cursor: read_nat(cursor, kind)


def _counter(cursor: Cursor) -> Any:
    if cursor.take("name"):
        return {"counter": unquoted(cursor.next())}
    if cursor.take("packets"):
        cursor.next()
        cursor.expect("bytes")
        cursor.next()
    return {"counter": None}


def _log(cursor: Cursor) -> Any:
    found: dict[str, Any] = {}
    while cursor.peek() in ("prefix", "level", "group", "snaplen", "queue-threshold", "flags"):
        name = cursor.next()
        start = cursor.at
        word = cursor.next()
        if name != "flags":
            found[name] = unquoted(word)
            continue
        if word in ("tcp", "ip"):
            cursor.next()
        while cursor.take(","):
            cursor.next()
        found[name] = cursor.since(start)
    return {"log": found or None}


def _number(text: str) -> Any:
    found = plain_number(text)
    return text if found is None else found


def _limit(cursor: Cursor) -> Any:
    if cursor.take("name"):
        return {"limit": unquoted(cursor.next())}
    cursor.expect("rate")
    found: dict[str, Any] = {"inv": cursor.take("over")}
    rate, _, per = cursor.next().partition("/")
    if not per:
        found["rate_unit"], _, per = cursor.next().partition("/")
    found |= {"rate": _number(rate), "per": per}
    if cursor.take("burst"):
        found |= {"burst": _number(cursor.next()), "burst_unit": cursor.next()}
    return {"limit": found}


def _quota(cursor: Cursor) -> Any:
    if cursor.take("name"):
        return {"quota": unquoted(cursor.next())}
    found: dict[str, Any] = {"inv": cursor.take("over")}
    cursor.take("until")
    found |= {"val": _number(cursor.next()), "val_unit": cursor.next()}
    if cursor.take("used"):
        cursor.next()
        cursor.next()
    return {"quota": found}


def _reject(cursor: Cursor) -> Any:
    if not cursor.take("with"):
        return {"reject": None}
    kind = cursor.next()
    if kind == "tcp":
        cursor.expect("reset")
        return {"reject": {"type": "tcp reset"}}
    cursor.take("type")
    return {"reject": {"type": kind, "expr": cursor.next()}}


def _queue(cursor: Cursor) -> Any:
    while cursor.peek() in ("num", "to", "flags", "bypass", "fanout", ","):
        if cursor.next() in ("num", "to", "flags"):
            left_side(cursor)
    return {"queue": None}


def _set(cursor: Cursor) -> Any:
    """Read 'update @s { ip saddr timeout 1m limit rate 1/second }', from behind its first word."""
    operation = cursor.tokens[cursor.at - 1]
    name = cursor.next()
    if not name.startswith("@"):
        raise Unreadable(name)
    start = cursor.at
    cursor.expect("{")
    elem = left_side(cursor)
    limits = []
    while not cursor.take("}"):
        if cursor.peek() in ("limit", "quota") or (cursor.peek() == "ct" and cursor.peek(1) == "count"):
            limits.append(_statement(cursor))
        elif cursor.next() == "{":
            cursor.at = start
            raise Unreadable("{ in {")
    return {"set": {"op": operation, "set": name, "elem": elem, "stmt": limits}}


def _meter(cursor: Cursor) -> Any:
    """Read 'meter m { ip saddr limit rate 1/second }' as the update of a set of that name."""
    name = cursor.next()
    if cursor.take("size"):
        cursor.next()
    cursor.at -= 1
    cursor.tokens[cursor.at] = f"@{unquoted(name)}"
    found = _set(cursor)
    found["set"]["op"] = "meter"
    return found


def _quiet(*words: str) -> Read:
    """Return a reader of a statement that changes no verdict, with so many words more."""

    def read(cursor: Cursor) -> Any:
        start = cursor.at - 1
        for word in words:
            cursor.expect(word) if word else cursor.next()
        return Verbatim("last", cursor.since(start))

    return read


def _dup(cursor: Cursor) -> Any:
    start = cursor.at - 1
    kind = cursor.tokens[start]
    while cursor.peek() in ("to", "device", "ip", "ip6"):
        cursor.next()
        left_side(cursor)
    return Verbatim(kind, cursor.since(start))


def _synproxy(cursor: Cursor) -> Any:
    start = cursor.at - 1
    while (word := cursor.peek()) in ("name", "mss", "wscale", "timestamp", "sack-perm"):
        cursor.next()
        if word in ("name", "mss", "wscale"):
            cursor.next()
    return Verbatim("synproxy", cursor.since(start))


def _xt(cursor: Cursor) -> Any:
    start = cursor.at - 1
    kind = cursor.next()
    name = unquoted(cursor.next())
    return Verbatim("last" if is_quiet(kind, name) else f"xt {kind}", cursor.since(start))


def _last(cursor: Cursor) -> Any:
    if cursor.take("used"):
        cursor.next()
    return {"last": None}


_READERS: dict[str, Read] = {
    **{kind: _simple(kind) for kind in ("accept", "drop", "continue", "return", "notrack")},
    **{kind: _targeted(kind) for kind in ("jump", "goto")},
    **dict.fromkeys(("add", "update", "delete"), _set), **dict.fromkeys(("dup", "fwd"), _dup),
    **{kind: _nat(kind) for kind in NATS},
    "counter": _counter, "log": _log, "limit": _limit, "quota": _quota, "reject": _reject, "queue": _queue,
    "meter": _meter, "synproxy": _synproxy, "xt": _xt, "last": _last,
    "flow": _quiet("", ""), "reset": _quiet("", "option", ""),
}  # fmt: skip
_STARTS = STARTS | _READERS.keys()


def _statement(cursor: Cursor) -> Any:
    """Read one statement. Raises Unreadable."""
    word = cursor.peek()
    if word == "ct" and cursor.peek(1) == "count":
        cursor.at += 2
        return {"ct count": {"inv": cursor.take("over"), "val": _number(cursor.next())}}
    if word == "ct" and cursor.peek(1) in ("helper", "timeout", "expectation", "event") and cursor.peek(2) == "set":
        start, cursor.at = cursor.at, cursor.at + 3
        right_side(cursor)
        return Verbatim("ct helper", cursor.since(start))
    if reader := _READERS.get(word):
        cursor.next()
        return reader(cursor)
    if word not in STARTS and not word.startswith("@"):
        raise Unreadable(word)
    return _match(cursor)


def _match(cursor: Cursor) -> Any:
    left = left_side(cursor)
    if isinstance(left, str):
        raise Unreadable(left)
    if cursor.take("vmap"):
        return {"vmap": mapped(cursor, left)}
    if cursor.take("set"):
        value = left_side(cursor)
        return {"mangle": {"key": left, "value": {"map": mapped(cursor, value)} if cursor.take("map") else value}}
    operator = cursor.next() if cursor.peek() in COMPARISONS else None
    right = right_side(cursor)
    if cursor.take("/"):
        return {"match": {"op": operator or "==", "left": {"&": [left, mask(cursor)]}, "right": right}}
    return {"match": {"op": _WORDED.get(operator or "", operator), "left": left, "right": right}}


class Statements(NamedTuple):
    """The statements of a rule, where the words of each are, and the rule's comment."""

    found: list[Any]
    places: list[slice]
    tokens: list[str]
    comment: str | None

    def quote(self, place: int) -> str:
        return joined(self.tokens[self.places[place]])


def read_statements(tokens: list[str]) -> Statements:
    """Return the statements of a rule and its comment. Words that are not understood stay together as one."""
    cursor = Cursor(tokens)
    found: list[Any] = []
    places: list[slice] = []
    comment = None
    while not cursor.done:
        start = cursor.at
        if cursor.take("comment"):
            comment = unquoted(cursor.next()) if not cursor.done else None
            continue
        try:
            found.append(_statement(cursor))
        except Unreadable:
            cursor.at = start
            found.append(_not_understood(cursor))
        places.append(slice(start, cursor.at))
    return Statements(found, places, tokens, comment)


def _not_understood(cursor: Cursor) -> Verbatim:
    """Go past a statement that is not understood, up to a word with which another one begins."""
    start = cursor.at
    cursor.next()
    while not cursor.done and cursor.peek() not in _STARTS and cursor.peek() != "comment":
        if cursor.peek() == "{":
            cursor.skip_braces()
        else:
            cursor.next()
    text = cursor.since(start)
    first = cursor.tokens[start]
    return Verbatim("match" if first in STARTS and " set " not in text else first, text)
