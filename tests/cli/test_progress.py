"""The line on a terminal while a collection takes long."""

import io
import time

import pytest

from portsock.cli import progress as module
from portsock.cli.console import Console
from portsock.cli.progress import progress


def console(terminal: bool) -> Console:
    return Console(io.BytesIO(), io.StringIO(), io.BytesIO(), terminal, terminal, "utf-8", 80, {})


def said(shown: Console) -> str:
    assert isinstance(shown.err, io.StringIO)
    return shown.err.getvalue()


def test_a_short_collection_says_nothing() -> None:
    shown = console(terminal=True)
    with progress(shown, "collecting"):
        pass
    assert said(shown) == ""


def test_a_long_one_says_so_and_erases_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    shown = console(terminal=True)
    with progress(shown, "collecting"):
        deadline = time.monotonic() + 10
        while not said(shown) and time.monotonic() < deadline:
            time.sleep(0.005)
    text = said(shown)
    assert text.startswith("\rportsock: collecting, ")
    assert text.endswith("\r\x1b[K")


def test_where_standard_error_is_no_terminal_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0)
    shown = console(terminal=False)
    with progress(shown, "collecting"):
        time.sleep(0.02)
    assert said(shown) == ""


def test_an_error_passes_and_leaves_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0)
    shown = console(terminal=True)

    def fail() -> None:
        with progress(shown, "collecting"):
            time.sleep(0.02)
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert said(shown).endswith("\r\x1b[K")
