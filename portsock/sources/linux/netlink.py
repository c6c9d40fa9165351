"""Sockets from the kernel's sock_diag over netlink: sock_diag(7). One dump for each protocol and family."""

import errno
import os
import socket
from collections import deque
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple, Protocol

from portsock.model import Family, InetEndpoint, Netns, Notice, State
from portsock.parse.netlink import inet
from portsock.parse.netlink.inet import Decoder
from portsock.parse.netlink.message import GarbledMessage, spans
from portsock.parse.netlink.message import request as dump_request
from portsock.records import Request, SocketRecord

_NETLINK_SOCK_DIAG = 4
_BUFFER = 1 << 20
"""Bytes for one batch; the kernel fills what it is given, up to 32 KiB in older versions."""
_TRIES = 4
"""How often a dump is begun again that was interrupted, or lost messages for want of buffers."""
_LOSSES = 100
"""How often messages may get lost before netlink is given up."""
_PATIENCE = 10.0
"""Seconds to wait for an answer: the kernel makes it while we read, so that none after this time will ever come."""
_COOKIE, _IFINDEX = attrgetter("cookie"), attrgetter("ifindex")

_ABSENT = {errno.ENOENT, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.EOPNOTSUPP, errno.EINVAL, errno.EPROTOTYPE}
"""Errors by which a kernel without this diag module answers."""


class NetlinkRefused(Exception):
    """sock_diag cannot be used here at all; its text says why."""


class Dump(NamedTuple):
    """What sock_diag told of one network namespace."""

    sockets: list[SocketRecord]
    notices: list[Notice]
    missing: frozenset[tuple[str, Family]]
    """Asked for, but this kernel has no diag module for it."""


class Channel(Protocol):
    """What is used of a netlink socket; tests put their own in its place."""

    def send(self, data: bytes, /) -> int: ...
    def recv_into(self, buffer: memoryview, /) -> int: ...


def dump(request: Request, netns: Netns | None = None, channel: Channel | None = None) -> Dump:
    """Return all sockets of the calling thread's namespace that the request wants. Raises NetlinkRefused."""
    if channel is None:
        with _open() as opened:
            found = dump(request, netns, opened)
            if "netlink" in request.protocols:  # without the one that asks
                own = os.fstat(opened.fileno()).st_ino
                found.sockets[:] = [record for record in found.sockets if record.inode != own]
            return found
    found = Dump([], [], frozenset())
    missing = set()
    answers: deque[tuple[Decoder, _Answer]] = deque()
    reader = _Reader(channel)
    for protocol, family, body, decoder in _dumps(request, netns):
        answer = decoder and reader.read(body)
        if decoder is None or answer is None:
            missing.add((protocol, family))
            continue
        answers.append((decoder, answer))
        if not answer.whole:
            text = f"the kernel's table of {protocol} sockets changed while it was read; some may be missing"
            found.notices.append(Notice("dump_interrupted", None, text))
    while answers:
        found.sockets.extend(_decoded(*answers.popleft()))
    if request.ports and request.listeners:  # a listener on one of the ports came in both dumps
        found.sockets[:] = _unique(found.sockets)
    if {"tcp", "mptcp"} <= request.protocols:
        found.sockets[:] = _tied(found.sockets)
    return found._replace(missing=frozenset(missing))


def _decoded(decode: Decoder, answer: "_Answer") -> list[SocketRecord]:
    """The records of one dump. Raises NetlinkRefused."""
    try:
        records = _unique(decode(answer.data, answer.bodies))
    except GarbledMessage as error:
        raise NetlinkRefused(str(error)) from error
    if any(map(_IFINDEX, records)):
        return [record if record.ifindex is None else _with_interface(record) for record in records]
    return records


def _open() -> socket.socket:
    try:
        opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)
        opened.settimeout(_PATIENCE)
        opened.connect((0, 0))
    except OSError as error:
        raise NetlinkRefused(error.strerror or str(error)) from error
    return opened


def _dumps(request: Request, netns: Netns | None) -> Iterator[tuple[str, Family, bytes, Decoder | None]]:
    """What to ask for, and how to read the answers: not at all where Linux has no diag module for it."""
    for protocol in ("tcp", "udp", "udplite", "raw", "icmp", "sctp", "mptcp"):
        if protocol not in request.protocols:
            continue
        for family in inet.FAMILIES:
            if family not in request.families:
                continue
            if protocol == "icmp":
                yield protocol, family, b"", None
                continue
            decoder = _inet_decoder(protocol, family, netns, request)
            yield protocol, family, inet.inet_request(protocol, family, request), decoder
            if request.ports and request.listeners and protocol in inet.STATEFUL:
                listeners = request._replace(ports=None, states=frozenset({State.LISTEN}))
                yield protocol, family, inet.inet_request(protocol, family, listeners), decoder
    for family in (Family.UNIX, Family.PACKET, Family.NETLINK, Family.VSOCK):
        if family in request.protocols and family in request.families:
            yield (family.value, family, *_other(family, netns, request.memory))


