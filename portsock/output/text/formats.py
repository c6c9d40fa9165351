"""The layouts of tabulate, for --format. Importing tabulate takes longer than the whole command without it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from portsock.errors import UsageError
from portsock.output.columns import Column
from portsock.output.context import Context, Options
from portsock.output.text.table import cells_of

Row = TypeVar("Row")


PICTURES = ("dot", "mermaid")
"""Forms of --format that are no layouts of a table: see portsock.output.pictures."""

_UNSAFE = frozenset({"unsafehtml", "latex_raw"})
"""Layouts that do not escape markup in names."""

_MARKDOWN = {sign: f"\\{sign}" for sign in "\\`*_[]!|"} | {"&": "&amp;", "<": "&lt;"}


def _references(signs: str) -> dict[str, str]:
    return {sign: f"&#{ord(sign)};" for sign in signs}


_QUOTED = {
    name: str.maketrans(signs)
    for name, signs in {
        "github": _MARKDOWN,
        "pipe": _MARKDOWN,
        "jira": {sign: f"\\{sign}" for sign in "{}[]!|"},
        "asciidoc": {"|": r"\|"} | _references("[{+"),
        "orgtbl": {"|": r"\vert{}", "[": r"\lbrack{}"},
        "mediawiki": _references("&<|[]{}'"),
        "moinmoin": _references("&<|[]{}'"),
        "textile": _references('&<|!"'),
    }.items()
}
"""By layout: escapes of the signs that would end a cell or start a tag, a link or an image."""


def check_name(name: str) -> None:
    """Raise UsageError for a name that --format does not take."""
    if name in PICTURES:
        raise UsageError(
            f"--format: {name} is a picture of connections, for the command line of sockets and procs: portsock sockets "
            f"--format {name}; here only layouts of a table are known, as in --format github"
        )
    known = sorted({*format_names(), *PICTURES})
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), known, 3, 0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
        raise UsageError(f"--format: there is no layout '{name}'; {advice}")


def format_names() -> list[str]:
    """Return the name of every layout of a table that --format takes."""
    from tabulate import tabulate_formats

    return sorted({"table", "csv", *tabulate_formats} - _UNSAFE)


def tabulated(
    name: str, rows: Iterable[Row], columns: Sequence[Column[Row]], context: Context, options: Options
) -> Iterator[str]:
    """Yield the whole table in one of tabulate's layouts, as one text."""
    import tabulate

    shown = list(rows)
    cells = [cells_of(shown, column, context, options.ascii_only) for column in columns]
    if name in _QUOTED:
        cells = [[cell.translate(_QUOTED[name]) for cell in column] for column in cells]
    tabulate.PRESERVE_WHITESPACE, tabulate.MIN_PADDING = True, 0
    text = tabulate.tabulate(
        list(zip(*cells, strict=True)),
        headers=[column.header for column in columns] if options.header else (),
        tablefmt=name,
        colalign=[("right" if column.right else "left") for column in columns] if shown else None,
        disable_numparse=True,
    )
    yield text + "\n"
