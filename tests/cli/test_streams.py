"""Pipes, full disks, interrupts, terminals: what a command line must survive."""

import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.live import ENVIRONMENT, ROOT, on_linux, portsock

pytestmark = [on_linux, pytest.mark.linux]
COMMAND = [sys.executable, "-m", "portsock"]
BUFFERED = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONDONTWRITEBYTECODE"}


def listing(path: Path, rows: int) -> Path:
    """A listing so long that no pipe holds its table."""
    lines = [f"tcp ESTAB 0 0 10.0.0.1:{1024 + n % 60000} 192.0.2.{n % 250}:443" for n in range(rows)]
    path.write_text("Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port\n" + "\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("form", [[], ["--json"], ["--jsonl"], ["--csv"]])
def test_a_reader_that_goes_away_ends_it_quietly_with_0(form: list[str], tmp_path: Path) -> None:
    path = listing(tmp_path / "ss.txt", 25_000)
    with subprocess.Popen(
        [*COMMAND, "sockets", "--from", str(path), *form],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=BUFFERED,
        start_new_session=True,
    ) as started:
        assert started.stdout
        assert started.stderr
        started.stdout.read(10)
        started.stdout.close()
        assert started.stderr.read() == b""
    assert started.returncode == 0
    wait_until_nobody_is_left(started.pid)


def wait_until_nobody_is_left(group: int) -> None:
    """Also of the processes that helped."""
    deadline = time.monotonic() + 10
    while is_there(group):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("rows", [10, 25_000])
def test_output_comes_whole_through_a_pipe(rows: int, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    path = str(listing(tmp_path / "ss.txt", rows))
    with subprocess.Popen([*COMMAND, "sockets", "--from", path], stdout=writing, cwd=ROOT, env=BUFFERED) as started:
        os.close(writing)
        with open(reading, "rb") as output:
            lines = output.read().splitlines()
    assert (started.returncode, len(lines)) == (0, rows + 1)


def test_a_full_disk_is_one_line_and_exit_3() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*COMMAND, "ports", "--json"], stdout=full, stderr=subprocess.PIPE, cwd=ROOT, env=BUFFERED)
    assert done.returncode == 3
    assert done.stderr.decode().splitlines()[0] == "portsock: cannot write the output: No space left on device"


def test_an_interrupt_ends_it_with_130_and_without_a_word() -> None:
    with subprocess.Popen(
        [*COMMAND, "sockets", "--from", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=BUFFERED,
    ) as started:
        time.sleep(0.5)  # it waits for its input by now, or is still starting: both must end alike
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=10)
    assert (started.returncode, out, err) == (130, b"", b"")


def on_terminal(*arguments: str, columns: int = 80, **environment: str) -> str:
    """What a terminal of that width gets."""
    main, other = pty.openpty()
    settings = BUFFERED | {"COLUMNS": str(columns), "TERM": "xterm"} | environment
    with subprocess.Popen([*COMMAND, *arguments], stdout=other, stderr=subprocess.DEVNULL, cwd=ROOT, env=settings) as started:
        os.close(other)
        text = b""
        while select.select([main], [], [], 10)[0]:
            try:
                text += os.read(main, 65536)
            except OSError:  # the other end is closed
                break
        started.wait(10)
    os.close(main)
    return text.decode().replace("\r\n", "\n")


def test_colors_are_for_terminals_and_no_color_forbids_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"tcp/{server.getsockname()[1]}"
        assert "\x1b[" in on_terminal("ports", target)
        assert "\x1b[" not in on_terminal("ports", target, NO_COLOR="1")
        assert "\x1b[" in on_terminal("ports", target, "--color", "always", NO_COLOR="1")
        assert "\x1b[" not in portsock("ports", target).stdout
        assert "\x1b[1mPort\x1b[0m" in on_terminal("explain", target)
        assert "\x1b[" not in on_terminal("explain", target, NO_COLOR="1")
        assert "\x1b[" not in portsock("explain", target).stdout


def test_a_summary_stands_under_the_table_on_a_terminal_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"tcp/{server.getsockname()[1]}"
        assert "1 port" in on_terminal("ports", target, NO_COLOR="1")
        assert "1 port" not in portsock("ports", target).stdout


def test_only_a_terminal_shortens_and_only_the_last_column(tmp_path: Path) -> None:
    name = "a-rather-long-name-of-a-program-that-fills-the-line-and-more-than-that"
    path = tmp_path / "ss.txt"
    path.write_text(f'tcp LISTEN 0 5 0.0.0.0:80 0.0.0.0:* users:(("{name}",pid=7,fd=3))\n')
    shown = on_terminal("sockets", "--from", str(path), NO_COLOR="1")
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert name not in shown
    assert "0.0.0.0:80" in shown
    assert name in on_terminal("sockets", "--from", str(path), "--wide", NO_COLOR="1")
    assert name in portsock("sockets", "--from", str(path)).stdout


def test_an_ascii_only_terminal_gets_no_other_characters(tmp_path: Path) -> None:
    path = tmp_path / "ss.txt"
    path.write_text('tcp LISTEN 0 5 0.0.0.0:80 0.0.0.0:* users:(("größe",pid=7,fd=3))\n')
    settings = BUFFERED | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*COMMAND, "explain", "80", "--from", str(path)], capture_output=True, cwd=ROOT, env=settings)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"gr\\xf6\\xdfe" in done.stdout or b"gr\\u00f6\\u00dfe" in done.stdout


HOSTILE = "evil\n\x1b[31mname‮"


def test_hostile_names_reach_no_terminal_raw_and_leave_json_valid() -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(b"\0" + HOSTILE.encode() + b"\xff")
        server.listen()
        inode = os.fstat(server.fileno()).st_ino
        for form in ([], ["--format", "github"], ["--csv"]):
            shown = portsock("sockets", f"inode:{inode}", *form).stdout
            assert "\x1b" not in shown
            assert "‮" not in shown
            assert "evil" in shown
        assert "\x1b" not in portsock("explain", f"inode:{inode}").stdout
        import json

        found = json.loads(portsock("sockets", f"inode:{inode}", "--json").stdout)["sockets"][0]
        assert found["local"]["abstract"] is True
        assert found["local"]["path"].startswith(HOSTILE)
        assert found["local"]["path_bytes"] is not None


def test_wide_characters_keep_columns_in_line(tmp_path: Path) -> None:
    path = tmp_path / "ss.txt"
    rows = [("服务器", 1), ("plain", 2), ("é", 3)]
    line = 'tcp LISTEN 0 5 0.0.0.0:{} 0.0.0.0:* users:(("{}",pid=7,fd=3))\n'
    path.write_text("".join(line.format(80 + n, name) for name, n in rows))
    shown = portsock("sockets", "--from", str(path), "--columns", "process,state").stdout.splitlines()
    from wcwidth import wcswidth

    ends = {wcswidth(line[: line.index("LISTEN")]) for line in shown[1:]}
    assert len(ends) == 1
