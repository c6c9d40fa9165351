"""Render the short answer of explain: its first line, a picture, a few rows under it. At most LINES lines of 80 columns."""

from collections.abc import Iterator, Sequence

from portsock.explain.texts.rows import DO, MEANS, NOTE, REACH
from portsock.explain.types import Command, Explanation, Part, Reading, Row
from portsock.output.text.color import bold
from portsock.output.text.escape import escape
from portsock.output.text.explanation import WIDTH, typable, wrapped

LINES = 12
"""The most lines; the first line may take two, and a picture that must be seen whole may take more."""
_PICTURE = 4
"""Lines of the picture of a word, which is an example."""
_INDENT = 10
"""The column where the text of a row begins: after 'Process' or 'Or ask'."""
_MOST_COMMANDS = 2
_NEAR = 14
"""Letters of a word that is left out rather than cut."""
_LONG_ROWS = frozenset({MEANS, DO, REACH})
"""Rows of up to two lines; all others have one."""


def render_short(explanation: Explanation, *, ascii_only: bool = False, color: bool = False) -> str:
    """Return the text, ending in a newline."""
    head = wrapped(escape(explanation.headline or explanation.summary, ascii_only), WIDTH)
    picture = _picture(explanation, ascii_only)
    asked = list(_commands("Or ask", explanation.readings, ascii_only))
    commands = [command for command in explanation.next if not command.minor] or explanation.next
    following = list(_commands("Next", commands, ascii_only))
    room = LINES - len(head) - len(picture) - len(asked) - len(following) - 1
    body = list(_rows(_rows_of(explanation), room, ascii_only))
    room -= len(body)
    following = list(_commands("Next", commands, ascii_only, room))
    rest = [*asked, *body, *following]
    lines = [*(map(bold, head) if color else head), *picture, *([""] if rest else []), *(_painted(rest) if color else rest)]
    return "\n".join(lines) + "\n"


def _picture(explanation: Explanation, ascii_only: bool) -> list[str]:
    lines = explanation.sketch or explanation.picture[:_PICTURE]
    return ["", *("  " + escape(line, ascii_only) for line in lines)] if lines else []


def _rows_of(explanation: Explanation) -> tuple[Row, ...]:
    """Return the rows; of an answer about a word, which has none, the first paragraph of each part."""
    rows = explanation.rows
    return rows if any(row.label != NOTE for row in rows) else (*rows, *_paragraphs(explanation))


def _paragraphs(explanation: Explanation) -> list[Row]:
    found = []
    for part in Part:
        section = explanation.sections.get(part)
        if section is not None and section.paragraphs:
            found.append(Row(part.capitalize(), section.paragraphs[0]))
    return found


def _rows(rows: Sequence[Row], room: int, ascii_only: bool) -> Iterator[str]:
    """Yield the rows for which there is room, each whole or ending in '…'."""
    for row in rows:
        lines = wrapped(escape(row.text, ascii_only), WIDTH - _INDENT)
        most = min(2 if row.label in _LONG_ROWS else 1, room)
        if most <= 0:
            return
        if len(lines) > most or len(lines[-1]) > WIDTH - _INDENT:
            most = min(most, len(lines))
            lines = [*lines[: most - 1], _shortened(" ".join(lines[most - 1 :]), ascii_only)]
        room -= len(lines)
        for number, line in enumerate(lines):
            yield (row.label if number == 0 else "").ljust(_INDENT) + line


def _commands(label: str, items: Sequence[Command | Reading], ascii_only: bool, room: int = 0) -> Iterator[str]:
    """Yield the first commands, each with its purpose if that fits into the line, or below it while there is room."""
    for number, (line, purpose) in enumerate(typable(items, ascii_only)[:_MOST_COMMANDS]):
        head = f"{(label if number == 0 else '').ljust(_INDENT)}{line}"
        if len(head) + 3 + len(purpose) <= WIDTH:
            yield f"{head}   {purpose}"
            continue
        yield head
        below = wrapped(purpose, WIDTH - _INDENT - 2)
        if len(below) <= room:
            room -= len(below)
            yield from (" " * (_INDENT + 2) + text for text in below)


def _shortened(line: str, ascii_only: bool) -> str:
    """Return the beginning of a text as a line, with the mark of what is left out; cut at a space if one is near."""
    mark = " ..." if ascii_only else " …"
    line = line[: WIDTH - _INDENT - len(mark)]
    whole, _, word = line.rpartition(" ")
    return (whole if whole and len(word) <= _NEAR else line) + mark


def _painted(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        label = line[:_INDENT].rstrip()
        yield bold(label) + line[len(label) :] if label else line
