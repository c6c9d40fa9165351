"""The walk over descriptors, on a made-up /proc and on the real one."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from portsock.errors import ReadError
from portsock.model import OwnerReason
from portsock.records import Holder
from portsock.sources.linux import owners

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="walks Linux's /proc")
root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="must become another user")
KERNEL_THREAD = 0x00200000


def process(
    root: Path, pid: int, links: dict[int, str], state: str = "S", flags: int = 0, threads: int = 1, started: int = 500
) -> Path:
    """A process of a made-up /proc, whose descriptors lead to these targets."""
    home = root / str(pid)
    (home / "fd").mkdir(parents=True)
    (home / "task" / str(pid)).mkdir(parents=True)
    (home / "stat").write_text(
        f"{pid} (a) b) {state} 1 1 1 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 {threads} 0 {started} 0 0 0\n", encoding="ascii"
    )
    for fd, target in links.items():
        (home / "fd" / str(fd)).symlink_to(target)
    return home


@linux
def test_every_holder_of_a_shared_socket_is_found(tmp_path: Path) -> None:
    process(tmp_path, 10, {0: "/dev/null", 3: "socket:[77]", 9: "socket:[77]"})
    process(tmp_path, 11, {3: "socket:[77]", 4: "pipe:[77]"})
    found = owners.find(None, str(tmp_path))
    assert set(found.holders) == {77}
    assert set(found.holders[77]) == {Holder(10, 3), Holder(10, 9), Holder(11, 3)}
    assert (found.unreadable, found.hidden_processes, found.method) == ((), None, "walk")


@linux
def test_only_the_wanted_sockets_are_kept(tmp_path: Path) -> None:
    process(tmp_path, 10, {3: "socket:[77]", 4: "socket:[78]"})
    assert set(owners.find({78}, str(tmp_path)).holders) == {78}


@linux
def test_start_time_is_told_of_holders(tmp_path: Path) -> None:
    process(tmp_path, 10, {3: "socket:[77]"}, started=1234)
    process(tmp_path, 11, {})
    assert owners.find(None, str(tmp_path)).started == {10: 1234}


@linux
def test_kernel_threads_and_zombies_hold_nothing_and_are_readable(tmp_path: Path) -> None:
    process(tmp_path, 2, {}, flags=KERNEL_THREAD)
    process(tmp_path, 3, {}, state="Z")
    found = owners.find(None, str(tmp_path))
    assert (found.holders, found.unreadable) == ({}, ())


@linux
def test_threads_of_a_dead_main_thread_still_hold_its_sockets(tmp_path: Path) -> None:
    home = process(tmp_path, 20, {}, state="Z", threads=3)
    for thread in ("21", "22"):
        directory = home / "task" / thread / "fd"
        directory.mkdir(parents=True)
        (directory / "5").symlink_to("socket:[99]")
    found = owners.find(None, str(tmp_path))
    assert found.holders == {99: (Holder(20, 5),)}
    assert found.started == {20: 500}


@linux
def test_vanished_process_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "30").mkdir()
    process(tmp_path, 31, {3: "socket:[1]"})
    found = owners.find(None, str(tmp_path))
    assert (set(found.holders), found.unreadable) == ({1}, ())


@linux
def test_names_that_are_no_pid_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "٣").mkdir()
    (tmp_path / "net").mkdir()
    assert owners.find(None, str(tmp_path)).unreadable == ()


@linux
@pytest.mark.linux
def test_own_and_inherited_sockets_are_found_for_real() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        inode, fd = os.fstat(listener.fileno()).st_ino, listener.fileno()
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[fd])
        try:
            found = owners.find({inode})
        finally:
            child.communicate()
        assert set(found.holders[inode]) == {Holder(os.getpid(), fd), Holder(child.pid, fd)}
        assert set(found.started) == {os.getpid(), child.pid}


DEAD_MAIN = """
import ctypes, socket, sys, threading, time
listener = socket.create_server(("127.0.0.1", 0))
def report():
    time.sleep(0.1)
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
    import os
    os._exit(0)
threading.Thread(target=report).start()
ctypes.CDLL(None).syscall(%d, 0)
"""
EXIT = {"x86_64": 60, "aarch64": 93, "riscv64": 93}


@linux
@pytest.mark.linux
def test_main_thread_that_exited_hides_no_socket_for_real() -> None:
    number = EXIT.get(os.uname().machine)
    if number is None:
        pytest.skip("the number of exit(2) is not known for this machine")
    child = subprocess.Popen([sys.executable, "-c", DEAD_MAIN % number], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline().strip().isdigit()
        assert os.listdir(f"/proc/{child.pid}/fd") == []
        assert child.pid in {holder.pid for held in owners.find(None).holders.values() for holder in held}
    finally:
        child.communicate(timeout=10)


@linux
@pytest.mark.linux
def test_number_of_descriptors_counts_new_ones() -> None:
    before = owners.count_descriptors()
    if before is None:
        pytest.skip("Linux before 6.2 does not count descriptors")
    assert before > 3


def test_no_proc_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="see --owners none"):
        owners.find(None, str(tmp_path / "nothing"))


def test_number_of_descriptors_is_unknown_where_the_kernel_does_not_tell(tmp_path: Path) -> None:
    assert owners.count_descriptors(str(tmp_path)) is None


def unreadable_to_nobody() -> dict[int, str]:
    """Reasons by pid, as a child that became the user nobody sees them."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            rows = [f"{pid} {reason}" for pid, _, reason in owners.find(None).unreadable]
            os.write(writing, "\n".join(rows).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    return {int(pid): reason for pid, reason in (line.split() for line in text.splitlines())}


@linux
@root_only
@pytest.mark.root
@pytest.mark.linux
def test_other_users_processes_are_unreadable_but_kernel_threads_are_not() -> None:
    reasons = unreadable_to_nobody()
    assert reasons[os.getpid()] == OwnerReason.OTHER_USER
    kernel = {int(pid) for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != 1 and not arguments(int(pid))}
    assert kernel.isdisjoint(reasons)


def arguments(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b"gone"


@linux
def test_walk_works_beside_other_threads() -> None:
    """The walk uses no process-wide state such as the working directory."""
    with socket.socket() as one:
        inode = os.fstat(one.fileno()).st_ino
        results: list[object] = []
        threads = [
            threading.Thread(target=lambda: results.append(owners.find({inode}, method="walk").holders)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [{inode: (Holder(os.getpid(), one.fileno()),)}] * 4
