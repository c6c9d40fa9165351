"""A real attempt to connect (`explain --connect`): one connection or one empty datagram, closed at once.

The other end sees it. Linux queues ICMP errors with their sender: IP_RECVERR in ip(7), IPV6_RECVERR in ipv6(7).
"""

import errno
import select
import socket
import struct
import sys
import time
from typing import NamedTuple

from portsock.records import Contact
from portsock.sources.linux.trial import bind_to_device, new_socket, socket_name

PROTOCOLS = ("tcp", "udp")
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_MSG_ERRQUEUE = 0x2000
_ERROR = struct.Struct("=IBBBBII")
"""struct sock_extended_err: errno, origin, type, code, padding, info, data. include/uapi/linux/errqueue.h."""
_FROM_ICMP = frozenset({2, 3})
"""SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6."""
_OFFENDER = {socket.AF_INET: slice(20, 24), socket.AF_INET6: slice(24, 40)}
"""The address in the sockaddr behind the error, by family."""
_UNDER_WAY = frozenset({0, errno.EINPROGRESS, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS)})
_SIZE = 2048


class _Reported(NamedTuple):
    """An ICMP error from the queue of a socket."""

    errno: int
    icmp: tuple[int, int]
    reporter: str


def connect_once(protocol: str, address: str, port: int, timeout: float) -> Contact:
    """Try once to reach an endpoint. `address` may have a zone, or the device to go through; `timeout` is in seconds."""
    begin = time.monotonic()
    stream = protocol == "tcp"
    call, source = "connect", None
    try:
        with new_socket(protocol, address) as new:
            _queue_errors(new)
            new.setblocking(False)
            bind_to_device(new, address)
            number = new.connect_ex(socket_name(address, port))
            if number not in _UNDER_WAY:
                return Contact(protocol, "local", time.monotonic() - begin, _name(number))
            source = new.getsockname()[0]
            if not stream:
                call = "send"
                new.send(b"")
            found = _wait(new, stream, begin + timeout)
    except OSError as error:
        return Contact(protocol, "local", time.monotonic() - begin, _name(error.errno or 0), call, source)
    seconds = timeout if found.result == "silence" else time.monotonic() - begin
    return found._replace(protocol=protocol, seconds=seconds, source=source)


def _queue_errors(new: socket.socket) -> None:
    if sys.platform.startswith("linux"):
        level, option = (
            (socket.IPPROTO_IPV6, _IPV6_RECVERR) if new.family == socket.AF_INET6 else (socket.IPPROTO_IP, _IP_RECVERR)
        )
        new.setsockopt(level, option, 1)


def _wait(new: socket.socket, stream: bool, deadline: float) -> Contact:
    """Wait for what comes back. Raises OSError."""
    while (left := deadline - time.monotonic()) > 0:
        readable, writable, failed = select.select([new], [new] if stream else [], [new], left)
        if not (readable or writable or failed):
            break
        reported = _reported(new)
        if reported is not None:
            return Contact("", "icmp", 0, _name(reported.errno), reporter=reported.reporter, icmp=reported.icmp)
        number = new.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            refused = stream and number in (errno.ECONNREFUSED, errno.ECONNRESET)
            return Contact("", "reset" if refused else "icmp", 0, _name(number))
        if stream and writable:
            # A connection to itself, whose port the kernel has just chosen, is no server's.
            alone = new.getsockname() == new.getpeername()
            return Contact("", "reset", 0, _name(errno.ECONNREFUSED)) if alone else Contact("", "accepted", 0)
        if readable and not stream:
            new.recv(_SIZE)
            return Contact("", "answered", 0)
    return Contact("", "silence", 0)


def _reported(new: socket.socket) -> _Reported | None:
    """Return the next ICMP error that was queued, if there is one; too large packets are sent again and are none."""
    if not sys.platform.startswith("linux"):
        return None
    while True:
        try:
            _, ancillary, _, _ = new.recvmsg(_SIZE, _SIZE, _MSG_ERRQUEUE)
        except OSError:
            return None
        for _, _, data in ancillary:
            if len(data) < _ERROR.size:
                continue
            number, origin, kind, code, *_ = _ERROR.unpack_from(data)
            offender = data[_OFFENDER[socket.AddressFamily(new.family)]]
            if origin in _FROM_ICMP and number != errno.EMSGSIZE and len(offender) in (4, 16):
                return _Reported(number, (kind, code), socket.inet_ntop(new.family, offender))


def _name(number: int) -> str:
    return errno.errorcode.get(number, str(number))
