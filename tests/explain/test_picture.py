"""The picture of an answer."""

from portsock.model import Netns
from tests.support.explain_factory import CURL, answer, seen, web
from tests.support.factory import tcp


def test_the_listener_and_what_came_to_it_are_drawn_together() -> None:
    picture = answer("80", web()).picture
    assert picture[0] == "0.0.0.0:80  LISTEN  tcp  nginx[500], nginx[501]"
    assert picture[1] == "  10.0.0.9:40000 → 10.0.0.7:80  ESTABLISHED  ? → nginx[501]"
    assert len([line for line in picture if "→ 127.0.0.1:80 " in line]) == 1


def test_many_connections_are_capped_and_counted() -> None:
    records = [tcp("0.0.0.0:80", inode=1)] + [tcp("10.0.0.7:80", f"10.0.0.9:{5000 + n}", inode=n + 2) for n in range(50)]
    picture = answer("80", seen(records, {1: 500})).picture
    assert picture[-1] == "  … and 47 more that came to it"
    assert len(picture) == 5


def test_an_unknown_direction_is_drawn_without_one() -> None:
    picture = answer("10.0.0.7:7000", seen([tcp("10.0.0.7:7000", "10.0.0.9:7000")], {1: 700})).picture
    assert picture == ("10.0.0.7:7000 ↔ 10.0.0.9:7000  ESTABLISHED  python3[700] ↔ ?",)


def test_both_processes_stand_at_their_own_ends() -> None:
    records = [
        tcp("127.0.0.1:80", inode=1),
        tcp("127.0.0.1:80", "127.0.0.1:50000", inode=2),
        tcp("127.0.0.1:50000", "127.0.0.1:80", inode=3),
    ]
    picture = answer("80", seen(records, {1: 500, 2: 500, 3: CURL.pid})).picture
    assert picture[1] == "  127.0.0.1:50000 → 127.0.0.1:80  ESTABLISHED  curl[800] → nginx[500]"


def test_a_connection_in_another_namespace_did_not_come_to_a_listener() -> None:
    blue = Netns(7, "blue")
    records = [
        tcp("0.0.0.0:80", inode=1),
        tcp("0.0.0.0:80", inode=2, netns=blue),
        tcp("10.0.0.7:80", "10.0.0.9:40000", inode=3, netns=blue),
    ]
    first, second, connection = answer("80", seen(records, {1: 500, 2: 700})).picture
    assert "nginx[500]" in first
    assert "python3[700]" in second
    assert connection.startswith("  10.0.0.9:40000 → 10.0.0.7:80")
