"""Netlink and packet sockets from sock_diag."""

import struct
import sys

import pytest

from portsock.model import Family, NetlinkEndpoint, PacketEndpoint, SocketType
from portsock.parse.netlink.netlink import decode
from tests.parse.netlink.recorded_answers import SOCKETS, answer, by_name

pytestmark = [
    pytest.mark.usefixtures("interfaces"),
    pytest.mark.skipif(sys.byteorder != "little", reason="the answers were recorded on a little-endian machine"),
]


def test_netlink_and_packet_sockets() -> None:
    routing = by_name(answer("netlink", Family.NETLINK))["netlink"]
    assert routing.local == NetlinkEndpoint(0, *SOCKETS["netlink"]["local"])
    assert (routing.type, routing.remote, routing.recv_q) == (SocketType.RAW, None, 0)
    found = by_name(answer("packet", Family.PACKET))
    bound, free = found["packet"], found["packet-unbound"]
    assert (bound.local, bound.interface, bound.type) == (PacketEndpoint(0x0806, 1), "lo", SocketType.RAW)
    assert (free.local, free.interface, free.type) == (PacketEndpoint(0, None), None, SocketType.DGRAM)
    assert (bound.uid, free.uid) == (0, 0)


@pytest.mark.parametrize(("group", "mask"), [(0, 0), (1, 0b1), (3, 0b100), (32, 1 << 31), (33, 0)])
def test_the_group_of_a_peer_becomes_a_mask(group: int, mask: int) -> None:
    body = struct.pack("=BBBBIIIIQ", 16, 3, 15, 0, 4100, 7, group, 99, 5)
    (record,) = decode(body, [(0, len(body))], None, False)
    assert (record.local, record.remote) == (NetlinkEndpoint(15, 4100, 0), NetlinkEndpoint(15, 7, mask))
