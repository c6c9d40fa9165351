"""The README's commands run, and its options and columns exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from portsock.cli.commands import COMMANDS
from tests.support.live import ENVIRONMENT, ROOT, on_linux, portsock
from tests.support.readme import README, commands

TEXT = README.read_text("utf-8")
RUNNABLE = [line for line in commands(TEXT) if not line.startswith("kill")]


def test_each_single_command_is_followed_by_its_output() -> None:
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL):
        lines = block.splitlines()
        if sum(line.startswith("$ ") for line in lines) == 1:
            assert len(lines) > 3, lines[0]


@on_linux
@pytest.mark.linux
@pytest.mark.parametrize("line", RUNNABLE)
def test_every_command_of_the_readme_runs(line: str) -> None:
    python = f"{sys.executable} -m portsock "
    command = ["sh", "-c", re.sub(r"\bportsock ", python, line)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT)
    assert done.returncode in {0, 1}, done.stderr
    assert "internal error" not in done.stderr


@on_linux
@pytest.mark.linux
def test_the_tables_in_the_readme_have_the_present_columns(tmp_path: Path) -> None:
    listing = tmp_path / "ss.txt"
    listing.write_text(
        "tcp LISTEN 0 5 127.0.0.1:80 0.0.0.0:*\n"
        "tcp ESTAB 0 0 127.0.0.1:80 127.0.0.1:40000\n"
        "tcp ESTAB 0 0 127.0.0.1:40000 127.0.0.1:80\n"
    )
    for command in ("ports --listening", "sockets"):
        shown = TEXT.partition(f"$ portsock {command}\n")[2].splitlines()[0]
        header = portsock(*command.split(), "--from", str(listing)).stdout.splitlines()[0]
        assert [word for word in shown.split() if word != "CONNS"] == [word for word in header.split() if word != "CONNS"]


def test_every_option_that_the_readme_names_exists() -> None:
    helps = "".join(portsock(command, "--help").stdout for command in COMMANDS)
    known = set(re.findall(r"(?<![\w-])--?[a-z0-9][\w-]*", helps, re.IGNORECASE))
    tour = TEXT.partition("## A tour")[2].partition("## Beside")[0]
    for line in re.findall(r"`(portsock [^`]*)`", tour):
        for option in re.findall(r"(?<=\s)--[a-z][\w-]*", line):
            assert option in known, line


def test_the_policies_in_the_readme_have_no_mistakes() -> None:
    from portsock.policy.reader import Policy, read_policy

    (policy,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert isinstance(read_policy(policy.encode()), Policy)
