"""Markup around a pasted listing: HTML, BBCode, Markdown tables, lines as quoted strings."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import unescape

_ENTITY = re.compile(r"&(?:gt|lt|quot|apos|nbsp|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
"""Entities that show a text to be HTML. '&amp;' alone may be part of a path."""
_ANY_ENTITY = re.compile(r"&#?\w{1,10};")
_NAMES = r"pre|br|code|p|div|span|table|tbody|thead|tr|td|th|tt|samp|b|i|u|strong|em|blockquote|html|body|font|li|ul|ol"
_TAG = re.compile(rf"</?(?:{_NAMES})(?:\s[^<>]{{0,300}})?/?>", re.IGNORECASE)
_BBCODE = re.compile(
    r"\[/?(?:code|quote|table|tr|td|th|pre|font|size|color|spoiler|b|i|u|list)(?:=[^\]\n]{0,100})?\]", re.IGNORECASE
)
_CELL = re.compile(r"(?:</t[dh]|<t[dh]|\[/?t[dh])\b", re.IGNORECASE)
_ROW_END = re.compile(r"</tr\b|\[/tr\]", re.IGNORECASE)
_LINE_END = re.compile(
    r"(?:</?(?:br|p|div|tr|pre|li|blockquote|table)\b|\[/?(?:code|quote|tr|table|pre|list)\b)", re.IGNORECASE
)
_SPACES = re.compile(r" {1,99}\n")
_RULER = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)+\|?\s*")
_BAR = re.compile(r"(?<!\\)\|")
_STRING = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)",?|`([^`]*)`|[│┃] ?(.*?)\s{0,999}[│┃])\s*')
"""A string of JSON, code of Markdown, or a line in a frame."""
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPES = {"t": "\t", "n": " ", "r": "", "b": "", "f": ""}
_WIDTH = 48
"""Columns that a cell is given, so that listings with aligned columns stay aligned."""
_LONGEST_ROW = 20_000
"""Characters of the longest row of an HTML table."""

Cleaner = Callable[[Iterable[str]], Iterator[str]]


def cleaners(head: Sequence[str]) -> Iterator[tuple[Cleaner, bool]]:
    """Yield what removes each kind of markup that the first lines have, and whether it is certainly markup."""
    text = "\n".join(head)
    if ("&" in text and _ENTITY.search(text)) or ("<" in text and _TAG.search(text)):
        yield _without_html, True
    if "[" in text and _BBCODE.search(text):
        yield _without_bbcode, True
    if "|" in text and any(_RULER.fullmatch(line[:4000]) for line in head if "|" in line and "-" in line):
        yield _without_table, True
    if any(sign in text for sign in '"`│┃') and sum(_STRING.fullmatch(line[:4000]) is not None for line in head) * 2 > len(
        head
    ):
        yield _without_quotes, True


def _without_html(lines: Iterable[str]) -> Iterator[str]:
    for line in _without_tags(lines, _TAG, "<"):
        if "&" in line:
            line = _ANY_ENTITY.sub(_character, line)
            line = _ANY_ENTITY.sub(_character, line) if _ENTITY.search(line) else line  # escaped twice
        yield line.replace("\xa0", " ")


def _without_bbcode(lines: Iterable[str]) -> Iterator[str]:
    return _without_tags(lines, _BBCODE, "[")


def _without_tags(lines: Iterable[str], tag: re.Pattern[str], sign: str) -> Iterator[str]:
    """Yield the lines without tags. Tags that end a line, end it; the cells of a table's row are joined."""
    held = ""
    for line in lines:
        if held:
            line = f"{held} {line.strip()}" if len(held) < _LONGEST_ROW else line
            held = ""
        if sign in line:
            if _CELL.search(line) and not _ROW_END.search(line) and len(line) < _LONGEST_ROW:
                held = line
                continue
            line = _SPACES.sub("\n", tag.sub(_replacement, line)).rstrip(" ")
        yield from line.split("\n") if "\n" in line else (line,)
    if held:
        yield from tag.sub(_replacement, held).rstrip(" ").split("\n")


def _replacement(tag: re.Match[str]) -> str:
    return "  " if _CELL.match(tag[0]) else "\n" if _LINE_END.match(tag[0]) else ""


def _character(entity: re.Match[str]) -> str:
    return unescape(entity[0]).replace("\n", " ").replace("\r", " ")


def _without_table(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.count("|") < 2:
            yield line
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in _BAR.split(line.strip().removeprefix("|").removesuffix("|"))]
        yield "  ".join(cell.strip("`").ljust(_WIDTH) for cell in cells).rstrip()


def _without_quotes(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        found = _STRING.fullmatch(line)
        if found is None:
            yield line
        elif found[1] is None:
            yield found[2] or found[3] or ""
        else:
            yield _ESCAPE.sub(_unescaped, found[1])


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1][1:], 16)) if len(found[1]) > 1 else _ESCAPES.get(found[1], found[1])
