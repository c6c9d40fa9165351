"""VM sockets from sock_diag: include/uapi/linux/vm_sockets_diag.h, net/vmw_vsock/diag.c, vsock(7)."""

import struct
from collections.abc import Collection

from portsock.model import Family, Netns, State, VsockEndpoint
from portsock.parse.linux_codes import SOCKET_TYPES
from portsock.parse.netlink.message import Buffer, check_lengths
from portsock.records import SocketRecord

_AF_VSOCK = 40
_REQUEST = struct.Struct("=BBHIIIII")
_MESSAGE = struct.Struct("=xBBBIIIIIQ")
"""Type, state, shutdown, local and remote CID and port, inode, cookie."""
_STATES = {1: State.ESTABLISHED, 2: State.SYN_SENT, 7: State.CLOSED, 10: State.LISTEN, 11: State.CLOSING}
_CLOSED, _DGRAM = 7, 2
_ANY = 0xFFFFFFFF
"""VMADDR_CID_ANY and VMADDR_PORT_ANY."""


def vsock_request() -> bytes:
    """Return the body of a dump request for all VM sockets."""
    return _REQUEST.pack(_AF_VSOCK, 0, 0, 0xFFFFFFFF, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF)


def decode(buffer: Buffer, bodies: Collection[tuple[int, int]], netns: Netns | None) -> list[SocketRecord]:
    """Decode the sockets of one dump. Raises GarbledMessage."""
    check_lengths(bodies, _MESSAGE.size, "a vsock_diag")
    records = []
    for at, _ in bodies:
        kind, code, shutdown, cid, port, peer_cid, peer_port, inode, cookie = _MESSAGE.unpack_from(buffer, at)
        state = _STATES.get(code)
        if code == _CLOSED:
            state = State.UNCONN if kind == _DGRAM else State.BOUND if port != _ANY else State.CLOSED
        records.append(
            SocketRecord(
                Family.VSOCK, SOCKET_TYPES.get(kind), "vsock", None, state, str(code) if state is None else None,
                VsockEndpoint(cid, port),
                None if peer_cid == _ANY or peer_port == _ANY else VsockEndpoint(peer_cid, peer_port),
                inode=inode or None, cookie=cookie, netns=netns, shutdown=shutdown or None,
            )
        )  # fmt: skip
    return records
