"""MPTCP sockets and their TCP subflows are listed once."""

import socket
import sys

import pytest

from portsock.model import Family, InetEndpoint, State
from portsock.normalize.snapshot import normalize
from portsock.query.answer import select
from portsock.query.query import Query
from portsock.records import Request
from portsock.sources.linux import collect, netlink

_MPTCP = 262


def _pair() -> tuple[socket.socket, socket.socket, socket.socket]:
    if not sys.platform.startswith("linux"):
        pytest.skip("MPTCP is Linux's")
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, _MPTCP)
    except OSError as error:
        pytest.skip(f"no MPTCP here: {error}")
    listener.bind(("127.0.0.1", 0))
    listener.listen(4)
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, _MPTCP)
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    return listener, client, server


def _inode(opened: socket.socket) -> int:
    import os

    return os.fstat(opened.fileno()).st_ino


@pytest.mark.linux
def test_subflows_name_their_mptcp_socket() -> None:
    listener, client, server = _pair()
    with listener, client, server:
        inodes = {_inode(item) for item in (listener, client, server)}
        found = netlink.dump(Request(frozenset({"tcp", "mptcp"})))
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
    listener, client, server = _pair()
    with listener, client, server:
        inode = _inode(client)
        query = Query(all_families=True) if protocols is None else Query(protocols=frozenset(protocols))
        snapshot = normalize([collect.collect(Request(frozenset({"tcp", "mptcp"}), owners="none"))])
        assert [item.protocol for item in select(snapshot, query, side="either") if item.inode == inode] == expected


@pytest.mark.linux
def test_an_unaccepted_connection_is_listed_once() -> None:
    listener, client, server = _pair()
    with listener, client, server, socket.socket(socket.AF_INET, socket.SOCK_STREAM, _MPTCP) as waiting:
        waiting.connect(listener.getsockname())
        ours = InetEndpoint(*waiting.getsockname())
        snapshot = normalize([collect.collect(Request(frozenset({"tcp", "mptcp"}), owners="none"))])
        found = [item for item in select(snapshot, Query(all_families=True), side="either") if item.remote == ours]
        assert [(item.protocol, item.state) for item in found] == [("mptcp", State.ESTABLISHED)]
