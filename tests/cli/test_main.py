"""Errors become one line, and text is written in the encoding of the output."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portsock.cli import main
from portsock.cli.console import Console
from portsock.cli.main import run
from tests.support.live import ENVIRONMENT, ROOT


def console(encoding: str = "utf-8", **environ: str) -> Console:
    return Console(io.BytesIO(), io.StringIO(), io.BytesIO(), False, False, encoding, 0, environ)


def fail(*_: object) -> int:
    raise KeyError("owner")


def errors_of(console: Console) -> list[str]:
    assert isinstance(console.err, io.StringIO)
    return console.err.getvalue().splitlines()


def test_an_internal_error_is_one_line_that_names_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "_invoke", fail)
    here = console()
    assert run(["ports"], here) == 4
    (line,) = errors_of(here)
    assert line.startswith("portsock: internal error at test_main.py:")
    assert line.endswith(": KeyError: 'owner'; PORTSOCK_TRACEBACK=1 shows more for a report")


def test_an_internal_error_has_a_traceback_where_the_environment_requests_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "_invoke", fail)
    here = console(PORTSOCK_TRACEBACK="1")
    assert run(["ports"], here) == 4
    assert errors_of(here)[0] == "Traceback (most recent call last):"


def test_an_interrupt_is_silent_and_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "_invoke", interrupt)
    here = console()
    assert (run(["ports"], here), errors_of(here)) == (130, [])


def test_a_refusal_of_the_system_is_one_line_and_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(24, "Too many open files", "/proc")

    monkeypatch.setattr(main, "_invoke", refuse)
    here = console()
    assert run(["ports"], here) == 3
    (line,) = errors_of(here)
    assert line == "portsock: the system refused: Too many open files (/proc); try again, or report it if it stays so"


def test_a_lack_of_memory_is_one_line_and_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise MemoryError

    monkeypatch.setattr(main, "_invoke", refuse)
    here = console()
    assert (run(["ports"], here), len(errors_of(here))) == (3, 1)


def test_a_module_in_the_working_directory_is_not_imported(tmp_path: Path) -> None:
    for name in ("typer", "typing_extensions", "psutil", "tabulate", "gettext"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('hostile')\n", encoding="ascii")
    found = subprocess.run(
        [sys.executable, "-m", "portsock", "ports", "--help"], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert (found.returncode, found.stderr) == (0, "")


def test_a_character_that_the_encoding_lacks_is_written_as_an_escape() -> None:
    here = console("ascii")
    here.write(["größe\n"])
    assert isinstance(here.out, io.BytesIO)
    assert here.out.getvalue() == b"gr\\xf6\\xdfe\n"


@pytest.mark.parametrize("name", ["ascii", "US-ASCII", "ANSI_X3.4-1968", "646"])
def test_every_name_of_ascii_is_recognised(name: str) -> None:
    assert console(name).ascii_only
    assert not console("utf-8").ascii_only


def test_kept_objects_live_until_exit() -> None:
    kept: list[object] = []
    here = console()._replace(kept=kept)
    thing = object()
    here.keep(thing)
    assert kept == [thing]


def test_a_module_that_cannot_be_imported_is_one_line_and_exit_status_4() -> None:
    program = "import sys; sys.modules['portsock.cli.main'] = None; from portsock.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT)
    assert (done.returncode, done.stdout) == (4, "")
    assert re.fullmatch(r"portsock: cannot start: ModuleNotFoundError: [^\n]+\n", done.stderr)
