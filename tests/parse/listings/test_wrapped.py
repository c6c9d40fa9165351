"""Listings in what people paste them in: they are read as without it, or it is said that they are not.

PORTSOCK_LONG prints the table of all wrappers and all listings.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.wrappers.hosts import SeveralHosts
from portsock.port_numbers import EMPTY
from tests.support.live import takes_long
from tests.support.wrapped import WRAPPERS, Lines

FIXTURES = Path(__file__).parents[2] / "fixtures"
QUICK = ("linux/ss-tuanp.out", "linux/netstat-anp.out", "windows/netstat-ano.txt", "lsof/lsof-nP.txt")
LISTINGS = (
    *QUICK, "linux/ss-tan.out", "linux/ss-tua.out", "linux/ss-tOaneopmi.out", "linux/netstat-aneop.out", "linux/proc-tcp.out",
    "linux/proc-udp6.out", "linux/busybox-netstat-an.out", "lsof/lsof-macos-i.txt", "lsof/lsof-nPE.txt",
    "lsof/lsof-nPKRg-Tqs.txt",
    "macos/netstat-an.txt", "freebsd/netstat-an.txt", "freebsd/sockstat.txt", "windows/netstat-anob.txt",
    "windows/netstat-ano-german.txt", "windows/powershell-list.txt", "windows/powershell.csv", "windows/powershell.json",
    "json/osquery-listening-ports.json", "json/psutil-objects.json", "json/psutil-script.txt", "lsof/lsof-J.json",
)  # fmt: skip
"""Listings whose names and paths have no line ends, which no wrapper keeps."""
RIGHT_IN = (
    "journald", "syslog 5424", "kubectl --prefix", "docker compose", "teleport", "ssm", "iso time", "cat -n", "grep -n",
    "grep -H",
    "#>", "# ", "// ", "- ", "* ", "numbers.", "> > > > > ", "frame", "[quote]", "html", "html br", "backticks", "ansible",
    "ansible lines", "ansible ad-hoc", "ansible ad-hoc json", "4 spaces", "quoted strings", "journald + html",
)  # fmt: skip


def listing(name: str) -> Lines:
    return (FIXTURES / name).read_text("utf-8", "surrogateescape").rstrip("\n").split("\n")


def read(lines: Lines) -> tuple[Counter[str], list[str]]:
    """Return the sockets, and what is said of the rest: notices that make the answer incomplete, or the refusal."""
    capture = Capture(EMPTY)
    try:
        records = list(capture.read(lines))
    except (UsageError, SeveralHosts) as refusal:
        return Counter(), [str(refusal)]
    return Counter(map(repr, records)), [notice.message for notice in capture.notices() if notice.incomplete]


def judge(name: str, wrapper: str) -> str:
    lines = listing(name)
    plain, said = read(lines)
    assert plain, name
    wrapped, then = read(WRAPPERS[wrapper](lines))
    return "right" if (wrapped, then) == (plain, said) else "reported" if len(then) > len(said) else "silent"


@pytest.mark.parametrize("name", QUICK)
def test_a_wrapped_listing_is_read_as_without_wrapper(name: str) -> None:
    assert {wrapper: judge(name, wrapper) for wrapper in RIGHT_IN} == dict.fromkeys(RIGHT_IN, "right")


@pytest.mark.parametrize("name", QUICK)
def test_no_wrapper_loses_anything_silently(name: str) -> None:
    others = [wrapper for wrapper in WRAPPERS if wrapper not in RIGHT_IN]
    assert [wrapper for wrapper in others if judge(name, wrapper) == "silent"] == []


def outcomes() -> Iterator[tuple[str, str, str]]:
    for name in LISTINGS:
        for wrapper in WRAPPERS:
            yield name, wrapper, judge(name, wrapper)


@takes_long
def test_every_wrapper_around_every_listing(capsys: pytest.CaptureFixture[str]) -> None:
    table = list(outcomes())
    letters = {"right": "+", "reported": "r", "silent": "S"}
    with capsys.disabled():
        for wrapper in WRAPPERS:
            print(f"\n{wrapper:22}", "".join(letters[kind] for _, each, kind in table if each == wrapper), end="")
        print(f"\n{Counter(kind for *_, kind in table)}")
    assert [row[:2] for row in table if row[2] == "silent"] == []
