"""A real bind, which tests whether a port can be bound (`explain --try`).

A trial holds the port for an instant. It may change the result of a later trial on the same port, because the kernel stores
the options of a port's sockets: so there is one trial, with the requested options. A UDP socket that shares a port
(SO_REUSEADDR, SO_REUSEPORT) may in that instant receive a datagram meant for another socket. This datagram is lost.
"""

import errno
import os
import socket
import struct
import sys
from contextlib import suppress
from typing import NamedTuple

from portsock.errors import ReadError

_SO_BINDTODEVICE = 25
_SO_ATTACH_FILTER = 26
_IPPROTO = {"tcp": 0, "mptcp": 262, "udp": 0, "udplite": 136}


class Trial(NamedTuple):
    """The kernel's answer."""

    errno: str | None
    """The name of the error, None where the bind succeeded."""
    listened: bool
    """listen(2) was called, too."""


def bind_once(
    protocol: str,
    address: str,
    port: int,
    *,
    reuseaddr: bool = False,
    reuseport: bool = False,
    v6only: bool | None = None,
    device: str | None = None,
    uid: int | None = None,
) -> Trial:
    """Bind a new socket for real, and close it. With `uid` it is bound in a child process that becomes that user.

    listen(2) is called only where it can still fail and cannot take over connections: with SO_REUSEADDR alone, as the kernel
    then allows it only if no other socket listens on an overlapping address. With SO_REUSEPORT the socket would join the
    group's listeners and take their connections; without either option bind(2) has decided. A filter on the socket drops
    all packets, so that no client is accepted and then reset.

    Raises ReadError where the trial cannot be made for that user, or on this system.
    """
    if protocol not in _IPPROTO:
        raise ReadError(f"--try: {protocol} cannot be tried, only {', '.join(_IPPROTO)}")
    if reuseport and not hasattr(socket, "SO_REUSEPORT"):
        raise ReadError("--try reuseport: this system has no SO_REUSEPORT; try plain or reuseaddr")
    options = (reuseaddr, reuseport, v6only, device)
    if uid is None or not hasattr(os, "geteuid") or uid == os.geteuid():
        return _bind(protocol, address, port, *options)
    if os.geteuid() != 0:
        raise ReadError(f"--try: only root can try for another user (uid {uid}); run it as that user")
    return _in_child(protocol, address, port, options, uid)


def is_local(address: str) -> bool | None:
    """Tell whether the kernel treats the address as one of this host's; None where it does not say.

    This binds a UDP socket to the address and any free port. Broadcast addresses and routes of type local count as well.
    """
    try:
        with _socket("udp", address) as probe:
            probe.bind(_name(address, 0))
    except OSError as error:
        return False if error.errno == errno.EADDRNOTAVAIL else None
    return True


def _socket(protocol: str, address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol in {"tcp", "mptcp"} else socket.SOCK_DGRAM
    return socket.socket(family, kind, _IPPROTO[protocol])


def _name(address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    if ":" not in address:
        return address, port
    bare, _, zone = address.partition("%")
    return bare, port, 0, _interface(zone) if zone else 0


def _interface(zone: str) -> int:
    """Return the number of an interface from its name or number. Raises OSError (ENODEV) where there is none."""
    if zone.isascii() and zone.isdigit() and len(zone) <= 10 and int(zone) < 2**32:
        return int(zone)
    try:
        return socket.if_nametoindex(zone)
    except OSError:  # which has no number before Python 3.13
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from None


def _bind(
    protocol: str, address: str, port: int, reuseaddr: bool, reuseport: bool, v6only: bool | None, device: str | None
) -> Trial:
    listened = False
    try:
        with _socket(protocol, address) as new:
            if reuseaddr:
                new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if reuseport:
                new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if v6only is not None and ":" in address:
                new.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
            if device and "%" not in address:
                new.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, device.encode() + b"\0")
            new.bind(_name(address, port))
            if protocol == "tcp" and reuseaddr and not reuseport and _drop_packets(new):
                listened = True
                new.listen(1)
    except OSError as error:
        return Trial(errno.errorcode.get(error.errno or 0, str(error.errno)), listened)
    return Trial(None, listened)


def _drop_packets(new: socket.socket) -> bool:
    """Attach a filter of one instruction, 'keep 0 bytes' (socket(7) SO_ATTACH_FILTER); return False where that fails."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0), 8)
    try:
        new.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))
    except OSError:
        return False
    return True


def _group_of(uid: int) -> int:
    """Return the user's group; for a user without a name the group with the same number."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return uid


def _in_child(protocol: str, address: str, port: int, options: tuple[bool, bool, bool | None, str | None], uid: int) -> Trial:
    """Make the trial as another user, in a child process that gives up root and answers through a pipe."""
    gid = _group_of(uid)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # The child must never return into the caller's code.
        with suppress(BaseException):
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            trial = _bind(protocol, address, port, *options)
            os.write(writer, f"{trial.errno or 'OK'} {int(trial.listened)}".encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read().decode().split()
    os.waitpid(child, 0)
    if len(answer) != 2:
        raise ReadError(f"--try: cannot become uid {uid} to try")
    return Trial(None if answer[0] == "OK" else answer[0], answer[1] == "1")
