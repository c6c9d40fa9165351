"""The kernel's iterator against the walk on real processes, and when which of them is used."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from portsock.errors import ReadError
from portsock.records import Holder, Ownership
from portsock.sources.linux import bpf, owners, walk
from portsock.sources.linux.beside import possible
from tests.support.live import ROOT, on_linux, waiting
from tests.support.live import portsock as run_portsock

pytestmark = [on_linux, pytest.mark.linux]

PARENT = """
import array, ctypes, json, os, socket, sys, threading, time

def keep_until_the_end():
    sys.stdin.read()
    os._exit(0)

def child(work):
    pid = os.fork()
    if pid == 0:
        work()
        keep_until_the_end()
    return pid

kept = [socket.socket() for _ in range(2500)]
kept += socket.socketpair()
children = [child(lambda: None)]

left, right = socket.socketpair()
def receive():
    left.close()
    global passed
    passed = socket.recv_fds(right, 1, 4)
    right.send(b".")
children.append(child(receive))
right.close()
sent = socket.socket()
socket.send_fds(left, [b"."], [sent.fileno(), sent.fileno()])
left.recv(1)
number = sent.fileno(), os.fstat(sent.fileno()).st_ino
sent.close()

reading, writing = os.pipe()
def lose_the_main_thread():
    own = socket.socket()
    def wait():
        while open("/proc/self/stat").read().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)
        os.write(writing, b".")
        keep_until_the_end()
    for _ in range(2):
        threading.Thread(target=wait).start()
    ctypes.CDLL(None).syscall(%d, 0)
children.append(child(lose_the_main_thread))
os.read(reading, 2)

threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
os.dup2(kept[0].fileno(), 4000)
print(json.dumps({"pid": os.getpid(), "children": children, "passed": number[1]}), flush=True)
keep_until_the_end()
"""
EXIT = {"x86_64": 60, "aarch64": 93, "riscv64": 93}
"""The number of exit(2), which ends one thread."""


@pytest.fixture(scope="module")
def iterator() -> None:
    """Skips where the iterator cannot be used."""
    try:
        bpf.read_records()
    except bpf.BpfUnavailable as error:
        pytest.skip(f"the kernel's iterator cannot be used here: {error}")


@pytest.fixture(scope="module")
def processes(iterator: None) -> Iterator[dict[str, object]]:  # noqa: ARG001 - only where it can be compared
    number = EXIT.get(os.uname().machine)
    if number is None:
        pytest.skip("the number of exit(2) is not known for this machine")
    command = [sys.executable, "-c", PARENT % number]
    with waiting(command) as told:
        yield told


def among(found: Ownership, pids: set[int]) -> dict[int, set[tuple[int, int | None]]]:
    """What these processes hold, by inode."""
    rows: dict[int, set[tuple[int, int | None]]] = {}
    for inode, held in found.holders.items():
        for pid, fd, *_ in held:
            if pid is not None and pid in pids:
                rows.setdefault(inode, set()).add((pid, fd))
    return rows


@pytest.mark.root
def test_both_ways_find_the_same_owners(processes: dict[str, object]) -> None:
    children = processes["children"]
    assert isinstance(children, list)
    pids = {int(str(processes["pid"])), *children}
    by_bpf, by_walk = owners.find(None, method="bpf"), owners.find(None, method="walk")
    assert (by_bpf.method, by_walk.method) == ("bpf", "walk")
    found = among(by_bpf, pids)
    assert found == among(by_walk, pids)
    assert len(found) > 2500
    assert {pid for held in found.values() for pid, _ in held} == pids
    assert [pid for pid, _ in found[int(str(processes["passed"]))]] == [children[1]] * 2
    assert {pid: by_bpf.started[pid] for pid in pids} == {pid: by_walk.started[pid] for pid in pids}


@pytest.mark.root
@pytest.mark.usefixtures("processes")
def test_no_holder_is_told_twice() -> None:
    """Each thread of a process whose main thread has exited is visited on its own."""
    for held in owners.find(None, method="bpf").holders.values():
        assert len(held) == len(set(held))


@pytest.mark.root
@pytest.mark.usefixtures("iterator")
def test_both_ways_know_the_same_unreadable_processes() -> None:
    by_bpf, by_walk = owners.find(None, method="bpf"), owners.find(None, method="walk")
    told = {holder.pid for held in by_bpf.holders.values() for holder in held}
    assert set(by_bpf.unreadable) == {process for process in by_walk.unreadable if process.pid not in told}
    assert by_bpf.hidden_processes == by_walk.hidden_processes


@pytest.mark.root
@pytest.mark.usefixtures("iterator")
def test_only_the_wanted_sockets_are_kept() -> None:
    with socket.socket() as one, socket.socket():
        inode = os.fstat(one.fileno()).st_ino
        found = owners.find({inode}, method="bpf")
        assert found.holders == {inode: (Holder(os.getpid(), one.fileno()),)}
        assert set(found.started) == {os.getpid()}


@pytest.mark.root
@pytest.mark.usefixtures("two_cores")
def test_a_process_beside_finds_the_same_owners_and_is_none_of_them(processes: dict[str, object]) -> None:
    children = processes["children"]
    assert isinstance(children, list)
    pids = {int(str(processes["pid"])), *children}
    here = owners.find(None, method="bpf")
    with socket.socket() as inherited:
        begun = owners.begin("bpf", 10_000)
        assert begun
        beside = owners.find(None, method="bpf", begun=begun)
        assert beside.holders[os.fstat(inherited.fileno()).st_ino] == (Holder(os.getpid(), inherited.fileno()),)
    assert beside.method == "bpf"
    assert begun.pid not in {holder.pid for held in beside.holders.values() for holder in held}
    assert begun.pid not in beside.started
    assert among(beside, pids) == among(here, pids)
    assert {pid: beside.started[pid] for pid in pids} == {pid: here.started[pid] for pid in pids}
    assert (beside.unreadable, beside.hidden_processes) == (here.unreadable, here.hidden_processes)


@pytest.mark.root
@pytest.mark.usefixtures("iterator", "two_cores")
def test_a_process_beside_is_begun_only_for_many_sockets_and_where_the_iterator_may_be_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owners, "Beside", lambda work: work)
    assert owners.begin("bpf", 10_000)
    assert owners.begin("bpf", 9_999) is None
    assert owners.begin("walk", 10_000) is None
    assert owners.begin("none", 10_000) is None
    monkeypatch.setattr(owners, "count_descriptors", lambda: 50)
    assert owners.begin("auto", 10_000) is None
    monkeypatch.setattr(owners, "count_descriptors", lambda: 1_000_000)
    assert owners.begin("auto", 10_000)
    monkeypatch.setenv(bpf.FORBID, "1")
    assert owners.begin("auto", 10_000) is None


@pytest.mark.root
@pytest.mark.usefixtures("iterator", "two_cores")
def test_what_the_process_beside_could_not_do_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as one:
        inode = os.fstat(one.fileno()).st_ino
        with monkeypatch.context() as patched:
            patched.setattr(bpf, "look", lambda _: 1 / 0)
            begun = owners.begin("bpf", 10_000)
        assert begun
        found = owners.find({inode}, method="bpf", begun=begun)
        assert (found.method, found.holders) == ("bpf", {inode: (Holder(os.getpid(), one.fileno()),)})


@pytest.mark.root
@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize("wanted", ["all", "one"])
def test_two_processes_walk_as_one_does(
    wanted: str, processes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    children = processes["children"]
    assert isinstance(children, list)
    pids = {int(str(processes["pid"])), *children}
    inodes = None if wanted == "all" else {int(str(processes["passed"]))}
    two: list[object] = []
    walked = walk.walk_in_two

    def noted(*arguments: Any) -> walk.Walk:
        two.append(1)
        return walked(*arguments)

    monkeypatch.setattr(owners, "walk_in_two", noted)
    monkeypatch.setattr(owners, "count_descriptors", lambda: 5999)
    by_one = owners.find(inodes, method="walk")
    assert not two
    monkeypatch.setattr(owners, "count_descriptors", lambda: 6000)
    by_two = owners.find(inodes, method="walk")
    assert two
    assert among(by_one, pids) == among(by_two, pids)
    assert [[holder for holder in held if holder.pid in pids] for held in ordered(by_one, pids)] == [
        [holder for holder in held if holder.pid in pids] for held in ordered(by_two, pids)
    ]
    assert {pid: by_one.started.get(pid) for pid in pids} == {pid: by_two.started.get(pid) for pid in pids}
    assert (by_one.unreadable, by_one.hidden_processes) == (by_two.unreadable, by_two.hidden_processes)


def ordered(found: Ownership, pids: set[int]) -> list[Sequence[Holder]]:
    """The holders of what these processes hold, by inode."""
    return [found.holders[inode] for inode in sorted(among(found, pids))]


@pytest.mark.usefixtures("two_cores")
def test_a_walk_in_two_is_finished_here_where_the_other_process_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", refuse)
    with socket.socket() as one:
        inode = os.fstat(one.fileno()).st_ino
        for pids in ([os.getpid(), 1 << 22], [1 << 22, os.getpid()]):
            assert walk.walk_in_two(pids, {inode}, "/proc").holders == {inode: (Holder(os.getpid(), one.fileno()),)}


@pytest.fixture
def two_cores() -> None:
    """Skips where no second process would run beside this one."""
    if not possible():
        pytest.skip("there is one core only")


@pytest.mark.root
@pytest.mark.usefixtures("iterator")
def test_few_descriptors_are_walked_and_many_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "count_descriptors", lambda: 50)
    assert owners.find(set()).method == "walk"
    monkeypatch.setattr(owners, "count_descriptors", lambda: 1_000_000)
    assert owners.find(set()).method == "bpf"
    monkeypatch.setenv(bpf.FORBID, "1")
    assert owners.find(set()).method == "walk"


def test_auto_walks_where_the_iterator_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise bpf.BpfUnavailable("bpf(2): Operation not permitted")

    monkeypatch.setattr(owners, "count_descriptors", lambda: 1_000_000)
    monkeypatch.setattr(bpf, "look", fail)
    assert owners.find(set()).method == "walk"
    with pytest.raises(ReadError, match=r"--owners bpf .*Operation not permitted.* --owners walk"):
        owners.find(set(), method="bpf")


def test_walk_never_asks_the_iterator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpf, "look", lambda *_: pytest.fail("asked"))
    monkeypatch.setattr(owners, "count_descriptors", lambda: 1_000_000)
    assert owners.find(set(), method="walk").method == "walk"


def test_open_files_tell_where_descriptors_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux before 6.2."""
    monkeypatch.setattr(owners, "count_descriptors", lambda: None)
    monkeypatch.setattr(owners, "_MANY", 1)
    asked: list[object] = []

    def unavailable(*_: object) -> None:
        asked.append(1)
        raise bpf.BpfUnavailable("no")

    monkeypatch.setattr(bpf, "look", unavailable)
    owners.find(set())
    assert asked


def test_forbidden_iterator_is_one_line_and_status_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, bpf.FORBID, "1")
    done = subprocess.run(
        [sys.executable, "-m", "portsock", "ports", "--owners", "bpf"], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "PORTSOCK_NO_BPF is set" in done.stderr


@pytest.mark.root
@pytest.mark.usefixtures("iterator")
def test_verbose_says_which_way_it_was() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        for way in ("walk", "bpf"):
            assert f"owners found by {way}" in run_portsock("ports", "-l", "--verbose", "--owners", way).stderr


def test_without_the_capabilities_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpf, "_capable", lambda: False)
    with pytest.raises(bpf.BpfUnavailable, match="not root"):
        bpf.read_records()
