"""The help: one screen, every option once, examples that parse."""

import io
import os
import re
import shlex

import pytest

from portsock.cli.app import COMMANDS, build
from portsock.cli.console import Console
from portsock.cli.help import EXAMPLES, ROOT_EXAMPLES
from portsock.cli.main import run

NAMES = tuple(COMMANDS)


def said(*words: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of the program."""
    out, err = io.BytesIO(), io.StringIO()
    console = Console(out, err, io.BytesIO(), False, False, "utf-8", 0, os.environ)
    return run(words, console), out.getvalue().decode(), err.getvalue()


def help_of(name: str) -> str:
    status, out, _ = said(name, "--help")
    assert status == 0
    return out


def options_of(name: str) -> list[list[str]]:
    """The spellings of every option that is no secret."""
    command = build().get_command(None, name)
    params = command.get_params(command.make_context(name, ["8080"], resilient_parsing=True))
    return [item.opts for item in params if item.param_type_name == "option" and not item.hidden]


@pytest.mark.parametrize("name", NAMES)
def test_help_fits_a_screen_of_80_by_40(name: str) -> None:
    lines = help_of(name).splitlines()
    assert len(lines) < 40
    assert [line for line in lines if len(line) > 80] == []
    assert "\n".join(lines).isascii()


@pytest.mark.parametrize("name", NAMES)
def test_every_spelling_of_every_option_stands_in_the_help_once(name: str) -> None:
    table = help_of(name).partition("\nExamples:")[0]
    left = [re.split(r" {3,}|(?<=\S)  (?=[^-\s])", line.strip())[0] for line in table.splitlines() if re.match(r"  -", line)]
    shown = [word for line in left for word in line.split() if re.fullmatch(r"--?[a-z0-9A-Z-]+", word)]
    assert sorted(shown) == sorted(spelling for option in options_of(name) for spelling in option)


@pytest.mark.parametrize("name", NAMES)
def test_a_value_is_announced_by_its_metavar(name: str) -> None:
    text = help_of(name)
    command = build().get_command(None, name)
    valued = [item for item in command.params if item.param_type_name == "option" and not item.is_flag]
    assert [item.name for item in valued if f"{item.opts[0]} {item.metavar}" not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_each_help_ends_with_three_examples(name: str) -> None:
    shown = help_of(name).partition("\nExamples:\n")[2].splitlines()
    assert [line.partition("#")[0].strip() for line in shown] == [command for command, _ in EXAMPLES[name]]
    assert len(shown) == 3


@pytest.mark.parametrize("example", [pair[0] for pairs in (*EXAMPLES.values(), ROOT_EXAMPLES) for pair in pairs])
def test_every_example_is_understood(example: str) -> None:
    words = next(shlex.split(part) for part in example.split("|") if part.strip().startswith("portsock"))
    command = build().get_command(None, words[1])
    assert command.make_context(words[1], words[2:]).params


def test_without_a_command_the_help_is_shown() -> None:
    status, text, _ = said()
    assert status == 0
    assert [name for name in NAMES if f"\n  {name} " not in text] == []
    assert "Examples:" in text
    assert max(map(len, text.splitlines())) <= 80


def test_help_is_not_imported_for_an_answer() -> None:
    import subprocess
    import sys

    code = "import sys; from portsock.cli.main import run; run(['explain', 'port']); print('portsock.cli.help' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (("ports", "--lisening"), "no option --lisening; did you mean --listening? see portsock ports --help"),
        (("sockets", "--stat", "x"), "no option --stat; did you mean --state? see portsock sockets --help"),
        (("port",), "no command 'port'; did you mean portsock ports?"),
        (("8080",), "no command '8080'; did you mean portsock ports 8080 or portsock explain 8080?"),
        (("TIME_WAIT",), "no command 'TIME_WAIT'; did you mean portsock explain TIME_WAIT?"),
        (("help",), "no command 'help'; did you mean portsock --help?"),
        (("wibble",), "no command 'wibble'; there are ports, sockets, procs, explain; see portsock --help"),
        (("-tulnp",), "no option -t; options follow a command, as in portsock ports -tulnp; see portsock --help"),
        (
            ("explain",),
            "explain what? Name a port, an endpoint, a process or a word, as in portsock explain 8080; "
            "see portsock explain --help",
        ),
        (("ports", "--port"), "Option '--port' requires an argument; see portsock ports --help"),
    ],
)
def test_a_mistake_is_one_line_with_what_was_meant(typed: tuple[str, ...], line: str) -> None:
    assert said(*typed) == (2, "", f"portsock: {line}\n")
