"""The completions hold what the program has, and the program's fast entry is fast and silent."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from portsock.cli.app import parameters
from portsock.cli.commands import COMMANDS
from portsock.cli.help import split

ROOT = Path(__file__).parents[2]
OPTIONS = [(name, spelling) for name in COMMANDS for option in split(parameters(name))[0] for spelling in option.opts]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("completions_generate", ROOT / "completions" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["portsock.bash", "_portsock", "portsock.fish"])
def test_the_completions_are_not_stale(name: str) -> None:
    assert (ROOT / "completions" / name).read_text() == generator().fresh(name), "run python completions/generate.py"


def test_every_option_stands_in_all_three() -> None:
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


def test_the_live_entry_imports_no_typer() -> None:
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


def test_the_forms_of_a_target_are_offered_where_nothing_is_typed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portsock", "--complete", "targets", "pr"], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert done.stdout == "proc:\tprocesses by name\n"
