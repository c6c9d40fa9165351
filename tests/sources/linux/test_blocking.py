"""Calls that never return: here, reads of an empty pipe."""

import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from portsock.sources.linux.blocking import Patience

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="states of Linux's threads")


@pytest.fixture
def read() -> Iterator[int]:
    """Return a descriptor whose reads block until the test ends."""
    reader, writer = os.pipe()
    yield reader
    os.close(writer)  # ends every read
    time.sleep(0.05)
    os.close(reader)


def test_results_are_returned_by_item() -> None:
    assert Patience().call_each(str, [1, 2, 3]) == ({1: "1", 2: "2", 3: "3"}, [], [])
    assert Patience().call_each(str, []) == ({}, [], [])


@pytest.mark.parametrize("number", [1, 20, 50])
def test_blocked_calls_are_left_out_and_all_others_are_made(read: int, number: int) -> None:
    def call(item: int) -> int:
        return item if item % 2 else len(os.read(read, 1))

    items = range(2 * number)
    patience = Patience(0.3)
    started = time.monotonic()
    found = patience.call_each(call, items)
    assert set(found.results) == {item for item in items if item % 2}
    assert (found.blocked, found.unmade) == ([item for item in items if not item % 2], [])
    assert time.monotonic() - started < 5  # of about 0.3 s; the machine may be busy
    assert patience.left <= 0


def test_calls_that_are_not_blocked_return_after_the_time_is_used_up_too(read: int) -> None:
    patience = Patience(0.05)
    for _ in range(3):
        assert patience.call_each(lambda _: os.read(read, 1), [1]).blocked == [1]
        assert patience.left <= 0
    assert patience.call_each(str, [1]).results == {1: "1"}


def test_blocked_calls_one_after_another_end_some_time(read: int) -> None:
    patience = Patience(0.05)
    outcomes = [patience.call_each(lambda _: os.read(read, 1), [1]) for _ in range(20)]
    assert outcomes[0].blocked == [1]
    assert outcomes[-1] == ({}, [], [1])


def test_a_call_that_computes_for_long_is_not_blocked() -> None:
    def compute(seconds: float) -> float:
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass
        return seconds

    assert Patience(0.05).call_each(compute, [0.3]).results == {0.3: 0.3}


def test_an_error_of_a_call_is_raised_in_the_caller() -> None:
    def fail(item: int) -> int:
        raise ZeroDivisionError(item)

    with pytest.raises(ZeroDivisionError):
        Patience().call_each(fail, [1, 2])


def test_without_a_thread_nothing_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert Patience(0.05).call_each(str, [1]) == ({}, [], [1])
