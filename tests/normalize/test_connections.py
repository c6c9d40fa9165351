"""Connections out of sockets."""

from portsock.model import InetEndpoint, Netns, Role, State
from portsock.normalize.connections import connections, far_state, without_further_subflows
from tests.support.explain_factory import seen, unix
from tests.support.factory import tcp

SERVER, CLIENT = InetEndpoint("127.0.0.1", 80), InetEndpoint("127.0.0.1", 50000)


def test_both_ends_on_one_host_are_one_connection_seen_from_the_server() -> None:
    snapshot = seen([tcp("0.0.0.0:80"), tcp("127.0.0.1:50000", "127.0.0.1:80"), tcp("127.0.0.1:80", "127.0.0.1:50000")])
    (found,) = connections(socket for socket in snapshot.sockets if socket.state is State.ESTABLISHED)
    assert (found.protocol, found.local, found.remote) == ("tcp", SERVER, CLIENT)
    assert [socket.role for socket in found.sockets] == [Role.SERVER, Role.CLIENT]


def test_one_endpoint_can_take_part_in_several_connections() -> None:
    snapshot = seen([tcp("10.0.0.7:80", f"10.0.0.9:{port}", inode=port) for port in (40000, 40001)])
    assert [len(found.sockets) for found in connections(snapshot.sockets)] == [1, 1]


def test_unix_ends_belong_together_by_their_inodes() -> None:
    server = unix(b"/run/x.sock", State.ESTABLISHED, inode=1, peer_inode=2)
    client = unix(None, State.ESTABLISHED, inode=2, peer_inode=1, local=None, role=Role.CLIENT)
    (found,) = connections([client, server])
    assert found.sockets == (server, client)


def test_the_same_ends_in_two_namespaces_are_two_connections() -> None:
    records = [tcp("10.0.0.1:80", "10.0.0.2:4000", netns=Netns(number), inode=number) for number in (1, 2)]
    assert len(connections(seen(records).sockets)) == 2


def test_the_state_of_the_other_end_is_that_of_its_own_socket() -> None:
    near, far = tcp("127.0.0.1:80", "127.0.0.1:50000", inode=1), tcp("127.0.0.1:50000", "127.0.0.1:80", inode=2)
    server, client = seen([near, far._replace(state=State.CLOSE_WAIT)]).sockets
    stranger = client._replace(inode=3, state=State.FIN_WAIT_1)
    assert far_state(server, [stranger, server, client]) is State.CLOSE_WAIT
    assert far_state(server, [stranger]) is None


def test_the_subflows_of_an_mptcp_connection_are_one_connection() -> None:
    ends = [("10.0.0.1:40000", "10.0.0.2:80"), ("10.0.1.1:40001", "10.0.0.2:80"), ("10.0.1.1:40002", "10.0.1.2:80")]
    records = [tcp(near, far, inode=1) for near, far in ends] + [tcp(far, near, inode=2) for near, far in ends]
    snapshot = seen([*records, tcp("10.0.0.1:40009", "10.0.0.2:80", inode=3)])
    assert [len(found.sockets) for found in connections(snapshot.sockets)] == [6, 1]
    assert [socket.inode for socket in without_further_subflows(snapshot.sockets)] == [1, 2, 3]


def test_sockets_without_an_inode_are_no_subflows() -> None:
    snapshot = seen([tcp("10.0.0.7:80", f"10.0.0.9:{port}", inode=None) for port in (40000, 40001)])
    assert len(connections(snapshot.sockets)) == len(without_further_subflows(snapshot.sockets)) == 2
