"""Both ends of a connection between two network namespaces are joined, unless it is not certain that they are one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from portsock.model import Socket, State
from portsock.normalize.snapshot import normalize
from portsock.records import Request, SocketRecord
from portsock.sources.linux import collect, setns
from portsock.sources.linux.joining import crossing, reuse
from tests.support.crossing_lab import CLIENT, PORT, SERVER, Pair, ip, pair
from tests.support.factory import tcp
from tests.support.live import as_root, on_linux, portsock

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


@pytest.fixture
def ends(stack: ExitStack) -> Pair:
    return pair(stack, "st")


def read(*names: str) -> dict[tuple[str | None, int | None], Socket]:
    """Return the connected sockets of these namespaces, by namespace and inode."""
    found = normalize([collect.collect(Request(frozenset({"tcp"}), netns=names, owners="walk"))])
    return {(row.netns.name, row.inode): row for row in found.sockets if row.netns and row.remote}


@pytest.mark.parametrize("every", [False, True])
def test_each_end_names_the_other_and_its_process(ends: Pair, stack: ExitStack, every: bool) -> None:
    inodes = ends.connect(stack)
    found = read("all") if every else read(*ends)
    rows = [found[place] for place in zip(ends, inodes, strict=True)]
    peers = [row.peer for row in rows]
    assert [(peer.netns.name, peer.inode) for peer in peers if peer and peer.netns] == list(
        zip(ends[::-1], inodes[::-1], strict=True)
    )
    assert [peer.owners for peer in peers if peer] == [row.owners for row in rows[::-1]]


def test_explain_shows_one_connection_with_both_processes(ends: Pair, stack: ExitStack) -> None:
    ends.connect(stack)
    chosen = [word for name in ends for word in ("--netns", name)]
    shown = portsock("explain", *chosen, f"{SERVER}:{PORT}").stdout.splitlines()
    (line,) = (line for line in shown if "ESTABLISHED" in line)
    assert CLIENT in line
    assert line.count(f"[{os.getpid()}]") == 2


def test_the_same_4_tuple_between_two_other_namespaces_joins_none(ends: Pair, stack: ExitStack) -> None:
    ends.connect(stack)
    twin = pair(stack, "uv")
    twin.connect(stack)
    for names in ((*ends, *twin), (*ends, twin.client), (*ends, twin.server)):
        assert [row.peer for row in read(*names).values() if row.peer] == [], names
    assert all(row.peer for row in read(*twin).values())


def test_the_same_addresses_with_another_port_join_the_right_ones(ends: Pair, stack: ExitStack) -> None:
    first = ends.connect(stack)
    twin = pair(stack, "uv")
    second = twin.connect(stack, 40744)
    found = read(*ends, *twin)
    for names, inodes in ((ends, first), (twin, second)):
        peers = [found[place].peer for place in zip(names, inodes, strict=True)]
        assert [(peer.netns.name, peer.inode) for peer in peers if peer and peer.netns] == list(
            zip(names[::-1], inodes[::-1], strict=True)
        )


@pytest.mark.parametrize(("end", "address"), [("client", SERVER), ("server", CLIENT)])
def test_an_address_that_the_namespace_has_itself_joins_none(ends: Pair, stack: ExitStack, end: str, address: str) -> None:
    ends.connect(stack)
    ip("-n", getattr(ends, end), "addr", "add", f"{address}/32", "dev", "lo")
    found = read(*ends)
    assert len(found) == 2
    assert [row.peer for row in found.values()] == [None, None]


def test_an_end_that_is_gone_when_the_other_was_read_joins_none(
    ends: Pair, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    inodes = ends.connect(stack)
    found = read(*ends)
    cookie = found[ends.server, inodes[0]].cookie
    monkeypatch.setattr(reuse, "present", lambda *_: {row.cookie for row in found.values()} - {cookie})
    assert [row.peer for row in read(*ends).values()] == [None, None]


def test_a_namespace_that_cannot_be_read_again_joins_none(
    ends: Pair, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends.connect(stack)
    monkeypatch.setattr(crossing, "visit", lambda found, _: [FileNotFoundError()] * len(found))
    assert [row.peer for row in read(*ends).values()] == [None, None]


def test_namespaces_that_are_read_through_a_process_are_joined_too(
    ends: Pair, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends.connect(stack)
    for name in ends:
        command = ["ip", "netns", "exec", name, "sh", "-c", "echo; exec sleep 30"]
        process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE))
        stack.callback(process.kill)
        assert process.stdout
        process.stdout.readline()  # it is in the namespace
    refused = PermissionError(1, "Operation not permitted")
    monkeypatch.setattr(setns, "_enter", lambda _: (_ for _ in ()).throw(refused))
    found = [row for (name, _), row in read("all").items() if name in ends]
    assert [row.peer is not None for row in found] == [True, True]


def place(number: int, *records: SocketRecord) -> crossing.Place:
    return crossing.Place(None, records, "netlink", number)  # type: ignore[arg-type]


def test_only_namespaces_that_are_connected_to_each_other_are_read_again() -> None:
    server = place(1, tcp("10.0.0.1:80", "10.0.0.2:4000"))
    client = place(2, tcp("10.0.0.2:4000", "10.0.0.1:80"))
    alone = place(3, tcp("127.0.0.1:80", "127.0.0.1:4000"), tcp("10.0.0.9:80", "192.0.2.1:4000"))
    listening = place(4, tcp("0.0.0.0:80"), tcp("::1:80"))
    assert crossing._linked([server, alone, client, listening]) == [server, client]
    assert crossing._linked([server, alone, listening]) == []


def test_a_handshake_joins_no_other_namespace() -> None:
    now = crossing._Now(frozenset({"10.0.0.2"}), {5})
    record = tcp("10.0.0.2:4000", "10.0.0.1:80", cookie=5)
    assert crossing._may_cross(record, now)
    assert not crossing._may_cross(record._replace(state=State.SYN_SENT), now)
    assert not crossing._may_cross(record._replace(cookie=6), now)
    assert crossing._may_cross(record._replace(cookie=6, protocol="udp"), now)
