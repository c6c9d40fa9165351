"""VM sockets by sock_diag: include/uapi/linux/vm_sockets_diag.h, net/vmw_vsock/diag.c, vsock(7)."""

import struct
from collections.abc import Iterable

from portsock.model import Family, Netns, SocketType, State, VsockEndpoint
from portsock.parse.netlink.message import GarbledMessage
from portsock.records import SocketRecord

_AF_VSOCK = 40
_REQUEST = struct.Struct("=BBHIIIII")
_MESSAGE = struct.Struct("=xBBBIIIIIQ")
"""Type, state, shutdown, local and remote CID and port, inode, cookie."""
_TYPES = {1: SocketType.STREAM, 2: SocketType.DGRAM, 5: SocketType.SEQPACKET}
_STATES = {1: State.ESTABLISHED, 2: State.SYN_SENT, 7: State.CLOSED, 10: State.LISTEN, 11: State.CLOSING}
_ANY = 0xFFFFFFFF


def vsock_request() -> bytes:
    """The body of a dump request for all VM sockets."""
    return _REQUEST.pack(_AF_VSOCK, 0, 0, 0xFFFFFFFF, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF)


def decode(
    buffer: bytes | bytearray | memoryview, bodies: Iterable[tuple[int, int]], netns: Netns | None
) -> list[SocketRecord]:
    """The sockets of one dump. Raises GarbledMessage."""
    records = []
    for at, end in bodies:
        if end - at < _MESSAGE.size:
            raise GarbledMessage(f"a vsock_diag message of {end - at} bytes")
        kind, code, shutdown, cid, port, peer_cid, peer_port, inode, cookie = _MESSAGE.unpack_from(buffer, at)
        state = _STATES.get(code)
        if code == 7:
            state = State.UNCONN if kind == 2 else State.BOUND if port != _ANY else State.CLOSED
        records.append(
            SocketRecord(
                Family.VSOCK,
                _TYPES.get(kind),
                "vsock",
                None,
                state,
                str(code) if state is None else None,
                VsockEndpoint(cid, port),
                None if peer_cid == _ANY or peer_port == _ANY else VsockEndpoint(peer_cid, peer_port),
                inode=inode or None,
                cookie=cookie,
                netns=netns,
                shutdown=shutdown or None,
            )
        )
    return records
