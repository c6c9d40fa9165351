"""JSON documents of other programs, which may be broken or hostile."""

import re
from typing import Any

from portsock.parse.listings.numbers import number

_BETWEEN = re.compile(r"[\s,]*")

_MOST_UNREAD = 20
"""Places in a text that may be no JSON: each costs as much time as the document has."""
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


def load_all(text: str) -> tuple[Any, int]:
    """Return the document, or a list of the documents that follow each other, and the number of lines that are no JSON.

    After one of those, the next line is tried. Raises ValueError with one line where there are too many, or no document.
    """
    from json import JSONDecodeError, JSONDecoder

    decoder, at, found, unread, error = JSONDecoder(), 0, [], 0, None
    while (at := _next_place(text, at)) < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
            found.append(value)
            continue
        except JSONDecodeError as wrong:
            error = error or wrong
        except ValueError:  # a number of thousands of digits
            decoder = JSONDecoder(parse_int=_short_number)
            continue
        except RecursionError:
            raise ValueError("nested too deeply") from None
        unread += 1
        at = text.find("\n", at) % (len(text) + 1)
        if unread > _MOST_UNREAD:
            break
    if not found and error is None:
        raise ValueError("it is empty")
    if error is not None and (unread > _MOST_UNREAD or not any(isinstance(value, list | dict) for value in found)):
        raise ValueError(f"line {error.lineno}, column {error.colno}: {error.msg}")
    return (found[0] if len(found) == 1 else found), unread


def _next_place(text: str, at: int) -> int:
    """Return the place of the next character that is no white space and no comma between documents."""
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def integer(value: object, most: int = 1 << 64) -> int | None:
    """Return a number from 0 to `most` that is given as a number or as text, or None for anything else."""
    if isinstance(value, str):
        value = number(value, 20)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
        return value
    return None
