"""Listings of ss, netstat, lsof and busybox have the same sockets as the live system, except for fields that they lose."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.linux_world import APART

ROOT = Path(__file__).parents[3]
Row = list[Any]


@pytest.fixture(scope="module")
def answers() -> dict[str, list[Row]]:
    command = [*APART, sys.executable, "-m", "tests.fixtures.compare_linux"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=60)
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(f"no namespaces here: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def nothing(row: Row) -> Row:
    return row


def cut_path(row: Row) -> Row:
    """Cut a path at its first space: netstat reads /proc/net/unix by words."""
    return [row[0], row[1].partition(" ")[0], *row[2:]] if row[0] == "unix" else row


def cut_path_at_colon(row: Row) -> Row:
    """Cut a path at its first space or colon, as lsof does."""
    return [row[0], row[1].partition(" ")[0].partition(":")[0], *row[2:]] if row[0] == "unix" else row


def no_owners(row: Row) -> Row:
    return [*row[:-1], []]


@pytest.mark.root
@pytest.mark.linux
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root: namespaces of its own")
@pytest.mark.parametrize(
    ("tool", "lost"),
    [("ss", nothing), ("ss-e", nothing), ("netstat", cut_path), ("lsof", cut_path_at_colon), ("busybox", no_owners)],
)
def test_a_listing_has_the_same_sockets_as_the_live_system(
    answers: dict[str, list[Row]], tool: str, lost: Callable[[Row], Row]
) -> None:
    if shutil.which(tool.partition("-")[0]) is None:
        pytest.skip(f"{tool} is not installed")
    expected = sorted((lost(row) for row in answers["live"]), key=repr)
    assert sorted(answers[tool], key=repr) == expected
    assert len(expected) == 15
