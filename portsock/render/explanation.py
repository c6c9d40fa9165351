"""An explanation as plain text: 80 columns, headings as words at the line's start, nothing that a pipe would lose."""

from collections.abc import Iterable, Iterator, Sequence

from portsock.explain.attempt import Attempt
from portsock.explain.types import Explanation, Finding
from portsock.render.escape import escape

WIDTH = 80
_INDENT = 12
"""Where text begins: after the longest heading, 'Connection', and two spaces."""

_WAYS: tuple[tuple[str, ...], ...] = ((), ("SO_REUSEADDR",), ("SO_REUSEPORT",))
_VERDICTS = {True: "yes", False: "no", None: "depends"}


def render_explanation(explanation: Explanation, *, brief: bool = False, ascii_only: bool = False) -> str:
    """The text of one answer, ending in a newline; `brief` is its first sentence on one line."""
    if brief:
        return _safe(explanation.summary, ascii_only) + "\n"
    return "\n".join(_lines(explanation, ascii_only)) + "\n"


def render_explanations(explanations: Sequence[Explanation], *, brief: bool = False, ascii_only: bool = False) -> str:
    """Several answers, an empty line between them."""
    gap = "" if brief else "\n"
    return gap.join(render_explanation(each, brief=brief, ascii_only=ascii_only) for each in explanations)


def _lines(explanation: Explanation, ascii_only: bool) -> Iterator[str]:
    yield from _wrapped(_safe(explanation.summary, ascii_only), WIDTH)
    if explanation.picture:
        yield ""
        yield from ("  " + _safe(line, ascii_only) for line in explanation.picture)
    if explanation.readings:
        yield ""
        yield from _headed("Also", (f"{each.meaning}: {each.command}" for each in explanation.readings[1:]), ascii_only)
    if explanation.sections:
        yield ""
    for part, section in explanation.sections.items():
        yield from _headed(part.capitalize(), section.paragraphs, ascii_only)
        yield from (" " * _INDENT + line for line in attempts_table(section.attempts))
    if explanation.findings:
        yield ""
        yield from _headed("Findings", (), ascii_only)
        for finding in explanation.findings:
            yield from _finding(finding, ascii_only)
    if explanation.next:
        yield ""
        yield from _next(explanation, ascii_only)


def _headed(heading: str, paragraphs: Iterable[str], ascii_only: bool) -> Iterator[str]:
    """'Port        text …', the paragraphs under each other; the heading alone where there are none."""
    lines = [line for text in paragraphs for line in _wrapped(_safe(text, ascii_only), WIDTH - _INDENT)]
    if not lines:
        yield heading
    for number, line in enumerate(lines):
        yield (heading if number == 0 else "").ljust(_INDENT) + line


def _finding(finding: Finding, ascii_only: bool) -> Iterator[str]:
    yield from _hanging(f"{finding.severity}: ", _safe(f"{finding.title} {finding.detail} {finding.advice}", ascii_only))
    for line in finding.evidence:
        yield f"    {_safe(line, ascii_only)}"


def _hanging(mark: str, text: str) -> Iterator[str]:
    for number, line in enumerate(_wrapped(mark + text, WIDTH - 4)):
        yield ("  " if number == 0 else "    ") + line


def _next(explanation: Explanation, ascii_only: bool) -> Iterator[str]:
    """Commands are never wrapped, since they are to be copied."""
    for number, command in enumerate(explanation.next):
        head = ("Next" if number == 0 else "").ljust(_INDENT) + _safe(command.line, ascii_only)
        purpose = _safe(command.purpose, ascii_only)
        if len(head) + len(purpose) + 4 <= WIDTH:
            yield f"{head}    {purpose}"
        else:
            yield head
            yield from (" " * (_INDENT + 2) + line for line in _wrapped(purpose, WIDTH - _INDENT - 2))


def attempts_table(attempts: Sequence[Attempt]) -> list[str]:
    """Rows are protocol and address, columns what the program sets first; cells yes, no with the error, or depends."""
    if not attempts:
        return []
    rows: dict[tuple[str, str, bool | None], dict[tuple[str, ...], str]] = {}
    for attempt in attempts:
        row = rows.setdefault((attempt.protocol, attempt.address, attempt.v6only), {})
        row[tuple(attempt.options)] = _VERDICTS[attempt.ok] + (f" {attempt.errno}" if attempt.errno else "")
    ways = [way for way in _WAYS if any(way in row for row in rows.values())]
    ways += sorted({way for row in rows.values() for way in row} - set(ways))
    table = [["", *("+".join(way) or "plain" for way in ways)]]
    for (protocol, address, v6only), row in rows.items():
        name = f"{protocol} {address}" + ({True: " v6only", False: " dual"}.get(v6only, "") if v6only is not None else "")
        table.append([name, *(row.get(way, "-") for way in ways)])
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _safe(text: str, ascii_only: bool) -> str:
    return escape(text, ascii_only)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns where words allow it; never broken inside a word, an address or a path."""
    from textwrap import wrap

    return wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
