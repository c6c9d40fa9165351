"""The kernel's iterator compared with the walk on real processes, and the choice between them."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from portsock.errors import ReadError
from portsock.records import Holder, Ownership
from portsock.sources.linux import bpf, owners
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
    """Skip where the iterator cannot be used."""
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
    with waiting(command) as started:
        yield started


def among(found: Ownership, pids: set[int]) -> dict[int, set[tuple[int, int | None]]]:
    """Return what these processes hold, by inode."""
    rows: dict[int, set[tuple[int, int | None]]] = {}
    for inode, held in found.holders.items():
        for pid, fd, *_ in held:
            if pid is not None and pid in pids:
                rows.setdefault(inode, set()).add((pid, fd))
    return rows


@pytest.mark.root
def test_iterator_and_walk_find_the_same_owners(processes: dict[str, object]) -> None:
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
def test_the_iterator_reports_no_holder_twice() -> None:
    """The iterator visits each thread of a process whose main thread has exited."""
    for held in owners.find(None, method="bpf").holders.values():
        assert len(held) == len(set(held))


@pytest.mark.root
@pytest.mark.usefixtures("iterator")
def test_iterator_and_walk_report_the_same_unreadable_processes() -> None:
    before, by_bpf, after = (owners.find(None, method=method) for method in ("walk", "bpf", "walk"))
    reported = {holder.pid for held in by_bpf.holders.values() for holder in held}
    first, last = ({process for process in by_walk.unreadable if process.pid not in reported} for by_walk in (before, after))
    assert first & last <= set(by_bpf.unreadable) <= first | last  # processes of other programs come and go
    assert by_bpf.hidden_processes == before.hidden_processes


@pytest.mark.root
@pytest.mark.usefixtures("iterator")
def test_only_holders_of_the_requested_sockets_are_returned() -> None:
    with socket.socket() as one, socket.socket():
        inode = os.fstat(one.fileno()).st_ino
        found = owners.find({inode}, method="bpf")
        assert found.holders == {inode: (Holder(os.getpid(), one.fileno()),)}
        assert set(found.started) == {os.getpid()}


@pytest.mark.root
@pytest.mark.usefixtures("iterator")
def test_the_iterator_is_used_for_many_descriptors_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "count_descriptors", lambda: 50)
    assert owners.find(set()).method == "walk"
    monkeypatch.setattr(owners, "count_descriptors", lambda: 1_000_000)
    assert owners.find(set()).method == "bpf"
    monkeypatch.setenv(bpf.FORBID, "1")
    assert owners.find(set()).method == "walk"


def test_the_walk_is_used_where_the_iterator_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise bpf.BpfUnavailable("bpf(2): Operation not permitted")

    monkeypatch.setattr(owners, "count_descriptors", lambda: 1_000_000)
    monkeypatch.setattr(bpf, "scan", fail)
    assert owners.find(set()).method == "walk"
    with pytest.raises(ReadError, match=r"--owners bpf .*Operation not permitted.* --owners walk"):
        owners.find(set(), method="bpf")


def test_method_walk_never_uses_the_iterator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpf, "scan", lambda *_: pytest.fail("iterator used"))
    monkeypatch.setattr(owners, "count_descriptors", lambda: 1_000_000)
    assert owners.find(set(), method="walk").method == "walk"


def test_open_files_are_counted_where_descriptors_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux before 6.2."""
    monkeypatch.setattr(owners, "count_descriptors", lambda: None)
    monkeypatch.setattr(owners, "_MANY", 1)
    calls: list[object] = []

    def unavailable(*_: object) -> None:
        calls.append(1)
        raise bpf.BpfUnavailable("no")

    monkeypatch.setattr(bpf, "scan", unavailable)
    owners.find(set())
    assert calls


def test_a_forbidden_iterator_is_one_line_and_status_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, bpf.FORBID, "1")
    done = subprocess.run(
        [sys.executable, "-m", "portsock", "ports", "--owners", "bpf"], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "PORTSOCK_NO_BPF is set" in done.stderr


@pytest.mark.root
@pytest.mark.usefixtures("iterator")
def test_verbose_names_the_method() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        for way in ("walk", "bpf"):
            assert f"owners found by {way}" in run_portsock("ports", "-l", "--verbose", "--owners", way).stderr


def test_without_the_capabilities_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpf, "effective_capabilities", lambda: 0)
    with pytest.raises(bpf.BpfUnavailable, match="not root"):
        bpf.read_records()
