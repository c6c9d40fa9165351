"""The line on the terminal while a collection takes long."""

import io
import threading
import time

import pytest

from portsock.cli import progress as module
from portsock.cli.console import Console
from portsock.cli.progress import progress


def console(terminal: bool) -> Console:
    return Console(io.BytesIO(), io.StringIO(), io.BytesIO(), terminal, terminal, "utf-8", 80, {})


def errors_of(shown: Console) -> str:
    assert isinstance(shown.err, io.StringIO)
    return shown.err.getvalue()


def wait_for_the_line(shown: Console) -> None:
    deadline = time.monotonic() + 30
    while not errors_of(shown):
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_short_collection_shows_nothing() -> None:
    shown = console(terminal=True)
    with progress(shown, "collecting"):
        pass
    assert errors_of(shown) == ""


def test_a_long_collection_shows_a_line_and_erases_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    shown = console(terminal=True)
    with progress(shown, "collecting"):
        wait_for_the_line(shown)
    text = errors_of(shown)
    assert text.startswith("\rportsock: collecting, ")
    assert text.endswith("\r\x1b[K")


def test_only_a_terminal_gets_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0)
    shown = console(terminal=False)
    threads = threading.active_count()
    with progress(shown, "collecting"):
        assert threading.active_count() == threads
    assert errors_of(shown) == ""


def test_an_error_passes_and_the_line_is_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0)
    shown = console(terminal=True)

    def fail() -> None:
        with progress(shown, "collecting"):
            wait_for_the_line(shown)
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert errors_of(shown).endswith("\r\x1b[K")
