"""Unix sockets by sock_diag: include/uapi/linux/unix_diag.h, net/unix/diag.c."""

import struct
import sys
from collections.abc import Iterable

from portsock.model import Family, Netns, SocketType, State, UnixEndpoint
from portsock.parse.netlink.memory import socket_memory
from portsock.parse.netlink.message import GarbledMessage, attributes
from portsock.records import SocketRecord

_FAMILY = 1
"""Linux's AF_UNIX, wherever this is decoded."""
_REQUEST = struct.Struct("=BBHIIIII")
_MESSAGE = struct.Struct("=BBBBIQ")
_NAME, _VFS, _PEER, _ICONS, _RQLEN, _MEMINFO, _SHUTDOWN, _UID = range(8)
_SHOW = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40  # name, vfs, peer, icons, rqlen, meminfo, uid
_PAIR = struct.Struct("=II")
_TYPES = {1: SocketType.STREAM, 2: SocketType.DGRAM, 5: SocketType.SEQPACKET}
_STATES = {1: State.ESTABLISHED, 2: State.CONNECTING, 7: State.UNCONN, 10: State.LISTEN}
_NO_COOKIE = (1 << 64) - 1
_ORDER = sys.byteorder


def unix_request() -> bytes:
    """The body of a dump request for all unix sockets, with what portsock reads of them."""
    return _REQUEST.pack(_FAMILY, 0, 0, 0xFFFFFFFF, 0, _SHOW, 0xFFFFFFFF, 0xFFFFFFFF)


def decode(
    buffer: bytes | bytearray | memoryview, bodies: Iterable[tuple[int, int]], netns: Netns | None, memory: bool
) -> list[SocketRecord]:
    """The sockets of one dump. Raises GarbledMessage."""
    records = []
    for at, end in bodies:
        if end - at < _MESSAGE.size:
            raise GarbledMessage(f"a unix_diag message of {end - at} bytes")
        _, kind, code, _, inode, cookie = _MESSAGE.unpack_from(buffer, at)
        more = attributes(buffer, at + _MESSAGE.size, end)
        state = _STATES.get(code)
        receive, send = _pair(more, _RQLEN)
        listening = state is State.LISTEN
        name = more.get(_NAME)
        records.append(
            SocketRecord(
                Family.UNIX,
                _TYPES.get(kind),
                "unix",
                None,
                state,
                str(code) if state is None else None,
                _endpoint(name),
                None,
                receive,
                send,
                receive if listening else None,
                send if listening else None,
                _number(more, _UID) if inode else None,
                inode or None,
                None if cookie == _NO_COOKIE else cookie,
                netns=netns,
                peer_inode=_number(more, _PEER) or None,
                shutdown=more[_SHUTDOWN][0] if more.get(_SHUTDOWN) else None,
                vfs=_vfs(more),
                memory=socket_memory(more.get(_MEMINFO, b"")) if memory else None,
                pending=_pending(more) if listening else (),
            )
        )
    return records


def _endpoint(name: bytes | None) -> UnixEndpoint:
    """A path ends at its NUL where it has one; an abstract name begins with one, and keeps those inside."""
    if not name:
        return UnixEndpoint(None)
    if name[:1] == b"\0":
        return UnixEndpoint(name[1:], True)
    return UnixEndpoint(name.partition(b"\0")[0])


def _pair(more: dict[int, bytes], kind: int) -> tuple[int | None, int | None]:
    value = more.get(kind, b"")
    return _PAIR.unpack(value) if len(value) == _PAIR.size else (None, None)


def _vfs(more: dict[int, bytes]) -> tuple[int, int] | None:
    """(device, inode) of the file that the path was bound to. The kernel gives its own dev_t, 12 bits of major number before
    20 of minor; here it is as stat(2) has it (makedev(3) of the GNU C library)."""
    inode, device = _pair(more, _VFS)
    if inode is None or device is None:
        return None
    major, minor = device >> 20, device & 0xFFFFF
    return (major << 8 | minor & 0xFF | (minor & ~0xFF) << 12, inode)


def _pending(more: dict[int, bytes]) -> tuple[int, ...]:
    """The clients in a listener's queue; of one whose socket is closed already the kernel gives 0."""
    words = more.get(_ICONS, b"")
    return tuple(inode for inode in memoryview(words[: len(words) // 4 * 4]).cast("I") if inode)


def _number(more: dict[int, bytes], kind: int) -> int | None:
    value = more.get(kind, b"")
    return int.from_bytes(value, _ORDER) if len(value) == 4 else None
