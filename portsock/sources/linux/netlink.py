"""Sockets from the kernel with netlink: sock_diag(7). One dump for each protocol and family."""

import errno
import os
import socket
from collections import deque
from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from portsock.enums import Need
from portsock.model import Family, InetEndpoint, Netns, Notice, State
from portsock.parse.netlink import inet
from portsock.parse.netlink.inet import Decoder
from portsock.parse.netlink.message import NLM_F_DUMP, GarbledMessage, spans
from portsock.parse.netlink.message import request as message_request
from portsock.parse.netlink.subflows import with_subflows_marked
from portsock.records import PortFilter, Request, SocketRecord

if TYPE_CHECKING:
    from portsock.parse.netlink.conntrack import Translation

_NETLINK_SOCK_DIAG, _NETLINK_NETFILTER = 4, 12
_BUFFER = 1 << 20
"""Bytes for one batch. The kernel fills all of it, older versions up to 32 KiB."""
_TRIES = 4
"""Attempts at a dump that is interrupted, or that loses messages because buffers are full."""
_LOSSES = 100
"""Losses of messages after which netlink is not used."""
_PATIENCE = 10.0
"""Seconds to wait for an answer. The kernel makes it while it is read, so that none comes after this time."""
_MAX_ERRNO = 4095
_NO_PEER = PortFilter(((0, 0),), "remote")
_COOKIE, _IFINDEX = attrgetter("cookie"), attrgetter("ifindex")

_ABSENT = {errno.ENOENT, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.EOPNOTSUPP, errno.EINVAL, errno.EPROTOTYPE}
"""Error numbers in the answer of a kernel without this diag module."""


class NetlinkRefused(Exception):
    """sock_diag cannot be used here; the text says why."""


class Dump(NamedTuple):
    """The sockets of one network namespace from sock_diag."""

    sockets: list[SocketRecord]
    notices: list[Notice]
    missing: frozenset[tuple[str, Family]]
    """Requested, but this kernel has no diag module for it."""


class Channel(Protocol):
    """The part of a netlink socket that is used here; tests replace it."""

    def send(self, data: bytes, /) -> int: ...
    def recv_into(self, buffer: memoryview, /) -> int: ...


def dump(request: Request, netns: Netns | None = None, channel: Channel | None = None) -> Dump:
    """Return all sockets of the calling thread's namespace that the request wants. Raises NetlinkRefused."""
    if channel is None:
        with open_channel() as opened:
            found = dump(request, netns, opened)
            if "netlink" in request.protocols:  # without this one
                own = os.fstat(opened.fileno()).st_ino
                found.sockets[:] = [record for record in found.sockets if record.inode != own]
            return found
    found = Dump([], [], frozenset())
    missing = set()
    answers: deque[tuple[Decoder, Answer]] = deque()
    reader = Reader(channel)
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
    if request.ports and request.listeners:  # both dumps contain the listeners on these ports
        found.sockets[:] = _unique(found.sockets)
    if {"tcp", "mptcp"} <= request.protocols:
        filtered = request.ports is not None or request.states is not None
        if filtered and any(record.protocol == "mptcp" and record.state is not State.LISTEN for record in found.sockets):
            return dump(_unfiltered(request), netns, channel)  # subflows may have other ports and states
        found.sockets[:] = with_subflows_marked(found.sockets)
    return found._replace(missing=frozenset(missing))


def cookies(request: Request, channel: Channel | None = None) -> set[int]:
    """Return the cookies of all internet sockets that the request wants. Raises NetlinkRefused."""
    if channel is None:
        with open_channel() as opened:
            return cookies(request, opened)
    found: set[int] = set()
    reader = Reader(channel)
    for _, _, body, decoder in _dumps(request, None):
        answer = decoder and reader.read(body)
        if answer:
            found.update(inet.cookies(answer.data, answer.bodies))
    return found


def translations() -> "list[Translation]":
    """Return the connections of the calling thread's namespace whose destination was changed. Raises NetlinkRefused."""
    from portsock.parse.netlink import conntrack

    with open_channel(_NETLINK_NETFILTER) as opened:
        answer = Reader(opened, conntrack.GET).read(conntrack.request())
        return conntrack.decode(answer.data, answer.bodies) if answer else []


def _unfiltered(request: Request) -> Request:
    return request._replace(ports=None, states=None, listeners=False)


def _decoded(decode: Decoder, answer: "Answer") -> list[SocketRecord]:
    """Return the records of one dump. Raises NetlinkRefused."""
    try:
        records = _unique(decode(answer.data, answer.bodies))
    except GarbledMessage as error:
        raise NetlinkRefused(str(error)) from error
    if any(map(_IFINDEX, records)):
        return [record if record.ifindex is None else _with_interface(record) for record in records]
    return records


