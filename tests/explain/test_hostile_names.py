"""Commands to type with names that others chose: each is one word for the shell, and no option for the program."""

import re
import shlex
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portsock.explain.engine import explain
from portsock.explain.types import Explanation
from portsock.explain.wording import command_line, operand
from portsock.model import Input, Netns, OwnerReason, Process, Source
from portsock.normalize.snapshot import normalize
from portsock.output.text.explanation import render_explanation
from portsock.query.target import InetTarget
from portsock.records import Unreadable
from tests.support.explain_factory import HOST, SERVICES, answer, seen
from tests.support.factory import collection, tcp
from tests.support.live import tool

HOSTILE = [
    "-x", "--all", "-rf /", "--", "-", "-H", "-Mroot@.host", "a b", "a;reboot", "$(reboot)", "`reboot`", "a'b", "'", '"',
    "a\nb", "\x1b[2J", "\x00", "a\\x2db", "\\", "*", "?", "[a-z]*", "~root", "!!", "#1", "=ls", "a=b", "é", "\u202e",
    "\u2800", "\u3164", "\ud800", "", " ", "\t", "&", "|", ">f", "{a,b}", "all", "1", "->", "a" * 300, "user@0.service", "…",
    "/", ".",
]  # fmt: skip
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30), st.text("-'\"\\$`;\n *@.ax", max_size=12))


def answers(name: str) -> Iterator[tuple[list[list[str]], Explanation]]:
    """Yield the commands that may be advised, and an answer about something of this name."""
    own = ["portsock", "procs", "pid:60"]
    held = [tcp("0.0.0.0:8080")]
    for prefix in ("", "user@1000.service/"):
        whose = ["--user", "-M", "1000@"] if prefix else []
        app = Process(60, "app", unit=f"{prefix}{name}.service")
        wanted = ["systemctl", *whose, "stop", *operand(f"{name}.service")]
        yield [own, wanted, ["kill", "60"]], answer("8080", seen(held, {1: 60}, [app]))
    yield [own, ["kill", "60"]], answer("8080", seen(held, {1: 60}, [Process(60, name, name, unit=f"x{name}/a.service")]))
    for before, uid in (([], 0), (["sudo", "-u", "#1000", "env", "-C", "/"], 1000)):
        for engine, target in (("docker", f"172.17.0.2:80 ({name})"), ("podman", f"container {name}")):
            place = "XDG_RUNTIME_DIR=/run/user/1000" if engine == "podman" else "DOCKER_HOST=unix:///run/user/1000/docker.sock"
            start = [*before, *([place] if uid else []), engine]
            proxy = Process(60, "proxy", uid=uid, user="#" if uid else "root", forwards_to=target)
            # An empty name is none.
            yield [own, [*start, "stop", *operand(name)], [*start, "ps"]], answer("8080", seen(held, {1: 60}, [proxy]))
    spaces = [tcp("0.0.0.0:80", inode=1, netns=Netns(1, name)), tcp("0.0.0.0:80", inode=2, netns=Netns(2, "b"))]
    readings = [["portsock", "explain", "--netns", space, "80"] for space in (name, "b")]
    stop = [["portsock", "procs", "pid:60"], ["portsock", "procs", "pid:61"], ["kill", "60", "61"]]
    yield [*readings, *stop], answer("80", seen(spaces, {1: 60, 2: 61}, [Process(60, "a"), Process(61, "a")]))
    source = Source("capture", None, (Input(name, None, "ss"),))
    file = "-" if name == "stdin" else f"./{name}" if name.startswith("-") and name != "-" else name
    listing = normalize([collection([tcp("0.0.0.0:80")], source=source, host=HOST, ownership=None)])
    yield [["portsock", "sockets", "--from", file, "80"]], answer("80", listing)
    hidden = normalize([collection([tcp("0.0.0.0:80")], {}, [Unreadable(9, 33, OwnerReason.OTHER_USER)], host=HOST)])
    typed = f"{name}%"  # digits alone would also be a process and an inode
    text = InetTarget(typed, "port", None, (80, 80), (), None)
    yield [["sudo", "$(command -v portsock)", "explain", *operand(typed)]], explain(text, hidden, SERVICES)
    everywhere = ["portsock", "ports", "--all", "--netns", "all", *operand(typed)]
    yield [everywhere, ["nft", "list", "ruleset"]], explain(text, seen([]), SERVICES)
    sides = [[*own[:2], "pid:500"], ["systemctl", "stop", "nginx.service"]]
    sides += [["portsock", "sockets", side, typed] for side in ("--local", "--remote")]
    used = [tcp("0.0.0.0:80", inode=1), tcp("10.0.0.7:40000", "192.0.2.1:80", inode=2)]
    yield sides, explain(text, seen(used, {1: 500, 2: 800}), SERVICES)


