"""Where a unix socket's path leads: in explain's words, and in the numbers they rest on."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portsock.parse.proc.mountinfo import parse_mounts
from portsock.sources.paths import sees_the_same_files
from tests.support.live import ROOT, answer, as_root, on_linux, portsock, tool

MOUNTS = "22 28 0:20 / /sys rw - sysfs sysfs rw\n28 1 259:2 / / rw - ext4 /dev/nvme0n1p2 rw\n"

linux = pytest.mark.linux
root = pytest.mark.root


@contextmanager
def bound(path: Path | str, kind: int = socket.SOCK_STREAM) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, kind) as opened:
        opened.bind(str(path))
        if kind == socket.SOCK_STREAM:
            opened.listen(3)
        yield opened


def said(path: Path | str, pid: int | None = None) -> str:
    return " ".join(portsock("explain", "--long", str(path), pid=pid).stdout.split())


def test_mounts_have_their_id_place_file_system_and_device() -> None:
    assert parse_mounts(MOUNTS) == [(22, "/sys", "sysfs", (0, 20)), (28, "/", "ext4", (259, 2))]


@on_linux
@linux
def test_a_path_that_leads_to_its_socket_says_so_with_the_permissions(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with bound(path):
        path.chmod(0o660)
        text = said(path)
    assert f"{path} is a unix stream socket on which" in text
    assert "The path leads to this socket (same device and inode)." in text
    assert "(mode 0660, " in text
    assert "another one or gone" not in text


@on_linux
@linux
def test_a_symbolic_link_finds_the_socket_under_the_name_it_was_bound_by(tmp_path: Path) -> None:
    path, link = tmp_path / "s", tmp_path / "link"
    link.symlink_to(path)
    with bound(path):
        assert f"The path leads to this socket (same device and inode), which was bound as {path}." in said(link)


@on_linux
@linux
def test_a_relative_name_is_found_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with bound("s"):
        assert "which was bound as s." in said(tmp_path / "s")


@on_linux
@linux
def test_a_replaced_file_is_a_finding_that_names_the_server_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with bound(path):
        path.rename(tmp_path / "old")
        with bound(path):
            (found,) = answer("explain", str(path))["explanations"]
    (evidence,) = next(each["evidence"] for each in found["findings"] if each["code"] == "replaced_unix_path")
    assert f"(pid {os.getpid()}), bound to inode {(tmp_path / 'old').stat().st_ino}, the file now: inode " in evidence


@on_linux
@linux
def test_a_removed_file_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with bound(path):
        path.unlink()
        assert "the file now: gone" in said(path)


@on_linux
@linux
def test_a_file_that_no_socket_has_is_stale_and_a_missing_one_missing(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with bound(path):
        pass
    assert "connecting gives ECONNREFUSED" in said(path)
    assert "There is no file at that path: connecting gives ENOENT." in said(tmp_path / "none")
    (tmp_path / "file").write_text("")
    assert "it is not a socket" in said(tmp_path / "file")


@on_linux
@linux
def test_connected_and_waiting_clients_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with bound(path) as server, socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
        first.connect(str(path))
        accepted, _ = server.accept()
        second.connect(str(path))
        text = said(path)
        accepted.close()
    assert "listens, with 1 connection and 1 waiting for accept(2)." in text
    assert text.count(f"(unnamed) → {path} ESTABLISHED") == 2


@on_linux
@linux
def test_an_abstract_name_and_an_inode_find_the_same_socket() -> None:
    name = f"portsock test {os.getpid()}"
    with bound("\0" + name) as opened:
        inode = os.fstat(opened.fileno()).st_ino
        (by_name, by_inode) = answer("explain", "@" + name, f"inode:{inode}")["explanations"]
    assert [found["inode"] for found in by_name["sockets"]] == [found["inode"] for found in by_inode["sockets"]] == [inode]
    assert "there is no file and no permission" in by_name["sections"]["socket"]["paragraphs"][0]
    assert f"listening on @{name}, held by" in by_inode["summary"]


@on_linux
@linux
def test_this_process_sees_the_files_that_it_sees() -> None:
    assert sees_the_same_files(os.getpid()) is True
    assert sees_the_same_files(2**22 + 1) is None


SERVER = """
import socket, sys
opened = socket.socket(socket.AF_UNIX)
opened.bind(sys.argv[1])
opened.listen()
print(1, flush=True)
sys.stdin.read()
"""


@contextmanager
def elsewhere(prepare: str, path: str) -> Iterator[int]:
    """A server in a mount namespace of its own, after a shell command in there."""
    command = [tool("unshare"), "--mount", "sh", "-c", f'{prepare} && exec "$@"', "sh", sys.executable, "-c", SERVER, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdin
        assert started.stdout
        try:
            if not started.stdout.readline():
                pytest.skip(f"not permitted here: {prepare}")
            yield started.pid
        finally:
            started.stdin.close()
            started.wait(10)


@on_linux
@as_root
@linux
@root
def test_a_socket_of_another_mount_namespace_is_looked_for_there(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with elsewhere(f"mount -t tmpfs none {tmp_path}", str(path)) as pid:
        text = said(path)
        assert sees_the_same_files(pid) is False
        path.write_text("another file")
        again = said(path)
    for each in (text, again):
        assert f"from here the path is /proc/{pid}/root{path}, and leads to it." in each
        assert "another one or gone" not in each


@on_linux
@as_root
@linux
@root
def test_what_cannot_be_compared_is_not(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with elsewhere(f"mount -t tmpfs none {tmp_path}", str(path)) as pid:
        (Path(f"/proc/{pid}/root") / str(path).lstrip("/")).unlink()
        text = said(path)
    assert "whether its path still leads to it cannot be told from here." in text
    assert "another one or gone" not in text


@on_linux
@as_root
@linux
@root
def test_files_of_an_overlay_are_compared_as_the_kernel_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "merged" / "s"
    options = "lowerdir=lower,upperdir=upper,workdir=work"
    layers = f"mount -t tmpfs none {tmp_path} && cd {tmp_path} && mkdir lower upper work merged"
    with elsewhere(f"{layers} && mount -t overlay overlay -o {options} merged", str(path)) as pid:
        enter = [tool("nsenter"), f"--mount=/proc/{pid}/ns/mnt", f"--wd={ROOT}", "--"]
        done = subprocess.run(
            [*enter, sys.executable, "-m", "portsock", "explain", "--long", str(path)], capture_output=True, text=True
        )
    assert "The path leads to this socket (same device and inode)." in " ".join(done.stdout.split()), done.stderr
