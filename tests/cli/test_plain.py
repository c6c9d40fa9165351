"""The reading of plain command lines agrees with Typer's wherever it does not decline, and Typer is not imported for it."""

import io
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.cli import plain
from portsock.cli.application import build
from portsock.cli.commands import COMMANDS
from portsock.cli.console import Console
from portsock.cli.declare import declared
from portsock.cli.options import GROUPS, Selecting

SPELLINGS = sorted({name for group in GROUPS for option in declared(group).values() for name in option.names})
OPERANDS = ["8080", "-", "--", "pid:1", "", "größe", "\udcff", "proc:*", "a=b"]
WORDS = st.one_of(
    st.sampled_from(SPELLINGS),
    st.sampled_from(
        ["--help", "-h", "--no-config", "-tln", "-Nweb", "-N=web", "-tNweb", "--lis", "-Z", "--netns=", "--tcp=1"]
    ),
    st.tuples(st.sampled_from(SPELLINGS), st.sampled_from(OPERANDS)).map("=".join),
    st.sampled_from(OPERANDS),
)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[list[str]], tuple[Any, Any]]:
    """Return what a plain reading calls, and what Typer calls; None where it calls nothing."""
    made: list[Any] = []
    console = Console(io.BytesIO(), io.StringIO(), io.BytesIO(), False, False, "utf-8", 0, {"XDG_CONFIG_HOME": str(tmp_path)})
    for name in COMMANDS:
        module = import_module(f"portsock.cli.commands.{name}")

        monkeypatch.setattr(module, "command", _Recorder(module.command, made))

    def both(arguments: list[str]) -> tuple[Any, Any]:
        made.clear()
        call = plain.read(arguments, console)
        if call is not None:
            call()
        quick = made.pop() if made else None
        try:
            build()(args=arguments, prog_name="portsock", standalone_mode=False, obj=console)
        except Exception:  # noqa: BLE001 - whatever Typer refuses
            return quick, None
        return quick, made.pop() if made else None

    return both


class _Recorder:
    """A command that records its calls, with the signature of the real one."""

    def __init__(self, command: Any, made: list[Any]) -> None:
        self.__wrapped__, self._made = command, made
        self.__annotations__, self.__defaults__ = command.__annotations__, command.__defaults__
        self.__name__, self.__doc__ = command.__name__, command.__doc__

    def __call__(self, console: Console, **values: Any) -> int:
        self._made.append((self.__wrapped__.__module__, console.environ, values))
        return 0


def test_what_is_read_plainly_is_what_typer_reads(calls: Callable[[list[str]], tuple[Any, Any]]) -> None:
    read = {"plain": 0, "declined": 0}

    @given(st.sampled_from(list(COMMANDS)), st.lists(WORDS, max_size=4))
    def agrees(command: str, words: list[str]) -> None:
        quick, typers = calls([command, *words])
        read["declined" if quick is None else "plain"] += 1
        assert quick is None or quick == typers

    agrees()
    assert read["plain"] > 10


@pytest.mark.parametrize(
    "words",
    [
        ["ports", "-l"],
        ["ports", "-tlnH", "8080", "--sort", "-port"],
        ["ports", "--listening", "--", "-x"],
        ["sockets", "-N", "web", "-Ndb", "--netns=all", "--state", "established", "-i"],
        ["procs", "--tree", "user:www"],
        ["explain", "8080", "--brief", "--color=never"],
    ],
)
def test_the_usual_command_lines_are_read_plainly(words: list[str], calls: Callable[[list[str]], tuple[Any, Any]]) -> None:
    quick, typers = calls(words)
    assert quick is not None
    assert quick == typers


@pytest.mark.parametrize(
    "words",
    [
        [], ["--version"], ["ports", "--help"], ["ports", "-h"], ["ports", "--listen"], ["ports", "--port"], ["ports", "-lZ"],
        ["ports", "--listening=yes"], ["explain"], ["nonsense"], ["sockets", "--tree"],
    ],
)  # fmt: skip
def test_mistakes_and_help_are_left_to_typer(words: list[str], calls: Callable[[list[str]], tuple[Any, Any]]) -> None:
    assert calls(words)[0] is None


def test_a_configuration_file_is_left_to_typer_unless_it_is_ignored(
    calls: Callable[[list[str]], tuple[Any, Any]], tmp_path: Path
) -> None:
    (tmp_path / "portsock").mkdir()
    (tmp_path / "portsock" / "config.toml").write_text("wide = true\n", encoding="ascii")
    quick, typers = calls(["ports", "-l"])
    assert quick is None
    assert typers[2]["output"].wide
    quick, typers = calls(["ports", "-l", "--no-config"])
    assert quick == typers
    assert quick[2]["select"] == Selecting(listening=True)
    assert not quick[2]["output"].wide


@pytest.mark.parametrize("words", ["ports -l", "sockets -t", "procs", "explain 1", "8080"])
def test_a_plain_command_line_imports_no_typer(words: str) -> None:
    code = "import sys; from portsock.cli.main import run; run(sys.argv[1:]); print('typer' in sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *words.split(), "--no-config", "--owners", "none"] if words != "procs" else
        [sys.executable, "-c", code, words, "--no-config"], capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "False"
