"""Both ends of a connection are of that connection, while the same 4-tuples are used thousands of times a second.

PORTSOCK_CHURN is the number of seconds. The trial takes 60.
"""

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.crossing_lab import pair
from tests.support.live import as_root, on_linux, run, takes_long, tool

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]
SECONDS = os.environ.get("PORTSOCK_CHURN", "1")


def judge(*command: str) -> None:
    done = run([*command], seconds=float(SECONDS) + 60)
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)
    print(counted)
    assert counted["joined"] > 0
    assert counted["wrong"] == 0, counted


def test_no_socket_is_joined_with_one_of_another_connection(tmp_path: Path) -> None:
    loopback_up = 'ip link set lo up && exec "$@"'
    apart = [tool("unshare"), "-n", "sh", "-c", loopback_up, "sh"]
    judge(*apart, sys.executable, "-m", "tests.support.reuse", SECONDS, str(tmp_path))


@takes_long
def test_no_socket_is_joined_with_one_of_another_connection_in_another_namespace(tmp_path: Path) -> None:
    with ExitStack() as stack:
        names = pair(stack, "yz")
        judge(sys.executable, "-m", "tests.support.reuse", SECONDS, str(tmp_path), *names)
