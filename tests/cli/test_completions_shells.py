"""The completions in the real bash, zsh and fish, with a listener that they are to find."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.live import takes_long

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a pseudo-terminal and Linux's /proc"),
    takes_long,
]

ROOT = Path(__file__).parents[2]
COMPLETIONS = ROOT / "completions"
LISTENER = """
import socket, sys
listener = socket.create_server(("127.0.0.1" if sys.argv[1] == "0" else "0.0.0.0", int(sys.argv[1])))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


class Place(NamedTuple):
    """Where a shell is started."""

    prefix: tuple[str, ...]
    port: int
    pid: int
    environ: dict[str, str]
    calls: Path
    """Grows by a line for each time the program is started."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A network namespace with a listener on 8080; without the right to make one, this namespace and another port."""
    directory = tmp_path_factory.mktemp("bin")
    program = directory / "portsock"
    program.write_text(f'#!/bin/sh\necho "$@" >> {directory}/calls\nexec {sys.executable} -m portsock "$@"\n')
    program.chmod(0o755)
    (directory / "calls").touch()
    own = os.geteuid() == 0 and shutil.which("unshare") and shutil.which("nsenter")
    command = [*(("unshare", "-n") if own else ()), sys.executable, "-c", LISTENER, "8080" if own else "0"]
    environ = {"PATH": f"{directory}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(directory), "TERM": "vt100",
               "LC_ALL": "C.UTF-8", "PORTSOCK_TAB_MS": "60000"}  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None
        port = int(listener.stdout.readline())
        prefix = ("nsenter", f"--net=/proc/{listener.pid}/ns/net") if own else ()
        yield Place(prefix, port, listener.pid, environ, directory / "calls")
        listener.communicate()


Complete = Callable[[str], str]

_START = {
    "bash": ("--norc", "--noprofile", "-i"),
    "zsh": ("-f", "-i"),
}
_SET_UP = {
    "bash": "source {completions}/portsock.bash; bind 'set bell-style none'; "
    'bind -x \'"\\C-]": printf %s "$READLINE_LINE" > {out}.new; mv {out}.new {out}\'',
    "zsh": "unset zle_bracketed_paste; fpath=({completions} $fpath); autoload -Uz compinit; compinit -u -D; "
    "dump() {{ print -rn -- \"$BUFFER\" > {out}.new; command mv {out}.new {out} }}; zle -N dump; bindkey '^]' dump",
}


@pytest.fixture(scope="module", params=["bash", "zsh"])
def shell(request: pytest.FixtureRequest, place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Complete]:
    """What stands on the line of an interactive shell after this text and a TAB."""
    pexpect = pytest.importorskip("pexpect")
    name: str = request.param
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    tmp_path = tmp_path_factory.mktemp(name)
    out = tmp_path / "line"
    arguments = [*place.prefix, name, *_START[name]]
    child = pexpect.spawn(
        arguments[0], arguments[1:], env=place.environ, cwd=str(tmp_path), timeout=30, encoding="utf-8", dimensions=(50, 200)
    )
    child.sendline("PS1='READY'; PROMPT='READY'")
    child.sendline(_SET_UP[name].format(completions=COMPLETIONS, out=out) + f"; echo > {tmp_path}/ready")
    _wait(tmp_path / "ready")

    def complete(text: str) -> str:
        out.unlink(missing_ok=True)
        child.send("\x15" + text + "\t\x1d")
        _wait(out)
        return out.read_text()

    yield complete
    child.close(force=True)


