"""SCTP sockets from sock_diag."""

import struct

from portsock.model import Family, State
from portsock.parse.netlink.message import attribute
from portsock.records import Request
from portsock.sources.linux import netlink
from tests.support.netlink_replay import Channel, done, message


def test_sctp_associations_share_a_cookie_and_are_all_kept() -> None:
    def row(code: int, port: int, peers: bytes) -> bytes:
        address = bytes([127, 0, 0, 1]).ljust(16, b"\0")
        remote = address if peers else bytes(16)
        head = struct.pack("=BBBBHH16s16sIQIIIII", 2, code, 0, 0, 0x5000, port, address, remote, 0, 5, 0, 0, 0, 0, 77)
        return head + (attribute(13, peers) if peers else b"")

    rows = [row(10, 0, b""), row(3, 1, bytes(128)), row(4, 2, bytes(128))]
    request = Request(frozenset({"sctp"}), frozenset({Family.IPV4}))
    found = netlink.dump(request, None, Channel([b"".join(message(20, each) for each in rows) + done()])).sockets
    assert [(record.state, record.remote is None) for record in found] == [
        (State.LISTEN, True),
        (State.ESTABLISHED, False),
        (None, False),
    ]
    assert found[2].state_raw == "SHUTDOWN_PENDING"
