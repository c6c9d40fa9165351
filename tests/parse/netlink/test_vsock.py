"""VM sockets from sock_diag."""

import struct

from portsock.model import Family, SocketType, State, VsockEndpoint
from portsock.parse.netlink.vsock import decode
from portsock.records import Request
from portsock.sources.linux import netlink
from tests.support.netlink_replay import Channel, done, message


def vsock_row(code: int, cid: int, port: int, peer: tuple[int, int], kind: int = 1, shutdown: int = 0) -> bytes:
    return struct.pack("=BBBBIIIIIQ", 40, kind, code, shutdown, cid, port, *peer, 77, cid ^ port)


def test_vsock_endpoints_have_a_cid_and_a_port() -> None:
    nowhere = (0xFFFFFFFF, 0xFFFFFFFF)
    rows = [vsock_row(10, 0xFFFFFFFF, 1024, nowhere), vsock_row(1, 3, 1024, (2, 5000)), vsock_row(7, 0xFFFFFFFF, 9, nowhere)]
    request = Request(frozenset({"vsock"}), frozenset({Family.VSOCK}))
    channel = Channel([b"".join(message(20, row) for row in rows) + done()])
    listening, connected, bound = netlink.dump(request, None, channel).sockets
    assert (listening.state, listening.local, listening.remote) == (State.LISTEN, VsockEndpoint(0xFFFFFFFF, 1024), None)
    assert (connected.state, connected.remote) == (State.ESTABLISHED, VsockEndpoint(2, 5000))
    assert (bound.state, bound.type, bound.inode) == (State.BOUND, SocketType.STREAM, 77)


def test_a_vsock_datagram_socket_is_unconnected_and_shutdown_is_a_mask() -> None:
    nowhere = (0xFFFFFFFF, 0xFFFFFFFF)
    rows = [vsock_row(7, 3, 9, nowhere, kind=2), vsock_row(1, 3, 1024, (2, 5000), shutdown=2)]
    size = len(rows[0])
    datagram, connected = decode(b"".join(rows), [(0, size), (size, 2 * size)], None)
    assert (datagram.state, datagram.type, datagram.shutdown) == (State.UNCONN, SocketType.DGRAM, None)
    assert (connected.state, connected.shutdown) == (State.ESTABLISHED, 2)
