"""Recognition of texts without a reader: for refusals by name, and to leave them out in front of or behind a listing."""

import re
from functools import cache

from portsock.parse.listings.refused.kinds import KINDS, VELOCIRAPTOR, Unsupported

_VELOCIRAPTOR_KEY = re.compile(r'"Laddr(?:\.IP)?"\s*:')
_HEAD = 400
"""Characters of a line that are looked at."""


@cache
def _patterns() -> tuple[re.Pattern[str], tuple[re.Pattern[str] | None, ...]]:
    """Return one pattern for all kinds, whose groups are in their order, and those of rows."""
    kinds = re.compile("|".join(f"({kind.pattern})" for kind in KINDS))
    return kinds, tuple(re.compile(kind.rows) if kind.rows else None for kind in KINDS)


def unsupported(line: str) -> Unsupported | None:
    """Return the kind of text of which this is a typical line, else None."""
    found = _patterns()[0].match(_spaced(line))
    return None if found is None else KINDS[(found.lastindex or 1) - 1]


def is_row_of(kind: Unsupported, line: str) -> bool:
    """Tell whether this line belongs to the kind, although it looks like a row of another format."""
    rows = _patterns()[1][KINDS.index(kind)]
    return rows is not None and rows.match(_spaced(line)) is not None


def unsupported_document(head: str) -> Unsupported | None:
    """Return the kind of a JSON document that begins with these characters, where it is one that no reader takes."""
    return VELOCIRAPTOR if _VELOCIRAPTOR_KEY.search(head) else None


def _spaced(line: str) -> str:
    return " ".join(line[:_HEAD].split())
