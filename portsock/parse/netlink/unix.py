"""Unix sockets from sock_diag: include/uapi/linux/unix_diag.h, net/unix/diag.c."""

import struct
import sys
from collections.abc import Collection

from portsock.model import Family, Netns, State, UnixEndpoint
from portsock.parse.linux_codes import SOCKET_TYPES
from portsock.parse.netlink.message import NO_COOKIE, AttributeReader, Buffer, check_lengths, socket_memory
from portsock.records import SocketRecord

_AF_UNIX = 1
_REQUEST = struct.Struct("=BBHIIIII")
_MESSAGE = struct.Struct("=xBBxIQ")
"""Type, state, inode, cookie."""
_ATTRIBUTES = ("", "Q", "I", "", "Q", "", "B", "I")
"""Formats by type, from UNIX_DIAG_NAME to UNIX_DIAG_UID: name, file, peer, waiting clients, queues, memory, shutdown, user."""
_SHOW = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40  # name, vfs, peer, icons, rqlen, meminfo, uid
_FIRST, _SECOND = (0, 32) if sys.byteorder == "little" else (32, 0)
"""Shifts of the two numbers of a pair that was read as one."""
_HALF = 0xFFFFFFFF
_STATES = {1: State.ESTABLISHED, 2: State.CONNECTING, 7: State.UNCONN, 10: State.LISTEN}
_UNIX, _LISTEN = Family.UNIX, State.LISTEN
"""Looked up once: in Python 3.11 each lookup takes 0.07 µs."""
_DEFAULTS = tuple(SocketRecord._field_defaults.values())[-len(SocketRecord._fields) :]
_MEMORY_AT, _PENDING_AT = (SocketRecord._fields.index(name) - len(SocketRecord._fields) for name in ("memory", "pending"))
_BEFORE_PENDING, _REST = _DEFAULTS[_MEMORY_AT + 1 : _PENDING_AT], _DEFAULTS[_PENDING_AT + 1 :]
"""The fields of a record between `memory` and `pending`, and those behind it: their defaults."""
_MAJOR_SHIFT, _MINOR_MASK = 20, 0xFFFFF
"""The kernel's dev_t: 12 bits of major number above 20 bits of minor (MINORBITS, include/linux/kdev_t.h)."""


def unix_request() -> bytes:
    """Return the body of a dump request for all unix sockets, with the attributes that are read here."""
    return _REQUEST.pack(_AF_UNIX, 0, 0, 0xFFFFFFFF, 0, _SHOW, 0xFFFFFFFF, 0xFFFFFFFF)


def decode(buffer: Buffer, bodies: Collection[tuple[int, int]], netns: Netns | None, memory: bool) -> list[SocketRecord]:
    """Decode the sockets of one dump. Raises GarbledMessage."""
    check_lengths(bodies, _MESSAGE.size, "a unix_diag")
    read, unpack, new, size = AttributeReader(_ATTRIBUTES).read, _MESSAGE.unpack_from, tuple.__new__, _MESSAGE.size
    endpoints, types = _Endpoints(), SOCKET_TYPES
    records = []
    for at, end in bodies:
        kind, code, inode, cookie = unpack(buffer, at)
        name, file, peer, icons, queues, words, shutdown, uid = read(buffer, at + size, end)
        state = _STATES.get(code)
        receive = send = waiting = limit = None
        pending: tuple[int, ...] = ()
        if queues is not None:
            receive, send = queues >> _FIRST & _HALF, queues >> _SECOND & _HALF
        if state is _LISTEN:
            waiting, limit, pending = receive, send, _pending(icons or b"")
        # By position: with the names of the fields it takes twice as long.
        records.append(
            new(
                SocketRecord,
                (_UNIX, types.get(kind), "unix", None, state, str(code) if state is None else None,
                 endpoints[name], None, receive, send, waiting, limit,
                 uid if inode else None, inode or None, None if cookie == NO_COOKIE else cookie,
                 None, None, netns, peer or None, shutdown, None if file is None else _file(file),
                 None, socket_memory(words or b"") if memory else None, *_BEFORE_PENDING, pending, *_REST),
            )
        )  # fmt: skip
    return records


class _Endpoints(dict[bytes | None, UnixEndpoint]):
    """Endpoints by sun_path: what a server accepts has the name of its listener."""

    def __missing__(self, name: bytes | None) -> UnixEndpoint:
        endpoint = self[name] = _endpoint(name)
        return endpoint


def _endpoint(name: bytes | None) -> UnixEndpoint:
    """Return the endpoint of a sun_path: an abstract name begins with a NUL and may hold more, a path ends at its first."""
    if not name:
        return UnixEndpoint(None)
    if name[:1] == b"\0":
        return UnixEndpoint(name[1:], True)
    return UnixEndpoint(name.partition(b"\0")[0])


def _file(pair: int) -> tuple[int, int]:
    """Return (device, inode) of the socket's file. The device is converted to stat(2)'s st_dev: makedev(3), GNU C library."""
    inode, device = pair >> _FIRST & _HALF, pair >> _SECOND & _HALF
    major, minor = device >> _MAJOR_SHIFT, device & _MINOR_MASK
    return (major << 8 | minor & 0xFF | (minor & ~0xFF) << 12, inode)


def _pending(words: bytes) -> tuple[int, ...]:
    """Return the inodes of the clients in a listener's queue, without the zeros of those that are closed already."""
    return tuple(inode for inode in memoryview(words[: len(words) // 4 * 4]).cast("I") if inode)
