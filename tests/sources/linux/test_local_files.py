"""Paths that other processes chose."""

import os
import sys
from pathlib import Path

import pytest

from portsock.sources.linux.local_files import NotLocalError, mount_of, open_path

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's /proc")


def opened(path: Path | str, home: str = "/proc/self") -> str:
    with open_path(os.fsencode(path), home) as found:
        return os.readlink(f"/proc/self/fd/{found.descriptor}")


def process(directory: Path, mountinfo: str) -> str:
    """Return the directory of a made-up process in our mount namespace, with this list of mounts."""
    (directory / "ns").mkdir(parents=True)
    (directory / "ns" / "mnt").symlink_to(os.readlink("/proc/self/ns/mnt"))
    (directory / "root").symlink_to("/")
    (directory / "mountinfo").write_text(mountinfo, encoding="utf-8")
    return str(directory)


OWN_MOUNTS = Path("/proc/self/mountinfo").read_text(encoding="utf-8") if sys.platform.startswith("linux") else ""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("text", encoding="ascii")
    (tmp_path / "relative").symlink_to("a/b")
    (tmp_path / "absolute").symlink_to(tmp_path / "a" / "b")
    (tmp_path / "up").symlink_to("a/../relative/../b/./file")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "above").symlink_to("../" * 60 + str(tmp_path).lstrip("/") + "/a")
    return tmp_path


@pytest.mark.parametrize("name", ["a/b/file", "relative/file", "absolute/file", "a/../a//b/./file", "up", "above/b/file"])
def test_links_and_dots_lead_where_the_kernel_would_go(tree: Path, name: str) -> None:
    assert opened(tree / name) == os.path.realpath(tree / name) == str(tree / "a" / "b" / "file")


@pytest.mark.parametrize(
    ("name", "error"), [("gone", FileNotFoundError), ("a/b/file/x", NotADirectoryError), ("circle", OSError)]
)
def test_errors_are_those_of_open(tree: Path, name: str, error: type[OSError]) -> None:
    with pytest.raises(error):
        opened(tree / name)


@pytest.mark.parametrize("kind", ["nfs4", "fuse.sshfs", "autofs", "9p", "cifs"])
@pytest.mark.parametrize("name", ["a/b", "a/b/file", "relative/file", "absolute"])
def test_a_mount_of_another_program_or_the_network_is_not_entered(tree: Path, tmp_path: Path, kind: str, name: str) -> None:
    mounts = f"{OWN_MOUNTS}999999 1 0:99 / {tree}/a/b rw - {kind} x rw\n"
    home = process(tmp_path / "50", mounts)
    with pytest.raises(NotLocalError, match=kind):
        opened(tree / name, home)
    assert opened(tree / "a", home) == str(tree / "a")


def test_a_file_is_judged_by_the_mount_that_it_is_really_on(tree: Path, tmp_path: Path) -> None:
    """As where a mount has been moved since the list was read."""
    with open_path(os.fsencode(tree)) as found:
        number = mount_of(found.descriptor)
    lines = [line for line in OWN_MOUNTS.splitlines() if int(line.split()[0]) == number]
    before, _, after = lines[0].partition(" - ")
    other = OWN_MOUNTS.replace(lines[0], f"{before} - fuse {after.partition(' ')[2]}")
    with pytest.raises(NotLocalError, match="fuse"):
        opened(tree / "a", process(tmp_path / "50", other))


def test_a_mount_list_that_cannot_be_read_is_no_missing_path(tree: Path, tmp_path: Path) -> None:
    home = process(tmp_path / "50", OWN_MOUNTS)
    (tmp_path / "50" / "mountinfo").unlink()
    with pytest.raises(OSError, match="mountinfo") as raised:
        opened(tree / "a", home)
    assert not isinstance(raised.value, FileNotFoundError)
