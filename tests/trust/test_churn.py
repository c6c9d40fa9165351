"""Owners are right while processes come and go, and a socket that somebody holds the whole time is never called unheld.

PORTSOCK_CHURN is the number of seconds for each kind of churn, with one run of each command at least. The trial takes 60.
It adds the fast ring, which needs many runs to show a defect.
"""

import os
import struct
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.attacks import machine_code
from tests.support.attacks.churn import COMM
from tests.support.attacks.laboratory import attack
from tests.support.live import as_root, on_linux, takes_long

pytestmark = [
    takes_long,
    pytest.mark.linux,
    pytest.mark.root,
    on_linux,
    as_root,
    pytest.mark.skipif(not machine_code.available(), reason="the churn is machine code of x86-64"),
]
SECONDS = float(os.environ.get("PORTSOCK_CHURN", "1"))
KINDS = ["forks", "chain", "ring", *(["fast_ring"] if "PORTSOCK_CHURN" in os.environ else [])]
LONGEST = 10
"""Seconds for one run on a machine whose every core is busy."""
COMMANDS = (("sockets", "--json"), ("ports", "-l", "--json"), ("sockets", "--json", "--owners", "walk"))


def faults(answer: Any, healthy: dict[int, int], handed: list[int], holders: set[int]) -> list[str]:
    """Return what is wrong with the rows of an answer."""
    rows = answer["sockets"] if "sockets" in answer else answer["ports"]
    found = []
    for row in rows:
        port = row["port"] if "port" in row else row["local"]["port"]
        pids = [owner["pid"] for owner in row["owners"]]
        names = {owner["name"] for owner in row["owners"]}
        if row["owner_status"] in ("unheld", "elsewhere"):
            found.append(f"{port} {row['state']}: {row['owner_status']}, complete {answer['complete']}")
        if row["owner_reason"] == "raced" and answer["complete"]:
            found.append(f"{port}: raced, but the answer is complete")
        if row["state"] == "LISTEN" and port in healthy and pids != [healthy[port]]:
            found.append(f"{port}: owners {pids}, not {healthy[port]}")
        if port in handed and not set(pids) <= holders:
            found.append(f"{port}: {set(pids) - holders} never held it")
        if port not in healthy and not names <= {COMM, None}:
            found.append(f"{port}: the owner is called {names}")
    missing = {*healthy, *handed} - {row.get("port") or row["local"]["port"] for row in rows}
    return [*found, *(f"{port}: missing" for port in missing)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_socket_that_is_held_the_whole_time_is_unheld_and_no_owner_is_false(kind: str, tmp_path: Path) -> None:
    wrong: list[str] = []
    runs = 0
    with attack("churn", kind, SECONDS, tmp_path) as place:
        until = time.monotonic() + SECONDS
        while runs < len(COMMANDS) or time.monotonic() < until:
            command = COMMANDS[runs % len(COMMANDS)]
            done = place.portsock(*command, seconds=LONGEST)
            assert done.status == 0, done
            runs += 1
            logged = (tmp_path / "pids").read_bytes()
            holders = {pid for (pid,) in struct.iter_unpack("=i", logged[: len(logged) // 4 * 4])}
            found = faults(done.json, place.pids("healthy"), place.facts["ports"], holders)
            wrong += [f"{command}: {text}" for text in found]
    rate = (tmp_path / "rate").read_text(encoding="ascii")
    print(f"{kind}: {runs} runs beside {rate} a second, {len(wrong)} faults")
    assert not wrong, f"{len(wrong)} faults in {runs} runs beside {rate} a second: {wrong[:5]}"
