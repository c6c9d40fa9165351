"""Where a unix socket's path leads: in explain's words, and in the numbers they rest on."""

import errno
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portsock.parse.proc.mountinfo import parse_mounts
from portsock.sources import paths
from portsock.sources.paths import has_socket, sees_the_same_files
from tests.support.live import ROOT, answer, as_root, on_linux, portsock, run, tool

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


ZOO = {
    "listening": (socket.SOCK_STREAM, 3), "bound": (socket.SOCK_STREAM, None), "full": (socket.SOCK_STREAM, 0),
    "datagrams": (socket.SOCK_DGRAM, None),
    "packets": (socket.SOCK_SEQPACKET, 3), "idle packets": (socket.SOCK_SEQPACKET, None),
}  # fmt: skip


@on_linux
@linux
@pytest.mark.parametrize("kind", ZOO)
def test_the_kernel_says_whether_a_file_has_a_socket_and_the_socket_does_not_notice(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{'long' * 60}"  # longer than a name of a socket can be
    type_, backlog = ZOO[kind]
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX, type_) as server, socket.socket(socket.AF_UNIX, type_) as client:
        server.bind("short")
        Path("short").rename(path)
        if backlog is not None:
            server.listen(backlog)
        if kind == "full":
            path.rename("short")
            client.connect("short")
            Path("short").rename(path)
        before = run([tool("ss"), "-xaHOe", f"src {server.getsockname()}"]).stdout
        assert has_socket(bytes(path)) is True
        assert run([tool("ss"), "-xaHOe", f"src {server.getsockname()}"]).stdout == before
        server.setblocking(False)
        if backlog and backlog > 0:
            with pytest.raises(BlockingIOError):
                server.accept()
    assert has_socket(bytes(path)) is False


@on_linux
@linux
def test_what_may_not_be_asked_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with bound(tmp_path / "s"):
        for error in (errno.EACCES, errno.EISCONN, 0):  # 0: a kernel on which the socket's own peer is no hindrance
            monkeypatch.setattr(paths, "_refusal", lambda *_, error=error: error)
            assert has_socket(bytes(tmp_path / "s")) is None
    assert has_socket(bytes(tmp_path / "missing")) is None


@on_linux
@linux
def test_a_bound_datagram_socket_with_a_peer_is_not_elsewhere(tmp_path: Path) -> None:
    server, client = tmp_path / "s", tmp_path / "c"
    with bound(server, socket.SOCK_DGRAM), bound(client, socket.SOCK_DGRAM) as opened:
        opened.connect(str(server))
        (found,) = answer("explain", str(client))["explanations"]
    assert (found["findings"], "has bound" in found["summary"]) == ([], True)


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


NOBODY = 65534
ACCEPTING = """
import select, socket, sys
opened = socket.socket(socket.AF_UNIX)
opened.bind(sys.argv[1])
opened.listen()
print(1, flush=True)
kept = []
while sys.stdin not in select.select([sys.stdin, opened], [], [])[0]:
    kept.append(opened.accept()[0])
    kept[-1].send(b"x")
"""
APART = "mkdir {0}/other && mount --bind {0} {0}/other"


@contextmanager
def apart(path: Path, prepare: str = "true") -> Iterator[int]:
    """A server in network and mount namespaces of its own, whose file everybody may write."""
    command = f'{prepare} && umask 0 && exec "$@"'
    unshare = [tool("unshare"), "--mount", "--net", "sh", "-c", command, "sh", sys.executable, "-c", ACCEPTING, str(path)]
    with subprocess.Popen(unshare, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdin
        assert started.stdout
        try:
            assert started.stdout.readline()
            yield started.pid
        finally:
            started.stdin.close()
            started.wait(10)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def findings(path: Path, uid: int | None = None) -> tuple[str, list[str]]:
    """Return the first line and the codes of the answer."""
    (found,) = answer("explain", str(path), uid=uid)["explanations"]
    return found["headline"], [each["code"] for each in found["findings"]]


@on_linux
@as_root
@linux
@root
def test_root_finds_the_server_of_a_file_in_another_network_namespace(place: Path) -> None:
    path = place / "s"
    with apart(path) as pid:
        text = said(path)
    assert f"{path} is a unix stream socket on which" in text
    assert f"(pid {pid}) listens, with no connections, in network namespace net:[" in text
    assert "]: a path leads there from this one, too." in text
    assert "remove the file" not in text


@on_linux
@as_root
@linux
@root
def test_the_server_is_found_though_it_bound_the_file_under_another_name(place: Path) -> None:
    with apart(place / "other" / "s", APART.format(place)) as pid:
        text = said(place / "s")
    assert f"(pid {pid}) listens" in text
    assert f"The path leads to this socket (same device and inode), which was bound as {place}/other/s." in text


@on_linux
@as_root
@linux
@root
def test_the_server_is_found_where_only_its_clients_are_in_our_network_namespace(place: Path) -> None:
    path = place / "s"
    with apart(path) as pid, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        assert client.recv(1)
        assert f"(pid {pid}) listens, with 1 connection, in network namespace" in said(path)
        headline, codes = findings(path, NOBODY)
        strict = portsock("explain", "--strict", str(path), uid=NOBODY)
    assert codes == ["unseen_unix_server"]
    assert f"what is bound to {path} was not seen" in strict.stderr
    assert strict.returncode == 3
    assert headline.startswith(f"{path} leads to a socket ")  # where it is depends on who else can be looked into


@on_linux
@as_root
@linux
@root
def test_another_user_is_not_told_to_remove_the_file_of_a_server_elsewhere(place: Path) -> None:
    path = place / "s"
    with apart(path):
        assert findings(path, NOBODY)[1] == ["unseen_unix_server"]
        text = " ".join(portsock("explain", str(path), uid=NOBODY).stdout.split())
        path.chmod(0o700)
        unknown = " ".join(portsock("explain", "--long", str(path), uid=NOBODY).stdout.split())
    assert "Leave the file where it is, and repeat the question as root" in text
    assert f"No socket here is known to be bound to {path}; one of another network namespace may be." in unknown
    assert "remove" not in text + unknown


@on_linux
@as_root
@linux
@root
def test_a_stale_file_is_stale_for_everybody_who_may_write_it(place: Path) -> None:
    path = place / "s"
    with apart(path), apart(place / "left"):
        pass
    with apart(place / "other"):  # a network namespace that nobody but root may look into
        assert findings(path)[1] == findings(path, NOBODY)[1] == ["stale_unix_path"]
        path.chmod(0o755)
        assert findings(path)[1] == ["stale_unix_path"]
        assert findings(path, NOBODY)[1] == ["unseen_unix_server"]
