"""The walk over descriptors, on a made-up /proc and on the real one."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from portsock.errors import ReadError
from portsock.model import Family, OwnerReason, SocketType, State
from portsock.records import Holder, SocketRecord
from portsock.sources.linux import absence, owners, walk
from tests.support.live import answer, portsock, waiting

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="walks Linux's /proc")
root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="must become another user")
KERNEL_THREAD = 0x00200000


def process(
    root: Path, pid: int, links: dict[int, str], state: str = "S", flags: int = 0, threads: int = 1, started: int = 500
) -> Path:
    """Make a process of a made-up /proc, with descriptors that lead to these targets."""
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
def test_only_holders_of_the_requested_sockets_are_returned(tmp_path: Path) -> None:
    process(tmp_path, 10, {3: "socket:[77]", 4: "socket:[78]"})
    assert set(owners.find({78}, str(tmp_path)).holders) == {78}


@linux
def test_holders_have_start_times(tmp_path: Path) -> None:
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
def test_a_process_that_has_ended_is_ignored(tmp_path: Path) -> None:
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
def test_real_sockets_have_all_their_holders() -> None:
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
    while open("/proc/self/stat").read().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
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
def test_a_real_process_without_main_thread_is_found() -> None:
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
def test_descriptors_are_counted() -> None:
    before = owners.count_descriptors()
    if before is None:
        pytest.skip("Linux before 6.2 does not count descriptors")
    assert before > 3


def test_a_missing_proc_is_an_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="see --owners none"):
        owners.find(None, str(tmp_path / "nothing"))


def test_descriptors_are_not_counted_where_their_size_is_0(tmp_path: Path) -> None:
    assert owners.count_descriptors(str(tmp_path)) is None


def unreadable_to_nobody() -> dict[int, str]:
    """Return reasons by pid, as a child process of user nobody finds them."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            # Not 'auto', which may import modules here: nobody may not read those of an interpreter in root's home directory.
            rows = [f"{pid} {reason}" for pid, _, reason in owners.find(None, method="walk").unreadable]
            os.write(writing, "\n".join(rows).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    return {int(pid): reason for pid, reason in (line.split() for line in text.splitlines())}


def kernel_threads() -> set[tuple[int, int]]:
    """Return pid and start time of each kernel thread."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):  # another program's process, which has ended
            stat = walk.stat_of(f"/proc/{name}/stat")
            if stat.kernel_thread:
                found.add((int(name), stat.started))
    return found


@linux
@root_only
@pytest.mark.root
@pytest.mark.linux
def test_other_users_processes_are_unreadable_but_kernel_threads_are_not() -> None:
    before = kernel_threads()
    reasons = unreadable_to_nobody()
    lasting = before & kernel_threads()  # a pid of another program's process may be a new kernel thread's by now
    assert reasons[os.getpid()] == OwnerReason.OTHER_USER
    assert reasons.keys().isdisjoint(pid for pid, _ in lasting)


@linux
def test_walks_work_in_parallel_threads() -> None:
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


@linux
def test_two_threads_find_what_one_walk_finds(tmp_path: Path) -> None:
    for pid in range(10, 40):
        process(tmp_path, pid, {3: "socket:[77]", 4: f"socket:[{pid}]", 5: "socket:[77]"})
    (tmp_path / "35" / "fd").rename(tmp_path / "35" / "gone")
    pids = list(range(10, 41))
    found = walk.walk_in_two_threads(pids, None, str(tmp_path))
    assert found == walk.walk(pids, None, str(tmp_path))
    assert [holder.pid for holder in found.holders[77][::2]] == [pid for pid in range(10, 40) if pid != 35]


@linux
def test_two_threads_share_the_real_processes() -> None:
    with socket.socket() as one:
        found = walk.walk_in_two_threads(sorted({os.getpid(), os.getppid()}), {os.fstat(one.fileno()).st_ino}, "/proc")
        assert list(found.holders.values()) == [(Holder(os.getpid(), one.fileno()),)]


def test_processes_denied_in_either_thread_are_reported_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(walk, "_process", deny)
    assert walk.walk_in_two_threads(range(1, 100), None, "/proc").denied == list(range(1, 100))


def test_an_error_in_the_second_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    both, main = threading.Barrier(2, timeout=10), threading.current_thread()

    def fail(*_: object) -> object:
        both.wait()  # each thread has a process
        if threading.current_thread() is main:
            return walk._NOTHING
        raise MemoryError("second thread")

    monkeypatch.setattr(walk, "_process", fail)
    with pytest.raises(MemoryError, match="second thread"):
        walk.walk_in_two_threads([1, 2], None, "/proc")


def test_an_interrupt_does_not_wait_for_the_second_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    second, release, main = threading.Event(), threading.Event(), threading.current_thread()

    def interrupt(*_: object) -> object:
        if threading.current_thread() is main:
            second.wait(10)
            raise KeyboardInterrupt
        second.set()
        release.wait(10)
        return walk._NOTHING

    monkeypatch.setattr(walk, "_process", interrupt)
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        walk.walk_in_two_threads([1, 2], None, "/proc")
    release.set()
    assert time.monotonic() - begin < 5


@linux
def test_all_is_walked_where_no_thread_can_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    for pid in (10, 11, 12):
        process(tmp_path, pid, {3: "socket:[77]"})
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert walk.walk_in_two_threads([10, 11, 12], None, str(tmp_path)) == walk.walk([10, 11, 12], None, str(tmp_path))


@linux
@pytest.mark.linux
@pytest.mark.parametrize(("descriptors", "cpus", "expected"), [(10**6, {0, 1}, 2), (10**6, {0}, 1), (10, {0, 1}, 1)])
def test_two_threads_are_used_for_many_descriptors_on_several_cpus(
    descriptors: int, cpus: set[int], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def count(number: int) -> Callable[..., walk.Walk]:
        return lambda *_: threads.append(number) or walk.Walk({}, [], {}, {})  # type: ignore[func-returns-value]

    monkeypatch.setattr(owners, "count_descriptors", lambda: descriptors)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cpus)
    monkeypatch.setattr(owners, "walk", count(1))
    monkeypatch.setattr(owners, "walk_in_two_threads", count(2))
    assert owners.find(set(), method="walk").holders == {}
    assert threads == [expected]


@linux
@pytest.mark.root
@root_only
def test_a_descriptor_in_a_threads_own_table_has_its_process_as_owner() -> None:
    with waiting([sys.executable, "-m", "tests.support.afar", "thread"]) as facts:
        pid, tid, fd = facts["pid"], facts["tid"], facts["fd"]
        for words in (
            [f"inode:{facts['inode']}"],
            [f"pid:{pid}"],
            [f"fd:{pid}/{fd}"],
            [f"fd:{tid}/{fd}"],
            [f"tcp/{facts['port']}", "--owners", "walk"],
            [f"tcp/{facts['port']}", "--owners", "bpf"],
        ):
            (row,) = (each for each in answer("sockets", *words)["sockets"] if each["inode"] == facts["inode"])
            assert [(each["pid"], each["fd"], each["tid"]) for each in row["owners"]] == [(pid, fd, tid)], words
        assert f"[{pid}/{fd} of thread {tid}]" in portsock("sockets", str(facts["port"])).stdout
        assert f"(pid {pid})" in (done := portsock("explain", str(facts["port"]))).stdout
        assert "options of socket" not in done.stderr


@linux
@pytest.mark.root
@root_only
def test_a_process_that_is_named_is_searched_by_thread_though_another_one_is_known() -> None:
    with waiting([sys.executable, "-m", "tests.support.afar", "thread_and_child"]) as facts:
        for words in (["--owners", "walk"], ["--owners", "bpf"]):
            (row,) = answer("sockets", f"pid:{facts['pid']}", *words)["sockets"]
            holders = {(each["pid"], each.get("tid")) for each in row["owners"]}
            assert holders == {(facts["pid"], facts["tid"]), (facts["child"], None)}


@linux
def test_a_table_with_as_many_descriptors_is_compared_if_it_matters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = process(tmp_path, 10, {3: "socket:[77]"}, threads=3)
    for thread in (11, 12):
        (home / "task" / str(thread) / "fd").mkdir(parents=True)
    (home / "task" / "11" / "fd" / "3").symlink_to("socket:[78]")
    monkeypatch.setattr(walk, "_share_table", lambda pid, thread: (pid, thread) == (10, 12))
    cheap, thorough = (walk.walk_threads([10], {77, 78}, str(tmp_path), thorough=each) for each in (False, True))
    assert thorough.holders == {78: (Holder(10, 3),)}
    assert thorough.threads == {(78, 10, 3): 11}
    assert cheap.holders == {} or os.stat(home / "fd").st_size != os.stat(home / "task" / "11" / "fd").st_size


@linux
def test_threads_are_searched_only_for_sockets_that_nobody_else_was_found_to_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("threads were searched")

    monkeypatch.setattr(owners, "walk_threads", fail)
    with socket.create_server(("127.0.0.1", 0)) as held:
        inode = os.fstat(held.fileno()).st_ino
        record = SocketRecord(Family.IPV4, SocketType.STREAM, "tcp", None, State.LISTEN, None, None, None, inode=inode, uid=0)
        found = owners.find({inode}, method="walk")
        assert absence.search_threads([record], found).holders == found.holders
        with pytest.raises(AssertionError, match="threads were searched"):
            absence.search_threads([record._replace(inode=1, uid=os.geteuid())], found)
