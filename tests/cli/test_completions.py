"""The completions list every option, and `portsock --complete` starts without typer and prints no error."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portsock.cli.application import parameters
from portsock.cli.commands import COMMANDS
from portsock.cli.console import Console
from portsock.cli.declare import declared
from portsock.cli.help import split
from portsock.cli.main import run
from portsock.cli.options import Selecting
from tests.support.generators import generator

ROOT = Path(__file__).parents[2]
OPTIONS = [(name, spelling) for name in COMMANDS for option in split(parameters(name))[0] for spelling in option.opts]


@pytest.mark.parametrize("name", ["portsock.bash", "_portsock", "portsock.fish"])
def test_no_completion_is_stale(name: str) -> None:
    assert (ROOT / "completions" / name).read_text() == generator("completions").fresh(name), (
        "run python completions/generate.py"
    )


def test_every_option_stands_in_the_completions_of_all_shells() -> None:
    bash, zsh, fish = ((ROOT / "completions" / name).read_text() for name in ("portsock.bash", "_portsock", "portsock.fish"))
    assert len(OPTIONS) > 100
    missing = []
    for command, spelling in OPTIONS:
        listed = re.search(rf"options-{command}\) REPLY='([^']*)'", bash)
        block = zsh.partition(f"_portsock_options_{command}=(")[2].partition("\n)")[0]
        flag = rf"-l {spelling[2:]}" if spelling.startswith("--") else f"-s {spelling[1:]}"
        found = (
            listed is not None and spelling in listed[1].split(),
            re.search(rf"[)*]{spelling}\[", block) is not None,
            re.search(rf"'__portsock_command {command}' .*{flag}( |$)", fish, re.MULTILINE) is not None,
        )
        if not all(found):
            missing.append((command, spelling, found))
    assert missing == []


@pytest.mark.parametrize(("forgotten", "message"), [("", "not ''"), ("prots", "not 'prots'")])
def test_an_option_without_a_kind_of_value_is_named_in_one_line(
    forgotten: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declared(Selecting)["port"], "completes", forgotten)
    with pytest.raises(SystemExit, match=rf"^portsock/cli/options\.py: --port needs completes=, one of .*, {message}$"):
        generator("completions").bash()


def test_completing_live_values_imports_no_typer() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['portsock', '--complete', 'ports']\n"
        "import os\n"
        "os._exit = lambda status: print(status, 'typer' in sys.modules, file=sys.stderr)\n"
        "from portsock.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)
    assert done.stderr == "0 False\n"


@pytest.mark.parametrize("kind", ["nonsense", ""])
def test_an_unknown_kind_prints_nothing(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portsock", "--complete", kind], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_forms_of_a_target_are_offered_by_their_first_letters() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portsock", "--complete", "targets", "pr"], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert done.stdout == "proc:\tprocesses by name\n"


def test_typers_own_completion_variable_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_PORTSOCK_COMPLETE", "complete_bash")
    out = io.BytesIO()
    console = Console(out, None, io.BytesIO(), False, False, "utf-8", 0, {})
    assert run(["explain", "port", "--brief", "--from", str(ROOT / "tests/fixtures/linux/ss-tan.out")], console) == 0
    assert out.getvalue().startswith(b"A port")
