"""/proc/PID/mountinfo: its lines end only at newlines. Names may contain other characters at which str.splitlines() splits."""

import pytest

from portsock.parse.proc.mountinfo import parse_hidepid, parse_mounts, parse_namespaces

ODD = ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"]


@pytest.mark.parametrize("odd", ODD)
def test_a_mount_point_may_contain_other_line_separators(odd: str) -> None:
    text = (
        f"24 1 0:22 / /mnt/a{odd}30 1 0:5 / /proc rw - proc proc rw,hidepid=2\n"
        f"25 1 0:4 net:[4026531999] /run/netns/a{odd}b rw - nsfs nsfs rw\n"
        "26 1 0:23 / /proc rw - proc proc rw\n"
    )
    found = parse_hidepid(text, "/proc")
    assert found is not None
    assert found.mode == 0
    assert parse_namespaces(text, "net") == [(4026531999, f"/run/netns/a{odd}b")]
    assert {mount.number: mount.device for mount in parse_mounts(text)} == {24: (0, 22), 25: (0, 4), 26: (0, 23)}
