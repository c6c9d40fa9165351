"""A 4-tuple that is used again between the readings of its two ends joins nothing; a connection that lasts is joined."""

import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from portsock.model import Netns, Socket, State
from portsock.normalize.snapshot import normalize
from portsock.records import Request, lasting_number
from portsock.sources import system
from portsock.sources.linux import collect, netlink, procfs
from portsock.sources.linux.joining import reuse
from portsock.sources.linux.netns import Namespace
from tests.support.factory import tcp
from tests.support.live import on_linux

pytestmark = [pytest.mark.linux, on_linux]
RESET = struct.pack("ii", 1, 0)
TCP = Request(frozenset({"tcp"}), owners="none")
BACKENDS = pytest.mark.parametrize("backend", ["netlink", "procfs"])


class Ends(NamedTuple):
    """A listener on both families, and a connection to it over IPv4: the client's socket is listed before the server's."""

    listener: socket.socket
    open: list[socket.socket]
    """The client's and the server's socket."""

    @property
    def ports(self) -> set[tuple[int, int]]:
        """The local and the remote port of both."""
        port, server = self.open[0].getsockname()[1], self.listener.getsockname()[1]
        return {(port, server), (server, port)}

    def connect(self, port: int = 0) -> None:
        """Connect, from this port."""
        client = socket.socket()
        self.open.append(client)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.bind(("127.0.0.1", port))
        client.connect(("127.0.0.1", self.listener.getsockname()[1]))
        self.open.append(self.listener.accept()[0])

    def close(self) -> None:
        """Close both; the client's port is free at once."""
        for end in self.open:
            end.close()
        self.open.clear()

    def again(self) -> None:
        """Close the connection and make the next one with the same 4-tuple."""
        port = self.open[0].getsockname()[1]
        self.close()
        self.connect(port)


@pytest.fixture
def ends() -> Iterator[Ends]:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        made = Ends(listener, [])
        made.connect()
        yield made
        made.close()


def between(patch: pytest.MonkeyPatch, backend: str, happen: Callable[[], object]) -> list[None]:
    """Have something happen after the first table has been read. Returns a list with an item for each table that is read."""
    read: list[None] = []
    owner: Any = netlink.Reader if backend == "netlink" else procfs
    name = "read" if backend == "netlink" else "_parser"
    first = getattr(owner, name)

    def reading(*arguments: Any) -> Any:
        read.append(None)
        answer = first(*arguments)
        if len(read) == 1:
            happen()
        return answer

    patch.setattr(owner, name, reading)
    return read


def count(patch: pytest.MonkeyPatch, number: Callable[[], int | None]) -> None:
    """Have the kernel's count of connections be this number."""
    for module in (system, reuse):
        patch.setattr(module, "passive_opens", lambda *_: number())


def read(ends: Ends, backend: str) -> list[Socket]:
    """Read the sockets and return both ends of the connection as they are listed."""
    ports = ends.ports
    sockets = normalize([collect.collect(TCP, backend)]).sockets
    return [row for row in sockets if (getattr(row.local, "port", 0), getattr(row.remote, "port", 0)) in ports]


@BACKENDS
def test_two_connections_with_the_same_4_tuple_are_not_joined(
    ends: Ends, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    between(monkeypatch, backend, ends.again)
    found = read(ends, backend)
    assert len(found) == 2
    assert [row.peer for row in found] == [None, None]


@BACKENDS
def test_a_connection_that_lasts_is_joined_whatever_else_begins(
    ends: Ends, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Ends(ends.listener, [])
    between(monkeypatch, backend, other.connect)
    client, server = read(ends, backend)
    other.close()
    assert client.peer is not None
    assert server.peer is not None
    assert (client.peer.inode, server.peer.inode) == (server.inode, client.inode)


def test_the_sockets_are_read_once_where_no_connection_begins(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    count(monkeypatch, lambda: 7)
    tables = between(monkeypatch, "netlink", lambda: None)
    assert all(row.peer for row in read(ends, "netlink"))
    assert len(tables) == 2


def test_an_unknown_number_of_connections_has_the_sockets_read_again(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    count(monkeypatch, lambda: None)
    tables = between(monkeypatch, "netlink", lambda: None)
    assert all(row.peer for row in read(ends, "netlink"))
    assert len(tables) == 4


def test_listeners_alone_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    count(monkeypatch, lambda: pytest.fail("asked"))
    collect.collect(TCP._replace(states=frozenset({State.LISTEN, State.BOUND, State.CLOSED})))
    collect.collect(Request(frozenset({"udp", "unix"}), owners="none"))


@pytest.mark.parametrize(("far", "apart"), [(State.TIME_WAIT, True), (State.ESTABLISHED, True), (State.SYN_RECV, False)])
def test_a_client_in_its_handshake_is_not_joined_with_what_an_earlier_one_left(
    far: State, apart: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = tcp("127.0.0.1:4000", "127.0.0.1:80", State.SYN_SENT, cookie=1)
    server = tcp("127.0.0.1:80", "127.0.0.1:4000", far, cookie=2)
    count(monkeypatch, lambda: 7)
    monkeypatch.setattr(netlink, "cookies", lambda _: {1, 2})
    assert reuse.find_apart([client, server], 7, TCP, "netlink") == ({1} if apart else frozenset())


def test_a_handshake_with_another_host_has_nothing_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    count(monkeypatch, lambda: 7)
    monkeypatch.setattr(netlink, "cookies", lambda _: pytest.fail("read again"))
    client = tcp("10.0.0.1:4000", "192.0.2.1:80", State.SYN_SENT, cookie=1)
    assert reuse.find_apart([client], 7, TCP, "netlink") == frozenset()


def test_what_cannot_be_read_again_is_not_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Request) -> set[int]:
        raise netlink.NetlinkRefused

    monkeypatch.setattr(netlink, "cookies", refuse)
    ends = [tcp("127.0.0.1:4000", "127.0.0.1:80", cookie=1), tcp("127.0.0.1:80", "127.0.0.1:4000", cookie=None, inode=9)]
    assert reuse.find_apart(ends, None, TCP, "netlink") == {1, -9} == set(map(lasting_number, ends))


def test_a_socket_without_cookie_and_inode_is_not_known_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = [tcp("127.0.0.1:4000", "127.0.0.1:80", State.TIME_WAIT, inode=None), tcp("127.0.0.1:80", "127.0.0.1:4000", inode=9)]
    monkeypatch.setattr(procfs, "dump", lambda *_, **__: procfs.Dump(ends, (), frozenset()))
    assert reuse.find_apart(ends, None, TCP, "procfs") == {0}


def test_a_namespace_that_is_read_through_a_process_joins_no_two_connections(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Namespace(Netns(1), False, (), (os.getpid(),))
    between(monkeypatch, "procfs", ends.again)
    dumped = collect._from_process(TCP, own)
    assert dumped is not None
    ports = ends.ports
    rows = [row for row in dumped.sockets if (getattr(row.local, "port", 0), getattr(row.remote, "port", 0)) in ports]
    assert len(rows) == 2
    assert not {lasting_number(row) for row in rows}.isdisjoint(dumped.apart)
