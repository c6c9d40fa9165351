"""The bind verdict against the kernel's own answer, over everything that can hold a port and every way of trying.

Each trial has a fresh port and a fresh socket on it: the kernel remembers at a port which options it has seen there.
"""

import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import pytest

from portsock.explain.bind.existing import inodes_in_the_way, sockets_on_port
from portsock.explain.bind.judge import judge, ways
from portsock.explain.types import Way
from portsock.model import Host, Socket
from portsock.records import Identity
from portsock.sources.linux.sockopts import options_of
from portsock.sources.linux.trial import bind_once
from tests.support import bind_lab
from tests.support.bind_lab import Bound, Options, Ports

HOST = Host("Linux", (32768, 60999), False, addresses=frozenset({"127.0.0.1", "::1"}))
ROOT = Identity(0, True)

EXISTING = (
    Bound("0.0.0.0", None, "127.0.0.1"),
    Bound("127.0.0.1", None, "127.0.0.1"),
    Bound("127.0.0.2", None, "127.0.0.2"),
    Bound("::", False, "127.0.0.1"),
    Bound("::", False, "::1"),
    Bound("::", True, "::1"),
    Bound("::1", None, "::1"),
)
OPTIONS = (Options(), Options(reuseaddr=True), Options(reuseport=True))
NEW = ("0.0.0.0", "127.0.0.1", "::1", "::")
BATCH = 300
"""Cells set up at once: their sockets are open together."""


class Cell(NamedTuple):
    """One trial: what holds the port, and who comes."""

    state: str
    bound: Bound
    options: Options
    address: str
    way: Way


class Outcome(NamedTuple):
    cell: Cell
    kernel: str | None
    ok: bool | None
    errno: str | None
    reason: str | None
    tried: str | None


Maker = Callable[[Bound, int, Options], list[socket.socket]]


def cells(states: Iterable[str]) -> Iterator[Cell]:
    for state, bound, options, address in product(states, EXISTING, OPTIONS, NEW):
        for way in ways(address):
            yield Cell(state, bound, options, address, way)


def outcomes(protocol: str, makers: dict[str, Maker], *, ask_holders: bool) -> list[Outcome]:
    """Every cell's verdict and the kernel's answer; with `ask_holders` the options of sockets in the way are read."""
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    ports = Ports()
    rest = list(cells(makers))
    found = []
    while rest:
        batch, rest = rest[:BATCH], rest[BATCH:]
        placed = [(cell, ports.fresh(), ports.fresh()) for cell in batch]
        holders = [makers[cell.state](cell.bound, port, cell.options) for cell, *both in placed for port in both]
        by_port: dict[int, list[Socket]] = {}
        for each in bind_lab.seen(protocol):
            by_port.setdefault(bind_lab.local_port(each), []).append(each)
        for cell, port, twin in placed:
            found.append(_outcome(protocol, cell, port, twin, by_port.get(port, []), ask_holders))
        for made in holders:
            for one in made:
                one.close()
    return found


def _outcome(protocol: str, cell: Cell, port: int, twin: int, near: Sequence[Socket], ask_holders: bool) -> Outcome:
    assert near, cell
    inodes = inodes_in_the_way(near, (protocol,), (cell.address,), port) if ask_holders else frozenset()
    verdict = judge(
        sockets_on_port(near, protocol, port, options_of(near, inodes), None),
        protocol,
        cell.address,
        port,
        cell.way,
        ROOT,
        HOST,
    )
    way = cell.way
    kernel = bind_lab.kernel_says(
        cell.address, port, stream=protocol == "tcp", options=Options(way.reuseaddr, way.reuseport), v6only=way.v6only
    )
    trial = bind_once(protocol, cell.address, twin, reuseaddr=way.reuseaddr, reuseport=way.reuseport, v6only=way.v6only)
    return Outcome(cell, kernel, verdict.ok, verdict.errno, verdict.reason, trial.errno)


TCP: dict[str, Maker] = {
    "listening": bind_lab.listening,
    "idle": bind_lab.idle,
    "accepted": bind_lab.accepted,
    "time_wait": bind_lab.time_wait,
}
UDP: dict[str, Maker] = {"bound": bind_lab.udp_bound}


def check(found: Sequence[Outcome], most_unknown: float) -> str:
    """Assert that no verdict contradicts the kernel and few are open; the figures, for the log."""
    wrong = [one for one in found if one.ok is not None and (one.ok, one.errno) != (one.kernel is None, one.kernel)]
    assert wrong == []
    assert [one for one in found if one.tried != one.kernel] == []
    unknown = [one for one in found if one.ok is None]
    assert all(one.reason for one in unknown)
    states = Counter(one.cell.state for one in unknown)
    share = len(unknown) / len(found)
    figures = f"{len(found)} trials, {len(wrong)} contradictions, {len(unknown)} open ({share:.1%}) {dict(states)}"
    assert share <= most_unknown, figures
    return figures


@bind_lab.needs_root
@pytest.mark.root
@pytest.mark.linux
@pytest.mark.parametrize(
    ("protocol", "makers", "ask_holders", "most_unknown"),
    [("tcp", TCP, True, 0.15), ("tcp", TCP, False, 0.50), ("udp", UDP, True, 0.0), ("udp", UDP, False, 0.50)],
    ids=["tcp", "tcp, holders not asked", "udp", "udp, holders not asked"],
)
def test_the_verdict_never_contradicts_the_kernel(
    protocol: str, makers: dict[str, Maker], ask_holders: bool, most_unknown: float
) -> None:
    found = bind_lab.in_namespace(lambda: outcomes(protocol, makers, ask_holders=ask_holders))
    print(check(found, most_unknown))
