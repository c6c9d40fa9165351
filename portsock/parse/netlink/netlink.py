"""Netlink sockets from sock_diag: include/uapi/linux/netlink_diag.h, net/netlink/diag.c, netlink(7)."""

import struct
import sys
from collections.abc import Collection

from portsock.model import Family, NetlinkEndpoint, Netns
from portsock.parse.linux_codes import SOCKET_TYPES
from portsock.parse.netlink.message import Buffer, attributes, check_lengths, socket_memory
from portsock.records import SocketRecord

_AF_NETLINK = 16
_REQUEST = struct.Struct("=BBHIIII")
_EVERY_PROTOCOL = 255
_MESSAGE = struct.Struct("=xBBxIIIIQ")
"""Type, protocol, port id, the default peer's port id and group, inode, cookie."""
_SHOW_MEMINFO, _SHOW_GROUPS = 0x1, 0x2
_MEMINFO, _GROUPS = 0, 1


def netlink_request() -> bytes:
    """Return the body of a dump request for the netlink sockets of all protocols."""
    return _REQUEST.pack(_AF_NETLINK, _EVERY_PROTOCOL, 0, 0, _SHOW_MEMINFO | _SHOW_GROUPS, 0xFFFFFFFF, 0xFFFFFFFF)


def decode(buffer: Buffer, bodies: Collection[tuple[int, int]], netns: Netns | None, memory: bool) -> list[SocketRecord]:
    """Decode the sockets of one dump. Raises GarbledMessage.

    Netlink sockets have no state: connect(2) only sets the destination of send(2), which is the kernel at first.
    """
    check_lengths(bodies, _MESSAGE.size, "a netlink_diag")
    records = []
    for at, end in bodies:
        kind, protocol, portid, peer, group, inode, cookie = _MESSAGE.unpack_from(buffer, at)
        more = attributes(buffer, at + _MESSAGE.size, end)
        used = socket_memory(more.get(_MEMINFO, b""))
        # A bit map in words of a C long, the lowest groups first. Only the first 32 groups are kept, as in /proc.
        groups = int.from_bytes(more[_GROUPS][:8], sys.byteorder) & 0xFFFFFFFF if _GROUPS in more else 0
        records.append(
            SocketRecord(
                Family.NETLINK, SOCKET_TYPES.get(kind), "netlink", None, None, None, NetlinkEndpoint(protocol, portid, groups),
                NetlinkEndpoint(protocol, peer, 1 << group - 1 if 0 < group <= 32 else 0) if peer or group else None,
                used.recv_used if used else None, used.send_used if used else None,
                inode=inode or None, cookie=cookie, netns=netns, memory=used if memory else None,
            )
        )  # fmt: skip
    return records
