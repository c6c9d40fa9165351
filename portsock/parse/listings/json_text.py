"""JSON documents of others: read strictly, without surprises from broken or hostile ones."""

from collections.abc import Iterator
from typing import Any


def load(text: str) -> Any:
    """The document, or a list of those that stand a line each. Raises ValueError with one line for anything else."""
    from json import JSONDecodeError, loads

    try:
        return loads(text)
    except JSONDecodeError as error:
        first = error
    except RecursionError:
        raise ValueError("nested too deeply") from None
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        if len(lines) > 1:
            return [loads(line) for line in lines]
    except (ValueError, RecursionError):
        pass
    raise ValueError(f"line {first.lineno}, column {first.colno}: {first.msg}")


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """The objects of a document: itself, the members of an array, or of an array wrapped in an object."""
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
    """A number given as one or as text; None for anything else, and beyond 0 to `most`."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 21:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
        return value
    return None
