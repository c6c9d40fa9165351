"""Shortened text: it fits, and a sign says that something is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.output.cells.holders import all_holders, some_holders
from portsock.output.cells.shorten import cut, cut_endpoint, cut_middle, listed
from portsock.output.text.table import width_of

TEXTS = st.text(st.sampled_from("ab:.[]12日本語é한가"), min_size=1, max_size=20)


@given(TEXTS, st.integers(3, 20), st.booleans())
def test_a_shortened_text_fits(text: str, room: int, ascii_only: bool) -> None:
    for short in (cut, cut_middle, cut_endpoint):
        assert width_of(short(text, room, ascii_only)) <= room
        assert short(text, 100, ascii_only) == text


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (20, "192.168.100.100:8080"),
        (19, "192.16…100.100:8080"),
        (17, "192.1…00.100:8080"),
        (16, "…68.100.100:8080"),
        (11, "…0.100:8080"),
        (8, "…00:8080"),
        (5, "19…80"),
    ],
)
def test_an_endpoint_keeps_its_port(room: int, shown: str) -> None:
    assert cut_endpoint("192.168.100.100:8080", room) == shown


def test_a_list_says_how_many_more_there_are() -> None:
    items = ["10.0.0.1", "10.0.0.2", "lo"]
    assert listed(items, 20) == "10.0.0.1,10.0.0.2,lo"
    assert listed(items, 19) == "10.0.0.1,+2"
    assert listed(items, 0, counts=[1, 1, 4]) == "10.0.0.1,+5"
    assert listed(items, 0, ", ", more=7) == "10.0.0.1, +9"


GROUPS = [("nginx", ["812", "813", "814"]), ("systemd", ["1"])]


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (40, "nginx[812,813,814] systemd[1]"),
        (28, "nginx[812,813,814] syste…[1]"),
        (23, "nginx[812,813,814] +1"),
        (18, "nginx[812,813] +2"),
        (16, "nginx[812] +3"),
        (0, "nginx[812] +3"),
    ],
)
def test_names_are_cut_before_pids_are_counted(room: int, shown: str) -> None:
    assert some_holders(GROUPS, 1, "", "", room, 6, False) == shown


def test_a_mark_stays_and_a_tail_is_cut() -> None:
    assert some_holders(GROUPS, 1, " +?", " -> 10.0.0.1:80", 0, 5, False) == "nginx[812] +3 +? …"
    assert some_holders(GROUPS, 2, "", "", 0, 5, False) == "nginx[812,813] +2"
    assert all_holders(GROUPS, " +?", 0, 3, False) == "ng…[812,813,814] sy…[1] +?"
    assert all_holders([("a", [])], "", 0, 3, True) == "a"
