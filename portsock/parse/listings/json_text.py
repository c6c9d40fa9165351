"""JSON documents of other programs, which may be broken or hostile."""

from collections.abc import Iterator
from typing import Any

from portsock.parse.listings.numbers import number

_LONGEST_NUMBER = 40
"""Digits of a number that is read where another one is too long for int(), which refuses more than 4,300."""


def decode(text: str) -> Any:
    """Return the value of a JSON text. A number of thousands of digits becomes None. Raises ValueError, RecursionError."""
    from json import JSONDecodeError, loads

    try:
        return loads(text)
    except JSONDecodeError:
        raise
    except ValueError:
        return loads(text, parse_int=_short_number)  # a function of Python's takes twice the time, so not at first


def _short_number(text: str) -> int | None:
    return int(text) if len(text) <= _LONGEST_NUMBER else None


def load(text: str) -> Any:
    """Return the document, or a list of documents that have a line each. Raises ValueError with one line for anything else."""
    from json import JSONDecodeError

    try:
        return decode(text)
    except JSONDecodeError as error:
        first = error
    except RecursionError:
        raise ValueError("nested too deeply") from None
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        if len(lines) > 1:
            return [decode(line) for line in lines]
    except (ValueError, RecursionError):
        pass
    raise ValueError(f"line {first.lineno}, column {first.colno}: {first.msg}")


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a document: itself, the members of an array, or of an array that an object wraps as 'value'."""
    if isinstance(document, dict):
        arrays = [value for value in document.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
        if len(arrays) == 1 and "value" in document:
            document = arrays[0]
        else:
            yield document
            return
    if isinstance(document, list):
        for item in document:
            if isinstance(item, dict):
                yield item
            elif isinstance(item, list):
                yield from (inner for inner in item if isinstance(inner, dict))


def integer(value: object, most: int = 1 << 64) -> int | None:
    """Return a number from 0 to `most` that is given as a number or as text, or None for anything else."""
    if isinstance(value, str):
        value = number(value, 20)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
        return value
    return None
