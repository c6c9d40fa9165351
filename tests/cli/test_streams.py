"""Pipes, full disks, interrupts and terminals."""

import fcntl
import io
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest

from portsock.cli.console import Console, system_console
from portsock.cli.outcome import say_notices
from portsock.model import Notice
from tests.support.factory import snapshot
from tests.support.live import ENVIRONMENT, ROOT, as_root, on_linux, portsock, takes_long, tool

pytestmark = [on_linux, pytest.mark.linux]
COMMAND = [sys.executable, "-m", "portsock"]
BUFFERED = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONDONTWRITEBYTECODE"}


def listing(path: Path, rows: int) -> Path:
    """Write a listing with so many rows of a table; 25,000 are more than a pipe holds."""
    lines = [f"tcp ESTAB 0 0 10.0.0.1:{1024 + n % 60000} 192.0.2.{n % 250}:443" for n in range(rows)]
    path.write_text("Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port\n" + "\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("form", [[], ["--json"], ["--jsonl"], ["--csv"]])
def test_a_closed_pipe_ends_the_program_quietly_with_0(form: list[str], tmp_path: Path) -> None:
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
    """Wait until every process of the group has ended, also those that the program started."""
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
def test_a_pipe_gets_the_whole_output(rows: int, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    path = str(listing(tmp_path / "ss.txt", rows))
    with subprocess.Popen([*COMMAND, "sockets", "--from", path], stdout=writing, cwd=ROOT, env=BUFFERED) as started:
        os.close(writing)
        with open(reading, "rb") as output:
            lines = output.read().splitlines()
    assert (started.returncode, len(lines)) == (0, rows + 1)


@pytest.mark.parametrize("unbuffered", [False, True])
def test_output_comes_whole_through_a_pipe_that_never_blocks(unbuffered: bool, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    path = str(listing(tmp_path / "ss.txt", 25_000))
    environment = BUFFERED | ({"PYTHONUNBUFFERED": "1"} if unbuffered else {})
    with subprocess.Popen([*COMMAND, "sockets", "--from", path], stdout=writing, cwd=ROOT, env=environment) as started:
        os.close(writing)
        with open(reading, "rb") as output:
            time.sleep(0.5)  # the pipe is full, and the program has to wait
            lines = output.read().splitlines()
    assert (started.returncode, len(lines)) == (0, 25_001)


def test_a_raw_stream_that_takes_a_part_of_each_write_is_given_the_rest() -> None:
    class Short(io.RawIOBase):
        """A stream that takes seven bytes at once, and nothing at each third call."""

        def __init__(self) -> None:
            self.got = bytearray()
            self.calls = 0

        def writable(self) -> bool:
            return True

        def fileno(self) -> int:
            return null.fileno()

        def write(self, data: Any) -> int | None:
            self.calls += 1
            if self.calls % 3 == 0:
                return None
            self.got += bytes(data[:7])
            return len(data[:7])

    with open(os.devnull, "wb") as null:
        short = Short()
        console = Console(short, None, io.BytesIO(), False, False, "utf-8", 0, {})  # type: ignore[arg-type]
        console.write(["a line of some length\n", "another\n"])
    assert bytes(short.got) == b"a line of some length\nanother\n"


def test_a_listing_on_a_pipe_that_never_blocks_is_read_whole() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with subprocess.Popen([*COMMAND, "sockets", "--count", "--from", "-"], stdin=reading, stdout=subprocess.PIPE, cwd=ROOT,
                          env=BUFFERED) as started:  # fmt: skip
        os.close(reading)
        with open(writing, "wb", buffering=0) as listed:
            listed.write(b"State Recv-Q Send-Q Local Address:Port Peer Address:Port\n")
            for number in range(20):
                time.sleep(0.02)
                listed.write(b"LISTEN 0 5 127.0.0.1:%d 0.0.0.0:*\n" % (8000 + number))
        out = started.communicate(timeout=20)[0]
    assert (started.returncode, out) == (0, b"20\n")


def test_a_full_disk_is_one_line_and_exit_status_3() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*COMMAND, "ports", "--json"], stdout=full, stderr=subprocess.PIPE, cwd=ROOT, env=BUFFERED)
    assert done.returncode == 3
    assert done.stderr.decode().splitlines()[0] == "portsock: cannot write the output: No space left on device"


@as_root
@pytest.mark.root
@pytest.mark.parametrize(
    ("redirection", "status", "out", "err"),
    [
        ("<&-", 0, "1\n", ""),
        ("| :", 0, "", ""),
        (">/full", 3, "", "portsock: cannot write the output: No space left on device\n"),
    ],
)
def test_streams_need_no_dev(redirection: str, status: int, out: str, err: str, tmp_path: Path) -> None:
    path = listing(tmp_path / "ss.txt", 1)
    (tmp_path / "full").touch()
    hide = (
        f'mount --bind /dev/full {tmp_path}/full && mount -t tmpfs none /dev && exec bash -o pipefail -c "$1" bash "$2" "$3"'
    )
    command = f'"$1" -m portsock sockets --count --from "$2" {redirection}'.replace("/full", f"{tmp_path}/full")
    words = [tool("unshare"), "--mount", "--", "sh", "-c", hide, "sh", command, sys.executable, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=BUFFERED, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (status, out, err)


def test_an_interrupt_while_it_reads_ends_the_program_silently_with_130() -> None:
    with subprocess.Popen(
        [*COMMAND, "sockets", "--from", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=BUFFERED,
        preexec_fn=accept_interrupts,
    ) as started:
        assert started.stdin
        started.stdin.write(b"tcp LISTEN 0 5 0.0.0.0:80 0.0.0.0:*\n")
        started.stdin.flush()
        wait_until_read(started.stdin.fileno())
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=10)
    assert (started.returncode, out, err) == (130, b"", b"")


def accept_interrupts() -> None:
    """Undo the shell's 'ignore' of SIGINT for jobs in the background, which pytest may be one of."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until_read(pipe: int) -> None:
    """Wait until the other end has read all that was written to a pipe, so that it is waiting for more."""
    deadline = time.monotonic() + 30
    while struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4)) != (0,):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def on_terminal(*arguments: str, columns: int = 80, **environment: str) -> str:
    """Run the program on a terminal of that width and return what it prints."""
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


def test_only_a_terminal_gets_colors_and_no_color_turns_them_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"tcp/{server.getsockname()[1]}"
        assert "\x1b[" in on_terminal("ports", target)
        assert "\x1b[" not in on_terminal("ports", target, NO_COLOR="1")
        assert "\x1b[" in on_terminal("ports", target, "--color", "always", NO_COLOR="1")
        assert "\x1b[" not in portsock("ports", target).stdout
        assert "\x1b[1mReach\x1b[0m" in on_terminal("explain", target)
        assert "\x1b[" not in on_terminal("explain", target, NO_COLOR="1")
        assert "\x1b[" not in portsock("explain", target).stdout


def test_only_a_terminal_gets_a_summary_under_the_table() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"tcp/{server.getsockname()[1]}"
        assert "1 port" in on_terminal("ports", target, NO_COLOR="1")
        assert "1 port" not in portsock("ports", target).stdout


def test_only_a_terminal_shortens(tmp_path: Path) -> None:
    name = "a-rather-long-name-of-a-program-that-fills-the-line-and-more-than-that"
    path = tmp_path / "ss.txt"
    path.write_text(f'tcp LISTEN 0 5 0.0.0.0:80 0.0.0.0:* users:(("{name}",pid=7,fd=3))\n')
    shown = on_terminal("sockets", "--from", str(path), NO_COLOR="1")
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert name not in shown
    assert "0.0.0.0:80" in shown
    assert name in on_terminal("sockets", "--from", str(path), "--wide", NO_COLOR="1")
    assert name in portsock("sockets", "--from", str(path)).stdout


BUSY = "".join(
    f"{line}\n"
    for line in (
        'tcp LISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=20010,fd=6),("nginx",pid=20011,fd=6))',
        'tcp LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* users:(("redis-server",pid=20016,fd=6))',
        'tcp LISTEN 0 511 [::1]:6379 [::]:* users:(("redis-server",pid=20016,fd=7))',
        'tcp LISTEN 0 9 192.168.100.100:5432 0.0.0.0:* users:(("postgres",pid=20041,fd=5))',
        'tcp ESTAB 0 0 192.168.100.100:5432 192.168.100.101:51234 users:(("postgres",pid=20075,fd=7))',
    )
)


@pytest.mark.parametrize("columns", [60, 80, *(pytest.param(wide, marks=takes_long) for wide in (100, 120))])
def test_listings_fit_a_terminal_with_every_pid(tmp_path: Path, columns: int) -> None:
    path = tmp_path / "ss.txt"
    path.write_text(BUSY)
    for command in (["ports", "-l"], ["ports"], ["sockets"], ["procs"]):
        shown = on_terminal(*command, "--from", str(path), columns=columns, NO_COLOR="1")
        assert max(map(len, shown.splitlines())) <= columns
        for pid in ("20010", "20016", "20041"):
            assert pid in shown
    pipe = portsock("ports", "-l", "--from", str(path)).stdout
    assert "127.0.0.1,[::1]" in pipe
    wide = on_terminal("ports", "-l", "--from", str(path), "--wide", columns=60, NO_COLOR="1")
    assert wide.startswith(pipe)
    assert "Left out: " in on_terminal("ports", "-l", "--from", str(path), columns=60, NO_COLOR="1")
    assert "Left out: " not in wide


def test_a_long_summary_breaks_between_words(tmp_path: Path) -> None:
    path = tmp_path / "ss.txt"
    path.write_text(BUSY)
    _, _, summary = on_terminal("ports", "--from", str(path), columns=60, NO_COLOR="1").partition("\n\n")
    assert summary == ("3 ports (3 tcp), 3 listening: 1 on all addresses, 1 on\nprivate addresses, 1 loopback only\n")


def test_each_notice_has_a_line_of_its_own_on_a_terminal_and_they_share_one_elsewhere() -> None:
    notices = (
        Notice("owners_hidden", 2, "one"),
        Notice("owners_partial", 1, "two"),
        Notice("x", 1, "three", incomplete=False),
    )
    for terminal, lines in ((True, ["one", "two", "three"]), (False, ["one; two", "three"])):
        err = io.StringIO()
        say_notices(snapshot(notices=notices), system_console()._replace(err=err, err_is_terminal=terminal))
        assert err.getvalue().splitlines() == [f"portsock: {line}" for line in lines]


def test_an_ascii_only_terminal_gets_no_other_characters(tmp_path: Path) -> None:
    path = tmp_path / "ss.txt"
    path.write_text('tcp LISTEN 0 5 0.0.0.0:80 0.0.0.0:* users:(("größe",pid=7,fd=3))\n')
    settings = BUFFERED | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*COMMAND, "explain", "80", "--from", str(path)], capture_output=True, cwd=ROOT, env=settings)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"gr\\xf6\\xdfe" in done.stdout or b"gr\\u00f6\\u00dfe" in done.stdout


HOSTILE = "evil\n\x1b[31mname‮"


def test_hostile_names_are_escaped_and_leave_json_valid() -> None:
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


def test_wide_characters_keep_columns_aligned(tmp_path: Path) -> None:
    path = tmp_path / "ss.txt"
    rows = [("服务器", 1), ("plain", 2), ("é", 3)]
    line = 'tcp LISTEN 0 5 0.0.0.0:{} 0.0.0.0:* users:(("{}",pid=7,fd=3))\n'
    path.write_text("".join(line.format(80 + n, name) for name, n in rows))
    shown = portsock("sockets", "--from", str(path), "--columns", "process,state").stdout.splitlines()
    from wcwidth import wcswidth

    ends = {wcswidth(line[: line.index("LISTEN")]) for line in shown[1:]}
    assert len(ends) == 1
