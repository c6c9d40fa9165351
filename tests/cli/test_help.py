"""The help: it fits one screen, lists every option once, and its examples parse."""

import io
import os
import re
import shlex

import pytest

from portsock.cli.application import build, parameters
from portsock.cli.commands import COMMANDS, EXAMPLES
from portsock.cli.console import Console
from portsock.cli.help import ROOT_EXAMPLES, split
from portsock.cli.main import run

NAMES = tuple(COMMANDS)


def run_portsock(*words: str) -> tuple[int, str, str]:
    """Run the program and return exit status, standard output and standard error."""
    out, err = io.BytesIO(), io.StringIO()
    console = Console(out, err, io.BytesIO(), False, False, "utf-8", 0, os.environ)
    return run(words, console), out.getvalue().decode(), err.getvalue()


def help_of(name: str) -> str:
    status, out, _ = run_portsock(name, "--help")
    assert status == 0
    return out


@pytest.mark.parametrize("name", NAMES)
def test_help_fits_a_screen_of_80_by_40(name: str) -> None:
    lines = help_of(name).splitlines()
    assert len(lines) < 40
    assert [line for line in lines if len(line) > 80] == []
    assert "\n".join(lines).isascii()


@pytest.mark.parametrize("name", NAMES)
def test_every_spelling_of_every_option_stands_in_the_help_once(name: str) -> None:
    table = help_of(name).partition("\nExamples:")[0]
    shown = re.findall(r"(?<=\s)--?[A-Za-z0-9][\w-]*", table)
    assert sorted(shown) == sorted(spelling for option in split(parameters(name))[0] for spelling in option.opts)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_stands_before_its_metavar_and_its_own_help(name: str) -> None:
    words = " ".join(help_of(name).split())
    for option in split(parameters(name))[0]:
        value = "" if option.is_flag else f" {option.metavar}"
        assert f"{max(option.opts, key=len)}{value} {option.help}" in words


@pytest.mark.parametrize("name", NAMES)
def test_each_help_ends_with_three_examples(name: str) -> None:
    shown = help_of(name).partition("\nExamples:\n")[2].splitlines()
    assert [line.partition("#")[0].strip() for line in shown] == [command for command, _ in EXAMPLES[name]]
    assert len(shown) == 3


@pytest.mark.parametrize("example", [pair[0] for pairs in (*EXAMPLES.values(), ROOT_EXAMPLES) for pair in pairs])
def test_every_example_parses(example: str) -> None:
    words = next(shlex.split(part) for part in example.split("|") if part.strip().startswith("portsock"))
    command = build().get_command(None, words[1])
    assert command.make_context(words[1], words[2:]).params


def test_no_command_shows_the_help() -> None:
    status, text, _ = run_portsock()
    assert status == 0
    assert [name for name in NAMES if f"\n  {name} " not in text] == []
    assert "Examples:" in text
    assert max(map(len, text.splitlines())) <= 80


def test_an_answer_does_not_import_the_help() -> None:
    import subprocess
    import sys

    code = "import sys; from portsock.cli.main import run; run(['explain', 'port']); print('portsock.cli.help' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (("ports", "--lisening"), "no option --lisening; did you mean --listening? see portsock ports --help"),
        (("ports", "--all_fam"), "no option --all_fam; did you mean --all-families? see portsock ports --help"),
        (("ports", "--w"), "no option --w; see portsock ports --help"),
        (("sockets", "--stat", "x"), "no option --stat; did you mean --state? see portsock sockets --help"),
        (("prots",), "no command 'prots'; did you mean portsock ports?"),
        (("htttp",), "no command 'htttp'; did you mean portsock service:http?"),
        (
            ("wib\nble",),
            "no command 'wib\\x0able'; there are ports, sockets, procs, explain, diff, check; see portsock --help",
        ),
        (("300.1.1.1:80",), "'300.1.1.1' in '300.1.1.1:80' is no IPv4 address: '300' is above 255, where an octet ends"),
        (("-l", "8080"), "no option -l; options follow a command, as in portsock ports -l 8080; see portsock --help"),
        (("8080", "-l"), "no option -l; options follow a command, as in portsock ports 8080 -l; see portsock --help"),
        (("explain", "-l", "80"), "no option -l; portsock ports has it; see portsock explain --help"),
        (("--jsn", "8080"), "no option --jsn; did you mean --json? see portsock --help"),
        (
            ("ports", "--kill", "8080"),
            "no option --kill; portsock ends nothing: portsock explain 8080 says what to stop, and how; "
            "see portsock ports --help",
        ),
        (
            ("ports", "--watch"),
            "no option --watch; to see it again every second: watch -n1 portsock ports -l; see portsock ports --help",
        ),
        (("-f",), "no option -f; to see it again every second: watch -n1 portsock ports -l; see portsock --help"),
        (
            ("explain", "-w", "8080"),
            "no option -w; to see it again every second: watch -n1 portsock explain 8080; see portsock explain --help",
        ),
        (("ports", "--dport", "1"), "no option --dport; here it is --remote; see portsock ports --help"),
        (("ports", "--host", "x"), "no option --host; here it is --remote; see portsock ports --help"),
        (("ports", "--limit", "5"), "no option --limit; see portsock ports --help"),
        (("ports", "--listen"), "no option --listen; did you mean --listening? see portsock ports --help"),
        (("ports", "--ports"), "no option --ports; did you mean --port? see portsock ports --help"),
        (
            ("explain", "postgres://me:secret@h:x/"),
            "'postgres://...@h:x/' is a URL without a host that can be read; write HOST:PORT",
        ),
        (("ports", "redis://:secret@h"), "'redis://...@h' is a URL, not a target; write 'h:6379'"),
        (
            ("-t", "proc:a b"),
            "no option -t; options follow a command, as in portsock ports -t 'proc:a b'; see portsock --help",
        ),
        (("-t", "a\nb"), "no option -t; see portsock --help"),
        (("help",), "no command 'help'; did you mean portsock --help?"),
        (("wibble",), "no command 'wibble'; there are ports, sockets, procs, explain, diff, check; see portsock --help"),
        (("-tulnp",), "no option -t; options follow a command, as in portsock ports -tulnp; see portsock --help"),
        (
            ("explain",),
            "explain what? Name a port, an endpoint, a process or a word, as in portsock explain 8080; "
            "see portsock explain --help",
        ),
        (("ports", "--port"), "Option '--port' requires an argument; see portsock ports --help"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_was_probably_meant(typed: tuple[str, ...], line: str) -> None:
    assert run_portsock(*typed) == (2, "", f"portsock: {line}\n")


def test_every_command_has_examples_of_its_own() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()
    for name, examples in EXAMPLES.items():
        assert all(f"portsock {name}" in typed for typed, _ in examples)
