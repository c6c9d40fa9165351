"""Work in a forked process: its results, and what happens where something hinders it."""

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from portsock.cli import halves
from portsock.output.text.options import each_here
from portsock.sources.linux.beside import Beside, possible
from tests.support.live import on_linux

pytestmark = [on_linux, pytest.mark.linux]


@pytest.fixture(autouse=True)
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "_TURN", 1)


def results(work: Callable[[], Iterable[Any]]) -> list[Any]:
    return list(Beside(work).results())


def test_results_come_whole_and_in_order_however_long_they_are() -> None:
    plain = [b"x" * (1 << 21), {1: None, 2: 3}, ("text\n", [4]), None]
    assert results(lambda: plain) == plain


def test_the_work_is_done_by_another_process() -> None:
    beside = Beside(lambda: [os.getpid()])
    assert list(beside.results()) == [beside.pid]
    assert beside.pid != os.getpid()


def failing(how: Callable[[], object]) -> Iterator[Any]:
    yield 1
    yield how()


def fail() -> None:
    raise ValueError("no")


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def be_interrupted() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("how", [fail, be_interrupted, object])
def test_work_that_fails_gives_what_it_had_and_says_nothing(
    how: Callable[[], object], capfd: pytest.CaptureFixture[str]
) -> None:
    assert results(lambda: failing(how)) == [1]
    assert capfd.readouterr() == ("", "")


def test_a_killed_process_gives_whole_results_or_none() -> None:
    assert results(lambda: failing(be_killed)) in ([], [1])


@pytest.mark.parametrize("call", ["pipe", "fork"])
def test_without_a_second_process_there_are_no_results(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.listdir("/proc/self/fd")
    refuse(call, monkeypatch)
    beside = Beside(lambda: [1])
    assert (beside.pid, list(beside.results())) == (None, [])
    assert os.listdir("/proc/self/fd") == before


def refuse(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, call, refused)


@pytest.mark.parametrize("taken", [0, 1, 100])
def test_no_process_and_no_descriptor_is_left_whether_all_results_are_taken_or_not(taken: int) -> None:
    before = os.listdir("/proc/self/fd")
    beside = Beside(lambda: [b"x" * (1 << 20)] * 3)
    told = beside.results()
    for _ in range(taken + 1):
        next(told, None)
    del told
    assert beside.pid
    with pytest.raises(ChildProcessError):
        os.waitpid(beside.pid, 0)
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("turn", [1, 2, 8])
@pytest.mark.parametrize("number", [0, 1, 2, 3, 10, 33])
def test_parts_worked_at_by_two_processes_come_as_from_one(
    number: int, turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halves, "_TURN", turn)
    assert list(halves.alternately(str, range(number))) == list(map(str, range(number)))


def test_every_other_part_is_worked_at_by_the_other_process() -> None:
    first, second, third = halves.alternately(lambda _: os.getpid(), range(3))
    assert first == third == os.getpid() != second


def test_parts_that_the_other_process_loses_are_worked_at_here() -> None:
    own = os.getpid()

    def fragile(part: int) -> int:
        if part == 3 and os.getpid() != own:
            be_killed()
        return part

    assert list(halves.alternately(fragile, range(7))) == list(range(7))


def test_parts_are_worked_at_here_where_no_process_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse("fork", monkeypatch)
    assert list(halves.alternately(str, range(4))) == ["0", "1", "2", "3"]


def test_an_error_in_a_part_is_raised_as_from_one_process() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(halves.alternately(int, ["1", "no", "3"]))


def test_no_process_is_begun_beside_other_threads_or_on_a_single_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    alone = len(os.listdir("/proc/self/task")) == 1
    assert possible() is alone
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        assert not possible()
    finally:
        end.set()
        other.join()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert not possible()


def test_few_rows_and_a_single_core_need_no_second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "possible", lambda: True)
    assert halves.each_for(9_999) is each_here
    assert halves.each_for(10_000) is halves.alternately
    monkeypatch.setattr(halves, "possible", lambda: False)
    assert halves.each_for(10_000) is each_here
