"""JSON documents of other programs."""

import pytest

from portsock.errors import UsageError
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.json_text import load_all
from portsock.port_numbers import EMPTY


@pytest.mark.parametrize("text", ['[{"fd": 3, "laddr": ', '[{"laddr": 7}]', '{"LocalAddress": "", "LocalPort": ['])
def test_broken_documents_are_refused_with_a_message_of_one_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^no readable [a-z-]+: .+") as caught:
        list(Capture(EMPTY).read([text]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("odd", ["\x85", "\u2028"])
def test_json_lines_end_at_newlines_only(odd: str) -> None:
    assert load_all(f'{{"a": "x{odd}y"}}\n{{"a": 1}}\n') == ([{"a": f"x{odd}y"}, {"a": 1}], 0)


def test_lines_that_are_no_json_are_counted() -> None:
    assert load_all('{"a": 1}\n{"a": \n{"a": 2}\nend\n') == ([{"a": 1}, {"a": 2}], 2)


def test_many_such_lines_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^line 2, column 1: "):
        load_all("{}\n" + "x\n" * 50)


def test_a_text_without_documents_is_refused() -> None:
    with pytest.raises(ValueError, match="it is empty"):
        load_all(" \n")
