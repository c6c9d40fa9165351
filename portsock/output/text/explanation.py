"""Render explanations as plain text: 80 columns, headings as words at the line's start, nothing that a pipe would lose."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from portsock.explain.sections.binding import have_one_verdict, verdict_text
from portsock.explain.types import Attempt, Command, Explanation, Finding, Part, Reading, Severity
from portsock.output.text.color import bold, paint
from portsock.output.text.escape import escape

WIDTH = 80
_INDENT = 12
"""The column where text begins: after the longest heading, 'Connection', and two spaces."""

MOST_WHOLE = 3
"""With more findings than this only the first sentence of all but the warnings is shown; JSON has them whole."""

_TABLE_INDENT = 4
"""The indent of the table of attempts, which needs the room."""

_HEADINGS = (*(part.capitalize() for part in Part), "Note", "Findings", "Or ask", "Next")

_WAYS: tuple[tuple[str, ...], ...] = ((), ("SO_REUSEADDR",), ("SO_REUSEPORT",))
_BOTH = ("SO_REUSEADDR", "SO_REUSEPORT")


def render_explanation(explanation: Explanation, *, ascii_only: bool = False, color: bool = False) -> str:
    """Return the text of one answer at length, ending in a newline."""
    lines = _lines(explanation, ascii_only)
    return "\n".join(map(_painted, lines) if color else lines) + "\n"


def _painted(line: str) -> str:
    """Return the line with its heading in bold, or a finding's severity in its color."""
    for heading in _HEADINGS:
        if line == heading or (line.startswith(heading) and line[len(heading) : _INDENT].isspace()):
            return bold(heading) + line[len(heading) :]
    for severity in Severity:
        mark = f"  {severity}:"
        if line.startswith(mark):
            return f"  {paint(severity, severity)}:{line[len(mark) :]}"
    return line


def _lines(explanation: Explanation, ascii_only: bool) -> Iterator[str]:
    if explanation.headline:
        yield from wrapped(_safe(explanation.headline, ascii_only), WIDTH)
    yield from wrapped(_safe(explanation.summary, ascii_only), WIDTH)
    if explanation.picture:
        yield ""
        yield from ("  " + _safe(line, ascii_only) for line in explanation.picture)
    if explanation.readings:
        yield ""
        yield from _commands("Or ask", explanation.readings, ascii_only)
    if explanation.sections:
        yield ""
    for part, section in explanation.sections.items():
        yield from _headed(part.capitalize(), section.paragraphs[:1], ascii_only)
        yield from (" " * _TABLE_INDENT + line for line in attempts_table(section.attempts))
        if section.paragraphs[1:]:
            yield from _headed("", section.paragraphs[1:], ascii_only)
    if explanation.notes:
        yield from _headed("Note", explanation.notes, ascii_only)
    if explanation.findings:
        yield ""
        yield from _headed("Findings", (), ascii_only)
        short = len(explanation.findings) > MOST_WHOLE
        for finding in explanation.findings:
            yield from _finding(finding, ascii_only, whole=not short or finding.severity is Severity.WARNING)
    if explanation.next:
        yield ""
        yield from _commands("Next", explanation.next, ascii_only)


def _headed(heading: str, paragraphs: Iterable[str], ascii_only: bool) -> Iterator[str]:
    """Yield 'Port        text …', the paragraphs under each other; the heading alone where there are none."""
    lines = [line for text in paragraphs for line in wrapped(_safe(text, ascii_only), WIDTH - _INDENT)]
    if not lines:
        yield heading
    for number, line in enumerate(lines):
        yield (heading if number == 0 else "").ljust(_INDENT) + line


def _finding(finding: Finding, ascii_only: bool, whole: bool) -> Iterator[str]:
    text = f"{finding.title} {finding.detail} {finding.advice}" if whole else finding.title
    yield from _hanging(f"  {finding.severity}: ", _safe(text, ascii_only))
    most = 1 if finding.severity is Severity.INFO else len(finding.evidence)
    if whole:
        yield from (line for item in finding.evidence[:most] for line in _hanging("    - ", _safe(item, ascii_only)))


def _hanging(mark: str, text: str) -> Iterator[str]:
    indent = " " * (len(mark) - 2 if mark.endswith("- ") else 2) + "  "
    for number, line in enumerate(wrapped(text, WIDTH - len(indent), first=len(mark) - len(indent))):
        yield (mark if number == 0 else indent) + line


