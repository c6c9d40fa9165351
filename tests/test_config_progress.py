"""The line on a terminal while a collection takes long."""

import io
import time

import pytest

from portsock.cli import progress as module
from portsock.cli.console import Console
from portsock.cli.progress import progress


def console(terminal: bool) -> Console:
    return Console(io.BytesIO(), io.StringIO(), io.BytesIO(), terminal, terminal, "utf-8", 80, {})


def test_a_short_collection_says_nothing() -> None:
    shown = console(terminal=True)
    with progress(shown, "collecting"):
        pass
    assert shown.err.getvalue() == ""  # type: ignore[attr-defined]


def test_a_long_one_says_so_and_erases_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    shown = console(terminal=True)
    with progress(shown, "collecting"):
        deadline = time.monotonic() + 10
        while not shown.err.getvalue() and time.monotonic() < deadline:  # type: ignore[attr-defined]
            time.sleep(0.005)
    text = shown.err.getvalue()  # type: ignore[attr-defined]
    assert text.startswith("\rportsock: collecting, ")
    assert text.endswith("\r\x1b[K")


def test_where_standard_error_is_no_terminal_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0)
    shown = console(terminal=False)
    with progress(shown, "collecting"):
        time.sleep(0.02)
    assert shown.err.getvalue() == ""  # type: ignore[attr-defined]


def test_an_error_passes_and_leaves_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0)
    shown = console(terminal=True)

    def fail() -> None:
        with progress(shown, "collecting"):
            time.sleep(0.02)
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert shown.err.getvalue().endswith("\r\x1b[K")  # type: ignore[attr-defined]