def lines(explanation: Explanation) -> list[str]:
    return [each.line for each in explanation.next] + [each.command for each in explanation.readings]


@given(NAMES)
@example("-x")
@example("a\\x2db")
@example("a\nb")
def test_every_advised_command_has_exactly_the_words_that_were_meant(name: str) -> None:
    for wanted, explanation in answers(name):
        for line in lines(explanation):
            assert shlex.split(line) in wanted, line


@given(NAMES)
def test_no_name_is_taken_for_an_option(name: str) -> None:
    options = {"--user", "-M", "-u", "-C", "--netns", "--from", "--all", "--local", "--remote"}
    for _, explanation in answers(name):
        for line in lines(explanation):
            words = shlex.split(line)
            words = words[: words.index("--")] if "--" in words else words
            assert {word for word in words if word.startswith("-") and word != "-"} <= options, line


@given(NAMES)
@example("a\\x2db")
@example("\u2800")
def test_a_command_is_printed_as_it_must_be_typed_or_not_at_all(name: str) -> None:
    for _, explanation in answers(name):
        for ascii_only in (False, True):
            text = render_explanation(
                explanation._replace(picture=(), sections={}, findings=(), notes=()), ascii_only=ascii_only
            )
            block = re.split(r"\n\n", text, maxsplit=1)[-1] if "\n\n" in text else ""
            printed = [row[12:] for row in block.splitlines() if not row.startswith(" " * 16) and row[12:].strip()]
            assert all(any(row == line or row.startswith(line + "   ") for line in lines(explanation)) for row in printed), (
                text
            )


@pytest.mark.parametrize(
    ("name", "shown", "in_ascii"), [("a\\x2db", True, True), ("é", True, False), ("\u2800", False, False)]
)
def test_a_command_with_a_letter_that_is_escaped_is_not_printed(name: str, shown: bool, in_ascii: bool) -> None:
    proxy = Process(60, "proxy", forwards_to=f"container {name}")
    explanation = answer("8080", seen([tcp("0.0.0.0:8080")], {1: 60}, [proxy]))
    for ascii_only, expected in ((False, shown), (True, in_ascii)):
        text = render_explanation(explanation, ascii_only=ascii_only)
        assert (f"podman stop '{name}' " in text) == expected
        assert ("podman stop" in text) == expected
        assert "portsock procs pid:60" in text


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "ksh"])
def test_a_shell_reads_the_words_back(shell: str) -> None:
    names = [name for name in HOSTILE if name.isprintable()]
    line = command_line(*names)
    done = subprocess.run([tool(shell), "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True, cwd="/")
    assert done.stdout.decode().split("\0")[:-1] == names


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "\x00", "\ud800", "\u202e", "\t", "\xa0"])
def test_what_cannot_be_typed_is_left_out(name: str) -> None:
    assert command_line("docker", "stop", name) is None


@pytest.mark.parametrize(("text", "words"), [("-x", ("--", "-x")), ("x-", ("x-",)), ("", ("",)), ("--", ("--", "--"))])
def test_an_operand_that_looks_like_an_option_comes_behind_two_hyphens(text: str, words: tuple[str, ...]) -> None:
    assert operand(text) == words
