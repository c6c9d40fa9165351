r"""Escape names that others chose: nothing in them can move the cursor, reorder the line, hide, or look like another name.

Characters that are not printable (control characters, format characters such as bidirectional overrides, separators other
than the space, unassigned and private characters), or printable but invisible, become an escape, '\x1b' or '\u202e'. The
backslash itself becomes '\\', so that text that looks like an escape is not taken for one. A byte that is not UTF-8 (a lone
surrogate, PEP 383) becomes '\xNN'.
"""

_TYPOGRAPHY = str.maketrans({"…": "...", "└": "`-", "→": "->"})
"""ASCII for portsock's own signs, for terminals that support no others."""

_INVISIBLE = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, *range(0xFE00, 0xFE10), 0xFFA0))
) | frozenset(map(chr, range(0xE0100, 0xE01F0)))
"""Letters and marks without a glyph (Default_Ignorable_Code_Point of Unicode), and the blank braille cell."""

_PLAIN = bytes(range(0x20, 0x7F)).replace(b"\\", b"")


def escape(text: str, ascii_only: bool = False) -> str:
    """Return the text as it may be printed."""
    if is_plain(text):
        return text
    text = text.replace("\\", "\\\\")
    if ascii_only:
        text = text.translate(_TYPOGRAPHY)
    return "".join([character if _shown(character, ascii_only) else _escaped(character) for character in text])


def escape_all(cells: list[str], ascii_only: bool = False) -> list[str]:
    """Return all cells as they may be printed; takes almost no time where all are plain."""
    if is_plain("".join(cells)):
        return cells
    return [escape(cell, ascii_only) for cell in cells]


def all_shown(text: str) -> bool:
    """Tell whether every character shows as what it is; of those that do not, none can be typed."""
    return all(_shown(character, ascii_only=False) for character in text)


def is_plain(text: str) -> bool:
    """Tell whether the text is printable ASCII without backslashes, so that nothing must be escaped."""
    # str.isprintable() and a search for the backslash take three times as long.
    return text.isascii() and not text.encode("ascii").translate(None, _PLAIN)


def _shown(character: str, ascii_only: bool) -> bool:
    if character.isascii() or ascii_only:
        return character.isascii() and character.isprintable()
    return character.isprintable() and character not in _INVISIBLE


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
