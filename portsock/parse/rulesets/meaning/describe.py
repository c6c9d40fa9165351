"""Expressions that are not modelled, in a few words."""

from json import dumps
from typing import Any

MOST_TEXT = 160
"""Characters of an expression that is quoted."""


class Verbatim(dict[str, Any]):
    """An expression of a listing that is not modelled, with the listing's words for it."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__({kind: None})
        self.text = text


def described(value: Any) -> str:
    """Return words for a JSON expression: 'numgen random mod 2'."""
    return " ".join(_words(value, 0))[:MOST_TEXT]


def _words(value: Any, depth: int) -> list[str]:
    if isinstance(value, Verbatim):
        return [value.text]
    if depth > 6:
        return ["…"]
    if isinstance(value, dict):
        found = []
        for key, inner in list(value.items())[:8]:
            found += (
                [str(key)] if key not in ("payload", "key", "field", "protocol", "name", "mode", "expr", "elem", "val") else []
            )
            found += _words(inner, depth + 1)
        return found
    if isinstance(value, list):
        return [word for inner in value[:8] for word in _words(inner, depth + 1)]
    if value is None:
        return []
    return [value if isinstance(value, str) else dumps(value)]
