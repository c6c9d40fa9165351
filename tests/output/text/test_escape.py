"""Nothing that others chose may move the cursor, reorder a line, hide, or pass for something else."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.output.text.escape import escape, escape_all

VALID = st.text(st.characters(codec="utf-8"))
ANY = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\nb", r"a\x0ab"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x7f\x9b", r"\x7f\x9b"),
        ("a\u202eb", r"a\u202eb"),
        ("a\u2066b\u2069", r"a\u2066b\u2069"),
        ("a\u200bb", r"a\u200bb"),
        ("a\u3164b\ufe0f", r"a\u3164b\ufe0f"),
        ("a\u00a0b", r"a\xa0b"),
        ("caf\udce9", r"caf\xe9"),
        ("\U000e0041", r"\U000e0041"),
        (r"a\x0ab", r"a\\x0ab"),
        ("日本 café", "日本 café"),
    ],
)
def test_escapes_are_visible(hostile: str, shown: str) -> None:
    assert escape(hostile) == shown


@given(ANY)
def test_what_is_printed_is_printable_and_can_be_encoded(text: str) -> None:
    shown = escape(text)
    shown.encode("utf-8")
    assert all(unicodedata.category(character)[0] in "LMNPS" or character == " " for character in shown)


@given(ANY)
def test_ascii_terminals_get_ascii(text: str) -> None:
    assert escape(text, ascii_only=True).isascii()


@given(VALID, VALID)
def test_different_names_look_different(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


@given(st.lists(ANY))
def test_a_column_is_escaped_as_its_cells_are(cells: list[str]) -> None:
    assert escape_all(cells) == [escape(cell) for cell in cells]