def _commands(heading: str, items: Sequence[Command | Reading], ascii_only: bool) -> Iterator[str]:
    """Yield commands and purposes, in two columns where all fit. They are never wrapped, so that they can be copied."""
    safe = typable(items, ascii_only)
    column = max((len(line) for line, _ in safe), default=0) + 3
    two_columns = all(_INDENT + column + len(purpose) <= WIDTH for _, purpose in safe)
    for number, (line, purpose) in enumerate(safe):
        head = (heading if number == 0 else "").ljust(_INDENT)
        if two_columns:
            yield f"{head}{line.ljust(column)}{purpose}"
        else:
            yield head + line
            yield from (" " * (_INDENT + 4) + text for text in wrapped(purpose, WIDTH - _INDENT - 4))


def typable(items: Sequence[Command | Reading], ascii_only: bool) -> list[tuple[str, str]]:
    """Return commands and purposes, without commands in which an escape would stand for what has to be typed."""
    pairs = [(each.command, each.meaning) if isinstance(each, Reading) else each[:2] for each in items]
    return [(line, _safe(purpose, ascii_only)) for line, purpose in pairs if _is_typed_as_printed(line, ascii_only)]


def _is_typed_as_printed(line: str, ascii_only: bool) -> bool:
    """Tell whether nothing but backslashes would be escaped: in a command they stand for themselves."""
    plain = line.replace("\\", "/")
    return escape(plain, ascii_only) == plain


def attempts_table(attempts: Sequence[Attempt]) -> list[str]:
    """Return a row for each protocol and address, a column for each way; cells are free, the error, or depends.

    Empty where all attempts have one verdict. Addresses of one protocol with the same verdicts share a row. Both options
    together have a column only where the columns of each alone do not tell, and where there is room for it. The kernel's own
    answer (--try) is not in the table.
    """
    attempts = [attempt for attempt in attempts if not attempt.tried] or attempts
    if have_one_verdict(attempts):
        return []
    ways = [way for way in _WAYS if any(attempt.options == way for attempt in attempts)]
    ways += sorted({attempt.options for attempt in attempts} - {*ways, _BOTH})
    rows: dict[tuple[str, str], dict[tuple[str, ...], str]] = {}
    for attempt in attempts:
        address = attempt.address + {True: " v6only", False: " dual", None: ""}[attempt.v6only]
        row = rows.setdefault((attempt.protocol, address), {})
        row[attempt.options] = verdict_text(attempt)
    if not all(map(_is_implied, rows.values())):
        each = [[f"{protocol} {address}", *_cells(row, [*ways, _BOTH])] for (protocol, address), row in rows.items()]
        table = _laid_out([["", *map(_header, ways), "both"], *each])
        if max(map(len, table)) <= WIDTH - _TABLE_INDENT:
            return table
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (protocol, address), row in rows.items():
        alike.setdefault((protocol, _cells(row, ways)), []).append(address)
    lines = []
    for (protocol, cells), addresses in alike.items():
        whole = len(addresses) > 1 and len(addresses) == sum(one == protocol for one, _ in rows)
        lines.append([f"{protocol} {'each address' if whole else ', '.join(addresses)}", *cells])
    return _laid_out([["", *map(_header, ways)], *lines])


def _is_implied(row: Mapping[tuple[str, ...], str]) -> bool:
    """Tell whether both options together do what the better of the two does alone."""
    alone = {row.get(("SO_REUSEADDR",)), row.get(("SO_REUSEPORT",)), None}
    for better in ("free", "depends"):
        if better in alone:
            return row.get(_BOTH, better) == better
    return row.get(_BOTH) in alone


def _header(way: tuple[str, ...]) -> str:
    return "+".join(way) or "plain"


def _cells(row: Mapping[tuple[str, ...], str], ways: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(row.get(way, "-") for way in ways)


def _laid_out(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _safe(text: str, ascii_only: bool) -> str:
    return escape(text, ascii_only)


def wrapped(text: str, width: int, first: int = 0) -> list[str]:
    """Return lines of at most `width` columns where words allow it; never broken inside a word, an address or a path.

    `first`: columns of the first line that are taken already.
    """
    from textwrap import wrap

    lines = wrap(" " * first + text, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [lines[0][first:], *lines[1:]]
