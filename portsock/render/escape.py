r"""Names that others chose, made visible: nothing in them can move the cursor, reorder the line, hide or pass for another.

What is not printable (control characters, format characters such as bidirectional overrides, separators other than the space,
unassigned and private characters) is written as an escape, '\x1b' or '\u202e', and the backslash itself as '\\', so that an
escape is never confused with text that looks like one. A byte that was no UTF-8 (a lone surrogate, PEP 383) is '\xNN'.
"""

_TYPOGRAPHY = str.maketrans({"…": "...", "└": "`-", "→": "->"})
"""Our own signs, for terminals that know ASCII only."""


def escape(text: str, ascii_only: bool = False) -> str:
    """The text as it may be printed."""
    if is_plain(text):
        return text
    text = text.replace("\\", "\\\\")
    if ascii_only:
        text = text.translate(_TYPOGRAPHY)
    if text.isprintable() and not (ascii_only and not text.isascii()):
        return text
    return "".join(
        character if character.isprintable() and (character.isascii() or not ascii_only) else _escaped(character)
        for character in text
    )


def escape_all(cells: list[str], ascii_only: bool = False) -> list[str]:
    """All cells as they may be printed; nearly free where all are plain."""
    if is_plain("".join(cells)):
        return cells
    return [escape(cell, ascii_only) for cell in cells]


def is_plain(text: str) -> bool:
    """Whether the text is printable ASCII without backslashes, so that nothing must be escaped."""
    return text.isascii() and text.isprintable() and "\\" not in text


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