def open_channel(family: int = _NETLINK_SOCK_DIAG) -> socket.socket:
    """Return a netlink socket to the kernel. Raises NetlinkRefused."""
    try:
        opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
        opened.settimeout(_PATIENCE)
        opened.connect((0, 0))
    except OSError as error:
        raise NetlinkRefused(error.strerror or str(error)) from error
    return opened


def _dumps(request: Request, netns: Netns | None) -> Iterator[tuple[str, Family, bytes, Decoder | None]]:
    """Yield protocol, family, request and decoder of each dump. The decoder is None where Linux has no diag module."""
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
            if protocol == "mptcp" and "tcp" in request.protocols:  # a subflow may have other ports than its connection
                yield protocol, family, inet.inet_request(protocol, family, _unfiltered(request)), decoder
                continue
            yield protocol, family, inet.inet_request(protocol, family, request), decoder
            if request.ports and request.listeners and protocol != "raw":
                passive = request._replace(ports=None, states=frozenset({State.LISTEN}))
                if protocol not in inet.STATEFUL:  # their dumps can be filtered by port only
                    passive = request._replace(ports=_NO_PEER)
                yield protocol, family, inet.inet_request(protocol, family, passive), decoder
    for family in (Family.UNIX, Family.PACKET, Family.NETLINK, Family.VSOCK):
        if family in request.protocols and family in request.families:
            yield (family.value, family, *_other(family, netns, Need.MEMORY in request.needs))


def _inet_decoder(protocol: str, family: Family, netns: Netns | None, request: Request) -> Decoder:
    if protocol == "sctp":
        from portsock.parse.netlink import sctp

        return sctp.decoder(family, netns, request)
    return inet.decoder(protocol, family, netns, request)


def _other(family: Family, netns: Netns | None, memory: bool) -> tuple[bytes, Decoder]:
    """Return the request and the decoder for a family without IP protocols."""
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


class Answer(NamedTuple):
    """The messages of the kernel for one request."""

    data: bytearray
    bodies: list[tuple[int, int]]
    """Start and end of each data message's body in `data`."""
    whole: bool
    """The dump was not interrupted, and no message was lost."""


class Reader:
    """Sends requests and reads whole dumps, again where one was disturbed."""

    def __init__(self, channel: Channel, kind: int = inet.SOCK_DIAG_BY_FAMILY, flags: int = NLM_F_DUMP) -> None:
        self._channel = channel
        self._kind, self._flags = kind, flags
        self._buffer = memoryview(bytearray(_BUFFER))
        self._sequence = 0
        self._losses = 0

    def read(self, body: bytes) -> Answer | None:
        """Return one dump, or the last attempt where all were disturbed. None where this kernel has no such diag module.

        Raises NetlinkRefused.
        """
        try:
            for _ in range(_TRIES):
                answer = self.once(body)
                if answer.whole:
                    break
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise NetlinkRefused(error.strerror or str(error)) from error
        except GarbledMessage as error:
            raise NetlinkRefused(str(error)) from error
        return answer

    def once(self, body: bytes) -> Answer:
        """Make one attempt. Raises OSError and GarbledMessage.

        A disturbed dump is read to its end: until then the kernel accepts no other request on this socket (EBUSY).
        All of it is read before it is decoded, so that the decoder can choose the order of the records.
        """
        self._sequence += 1
        answer = Answer(bytearray(), [], True)
        self._channel.send(message_request(self._kind, body, self._sequence, self._flags))
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
            if not 0 <= end.errno <= _MAX_ERRNO:
                raise GarbledMessage(f"error number {end.errno}")
            if end.errno:
                raise OSError(end.errno, os.strerror(end.errno))
            if end.done:
                return answer

    def _receive(self) -> int | None:
        """Return the length of the next batch; None where full buffers made the kernel drop messages. Raises OSError."""
        try:
            return self._channel.recv_into(self._buffer)
        except OSError as error:
            self._losses += 1
            if error.errno != errno.ENOBUFS or self._losses > _LOSSES:
                raise
            return None


def _unique(records: list[SocketRecord]) -> list[SocketRecord]:
    """Remove duplicates, which come from a table that changes while it is read.

    Duplicates have the same cookie, or without cookies the same endpoints and inode. All SCTP associations of an endpoint have
    its cookie.
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
    """Replace the number of the bound device by its name in this namespace."""
    assert record.ifindex is not None
    try:
        name = socket.if_indextoname(record.ifindex)
    except OSError:
        name = str(record.ifindex)
    local, remote = (
        end._replace(zone=name) if isinstance(end, InetEndpoint) and end.zone else end for end in (record.local, record.remote)
    )
    return record._replace(interface=name, local=local, remote=remote)
