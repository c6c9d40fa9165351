"""What follows dnat, snat, masquerade, redirect and tproxy in nft's text."""

from typing import Any

from portsock.parse.rulesets.meaning.values import Unreadable
from portsock.parse.rulesets.text.expressions import STARTS, left_side, mapped
from portsock.parse.rulesets.text.tokens import Cursor

NATS = ("dnat", "snat", "masquerade", "redirect", "tproxy")
_FLAGS = frozenset({"random", "fully-random", "persistent"})


def read_nat(cursor: Cursor, kind: str) -> Any:
    """Read '[ip] [prefix] to ADDRESS:PORT [flags]', '10.0.0.1-10.0.0.9:80', ':8080', 'ip saddr map { … }'."""
    found: dict[str, Any] = {}
    if cursor.peek() in ("ip", "ip6"):
        found["family"] = cursor.next()
    if cursor.take("prefix"):
        found["type_flags"] = "prefix"
    if cursor.take("addr"):  # nft before 0.9.7: 'ip addr . port to'
        cursor.expect(".")
        cursor.expect("port")
    cursor.take("interval")
    if cursor.take("to"):
        _target(cursor, found)
    elif kind not in ("masquerade", "redirect"):
        raise Unreadable(kind)
    flags = []
    while cursor.peek() in _FLAGS:
        flags.append(cursor.next())
        cursor.take(",")
    return {kind: {**found, "flags": flags} if flags else found}


def _target(cursor: Cursor, found: dict[str, Any]) -> None:
    word = cursor.peek()
    if word in STARTS and not word.startswith(":"):
        found["addr"] = _looked(cursor)
        if cursor.peek().startswith(":"):
            found["port"] = _port(cursor, cursor.next()[1:])
        return
    address, port = _split(cursor.next())
    if address:
        found["addr"] = address
    if port:
        found["port"] = _port(cursor, port)


def _looked(cursor: Cursor) -> Any:
    key = left_side(cursor)
    return {"map": mapped(cursor, key)} if cursor.take("map") else key


def _port(cursor: Cursor, word: str) -> Any:
    """Return a port, or the expression that begins with this word."""
    if word not in STARTS:
        return word
    cursor.at -= 1
    cursor.tokens[cursor.at] = word
    return _looked(cursor)


def _split(word: str) -> tuple[str, str]:
    """Return the address and the port of '10.0.0.2:80', '[2001:db8::2]:80', '2001:db8::2' or ':80'."""
    if "]" in word:
        address, _, port = word.rpartition("]")
        return address.replace("[", "").replace("]", ""), port.removeprefix(":")
    if word.count(":") == 1:
        address, _, port = word.partition(":")
        return address, port
    return word, ""
