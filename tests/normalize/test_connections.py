"""Connections out of sockets."""

from portsock.model import InetEndpoint, Role, State
from portsock.normalize.connections import connections
from tests.support.explain_factory import seen, unix
from tests.support.records import tcp

SERVER, CLIENT = InetEndpoint("127.0.0.1", 80), InetEndpoint("127.0.0.1", 50000)


def test_both_ends_on_one_host_are_one_connection_seen_from_the_server() -> None:
    snapshot = seen([tcp("0.0.0.0:80"), tcp("127.0.0.1:50000", "127.0.0.1:80"), tcp("127.0.0.1:80", "127.0.0.1:50000")])
    (found,) = connections(socket for socket in snapshot.sockets if socket.state is State.ESTABLISHED)
    assert (found.protocol, found.local, found.remote) == ("tcp", SERVER, CLIENT)
    assert [socket.role for socket in found.sockets] == [Role.SERVER, Role.CLIENT]


def test_one_endpoint_can_take_part_in_several_connections() -> None:
    snapshot = seen([tcp("10.0.0.7:80", "10.0.0.9:40000"), tcp("10.0.0.7:80", "10.0.0.9:40001")])
    assert [len(found.sockets) for found in connections(snapshot.sockets)] == [1, 1]


def test_unix_ends_belong_together_by_their_inodes() -> None:
    server = unix(b"/run/x.sock", State.ESTABLISHED, inode=1, peer_inode=2)
    client = unix(None, State.ESTABLISHED, inode=2, peer_inode=1, local=None, role=Role.CLIENT)
    (found,) = connections([client, server])
    assert found.sockets == (server, client)
