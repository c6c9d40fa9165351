"""Clients that wait in the queue of a unix listener: UDIAG_SHOW_ICONS of sock_diag(7)."""

import struct

from portsock.parse.netlink.unix import decode


def test_waiting_clients_are_read_by_their_inodes() -> None:
    icons = struct.pack("=HH3I", 16, 3, 7, 0, 8)
    body = struct.pack("=BBBBIQ", 1, 1, 10, 0, 5, 99) + icons
    (record,) = decode(body, [(0, len(body))], None, False)
    assert record.pending == (7, 8)
