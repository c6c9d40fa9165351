"""Numbers as listings print them: ASCII digits only. int() alone also accepts '+1', '8_0' and digits of other scripts."""

MOST_PORT = 65535
PID_DIGITS = 10
"""The most digits of a process id or a descriptor."""


def is_number(text: str, digits: int = 19) -> bool:
    """Tell whether the text is a number of at most `digits` digits."""
    return text.isascii() and text.isdecimal() and len(text) <= digits


def number(text: str, digits: int = 19) -> int | None:
    """Return the number of at most `digits` digits, or None for any other text."""
    return int(text) if is_number(text, digits) else None
