"""How many columns of a terminal a text takes, and how to cut it to fewer."""

from collections.abc import Callable

_ELLIPSIS = "…"
_NUMBERS = frozenset("0123456789,/")
"""What is in the brackets behind a process's name: its pids, perhaps with descriptors."""


def width_of(text: str) -> int:
    """Columns: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    width = wcswidth(text)
    return width if width >= 0 else len(text)


def widths_of(cells: list[str]) -> Callable[[str], int]:
    """The cheapest function that is right for all these cells."""
    return len if "".join(cells).isascii() else width_of


def shorten(text: str, width: int, ascii_only: bool = False) -> str:
    """The text, or its beginning with '…' in at most that many columns. A number in brackets is never cut, as what is left
    of it would pass for another: 'python3[3,45,…]', or 'python3…' where none fits."""
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
    """As much of the beginning as takes no more than `room` columns."""
    head = text[: max(room, 0)]
    while head and width_of(head) > room:
        head = head[:-1]
    return head
