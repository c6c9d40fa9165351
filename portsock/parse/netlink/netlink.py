"""Netlink sockets by sock_diag: include/uapi/linux/netlink_diag.h, net/netlink/diag.c, netlink(7)."""

import struct
import sys
from collections.abc import Iterable

from portsock.model import Family, NetlinkEndpoint, Netns, SocketType
from portsock.parse.netlink.memory import socket_memory
from portsock.parse.netlink.message import GarbledMessage, attributes
from portsock.records import SocketRecord

_AF_NETLINK = 16
_REQUEST = struct.Struct("=BBHIIII")
_EVERY_PROTOCOL = 255
_MESSAGE = struct.Struct("=xBBxIIIIQ")
"""Type, protocol, port id, the default peer's port id and group, inode, cookie."""
_SHOW_MEMINFO, _SHOW_GROUPS = 0x1, 0x2
_MEMINFO, _GROUPS = 0, 1
_TYPES = {2: SocketType.DGRAM, 3: SocketType.RAW}


def netlink_request() -> bytes:
    """The body of a dump request for the netlink sockets of all protocols."""
    return _REQUEST.pack(_AF_NETLINK, _EVERY_PROTOCOL, 0, 0, _SHOW_MEMINFO | _SHOW_GROUPS, 0xFFFFFFFF, 0xFFFFFFFF)


def decode(
    buffer: bytes | bytearray | memoryview, bodies: Iterable[tuple[int, int]], netns: Netns | None, memory: bool
) -> list[SocketRecord]:
    """The sockets of one dump. Raises GarbledMessage.

    They have no state: connect(2) only sets where send(2) goes, and 'to the kernel' is what a socket begins with.
    """
    records = []
    for at, end in bodies:
        if end - at < _MESSAGE.size:
            raise GarbledMessage(f"a netlink_diag message of {end - at} bytes")
        kind, protocol, portid, peer, group, inode, cookie = _MESSAGE.unpack_from(buffer, at)
        more = attributes(buffer, at + _MESSAGE.size, end)
        used = socket_memory(more.get(_MEMINFO, b""))
        # A bit map in words of a C long, the lowest groups first; /proc tells the first 32 of them, and so do we.
        groups = int.from_bytes(more[_GROUPS][:8], sys.byteorder) & 0xFFFFFFFF if _GROUPS in more else 0
        records.append(
            SocketRecord(
                Family.NETLINK,
                _TYPES.get(kind),
                "netlink",
                None,
                None,
                None,
                NetlinkEndpoint(protocol, portid, groups),
                NetlinkEndpoint(protocol, peer, 1 << group - 1 if 0 < group <= 32 else 0) if peer or group else None,
                used.recv_used if used else None,
                used.send_used if used else None,
                inode=inode or None,
                cookie=cookie,
                netns=netns,
                memory=used if memory else None,
            )
        )
    return records
