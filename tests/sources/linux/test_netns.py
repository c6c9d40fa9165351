"""The search for namespaces in a made-up /proc, where hard links stand for the files of one namespace."""

import os
import socket
import sys
from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.model import Netns
from portsock.parse.proc.mountinfo import parse_namespaces
from portsock.sources.linux import netns
from portsock.sources.linux.namespaces.notices import denied_notice
from tests.support.live import on_linux

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="hard links and symbolic links")
CONTAINER = "0123456789ab" + 52 * "f"


class Tree:
    """A /proc and a /run/netns with namespaces of any inode numbers."""

    def __init__(self, root: Path) -> None:
        self.proc, self.named, self._kept = root / "proc", root / "netns", root / "kept"
        for directory in (self.proc, self.named, self._kept):
            directory.mkdir()

    def namespace(self, letter: str) -> int:
        file = self._kept / letter
        file.touch()
        return file.stat().st_ino

    def process(self, pid: int | str, letter: str, cgroup: str = "0::/\n", mountinfo: str = "") -> Path:
        home = self.proc / str(pid)
        for directory in ("ns", "fd", "net"):
            (home / directory).mkdir(parents=True)
        self.namespace(letter)
        os.link(self._kept / letter, home / "ns" / "net")
        (home / "ns" / "mnt").touch()
        (home / "cgroup").write_text(cgroup, encoding="ascii")
        (home / "mountinfo").write_text(mountinfo, encoding="ascii")
        return home

    def name(self, name: str, letter: str) -> None:
        self.namespace(letter)
        os.link(self._kept / letter, self.named / name)

    def find(self, *words: str) -> list[netns.Namespace]:
        namespaces, notices = netns.namespaces(words, str(self.proc), str(self.named))
        assert notices == []
        return namespaces


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path)
    made.process("self", "own")
    made.process(10, "own")
    return made


def test_every_namespace_is_found_once(tree: Tree) -> None:
    tree.process(20, "web")
    tree.process(21, "web")
    tree.name("blue", "web")
    tree.name("red", "idle")
    (tree.process(30, "own") / "fd" / "7").symlink_to("net:[777]")
    mount = "9 1 0:4 net:[888] /run/a\\040b rw shared:1 - nsfs nsfs rw\n"
    (tree.proc / "self" / "mountinfo").write_text(mount, encoding="ascii")
    namespaces = {found.netns: found for found in tree.find("all")}
    web, idle = Netns(tree.namespace("web"), "blue"), Netns(tree.namespace("idle"), "red")
    assert namespaces.keys() == {Netns(tree.namespace("own")), web, idle, Netns(777), Netns(888)}
    assert namespaces[web].pids == (20, 21)
    assert namespaces[web].paths[0].path == str(tree.named / "blue")
    assert namespaces[Netns(777)].paths == (netns.Place(f"{tree.proc}/30/fd/7"),)
    assert namespaces[Netns(888)].paths == (netns.Place("/run/a b", f"{tree.proc}/self"),)


def test_mounts_of_other_mount_namespaces_are_reached_through_their_process(tree: Tree) -> None:
    mount = "9 1 0:4 net:[888] /run/netns/x rw - nsfs nsfs rw\n"
    tree.process(20, "own", mountinfo=mount)
    assert [found.paths for found in tree.find("all") if found.netns.id == 888] == [
        (netns.Place("/run/netns/x", f"{tree.proc}/20"),)
    ]


def test_a_namespace_without_a_name_has_its_containers_name(tree: Tree) -> None:
    tree.process(20, "pod", cgroup=f"0::/system.slice/docker-{CONTAINER}.scope\n")
    assert [found.netns.name for found in tree.find("all")] == [None, "0123456789ab"]
    assert [found.netns.id for found in tree.find("0123456789ab")] == [tree.namespace("pod")]


def test_a_container_does_not_name_our_own_namespace(tree: Tree) -> None:
    tree.process(5, "own", cgroup=f"0::/system.slice/docker-{CONTAINER}.scope\n")
    assert [found.netns.name for found in tree.find("all")] == [None]


