"""The processes that /proc hides, and why."""

import os
import sys
from pathlib import Path

import pytest

from portsock.model import OwnerReason
from portsock.parse.proc.mountinfo import INVISIBLE, NO_ACCESS, PTRACEABLE, HidePid, parse_hidepid
from portsock.sources.linux import visibility

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's /proc")
LINE = "22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw{options}\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", HidePid(0, 0)),
        (",hidepid=2", HidePid(INVISIBLE, 0)),
        (",hidepid=invisible,gid=20", HidePid(INVISIBLE, 20)),
        (",gid=20,hidepid=noaccess", HidePid(NO_ACCESS, 20)),
        (",hidepid=ptraceable", HidePid(PTRACEABLE, 0)),
        (",hidepid=bogus", HidePid(0, 0)),
    ],
)
def test_hidepid_in_old_and_new_spelling(options: str, expected: HidePid) -> None:
    assert parse_hidepid(LINE.format(options=options), "/proc") == expected


def test_topmost_mount_counts_and_others_do_not() -> None:
    text = LINE.format(options=",hidepid=2") + LINE.format(options="") + LINE.replace("/proc", "/jail/proc")
    assert parse_hidepid(text, "/proc") == HidePid(0, 0)
    assert parse_hidepid("1 2 0:3 / / rw - ext4 /dev/sda rw\n\nbroken\n", "/proc") is None


def tree(root: Path, options: str = "", namespace: str = "pid:[4026531836]") -> str:
    (root / "self" / "ns").mkdir(parents=True)
    (root / "self" / "mountinfo").write_text(LINE.format(options=options).replace(" /proc ", f" {root} "), encoding="ascii")
    (root / "self" / "ns" / "pid").symlink_to(namespace)
    return str(root)


@pytest.fixture
def as_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getegid", lambda: 1000)
    monkeypatch.setattr(os, "getgroups", lambda: [1000, 20])


@linux
@pytest.mark.usefixtures("as_user")
def test_hidepid_invisible_hides_processes(tmp_path: Path) -> None:
    seen = visibility.read_visibility(tree(tmp_path, ",hidepid=2"))
    assert seen.unlisted is OwnerReason.HIDEPID
    assert seen.reason(0) is OwnerReason.HIDEPID


@linux
@pytest.mark.usefixtures("as_user")
def test_noaccess_hides_descriptors_but_lists_processes(tmp_path: Path) -> None:
    seen = visibility.read_visibility(tree(tmp_path, ",hidepid=1"))
    assert seen.unlisted is None
    assert seen.reason(0) is OwnerReason.HIDEPID


@linux
@pytest.mark.usefixtures("as_user")
def test_the_group_is_exempt_from_hidepid_but_not_from_ptraceable(tmp_path: Path) -> None:
    assert visibility.read_visibility(tree(tmp_path / "a", ",hidepid=2,gid=20")).unlisted is None
    assert visibility.read_visibility(tree(tmp_path / "b", ",hidepid=ptraceable,gid=20")).unlisted is OwnerReason.HIDEPID


@linux
def test_root_is_exempt_from_hidepid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    seen = visibility.read_visibility(tree(tmp_path, ",hidepid=2"))
    assert seen.unlisted is None
    assert seen.reason(0) is OwnerReason.DENIED


@linux
@pytest.mark.usefixtures("as_user")
def test_reasons_distinguish_other_users_from_a_protected_process_of_our_own() -> None:
    seen = visibility.Visibility(0, None)
    assert seen.reason(0) is OwnerReason.OTHER_USER
    assert seen.reason(1000) is OwnerReason.NOT_DUMPABLE


@linux
def test_any_pid_namespace_but_the_first_may_not_list_every_holder(tmp_path: Path) -> None:
    nested = tree(tmp_path / "a", namespace="pid:[4026532999]")
    assert visibility.read_visibility(nested).unlisted is OwnerReason.PIDNS
    assert visibility.nested_namespace(nested) == 4026532999
    for root in (tree(tmp_path / "b"), str(tmp_path / "nothing")):
        assert visibility.read_visibility(root).unlisted is None
        assert visibility.nested_namespace(root) is None


def status(root: Path, pids: str) -> str:
    """Return the list of mounts of a made-up /proc that shows this process with these pids."""
    (root / "self").symlink_to(str(os.getpid()))
    (root / str(os.getpid())).mkdir()
    (root / str(os.getpid()) / "status").write_text(f"Name:\tportsock\n{pids}Threads:\t1\n", encoding="ascii")
    return LINE.format(options="").replace(" /proc ", f" {root} ")


@linux
@pytest.mark.parametrize(("pids", "ours"), [("", True), ("NSpid:\t7\n", True), ("NSpid:\t4000\t7\n", False)])
def test_a_proc_that_shows_us_with_several_pids_is_of_an_outer_namespace(tmp_path: Path, pids: str, ours: bool) -> None:
    assert visibility._is_ours(str(tmp_path), status(tmp_path, pids)) is ours


@linux
def test_a_directory_that_is_no_proc_or_shows_another_process_is_not_ours(tmp_path: Path) -> None:
    mounts = status(tmp_path, "NSpid:\t7\n")
    assert visibility._is_ours(str(tmp_path), mounts.replace("proc proc", "tmpfs tmpfs")) is False
    assert visibility._is_ours(str(tmp_path), "") is False
    (tmp_path / "self").unlink()
    assert visibility._is_ours(str(tmp_path), mounts) is False
    (tmp_path / "self").symlink_to("1")
    assert visibility._is_ours(str(tmp_path), mounts) is False


@linux
@pytest.mark.linux
def test_our_own_proc_is_ours() -> None:
    assert visibility.shows_our_namespace() is True


@linux
@pytest.mark.linux
def test_a_list_of_processes_without_this_one_is_not_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert os.getpid() in visibility.read_pids()
    monkeypatch.setattr(os, "listdir", lambda _: ["1", "self", "2"])
    with pytest.raises(OSError, match="ends early"):
        visibility.read_pids()
    assert visibility.read_pids("/elsewhere") == [1, 2]
