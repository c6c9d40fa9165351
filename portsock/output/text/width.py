"""Count the terminal columns of a text, and shorten it to fewer."""

from collections.abc import Callable

_ELLIPSIS = "…"
_NUMBERS = frozenset("0123456789,/")
"""The characters in the brackets after a process's name: pids, with or without descriptors."""


def width_of(text: str) -> int:
    """Return the number of columns: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    width = wcswidth(text)
    return width if width >= 0 else len(text)


def widths_of(cells: list[str]) -> Callable[[str], int]:
    """Return the fastest function that measures all these cells correctly."""
    return len if "".join(cells).isascii() else width_of


def shorten(text: str, width: int, ascii_only: bool = False) -> str:
    """Return the text, or its beginning with '…' in at most that many columns. A number in brackets is never cut, since the
    rest would look like another number: 'python3[3,45,…]', or 'python3…' where none fits."""
    if width_of(text) <= width:
        return text
    ellipsis = "..." if ascii_only else _ELLIPSIS
    head = _head(text, width - len(ellipsis))
    begin = head.rfind("[")
    if begin < 0 or not _NUMBERS.issuperset(head[begin + 1 :]):
        return head + ellipsis
    head = _head(text, width - len(ellipsis) - 1)
    comma = head.rfind(",")
    return f"{head[: comma + 1]}{ellipsis}]" if comma > begin else head[:begin] + ellipsis


def _head(text: str, room: int) -> str:
    """Return the longest beginning that takes no more than `room` columns."""
    head = text[: max(room, 0)]
    while head and width_of(head) > room:
        head = head[:-1]
    return head
