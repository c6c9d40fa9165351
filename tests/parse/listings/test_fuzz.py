"""Mutated listings and random text in every reader: the result is records or a declared error.

PORTSOCK_FUZZ=20000 sets the number of examples of a long run.
"""

import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portsock.errors import UsageError
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.decoding import TooLong, text_lines
from portsock.parse.listings.registry import formats
from portsock.port_numbers import parse_services
from portsock.records import SocketRecord

FIXTURES = sorted(path for path in (Path(__file__).parents[2] / "fixtures").rglob("*.*") if path.suffix not in (".py", ".pyc"))
SERVICES = parse_services("http 80/tcp\ndomain 53/udp\n")
EXAMPLES = int(os.environ.get("PORTSOCK_FUZZ", "100"))
FORMATS = [name for name, _ in formats()]
lasting = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(['users:(("', '",pid=', "[::1]:", "0.0.0.0:*", "timer:(", "(LISTEN)", "->"]),
    st.sampled_from(["\0", "\t", "{", '"', "p1", "-", "/"]),
    st.integers(-5, 10**25).map(str),
    st.just("9" * 5000),  # more digits than int() takes
)


def holds(data: bytes, only: str | None) -> None:
    capture = Capture(SERVICES, only)
    try:
        records = list(capture.read(text_lines([data], 10**6)))
    except (UsageError, TooLong):
        return
    assert all(type(record) is SocketRecord for record in records)
    for notice in capture.notices():
        assert "\n" not in notice.message


@lasting
@given(st.data())
def test_mutated_listings_raise_only_declared_errors(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(FIXTURES)).read_bytes()
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        end = min(len(text), at + data.draw(st.integers(0, 30)))
        text = text[:at] + data.draw(PIECES).encode("utf-8", "surrogatepass") + text[end:]
    holds(text, data.draw(st.sampled_from([None, *FORMATS])))


@lasting
@given(st.lists(st.lists(PIECES, max_size=9).map(" ".join), max_size=6).map("\n".join), st.sampled_from([None, *FORMATS]))
def test_any_text_raises_only_declared_errors(text: str, only: str | None) -> None:
    holds(text.encode("utf-8", "surrogatepass"), only)


@lasting
@given(st.binary(max_size=300), st.sampled_from([None, *FORMATS]))
def test_any_bytes_raise_only_declared_errors(data: bytes, only: str | None) -> None:
    holds(data, only)


def reorder(line: str, data: st.DataObject) -> str:
    """Swap, repeat, drop or replace a column, or cut the line."""
    words = line.split(" ")
    at, other = (data.draw(st.integers(0, len(words) - 1)) for _ in range(2))
    kind = data.draw(st.sampled_from(["swap", "repeat", "drop", "replace", "cut", "digits"]))
    if kind == "swap":
        words[at], words[other] = words[other], words[at]
    elif kind == "repeat":
        words.insert(at, words[other])
    elif kind == "drop":
        del words[at]
    elif kind == "replace":
        words[at] = data.draw(PIECES)
    elif kind == "digits":
        words[at] += data.draw(st.sampled_from(["9" * 5000, "F" * 5000, "f" * 20, "V", "²"]))
    text = " ".join(words)
    return text[: data.draw(st.integers(0, len(text)))] if kind == "cut" else text


@settings(lasting, max_examples=EXAMPLES // 3)
@given(st.data())
def test_rows_with_columns_in_disorder_raise_only_declared_errors(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(FIXTURES)).read_bytes().decode("utf-8", "surrogateescape").split("\n")
    start = data.draw(st.integers(0, max(0, len(lines) - 20)))
    lines = [*lines[:2], *lines[start : start + 20]]
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = reorder(lines[at], data)
    holds("\n".join(lines).encode("utf-8", "surrogatepass"), None)
