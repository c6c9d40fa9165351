"""Packet sockets from sock_diag: include/uapi/linux/packet_diag.h, net/packet/diag.c, packet(7)."""

import struct
import sys
from collections.abc import Collection

from portsock.model import Family, Netns, PacketEndpoint
from portsock.parse.linux_codes import SOCKET_TYPES
from portsock.parse.netlink.message import Buffer, attributes, check_lengths, socket_memory
from portsock.records import SocketRecord

_AF_PACKET = 17
_REQUEST = struct.Struct("=BBHIIII")
_MESSAGE = struct.Struct("=xBHIQ")
"""Type, ethertype, inode, cookie."""
_SHOW_INFO, _SHOW_MEMINFO = 0x1, 0x10
_INFO, _UID, _MEMINFO = 0, 5, 6


def packet_request() -> bytes:
    """Return the body of a dump request for all packet sockets."""
    return _REQUEST.pack(_AF_PACKET, 0, 0, 0, _SHOW_INFO | _SHOW_MEMINFO, 0xFFFFFFFF, 0xFFFFFFFF)


def decode(buffer: Buffer, bodies: Collection[tuple[int, int]], netns: Netns | None, memory: bool) -> list[SocketRecord]:
    """Decode the sockets of one dump. Raises GarbledMessage."""
    check_lengths(bodies, _MESSAGE.size, "a packet_diag")
    records = []
    for at, end in bodies:
        kind, ethertype, inode, cookie = _MESSAGE.unpack_from(buffer, at)
        more = attributes(buffer, at + _MESSAGE.size, end)
        ifindex = int.from_bytes(more.get(_INFO, b"")[:4], sys.byteorder) or None
        used = socket_memory(more.get(_MEMINFO, b""))
        uid = int.from_bytes(more[_UID][:4], sys.byteorder) if _UID in more and inode else None
        records.append(
            SocketRecord(
                Family.PACKET, SOCKET_TYPES.get(kind), "packet", None, None, None, PacketEndpoint(ethertype, ifindex), None,
                used.recv_used if used else None, uid=uid, inode=inode or None, cookie=cookie, netns=netns,
                memory=used if memory else None, ifindex=ifindex,
            )
        )  # fmt: skip
    return records
