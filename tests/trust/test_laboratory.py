"""The attacks of the laboratory do what the other tests rely on, and without them an answer is complete."""

import time
from pathlib import Path

import pytest

from tests.support.attacks.laboratory import attack, limited
from tests.support.fuse import mounted, require_fuse
from tests.support.live import as_root, on_linux

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]


def test_the_command_line_of_a_hung_process_cannot_be_read_and_its_stat_can() -> None:
    require_fuse()
    with attack("hung", 1, "hung", "stop") as place:
        (pid,) = place.pids("hung").values()
        for name, hangs in (("cmdline", True), ("environ", True), ("stat", False), ("comm", False), ("cgroup", False)):
            done = limited(["cat", f"/proc/{pid}/{name}"], place.enter, seconds=0.3)
            assert (done.status is None) == hangs, name


def test_a_declared_command_line_is_what_proc_shows() -> None:
    with attack("huge_argv", 1 << 31, 1, "bomb") as place:
        (pid,) = place.pids("huge").values()
        counted = limited(["sh", "-c", f"head -c 300000000 /proc/{pid}/cmdline | wc -c"], place.enter)
    assert counted.stdout.strip() == "300000000"


def test_an_answer_beside_no_attack_is_complete() -> None:
    with attack("huge_argv", 0, 1, "harmless") as place:
        answer = place.portsock("ports", "-l", "--json").json
    assert answer["complete"]
    assert answer["notices"] == []


def test_a_silent_file_system_holds_up_a_look_up_and_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    require_fuse()
    path = tmp_path / "mount"
    path.mkdir()
    with mounted(path, {"file": b"content"}) as mount:
        assert (path / "file").read_bytes() == b"content"
        mount.mute()
        started = time.monotonic()
        assert limited(["stat", str(path / "file")], seconds=0.3).status is None
        assert mount.touched()
    assert list(path.iterdir()) == []
    assert time.monotonic() - started < 5
