"""The live values that `portsock --complete` prints."""

import subprocess
import sys
import time
from typing import Any

import pytest

from portsock.cli import complete
from portsock.model import Family, Owner, Process, Snapshot, Socket, UnixEndpoint
from portsock.sources import age
from portsock.sources.age import time_left
from tests.support.factory import snapshot, socket
from tests.support.live import on_linux

PLENTY = 60.0
"""Seconds that no look takes."""
WEB, EVIL, AGENT = Owner(7, 3, "web", "www"), Owner(8, 3, "evil\x1b[31m", "dev"), Owner(9, 3, "agent", "dev")
UNIX: dict[str, Any] = {"family": Family.UNIX, "protocol": "unix", "owners": (AGENT,)}
SOCKETS = [
    socket("0.0.0.0:80", user="www", owners=(WEB,)),
    socket("[::]:80", user="www", owners=(WEB,)),
    socket("127.0.0.1:53", protocol="udp", user="dev", owners=(EVIL,)),
    socket("127.0.0.1:5353", protocol="udp", user="dev", owners=()),
    socket("127.0.0.1:80", "127.0.0.1:40000", user="www", owners=(WEB,)),
    socket(UnixEndpoint(b"/run/x.sock"), **UNIX),
    socket(UnixEndpoint(b"bus", True), **UNIX),
    socket(UnixEndpoint(b"/run/bad\nline"), **UNIX),
    *(socket(UnixEndpoint(f"/run/bad{mark}".encode()), **UNIX) for mark in "\u2800\u3164\ufe0f\u202e\u034f\U000e0101\u200b"),
    socket(UnixEndpoint("/srv/café\\x2d".encode()), **UNIX),
]
PROCESSES = [Process(7, "web", unit="web.service", container="shop"), Process(8, "evil"), Process(9, "agent")]


@pytest.fixture(autouse=True)
def system(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system with these sockets."""

    def load(protocols: frozenset[str], states: object) -> Snapshot:  # noqa: ARG001 - the interface of _load
        found: list[Socket] = [each for each in SOCKETS if each.protocol in protocols]
        return snapshot(found, processes={(None, process.pid): process for process in PROCESSES})

    monkeypatch.setattr(complete, "_load", load)


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("ports",), {"53": r"evil\x1b[31m", "80": "web", "5353": "udp, no process known"}),
        (("ports", "5"), {"53": r"evil\x1b[31m", "5353": "udp, no process known"}),
        (("targets", "tcp/"), {"tcp/80": "web"}),
        (("targets", "udp/5"), {"udp/53": r"evil\x1b[31m", "udp/5353": "udp, no process known"}),
        (("targets", "8"), {"80": "web"}),
        (("pids",), {"7": "web", "8": r"evil\x1b[31m", "9": "agent"}),
        (("targets", "pid:7"), {"pid:7": "web"}),
        (("processes",), {"agent": "pid 9", "web": "pid 7"}),
        (("targets", "proc:w"), {"proc:web": "pid 7"}),
        (("users",), {"dev": "holds sockets", "www": "holds sockets"}),
        (("targets", "user:w"), {"user:www": "holds sockets"}),
        (("targets", "unit:"), {"unit:web.service": "pid 7"}),
        (("targets", "container:"), {"container:shop": "pid 7"}),
        (("targets", "/run"), {"/run/x.sock": "agent"}),
        (("targets", "@"), {"@bus": "agent"}),
        (("targets", "/srv"), {"/srv/café\\x2d": "agent"}),
        (("targets", "unix:/run"), {"unix:/run/x.sock": "agent"}),
    ],
)
def test_values_of_a_kind_are_printed_with_their_descriptions(
    words: tuple[str, ...], values: dict[str, str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert complete.run(words, PLENTY) == 0
    printed = capfdbinary.readouterr().out.decode()
    assert printed == "".join(f"{value}\t{about}\n" for value, about in values.items())


def test_an_error_is_not_printed_into_the_line_that_is_typed(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    def fail(*_: object) -> Snapshot:
        raise OSError("cannot read")

    monkeypatch.setattr(complete, "_load", fail)
    assert complete.run(("ports", ""), PLENTY) == 1
    assert capfdbinary.readouterr() == (b"", b"")


SLOW = {
    "a system call": "import time; time.sleep(60)",
    "an endless loop": "while True: pass",
    "a pipe that nobody writes to": "import os; os.read(os.pipe()[0], 1)",
}
PROGRAM = """
import sys
from portsock.sources import live
from portsock.__main__ import main
def collect(request, backend=None):
    %s
live.collect = collect
sys.argv[1:] = ["--complete", *sys.argv[1:]]
main()
"""
FORMS = ["pid:", "proc:", "user:", "unit:", "container:", "service:", "tcp/", "udp/", "unix:"]


@pytest.mark.parametrize("block", SLOW.values(), ids=SLOW)
@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("targets", ""), FORMS),
        (("targets", "u"), ["user:", "unit:", "udp/", "unix:"]),
        (("targets", "pid:"), []),
        (("ports", ""), []),
        (("users", ""), []),
    ],
)
def test_a_system_that_does_not_answer_leaves_the_words_that_need_no_look(
    block: str, words: tuple[str, ...], values: list[str]
) -> None:
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", PROGRAM % block, *words], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition("\t")[0] for line in done.stdout.splitlines()] == values
    assert time.monotonic() - begun < 10  # 0.15 on a quiet machine


def test_without_time_left_no_look_is_taken(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(complete, "_load", lambda *_: pytest.fail("looked"))
    assert complete.run(("targets", "pi"), 0) == 0
    assert capfdbinary.readouterr() == (b"pid:\ta process by number\n", b"")


def test_a_thread_that_cannot_start_leaves_the_words_that_need_no_look(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(complete, "start_new_thread", fail)
    assert complete.run(("netns", ""), PLENTY) == 0
    assert capfdbinary.readouterr() == (b"all\tevery network namespace\n", b"")


@pytest.mark.parametrize(
    ("switch", "seconds", "left"), [("", 0.05, 0.08), ("", 1.0, -0.87), ("1000", 0.05, 0.93), ("soon", 0.05, 0.08)]
)
def test_the_budget_counts_from_the_start_of_the_process(
    switch: str, seconds: float, left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTSOCK_TAB_MS", switch)
    monkeypatch.setattr(age, "process_age", lambda: seconds)
    assert time_left() == pytest.approx(left)


@on_linux
def test_the_age_of_a_process_includes_the_start_of_its_program() -> None:
    code = "from portsock.sources.age import process_age; print(process_age())"
    begun = time.monotonic()
    words = ["sh", "-c", 'sleep 0.3; exec "$@"', "sh", sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert 0.3 < float(done.stdout) < time.monotonic() - begun + 0.011  # the kernel counts in ticks of 10 ms


def test_without_proc_the_age_is_the_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "open", lambda *_: (_ for _ in ()).throw(OSError()), raising=False)
    assert 0 < age.process_age() <= time.process_time()
