"""Work in a forked process: its result, and none where anything goes wrong."""

import errno
import os
import signal

import pytest

from portsock.sources.beside import Beside
from tests.live import on_linux

pytestmark = [on_linux, pytest.mark.linux]


def test_the_result_comes_whole_however_long_it_is() -> None:
    long = b"x" * (1 << 21)
    assert Beside(lambda: (long, {1: None, 2: 3}, [4])).result() == (long, {1: None, 2: 3}, [4])


def test_the_work_is_done_by_another_process() -> None:
    beside = Beside(os.getpid)
    assert beside.result() == beside.pid
    assert beside.pid != os.getpid()


def fail() -> None:
    raise ValueError("no")


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def be_interrupted() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("work", [fail, be_killed, be_interrupted, lambda: object()])
def test_work_that_fails_has_no_result_and_says_nothing(
    work: object, capfd: pytest.CaptureFixture[str]
) -> None:
    assert Beside(work).result() is None  # type: ignore[arg-type]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("call", ["pipe", "fork"])
def test_without_a_second_process_there_is_no_result(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    before = os.listdir("/proc/self/fd")
    monkeypatch.setattr(os, call, refuse)
    beside = Beside(os.getpid)
    assert (beside.pid, beside.result()) == (None, None)
    assert os.listdir("/proc/self/fd") == before


def test_no_process_and_no_descriptor_is_left() -> None:
    before = os.listdir("/proc/self/fd")
    beside = Beside(os.getpid)
    beside.result()
    assert beside.pid
    with pytest.raises(ChildProcessError):
        os.waitpid(beside.pid, 0)
    assert os.listdir("/proc/self/fd") == before
