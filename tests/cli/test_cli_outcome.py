"""Exit statuses, and the lines that say why nothing was found."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.live import ENVIRONMENT, ROOT, answer, as_root, on_linux, portsock, run, tool, zoo
from tests.support.zoo import NOBODY

pytestmark = [on_linux, pytest.mark.linux]


@pytest.fixture(scope="module")
def animals() -> Iterator[dict[str, Any]]:
    with zoo(private=os.geteuid() == 0) as opened:
        yield opened


def where(animals: dict[str, Any]) -> int | None:
    return animals["pid"] if os.geteuid() == 0 else None


def listing(path: Path) -> str:
    path.write_text("State Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0 5 127.0.0.1:80 0.0.0.0:*\n")
    return str(path)


def test_a_target_that_matches_nothing_is_1_with_a_line_and_an_empty_array() -> None:
    done = portsock("sockets", "192.0.2.1:9")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("portsock: nothing matches 192.0.2.1:9 here; portsock explain")
    assert answer("sockets", "192.0.2.1:9")["sockets"] == []


@pytest.mark.parametrize(
    ("target", "end"),
    [
        (
            "/x$(reboot)",
            "nothing matches /x$(reboot) here; portsock explain '/x$(reboot)' says what can be said of it",
        ),
        ("/a\nb", "nothing matches /a\\x0ab here"),
    ],
)
def test_the_command_for_a_target_that_matches_nothing_is_quoted(tmp_path: Path, target: str, end: str) -> None:
    done = portsock("sockets", target, "--from", listing(tmp_path / "ss.txt"))
    assert done.stderr.splitlines()[-1] == f"portsock: {end}"


@as_root
@pytest.mark.root
def test_nothing_without_a_filter_is_0() -> None:
    done = run([tool("unshare"), "--net", "--", sys.executable, "-m", "portsock", "sockets"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_counting_and_few_columns_give_the_same_rows_as_the_table(animals: dict[str, Any]) -> None:
    for command in ("ports", "procs", "sockets"):
        rows = portsock(command, "--no-header", pid=where(animals)).stdout.splitlines()
        assert rows
        counted = portsock(command, "--count", pid=where(animals)).stdout
        column = {"ports": "port", "procs": "pid", "sockets": "state"}[command]
        one = portsock(command, "--no-header", "--columns", column, pid=where(animals)).stdout.splitlines()
        assert (int(counted), len(one)) == (len(rows), len(rows))


@as_root
@pytest.mark.root
def test_a_process_that_could_be_read_and_holds_nothing_is_1_and_not_3(animals: dict[str, Any]) -> None:
    assert portsock("sockets", "--pid", str(os.getpid()), pid=animals["pid"]).returncode == 1


@as_root
@pytest.mark.root
def test_an_owner_filter_that_hidden_owners_could_meet_is_3_and_incomplete(animals: dict[str, Any]) -> None:
    done = portsock("sockets", "-t", "--process", "no-such-name", pid=animals["pid"], uid=NOBODY)
    assert done.returncode == 3
    assert "nothing matches for certain; there are" in done.stderr
    seen = answer("sockets", "-t", "--process", "no-such-name", pid=animals["pid"], uid=NOBODY)
    assert (seen["complete"], seen["sockets"]) == (False, [])


@as_root
@pytest.mark.root
def test_an_owner_filter_on_sockets_that_are_not_there_is_1_whoever_is_hidden(animals: dict[str, Any]) -> None:
    done = portsock("sockets", "--local", "192.0.2.1", "--process", "x", pid=animals["pid"], uid=NOBODY)
    assert done.returncode == 1


def test_a_listing_without_processes_does_not_say_that_nobody_matches(tmp_path: Path) -> None:
    path = listing(tmp_path / "ss.txt")
    done = portsock("sockets", "--from", path, "proc:nginx")
    assert done.returncode == 3
    assert "whose owners are not told here" in done.stderr
    assert "no process is known" in portsock("procs", "--from", path).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["procs", "--owners", "none"], "--owners none: this asks for processes"),
        (["sockets", "--owners", "none", "proc:x"], "--owners none: this asks for processes"),
        (["ports", "-x"], "unix and raw sockets have no ports"),
        (["ports", "/run/x.sock"], "unix and raw sockets have no ports"),
    ],
)
def test_what_cannot_be_answered_is_refused(words: list[str], message: str) -> None:
    done = portsock(*words)
    assert done.returncode == 2
    assert message in done.stderr


@as_root
@pytest.mark.root
def test_a_namespace_that_cannot_be_entered_is_3(animals: dict[str, Any]) -> None:
    for words in (["ports"], ["ports", "8080"]):
        assert portsock(*words, "--netns", str(animals["pid"]), uid=NOBODY).returncode == 3


@as_root
@pytest.mark.root
def test_the_first_process_is_never_among_the_pids() -> None:
    code = (
        "import socket, subprocess, sys; server = socket.create_server(('127.0.0.1', 0)); port = server.getsockname()[1]; "
        "subprocess.run([sys.executable, '-m', 'portsock', 'ports', f'tcp/{port}', '--pids'])"
    )
    apart = [tool("unshare"), "--net", "--pid", "--fork", "--mount-proc", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]
    done = run([*apart, sys.executable, "-c", code])
    assert done.stdout == ""
    assert done.stderr.startswith("portsock: PID 1 is left out: ending it would end")


@pytest.mark.parametrize("words", [["ports"], ["--version"], ["--help"], ["explain", "port"]])
def test_closed_and_full_output_is_3_in_one_line(words: list[str]) -> None:
    command = f"{sys.executable} -m portsock {' '.join(words)}"
    for target in (">&-", ">/dev/full"):
        done = subprocess.run(["sh", "-c", f"{command} {target}"], capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT)
        assert done.returncode == 3, done.stderr
        assert done.stderr.splitlines()[0].startswith("portsock: cannot write the output: ")
        assert "Traceback" not in done.stderr


def test_a_closed_standard_error_changes_nothing() -> None:
    command = f"{sys.executable} -m portsock ports 2>&-"
    assert subprocess.run(["sh", "-c", command], capture_output=True, cwd=ROOT, env=ENVIRONMENT).returncode == 0


def test_explaining_a_process_that_hidden_owners_could_be_is_3(tmp_path: Path) -> None:
    done = portsock("explain", "proc:nosuch", "--from", listing(tmp_path / "ss.txt"))
    assert done.returncode == 3
    assert "proc:nosuch was not found, but 1 socket may have owners that could not be seen" in done.stderr


def test_explaining_a_port_that_is_not_there_is_1_whoever_is_hidden(tmp_path: Path) -> None:
    assert portsock("explain", "81", "--from", listing(tmp_path / "ss.txt")).returncode == 1


def test_csv_has_the_same_columns_whatever_the_rows(animals: dict[str, Any]) -> None:
    headers = {
        portsock("sockets", "--csv", *words, pid=where(animals)).stdout.splitlines()[0]
        for words in ([], ["192.0.2.1"], ["-x"], ["--all-families"])
    }
    assert len(headers) == 1


UNPRIVILEGED = """Proto Recv-Q Send-Q Local Address Foreign Address State PID/Program name
tcp 0 0 127.0.0.1:80 0.0.0.0:* LISTEN -
tcp 0 0 127.0.0.1:81 0.0.0.0:* LISTEN 7/python3
"""


@pytest.mark.parametrize(("text", "status"), [(UNPRIVILEGED.replace("LISTEN -", "LISTEN 8/x"), 0), (UNPRIVILEGED, 3)])
@pytest.mark.parametrize("command", ["sockets", "ports", "procs"])
def test_strict_exits_with_3_only_where_something_was_not_seen(text: str, status: int, command: str, tmp_path: Path) -> None:
    path = tmp_path / "netstat.txt"
    warning = "(Not all processes could be identified, non-owned process info\n"
    warning += " will not be shown, you would have to be root to see it all.)\n"
    warning = warning if status else ""
    path.write_text(warning + text)
    assert portsock(command, "-a", "--from", str(path)).returncode == 0
    assert portsock(command, "-a", "--from", str(path), "--strict").returncode == status