def test_a_file_that_is_no_namespace_names_none(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted `ip netns add` leaves an ordinary file, which is on another device."""
    tree.name("stale", "stale")
    really = netns._device_and_inode
    monkeypatch.setattr(netns, "_device_and_inode", lambda path: (99, 1) if path.endswith("stale") else really(path))
    assert netns.name_of(tree.namespace("stale"), str(tree.proc), str(tree.named)) is None
    with pytest.raises(UsageError):
        tree.find("stale")


def test_a_number_is_a_pid_even_if_a_namespace_has_that_name(tree: Tree) -> None:
    tree.process(20, "web")
    tree.name("20", "other")
    assert [found.netns.id for found in tree.find("20")] == [tree.namespace("web")]


@pytest.mark.parametrize(
    ("word", "text"), [("4711", "--netns 4711: no such process"), ("nosuch", "--netns 'nosuch': no network")]
)
def test_unknown_names_and_pids_are_refused(tree: Tree, word: str, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        tree.find(word)


@pytest.mark.parametrize("own_tables", [True, False])
def test_namespaces_of_unreadable_processes_differ_by_their_tables(
    tree: Tree, own_tables: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables with a known inode number belong to a listed namespace: nothing is missing then."""
    for pid in ("self", 10):
        os.link(tree._kept / "own", tree.proc / str(pid) / "net" / "dev")
    home = tree.process(20, "web")
    os.link(tree._kept / ("own" if own_tables else "web"), home / "net" / "dev")
    stat = os.stat

    def refusing(path: str) -> os.stat_result:
        if str(path).endswith("/20/ns/net"):
            raise PermissionError(13, "Permission denied")
        return stat(path)

    monkeypatch.setattr(os, "stat", refusing)
    namespaces, notices = netns.namespaces(["all"], str(tree.proc), str(tree.named))
    assert len(namespaces) == 1
    assert [(notice.code, notice.amount) for notice in notices] == ([] if own_tables else [("netns_denied", 1)])
    namespaces, notices = netns.namespaces(["20"], str(tree.proc), str(tree.named))
    assert [found.own for found in namespaces] == ([True] if own_tables else [])
    assert len(notices) == (0 if own_tables else 1)


def test_the_notice_names_the_first_three_denied_namespaces() -> None:
    namespaces = [
        netns.Namespace(Netns(number, name), False, (), ()) for number, name in ((1, "a"), (2, None), (3, "c"), (4, "d"))
    ]
    notice = denied_notice(namespaces)
    assert (notice.code, notice.amount, notice.incomplete) == ("netns_denied", 4, True)
    assert "4 network namespaces" in notice.message
    assert "a, net:[2], c, …" in notice.message
    assert denied_notice(namespaces[:1]).message.startswith("1 network namespace could not be entered: a;")


@pytest.mark.parametrize("word", ["4194305", "9" * 11, "1" * 5000])
def test_a_number_that_no_process_has_is_refused(tree: Tree, word: str) -> None:
    with pytest.raises(UsageError, match="no such process") as caught:
        tree.find(word)
    assert len(str(caught.value)) < 120


def test_a_pid_may_begin_with_zeros(tree: Tree) -> None:
    assert tree.find("0" * 5000 + "10") == tree.find("10")


def test_mounted_namespaces_of_one_kind_are_read() -> None:
    text = (
        "1 2 0:4 net:[40] /run/netns/a rw shared:3 - nsfs nsfs rw\n"
        "1 2 0:4 mnt:[41] /run/mnt rw - nsfs nsfs rw\n"
        "1 2 0:4 net:[42] /a\\134040\\011b rw - nsfs nsfs rw\n"
        "1 2 0:3 / /proc rw - proc proc rw\n"
        "1 2 0:4 net:[x] /bad rw - nsfs nsfs rw\n"
        " - nsfs \n"
        "1 2 0:5 net:[43] /sly rw - tmpfs x rw,y - nsfs z\n"
    )
    assert parse_namespaces(text, "net") == [(40, "/run/netns/a"), (42, "/a\\040\tb")]


@pytest.mark.linux
@on_linux
def test_descriptors_are_not_searched_once_the_time_is_over() -> None:
    with socket.socket() as held:
        whole, cut = netns.find(("all",)), netns.find(("all",), seconds=-1.0)
        assert os.fstat(held.fileno()).st_ino in whole.sockets
    assert (whole.cut, cut.cut) == (False, True)
    assert not cut.sockets
    assert any(each.own for each in cut.namespaces)