def _inet_decoder(protocol: str, family: Family, netns: Netns | None, request: Request) -> Decoder:
    if protocol == "sctp":
        from portsock.parse.netlink import sctp

        return sctp.decoder(family, netns, request)
    return inet.decoder(protocol, family, netns, request)


def _other(family: Family, netns: Netns | None, memory: bool) -> tuple[bytes, Decoder]:
    """The request for a family without IP protocols, and how to read its answers."""
    if family is Family.UNIX:
        from portsock.parse.netlink import unix

        return unix.unix_request(), lambda buffer, bodies: unix.decode(buffer, bodies, netns, memory)
    if family is Family.PACKET:
        from portsock.parse.netlink import packet

        return packet.packet_request(), lambda buffer, bodies: packet.decode(buffer, bodies, netns, memory)
    if family is Family.NETLINK:
        from portsock.parse.netlink import netlink

        return netlink.netlink_request(), lambda buffer, bodies: netlink.decode(buffer, bodies, netns, memory)
    from portsock.parse.netlink import vsock

    return vsock.vsock_request(), lambda buffer, bodies: vsock.decode(buffer, bodies, netns)


def _tied(records: list[SocketRecord]) -> list[SocketRecord]:
    """TCP subflows marked with the MPTCP socket they belong to: a descriptor refers to that one, and they share its inode."""
    inodes = {record.inode for record in records if record.protocol == "mptcp" and record.inode}
    if not inodes:
        return records
    return [
        record._replace(subflow_of=record.inode) if record.inode in inodes and record.protocol == "tcp" else record
        for record in records
    ]


class _Answer(NamedTuple):
    """All that the kernel sent for one request."""

    data: bytearray
    bodies: list[tuple[int, int]]
    """Where the data messages' bodies lie in it."""
    whole: bool
    """Whether the dump ended undisturbed."""


class _Reader:
    """Sends requests and reads whole dumps, beginning again where one did not end well."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._buffer = memoryview(bytearray(_BUFFER))
        self._sequence = 0
        self._losses = 0

    def read(self, body: bytes) -> _Answer | None:
        """One dump; where every try was disturbed, the last. None where this kernel has no such diag module. Raises
        NetlinkRefused."""
        try:
            for _ in range(_TRIES):
                answer = self._once(body)
                if answer.whole:
                    break
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise NetlinkRefused(error.strerror or str(error)) from error
        except GarbledMessage as error:
            raise NetlinkRefused(str(error)) from error
        return answer

    def _once(self, body: bytes) -> _Answer:
        """One try. Raises OSError and GarbledMessage.

        A disturbed dump is read to its end, too: until then the kernel takes no other request on this socket (EBUSY).
        All of it is read before anything is made of it, so that the records can be made in an order of their own.
        """
        self._sequence += 1
        answer = _Answer(bytearray(), [], True)
        self._channel.send(dump_request(inet.SOCK_DIAG_BY_FAMILY, body, self._sequence))
        while True:
            length = self._receive()
            if length is None:
                answer = answer._replace(whole=False)
                continue
            start = len(answer.data)
            answer.data.extend(self._buffer[:length])
            bodies, end = spans(answer.data, start, start + length, self._sequence)
            answer.bodies.extend(bodies)
            if end.interrupted:
                answer = answer._replace(whole=False)
            if end.errno:
                raise OSError(end.errno, os.strerror(end.errno))
            if end.done:
                return answer

    def _receive(self) -> int | None:
        """The length of the next batch; None where the kernel dropped some for want of room. Raises OSError."""
        try:
            return self._channel.recv_into(self._buffer)
        except OSError as error:
            self._losses += 1
            if error.errno != errno.ENOBUFS or self._losses > _LOSSES:
                raise
            return None


def _unique(records: list[SocketRecord]) -> list[SocketRecord]:
    """Without those that a changing table gave twice: the same cookie, or of sockets without one the same ends and inode.

    SCTP's associations all carry the cookie of their endpoint.
    """
    if len(set(map(_COOKIE, records))) == len(records):
        return records
    seen: dict[object, SocketRecord] = {}
    for record in records:
        cookie = record.cookie
        if cookie is None or record.protocol == "sctp":
            seen[record.local, record.remote, record.inode] = record
        else:
            seen[cookie] = record
    return records if len(seen) == len(records) else list(seen.values())


def _with_interface(record: SocketRecord) -> SocketRecord:
    """The record with the name of the device it is bound to, as this namespace knows it, in place of the number."""
    assert record.ifindex is not None
    try:
        name = socket.if_indextoname(record.ifindex)
    except OSError:
        name = str(record.ifindex)
    local, remote = (
        end._replace(zone=name) if isinstance(end, InetEndpoint) and end.zone else end for end in (record.local, record.remote)
    )
    return record._replace(interface=name, local=local, remote=remote)
