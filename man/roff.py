"""Words into man(7) source."""

from collections.abc import Iterable

_ASCII = str.maketrans({"…": "...", "→": "->", "’": "'", "–": "-"})


def text(words: str) -> str:
    """Running text of one line of source: nothing in it is taken for a request or an escape."""
    plain = words.translate(_ASCII).replace("\\", "\\e").replace("-", "\\-")
    plain = plain.replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    if not plain.isascii():
        raise ValueError(f"no ASCII for {words!r}")
    return f"\\&{plain}" if plain.startswith(".") else plain


def bold(words: str) -> str:
    return f"\\fB{text(words)}\\fR"


def italic(words: str) -> str:
    return f"\\fI{text(words)}\\fR"


def sentences(words: str) -> str:
    """Running text, each sentence beginning a line, as man pages are written."""
    lines = text(words).replace(". ", ".\n").replace("; ", ";\n").splitlines()
    return "\n".join(part for line in lines for part in wrapped(line))


def wrapped(line: str) -> list[str]:
    """A line of running text, not longer than mandoc likes."""
    from textwrap import wrap

    parts = wrap(line, 78, break_long_words=False, break_on_hyphens=False)
    return [f"\\&{part}" if part.startswith(".") else part for part in parts]


def tagged(tag: str, body: str) -> list[str]:
    """A paragraph with a tag; both are source."""
    return [".TP", tag, body]


def option(names: Iterable[str], metavar: str | None) -> str:
    """'-l, --listening' or '--port N[-M]' as a tag."""
    spelt = ", ".join(map(bold, names))
    return f"{spelt} {italic(metavar)}" if metavar else spelt


def table(rows: Iterable[tuple[str, ...]], layout: str) -> list[str]:
    """A tbl(1) table without lines; cells are words."""
    lines = [".TS", layout]
    lines += ["\t".join(text(cell) for cell in row) for row in rows]
    return [*lines, ".TE"]
