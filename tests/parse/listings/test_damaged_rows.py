"""One value of one row is damaged: the row is still read, or it is counted. No row vanishes."""

import random
from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.wrappers.hosts import SeveralHosts
from portsock.port_numbers import EMPTY

FIXTURES = sorted(
    path
    for folder in ("freebsd", "linux", "lsof", "macos", "windows", "bsd", "aix", "solaris")
    for path in (Path(__file__).parents[2] / "fixtures" / folder).glob("*.*")
    if path.suffix in (".txt", ".out") and "-F" not in path.name
)
VALUES = ("x", "??", "1x", "-5", "9" * 23, "a b", "1.2.3.4.5:80:9")


def read(lines: list[str]) -> tuple[int, list[str]]:
    """The number of sockets, and what is said."""
    capture = Capture(EMPTY)
    try:
        sockets = len(list(capture.read(lines)))
    except (UsageError, SeveralHosts) as refusal:
        return 0, [str(refusal)]
    return sockets, [notice.message for notice in capture.notices() if notice.incomplete]


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_a_row_with_a_damaged_value_is_read_or_counted(path: Path) -> None:
    lines = path.read_text("utf-8", "surrogateescape").rstrip("\n").split("\n")
    sockets, said = read(lines)
    chance = random.Random(path.name)  # noqa: S311 - the same damage in every run
    for _ in range(8):
        at = chance.randrange(len(lines))
        words = lines[at].split(" ")
        values = [place for place, word in enumerate(words) if any(map(str.isdigit, word))]
        if not values:
            continue
        words[chance.choice(values)] = chance.choice(VALUES)
        damaged = [*lines[:at], " ".join(words), *lines[at + 1 :]]
        found, then = read(damaged)
        assert found >= sockets or then not in ([], said), damaged[at]


@pytest.mark.parametrize(
    "lines",
    [
        ["ESTAB 0 0 192.0.2.1:5 192.0.2.2:10", "ESTAB x 0 192.0.2.1:5 192.0.2.2:11"],
        ["sctp 0 0 192.0.2.1:5 192.0.2.2:10 ESTABLISHED", "sctp 0 4 x 192.0.2.2:11 ESTABLISHED"],
        ["web 7 root 3u IPv4 100 0t0 TCP 192.0.2.1:80 (LISTEN)", "web 7 root -5 IPv4 101 0t0 TCP 192.0.2.1:81 (LISTEN)"],
    ],
    ids=["ss", "SCTP", "lsof"],
)  # fmt: skip
def test_a_damaged_row_is_no_rest_of_the_row_before_it(lines: list[str]) -> None:
    assert read(lines) == (1, ["1 line was not understood and skipped: line 2"])
