"""The running kernel's answers about our own sockets, compared with the sockets themselves."""

import os
import socket
import sys
from contextlib import ExitStack

import pytest

from portsock.enums import Need
from portsock.model import Family, InetEndpoint, NetlinkEndpoint, State, UnixEndpoint
from portsock.records import Request, SocketRecord
from portsock.sources.linux.netlink import dump

pytestmark = [
    pytest.mark.linux,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the Linux kernel"),
]


def records_of(request: Request) -> dict[int, SocketRecord]:
    return {record.inode: record for record in dump(request).sockets if record.inode is not None and not record.subflow_of}


def inode(sock: socket.socket) -> int:
    return os.fstat(sock.fileno()).st_ino


def test_tcp_sockets_of_both_families_are_found() -> None:
    with ExitStack() as held:
        for family, address, ours in ((socket.AF_INET, "127.0.0.1", Family.IPV4), (socket.AF_INET6, "::1", Family.IPV6)):
            listener = held.enter_context(socket.create_server((address, 0), family=family, backlog=3))
            client = held.enter_context(socket.create_connection(listener.getsockname()[:2]))
            server = held.enter_context(listener.accept()[0])
            client.sendall(b"12345")
            server.recv(5, socket.MSG_PEEK)
            found = records_of(Request(frozenset({"tcp"})))
            one, other, taken = (found[inode(sock)] for sock in (listener, client, server))
            ends = [InetEndpoint(*sock.getsockname()[:2]) for sock in (listener, client)]
            assert (one.family, one.state, one.local, one.remote) == (ours, State.LISTEN, ends[0], None)
            assert (one.accept_queue, one.accept_limit) == (0, 3)
            assert (other.state, other.local, other.remote) == (State.ESTABLISHED, ends[1], ends[0])
            assert (taken.local, taken.remote, taken.recv_q) == (ends[0], ends[1], 5)
            assert taken.uid == os.getuid()


def test_only_requested_states_are_returned() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        listening = records_of(Request(frozenset({"tcp"}), states=frozenset({State.LISTEN})))
        connected = records_of(Request(frozenset({"tcp"}), states=frozenset({State.ESTABLISHED})))
        assert inode(listener) in listening
        assert inode(listener) not in connected
        assert inode(client) in connected
        assert {record.state for record in listening.values()} == {State.LISTEN}


def test_a_bound_socket_that_does_not_listen_is_bound() -> None:
    if tuple(map(int, os.uname().release.split("-")[0].split(".")[:2])) < (6, 8):
        pytest.skip("kernels before 6.8 do not tell of them")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        found = records_of(Request(frozenset({"tcp"}), states=frozenset({State.BOUND})))
        assert found[inode(bound)].state is State.BOUND
        assert found[inode(bound)].local == InetEndpoint(*bound.getsockname())


def test_a_cookie_equals_the_socket_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        so_cookie = 57
        expected = int.from_bytes(listener.getsockopt(socket.SOL_SOCKET, so_cookie, 8), sys.byteorder)
        assert records_of(Request(frozenset({"tcp"})))[inode(listener)].cookie == expected


def test_unix_sockets_have_their_peers() -> None:
    one, other = socket.socketpair()
    with one, other, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as named:
        named.bind(f"\0portsock-{os.getpid()}".encode())
        found = records_of(Request(frozenset({"unix"})))
        assert found[inode(one)].peer_inode == inode(other)
        assert found[inode(other)].peer_inode == inode(one)
        assert found[inode(named)].local == UnixEndpoint(f"portsock-{os.getpid()}".encode(), True)
        assert found[inode(named)].state is State.UNCONN


def test_netlink_sockets_are_listed_without_our_own() -> None:
    sock_diag = 4
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as ours:
        ours.bind((0, 0))
        found = dump(Request(frozenset({"netlink"})))
        if found.missing:
            pytest.skip("this kernel has no netlink_diag")
        ends = {record.local for record in found.sockets}
        assert NetlinkEndpoint(socket.NETLINK_ROUTE, ours.getsockname()[0], 0) in ends
        assert NetlinkEndpoint(sock_diag, os.getpid(), 0) not in ends  # the port id that the kernel gives first


def test_details_are_returned_on_request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"abc")
        request = Request(frozenset({"tcp"}), frozenset({Family.IPV4}), needs=frozenset({Need.INFO, Need.MEMORY}))
        record = records_of(request)[inode(client)]
    assert record.info is not None
    assert record.info["bytes_sent"] == 3
    assert record.memory is not None
    assert record.memory.send_max > 0
