"""JSON text of an answer: one document, or one object a line. Plain ASCII, so that it is valid wherever it is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

_CHUNK = 1000
"""Rows in one chunk of text."""

Object = Mapping[str, Any]


def document(head: Object, arrays: Mapping[str, Iterable[Object]]) -> Iterator[str]:
    """One JSON document: the keys of `head`, then each array with an object a line."""
    dumps = encoder()
    yield dumps(head)[:-1]
    for name, items in arrays.items():
        yield f",\n{dumps(name)}:["
        separator = "\n"
        for texts in _chunks(map(dumps, items)):
            yield separator + ",\n".join(texts)
            separator = ",\n"
        yield "]"
    yield "}\n"


def lines(head: Object, records: Mapping[str, Iterable[Object]]) -> Iterator[str]:
    """JSON Lines: a header, the objects of each kind with `record` set to it, and an end with `complete` and `notices`."""
    dumps = encoder()
    closing = {name: head[name] for name in ("complete", "notices")}
    opening = {name: value for name, value in head.items() if name not in closing}
    yield dumps({"record": "header", **opening}) + "\n"
    for kind, items in records.items():
        start = f'{{"record":{dumps(kind)},'
        for texts in _chunks(start + dumps(item)[1:] for item in items):
            yield "\n".join(texts) + "\n"
    yield dumps({"record": "end", **closing}) + "\n"


def encoder() -> Callable[[Any], str]:
    """json.dumps without spaces; what is no number in JSON (infinity) is refused rather than written."""
    from json import JSONEncoder

    return JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
