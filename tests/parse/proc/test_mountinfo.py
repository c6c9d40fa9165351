"""Lines of kernel and JSON text end at a newline only: names in them may hold what str.splitlines() takes for an end."""

import pytest

from portsock.parse.listings.json_text import load
from portsock.parse.proc.mountinfo import device_of, parse_hidepid, parse_namespaces
from portsock.port_numbers import parse_services

ODD = ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"]


@pytest.mark.parametrize("odd", ODD)
def test_a_mount_point_may_hold_what_ends_lines_elsewhere(odd: str) -> None:
    text = (
        f"24 1 0:22 / /mnt/a{odd}30 1 0:5 / /proc rw - proc proc rw,hidepid=2\n"
        f"25 1 0:4 net:[4026531999] /run/netns/a{odd}b rw - nsfs nsfs rw\n"
        "26 1 0:23 / /proc rw - proc proc rw\n"
    )
    found = parse_hidepid(text, "/proc")
    assert found is not None
    assert found.mode == 0
    assert parse_namespaces(text, "net") == [(4026531999, f"/run/netns/a{odd}b")]
    assert device_of(text, 30) is None
    assert device_of(text, 26) == (0, 23)


@pytest.mark.parametrize("odd", ["\x85", "\u2028"])
def test_json_lines_end_at_newlines_only(odd: str) -> None:
    assert load(f'{{"a": "x{odd}y"}}\n{{"a": 1}}\n') == [{"a": f"x{odd}y"}, {"a": 1}]


def test_a_services_file_of_windows_is_read() -> None:
    services = parse_services("http 80/tcp www\r\nsmtp 25/tcp\x0c\r\n")
    assert (services.name("tcp", 80), services.name("tcp", 25)) == ("http", "smtp")
    assert services.names() == ["http", "smtp", "www"]
