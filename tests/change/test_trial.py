"""Real servers: a restart is no change, and each real change is exactly one."""

import pytest

from tests.support.live import as_root, on_linux, runs_as, takes_long
from tests.support.servers import NEEDED, found, trial

EXPECTED: dict[str, tuple[int, list[list[object]], list[list[str]]]] = {
    "restart": (0, [], []),
    "nobody before": (3, [], [["owners", "old"]]),
    "nobody before, programs left out": (0, [], []),
    "nobody after": (3, [], [["owners", "new"]]),
    "a new listener": (1, [["opened", 9999]], []),
    "loopback to all": (1, [["widened", 6379]], []),
    "another user": (1, [["user", 6379]], []),
    "another binary": (1, [["program", 6379]], []),
    "a binary replaced while it runs": (1, [["program", 6379]], []),
    "a server that ended": (1, [["closed", 6379]], []),
}
"""What somebody who knows the servers expects, written down before the first run: status, changes, what is blind."""


@takes_long
@on_linux
@as_root
@pytest.mark.skipif(not all(map(found, NEEDED)), reason=f"needs {', '.join(NEEDED)}")
def test_each_restart_of_real_servers_is_no_change_and_each_change_is_one() -> None:
    if not runs_as(65534):
        pytest.skip("nobody cannot run this Python")
    seen = trial(20)
    assert [each["case"] for each in seen] == ["restart"] * 20 + list(EXPECTED)[1:]
    wrong = [each for each in seen if (each["status"], each["changes"], each["blind"]) != EXPECTED[each["case"]]]
    assert wrong == []
