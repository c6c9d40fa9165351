"""States in the languages of net-tools and Windows, and in wrong code pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.model import State
from portsock.parse.listings.netstat.translations import listed_state


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("ESTAB", State.ESTABLISHED), ("OUÇA", State.LISTEN), ("HÖRT", State.LISTEN), ("NASLOUCHÁ", State.LISTEN),
        ("LYSSNAR", State.LISTEN), ("ESCUCHANDO", State.LISTEN), ("IN ASCOLTO", State.LISTEN), ("À L'ÉCOUTE", State.LISTEN),
        ("ESTABELECIDA", State.ESTABLISHED), ("已建立", State.ESTABLISHED), ("УСТАНОВЛЕНО", State.ESTABLISHED),
        ("WARTEND", State.TIME_WAIT), ("STÄNG_VÄNTA", State.CLOSE_WAIT), ("KOPPLAR FRÅN", State.CLOSED),
    ],
)  # fmt: skip
def test_translated_states_are_known(text: str, state: State) -> None:
    assert listed_state(text) is state


@pytest.mark.parametrize("text", ["OUÃ‡A", "OU\ufffdA", "OU?A", b"OU\xc7A".decode("utf-8", "surrogateescape"), "OU╟A"])
def test_a_word_read_in_a_wrong_code_page_is_known(text: str) -> None:
    assert listed_state(text) is State.LISTEN


@pytest.mark.parametrize("text", ["", "?", "????", "\ufffd\ufffd\ufffd", "OU", "LISTENX", "A" * 200])
def test_too_little_of_a_word_is_no_state(text: str) -> None:
    assert listed_state(text) is None


@given(st.text(max_size=20))
def test_any_text_is_a_state_or_none(text: str) -> None:
    assert listed_state(text) in (None, *State)
