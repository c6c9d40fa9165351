"""Answers about listings of other systems, which must not advise what only Linux has."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from portsock.endpoints import port_of
from portsock.explain.engine import explain
from portsock.explain.texts.elsewhere import SETTINGS
from portsock.explain.texts.findings import Code
from portsock.model import Host, Snapshot, Source, State
from portsock.normalize.snapshot import normalize
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.decoding import text_lines
from portsock.port_numbers import EMPTY, default_ephemeral
from portsock.query.target import parse_target
from portsock.records import SocketRecord
from tests.support.explain_factory import captured
from tests.support.factory import collection, tcp

FIXTURES = Path(__file__).parents[1] / "fixtures"
LISTINGS = sorted(path for name in ("aix", "bsd", "freebsd", "macos", "solaris", "windows")
                  for path in (FIXTURES / name).glob("*.*"))  # fmt: skip
LINUX_ONLY = re.compile(
    r"net\.ipv4|net\.core|/proc\b|\bss\b|\bnft\b|\bnstat\b|\bip (?:route|-)|systemctl|systemd|\.socket unit|namespace|io_uring"
    r"|tcp_[a-z]*(?:retries|timeout)|SO_REUSEPORT|SELinux|Landlock|CAP_|Linux"
)
RANGE = (50000, 50999)
"""The ephemeral range, a small one."""
OTHERS = [system for system in SETTINGS if system not in ("Linux", "unknown")]


def said(port: int, snapshot: Snapshot) -> str:
    """Return everything that explain says about a port, without the sockets themselves."""
    answer = explain(parse_target(str(port), EMPTY), snapshot, EMPTY)
    return repr(answer._replace(sockets=()))


def read(path: Path) -> Snapshot:
    capture = Capture(EMPTY)
    records = list(capture.read(text_lines([path.read_bytes()], 10**6)))
    assert capture.system not in ("Linux", "unknown")
    return captured(records, Host(capture.system, default_ephemeral(capture.system), True), capture.formats[0])


@pytest.mark.parametrize("path", LISTINGS, ids=lambda path: path.name)
def test_no_answer_about_a_listing_of_another_system_speaks_of_linux(path: Path) -> None:
    snapshot = read(path)
    ends = [end for socket in snapshot.sockets for end in (socket.local, socket.remote)]
    ports = {port for end in ends if (port := port_of(end)) is not None}
    assert ports
    for port in [*ports, 9]:
        assert LINUX_ONLY.findall(said(port, snapshot)) == [], port


def trouble() -> Iterator[SocketRecord]:
    """Yield sockets on port 443 that give every finding that a listing can give."""
    yield tcp("0.0.0.0:443", inode=None, accept_queue=200, accept_limit=128)
    yield tcp("[::]:50443", inode=None, v6only=False, accept_queue=20, accept_limit=128)
    for number in range(25):
        yield tcp("192.0.2.1:444", f"198.51.100.{number}:40000", State.SYN_RECV, inode=None)
        yield tcp("192.0.2.1:443", f"198.51.100.{number}:40001", State.FIN_WAIT_2, inode=None)
        yield tcp("192.0.2.1:443", f"198.51.100.{number}:40002", State.CLOSE_WAIT, inode=None, recv_q=1, send_q=99999)
        yield tcp(f"192.0.2.1:{50000 + number}", "198.51.100.9:444", State.SYN_SENT, inode=None)
    for number in range(120):
        yield tcp("192.0.2.1:443", f"198.51.100.{number}:40003", State.TIME_WAIT, inode=None)
    for number in range(RANGE[0], RANGE[1] + 1, 2):
        yield tcp(f"192.0.2.1:{number}", "198.51.100.9:445", State.ESTABLISHED, inode=None)


@pytest.mark.parametrize("system", OTHERS)
def test_no_finding_about_another_system_speaks_of_linux(system: str) -> None:
    there = Host(system, RANGE, True)
    snapshot = captured(list(trouble()), there, "netstat-other")
    texts = {port: said(port, snapshot) for port in (443, 444, 445, 50443)}
    for code in (
        Code.ACCEPT_QUEUE_FULL, Code.SYN_RECV_FLOOD, Code.FIN_WAIT_2_MANY, Code.CLOSE_WAIT_PILE_UP, Code.TIME_WAIT_MANY,
        Code.EPHEMERAL_EXHAUSTION, Code.WILDCARD_V6_TAKES_IPV4,
    ):  # fmt: skip
        assert any(f"'{code}'" in text for text in texts.values()), code
    assert [found for text in texts.values() for found in LINUX_ONLY.findall(text)] == []
    assert SETTINGS[system].widen in texts[445]
    assert SETTINGS[system].backlog in texts[443]


@pytest.mark.parametrize("system", OTHERS)
def test_commands_for_another_live_system_are_its_own(system: str) -> None:
    there = Host(system, RANGE, False)
    snapshot = normalize([collection(list(trouble()), source=Source("live", "psutil"), host=there)])
    answer = explain(parse_target("445", EMPTY), snapshot, EMPTY)
    assert SETTINGS[system].show in [command.line for command in answer.next]
    assert LINUX_ONLY.findall(repr(answer.next)) == []
