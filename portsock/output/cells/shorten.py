"""Shorten text for a terminal. Everything here takes and returns text that is already escaped, and says with a sign in it
that something is missing: '…', or '+3' for three more."""

from collections.abc import Sequence

from portsock.output.text.table import width_of

_BOTH_ENDS = 12
"""The least room in which both the beginning and the end of an address say something."""


def cut(text: str, room: int, ascii_only: bool = False) -> str:
    """Return the text, or its beginning with '…' in at most `room` columns."""
    if width_of(text) <= room:
        return text
    sign = ellipsis(ascii_only)
    return _head(text, room - len(sign)) + sign


def cut_middle(text: str, room: int, ascii_only: bool = False) -> str:
    """Return the text, or its beginning and its end with '…' between, in at most `room` columns."""
    if width_of(text) <= room:
        return text
    sign = ellipsis(ascii_only)
    begin = _head(text, (room - len(sign)) // 2)
    return begin + sign + _tail(text, room - len(sign) - width_of(begin))


def cut_endpoint(text: str, room: int, ascii_only: bool = False) -> str:
    """Return 'address:port' in at most `room` columns: the address loses its middle, in little room its beginning. The port is
    kept where it can be."""
    address, colon, port = text.rpartition(":")
    left = room - width_of(port) - 1
    if not colon or left < len(ellipsis(ascii_only)):
        return cut_middle(text, room, ascii_only)
    if left >= min(_BOTH_ENDS, width_of(address)):
        return f"{cut_middle(address, left, ascii_only)}:{port}"
    sign = ellipsis(ascii_only)
    return f"{sign}{_tail(address, left - len(sign)).lstrip('.:')}:{port}"


def listed(items: Sequence[str], room: int, separator: str = ",", more: int = 0, counts: Sequence[int] = ()) -> str:
    """Return as many items as fit, at least the first, and the number of the others: '10.0.0.1,+2'.

    `more`: others that are in no item. `counts`: how many things each item stands for; one without it.
    """
    numbers = counts or [1] * len(items)
    best = ""
    for shown in range(1, len(items) + 1):
        rest = sum(numbers[shown:]) + more
        text = separator.join([*items[:shown], *([f"+{rest}"] if rest else [])])
        if not best or width_of(text) <= room:
            best = text
    return best


def ellipsis(ascii_only: bool) -> str:
    """Return the sign of a cut."""
    return "..." if ascii_only else "…"


def _head(text: str, room: int) -> str:
    """Return the longest beginning that takes no more than `room` columns."""
    head = text[: max(room, 0)]
    while head and width_of(head) > room:
        head = head[:-1]
    return head


def _tail(text: str, room: int) -> str:
    """Return the longest end that takes no more than `room` columns."""
    tail = text[len(text) - room :] if 0 < room < len(text) else text if room > 0 else ""
    while tail and width_of(tail) > room:
        tail = tail[1:]
    return tail
