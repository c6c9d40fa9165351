"""Network namespaces: found by process, name and descriptor, entered by a thread, with their own sockets."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.model import InetEndpoint, Netns, State
from portsock.records import Request
from portsock.sources.linux import netlink, netns, setns
from portsock.sources.linux.namespaces.notices import denied_notice

pytestmark = [
    pytest.mark.linux,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="network namespaces are Linux's"),
]
root = pytest.mark.root
needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may make namespaces")


def here() -> int:
    """Return the namespace of the calling thread."""
    return os.stat("/proc/thread-self/ns/net").st_ino


@pytest.fixture
def other() -> Iterator[int]:
    """Start a process in a new namespace with loopback up; return its pid."""
    command = ["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep 60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        process.kill()


def of(pid: int) -> int:
    return os.stat(f"/proc/{pid}/ns/net").st_ino


def test_our_namespace_is_the_first_of_all() -> None:
    namespaces, _ = netns.namespaces(("all",))
    assert namespaces[0].own
    assert namespaces[0].netns.id == here()
    assert len({found.netns.id for found in namespaces}) == len(namespaces)


def test_our_namespace_is_not_entered() -> None:
    namespaces, notices = netns.namespaces((str(os.getpid()),))
    assert (len(namespaces), notices) == (1, [])
    assert setns.visit(namespaces, lambda _: threading.current_thread()) == [threading.current_thread()]


def test_a_missing_process_is_refused() -> None:
    with pytest.raises(UsageError, match="no such process"):
        netns.namespaces(("4194304",))


@root
@needs_root
def test_a_namespace_is_found_by_its_process(other: int) -> None:
    (found,), notices = netns.namespaces((str(other),))
    assert (found.netns, found.own, found.pids, notices) == (Netns(of(other)), False, (other,), [])


@root
@needs_root
def test_a_namespace_is_found_by_its_name_without_a_process(other: int, tmp_path: Path) -> None:
    mounted = tmp_path / "blue"
    mounted.touch()
    inode = of(other)
    subprocess.run(["mount", "--bind", f"/proc/{other}/ns/net", mounted], check=True)
    try:
        os.kill(other, 9)
        os.waitpid(other, 0)
        (found,), _ = netns.namespaces(("blue",), named=str(tmp_path))
        assert (found.netns, found.pids) == (Netns(inode, "blue"), ())
        assert setns.visit([found], lambda _: here()) == [inode]
        assert Netns(inode, "blue") in {every.netns for every in netns.namespaces(("all",), named=str(tmp_path))[0]}
        assert inode in {every.netns.id for every in netns.namespaces(("all",))[0]}  # by mountinfo
        with pytest.raises(UsageError, match="did you mean blue"):
            netns.namespaces(("blu",), named=str(tmp_path))
    finally:
        subprocess.run(["umount", mounted], check=True)


@root
@needs_root
def test_a_namespace_held_by_a_descriptor_alone_is_found(other: int) -> None:
    inode = of(other)
    descriptor = os.open(f"/proc/{other}/ns/net", os.O_RDONLY)
    try:
        os.kill(other, 9)
        os.waitpid(other, 0)
        (found,) = (each for each in netns.namespaces(("all",))[0] if each.netns.id == inode)
        assert setns.visit([found], lambda _: here()) == [inode]
    finally:
        os.close(descriptor)


@root
@needs_root
def test_sockets_on_the_same_port_of_two_namespaces_differ(other: int) -> None:
    namespaces, _ = netns.namespaces((str(os.getpid()), str(other)))
    before = here()
    with ExitStack() as held:
        first = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        (second,) = setns.visit(namespaces[1:], lambda _: held.enter_context(socket.create_server(first.getsockname())))
        assert isinstance(second, socket.socket)
        request = Request(frozenset({"tcp"}), states=frozenset({State.LISTEN}))
        dumps = setns.visit(namespaces, lambda found: netlink.dump(request, found.netns))
        seen = []
        for dump in dumps:
            assert isinstance(dump, netlink.Dump)
            ours = [record for record in dump.sockets if record.local == InetEndpoint(*first.getsockname())]
            seen.append([(record.inode, record.netns and record.netns.id) for record in ours])
        inodes = [os.fstat(sock.fileno()).st_ino for sock in (first, second)]
    assert seen == [[(inodes[0], before)], [(inodes[1], of(other))]]
    assert here() == before


@root
@needs_root
def test_a_denied_namespace_has_a_notice_and_the_rest_is_visited(other: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    namespaces, _ = netns.namespaces((str(os.getpid()), str(other)))
    monkeypatch.setattr(setns, "_setns", denied)
    home, abroad = setns.visit(namespaces, lambda _: here())
    assert home == here()
    assert isinstance(abroad, PermissionError)
    notice = denied_notice(namespaces[1:])
    assert (notice.code, notice.amount, notice.incomplete) == ("netns_denied", 1, True)
    assert str(of(other)) in notice.message


@root
@needs_root
def test_a_denied_path_does_not_prevent_another(other: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,), _ = netns.namespaces((str(other),))
    opened = os.open

    def denied(path: str, flags: int) -> int:
        if path == "/denied":
            raise PermissionError(13, "Permission denied")
        return opened(path, flags)

    monkeypatch.setattr("os.open", denied)
    assert setns.visit([found._replace(paths=(netns.Place("/denied"), *found.paths))], lambda _: here()) == [of(other)]


@root
@needs_root
def test_a_reused_pid_does_not_lead_into_another_namespace(other: int) -> None:
    (found,), _ = netns.namespaces((str(other),))
    stale = found._replace(paths=(netns.Place("/proc/self/ns/net"),))
    (outcome,) = setns.visit([stale], lambda _: here())
    assert isinstance(outcome, FileNotFoundError)


@root
@needs_root
def test_errors_in_another_namespace_are_raised_in_the_caller(other: int) -> None:
    namespaces, _ = netns.namespaces((str(other),))

    def fail(_: netns.Namespace) -> None:
        raise netlink.NetlinkRefused("no")

    with pytest.raises(netlink.NetlinkRefused, match="no"):
        setns.visit(namespaces, fail)