def _wait(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not come"
        time.sleep(0.01)


def typed(port: int) -> str:
    """The first digits of a port."""
    return str(port)[: 2 if port == 8080 else -1]


def test_a_shell_completes_commands_options_and_closed_lists_without_starting_the_program(
    shell: Complete, place: Place
) -> None:
    before = place.calls.read_text()
    assert shell("portsock po") == "portsock ports "
    assert shell("portsock ports --li") == "portsock ports --listening "
    assert shell("portsock sockets --state time-w") == "portsock sockets --state time-wait "
    assert shell("portsock ports --format gith") == "portsock ports --format github "
    assert shell("portsock ports --columns port,expo").rstrip(", ") == "portsock ports --columns port,exposure"
    assert shell("portsock sockets --owners wa") == "portsock sockets --owners walk "
    assert place.calls.read_text() == before


def test_a_shell_completes_a_port_that_is_listened_on(shell: Complete, place: Place) -> None:
    assert shell(f"portsock explain {typed(place.port)}") == f"portsock explain {place.port} "
    assert shell(f"portsock {typed(place.port)}") == f"portsock {place.port} "
    assert shell(f"portsock {place.port} --bri") == f"portsock {place.port} --brief "
    assert shell(f"portsock ports --port {typed(place.port)}") == f"portsock ports --port {place.port} "
    assert shell(f"portsock sockets tcp/{typed(place.port)}") == f"portsock sockets tcp/{place.port} "


def test_a_shell_completes_a_target_with_a_colon(shell: Complete, place: Place) -> None:
    assert shell("portsock procs contai") == "portsock procs container:"
    assert shell(f"portsock procs pid:{str(place.pid)[:-1]}").startswith(f"portsock procs pid:{str(place.pid)[:-1]}")
    assert shell(f"portsock procs pid:{place.pid}") == f"portsock procs pid:{place.pid} "


def test_a_shell_completes_the_reports_of_check_and_its_policy(shell: Complete) -> None:
    assert shell("portsock check --format ju") == "portsock check --format junit "
    assert shell("portsock ports --format gi") == "portsock ports --format github "
    assert shell(f"portsock check {ROOT}/pyproj") == f"portsock check {ROOT}/pyproject.toml "


def test_a_shell_completes_the_words_of_explain(shell: Complete) -> None:
    assert shell("portsock explain EADDRI") == "portsock explain EADDRINUSE "


@pytest.fixture
def fish(place: Place) -> Callable[[str], list[tuple[str, str]]]:
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")

    def complete(text: str) -> list[tuple[str, str]]:
        code = f"source {COMPLETIONS}/portsock.fish; complete -C '{text}'"
        done = subprocess.run(
            [*place.prefix, "fish", "--no-config", "-c", code],
            env=place.environ, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert done.stderr == ""
        pairs = (line.partition("\t") for line in done.stdout.splitlines())
        return [(value, about) for value, _, about in pairs]

    return complete


def test_fish_completes_commands_options_and_closed_lists_without_starting_the_program(
    fish: Callable[[str], list[tuple[str, str]]], place: Place
) -> None:
    before = place.calls.read_text()
    assert fish("portsock ports --li") == [("--listening", "listening or bound")]
    assert [value for value, _ in fish("portsock po")] == ["ports"]
    assert [value for value, _ in fish("portsock sockets --state time-w")] == ["time-wait"]
    assert [value for value, _ in fish("portsock ports --format gith")] == ["github"]
    assert [value for value, _ in fish("portsock ports --columns port,expo")] == ["port,exposure"]
    assert place.calls.read_text() == before


def test_fish_completes_a_port_with_its_process_as_the_description(
    fish: Callable[[str], list[tuple[str, str]]], place: Place
) -> None:
    found = dict(fish(f"portsock explain {typed(place.port)}"))
    assert found[str(place.port)].startswith("python")
    assert str(place.port) in dict(fish(f"portsock {typed(place.port)}"))
    assert str(place.port) in dict(fish(f"portsock ports --port {typed(place.port)}"))


def test_fish_completes_the_words_of_explain_only_there(fish: Callable[[str], list[tuple[str, str]]]) -> None:
    assert "EADDRINUSE" in dict(fish("portsock explain EADDR"))
    assert fish("portsock ports EADDR") == []
