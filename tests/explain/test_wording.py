"""Words for sentences."""

import pytest

from portsock.explain.wording import joined, owners_text, plural, quoted_argument
from portsock.model import Owner


@pytest.mark.parametrize(
    ("items", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c"), (list("abcd"), "a, b, c and 1 more")],
)
def test_as_many_items_as_allowed_are_all_named(items: list[str], text: str) -> None:
    assert joined(items, 3) == text


@pytest.mark.parametrize(("number", "text"), [(0, "no sockets"), (1, "1 socket"), (2, "2 sockets")])
def test_a_number_has_its_noun(number: int, text: str) -> None:
    assert plural(number, "socket") == text


def test_processes_of_one_name_share_it() -> None:
    assert owners_text([Owner(5, 3, "nginx"), Owner(6, 3, "nginx")]) == "nginx (pids 5 and 6)"
    assert owners_text([Owner(5, 3, "nginx"), Owner(None, None, "nginx")]) == "nginx (pid 5) and nginx"
    assert owners_text([Owner(5, 3), Owner(None, None)]) == "pid 5 and a process without a number"


@pytest.mark.parametrize(
    ("text", "quoted"), [("a-b/c.d", "a-b/c.d"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''"), ("é", "'é'")]
)
def test_an_argument_is_one_word_for_the_shell(text: str, quoted: str) -> None:
    assert quoted_argument(text) == quoted
