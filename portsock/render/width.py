"""How many columns of a terminal a text takes, and how to cut it to fewer."""

from collections.abc import Callable

_ELLIPSIS = "…"


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
    """The text, or its beginning with '…' in at most that many columns."""
    if width_of(text) <= width:
        return text
    ellipsis = "..." if ascii_only else _ELLIPSIS
    room = max(width - len(ellipsis), 0)
    head = text[:room]
    while width_of(head) > room:
        head = head[:-1]
    return head + ellipsis
