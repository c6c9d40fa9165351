"""Listings as nobody prints them: lines cut, repeated, shuffled, fields swapped, bytes flipped, values of JSON replaced."""

import json
import re
from random import Random
from typing import Any

LONG = b"9" * 5000
"""More digits than int() takes."""
_NUMBERS = [
    b"-1", b"0", b"65536", b"4294967296", b"18446744073709551616", LONG, b"1e999", b"NaN", b"null", b'""', b'"\\ud800"', b"[]",
    "٣٤".encode(), b"255", b"LISTEN",
]  # fmt: skip
_VALUES: list[Any] = [
    -1, 0, 4, 65536, 2**64, 10**25, -(10**25), 10**4000, 1.5, float("nan"), float("inf"), None, True, "", "x", "LISTEN",
    "\ud800", "\0", [], {}, [{}], "tcp", "unix", "ipv4", "known", {"kind": "inet"}, "٣", "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
]  # fmt: skip
_MOST_LINES = 50
_SEPARATORS = re.compile(rb"( +|,|\t)")


def mutated(data: bytes, random: Random, other: bytes) -> bytes:
    """Return a listing with a few errors. `other`: a listing of which a line may come in."""
    if data[:1] in (b"{", b"[") and random.random() < 0.7:
        try:
            return _mutated_json(data, random)
        except ValueError:  # JSON Lines
            pass
    lines = data.split(b"\n")
    if len(lines) > _MOST_LINES:
        at = random.randrange(len(lines) - _MOST_LINES + 3)
        lines = lines[:3] + lines[at : at + _MOST_LINES]
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(lines))
        change = random.choice([_cut, _swap, _number, _flip])
        match random.randrange(8):
            case 0:
                lines.insert(at, lines[at])
            case 1:
                random.shuffle(lines)
            case 2:
                lines.insert(at, random.choice(other.split(b"\n")))
            case _:
                lines[at] = change(lines[at], random)
    return b"\n".join(lines)


def _cut(line: bytes, random: Random) -> bytes:
    at = random.randint(0, len(line))
    return random.choice([line[:at], line[at:]])


def _swap(line: bytes, random: Random) -> bytes:
    """Exchange two fields, or leave one out."""
    fields = _SEPARATORS.split(line)
    one, two = random.randrange(len(fields)), random.randrange(len(fields))
    fields[one], fields[two] = fields[two], b"" if random.random() < 0.2 else fields[one]
    return b"".join(fields)


def _number(line: bytes, random: Random) -> bytes:
    """Replace one number."""
    found = list(re.finditer(rb"\d+", line))
    if not found:
        return line
    match = random.choice(found)
    return line[: match.start()] + random.choice(_NUMBERS) + line[match.end() :]


def _flip(line: bytes, random: Random) -> bytes:
    flipped = bytearray(line)
    for _ in range(random.randint(1, 3) if line else 0):
        flipped[random.randrange(len(flipped))] = random.randrange(256)
    return bytes(flipped)


def _mutated_json(data: bytes, random: Random) -> bytes:
    """Replace, exchange or delete some values of a document. Raises ValueError for JSON Lines."""
    document = json.loads(data)
    places = list(_places(document))
    for _ in range(random.randint(1, 4)):
        holder, key = random.choice(places)
        try:
            match random.randrange(8):
                case 0:
                    del holder[key]
                case 1:
                    above, other = random.choice(places)
                    holder[key] = above[other]
                case _:
                    holder[key] = random.choice(_VALUES)
        except (KeyError, IndexError):  # deleted before
            continue
    try:
        return json.dumps(document).encode()
    except (ValueError, RecursionError):  # a value that is a part of itself
        return data


def _places(value: Any) -> Any:
    """Yield (holder, key) of every value of a document."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])
