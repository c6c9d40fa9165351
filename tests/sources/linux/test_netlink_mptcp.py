"""MPTCP sockets and their TCP subflows are listed once."""

import os
import socket
import sys
from collections.abc import Callable
from typing import TypeVar

import pytest

from portsock.model import Family, InetEndpoint, Socket, State
from portsock.normalize.snapshot import normalize
from portsock.query.answer import select
from portsock.query.query import Query
from portsock.records import Request
from portsock.sources.linux import collect, netlink
from tests.support.bind_lab import in_namespace

_MPTCP = 262
_Result = TypeVar("_Result")


@pytest.fixture(autouse=True)
def needs_mptcp() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux has MPTCP")
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, _MPTCP).close()
    except OSError as error:
        pytest.skip(f"no MPTCP here: {error}")


def undisturbed(work: Callable[[], _Result]) -> _Result:
    """Call it in a network namespace of its own, as root: a dump may miss sockets while other programs open and close some."""
    return in_namespace(work) if os.geteuid() == 0 else work()


def _pair() -> tuple[socket.socket, socket.socket, socket.socket]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, _MPTCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(4)
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, _MPTCP)
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    return listener, client, server


def _inode(opened: socket.socket) -> int:
    return os.fstat(opened.fileno()).st_ino


@pytest.mark.linux
def test_subflows_name_their_mptcp_socket() -> None:
    def dump() -> tuple[set[int], netlink.Dump]:
        listener, client, server = _pair()
        with listener, client, server:
            inodes = {_inode(item) for item in (listener, client, server)}
            return inodes, netlink.dump(Request(frozenset({"tcp", "mptcp"})))

    inodes, found = undisturbed(dump)
    if ("mptcp", Family.IPV4) in found.missing:
        pytest.skip("this kernel has no mptcp_diag")
    ours = [record for record in found.sockets if record.inode in inodes]
    assert {record.inode for record in ours if record.protocol == "mptcp"} == inodes
    subflows = [record for record in ours if record.protocol == "tcp"]
    assert {record.subflow_of for record in subflows} == inodes
    assert all(record.subflow_of == record.inode for record in subflows)
    assert all(record.subflow_of is None for record in ours if record.protocol == "mptcp")


@pytest.mark.linux
@pytest.mark.parametrize(
    ("protocols", "expected"), [((), ["tcp"]), (("mptcp",), ["mptcp"]), (("tcp",), ["tcp"]), (None, ["mptcp"])]
)
def test_each_connection_is_listed_once_for_any_selection(protocols: tuple[str, ...] | None, expected: list[str]) -> None:
    query = Query(all_families=True) if protocols is None else Query(protocols=frozenset(protocols))

    def selected() -> list[str]:
        listener, client, server = _pair()
        with listener, client, server:
            return [item.protocol for item in _collected(query) if item.inode == _inode(client)]

    assert undisturbed(selected) == expected


@pytest.mark.linux
def test_an_unaccepted_connection_is_listed_once() -> None:
    def selected() -> list[tuple[str, State | None]]:
        listener, client, server = _pair()
        with listener, client, server, socket.socket(socket.AF_INET, socket.SOCK_STREAM, _MPTCP) as waiting:
            waiting.connect(listener.getsockname())
            remote = InetEndpoint(*waiting.getsockname())
            return [(item.protocol, item.state) for item in _collected(Query(all_families=True)) if item.remote == remote]

    assert undisturbed(selected) == [("mptcp", State.ESTABLISHED)]


def _collected(query: Query) -> list[Socket]:
    snapshot = normalize([collect.collect(Request(frozenset({"tcp", "mptcp"}), owners="none"))])
    return list(select(snapshot, query, side="either"))
