"""Asking the kernel itself whether a port can be taken, once and in one way (`explain --try`).

A trial holds the port for an instant. It may change what a later trial on the same port is told, because the kernel
remembers at the port which options were seen there: so it is made once, in the way that was asked for. A UDP socket that
binds beside others (SO_REUSEADDR, SO_REUSEPORT) may in that instant be given a datagram meant for them, which is lost.
"""

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
    """What the kernel said."""

    errno: str | None
    """The error's name, or None where it let the socket in."""
    listened: bool
    """Whether listen(2) was tried, too."""


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
    """Bind a new socket for real, and close it. `uid` asks for another user, in a child process that becomes that user.

    listen(2) follows bind(2) only where it could still fail and can take no connection from anyone: with SO_REUSEADDR
    alone, since the kernel lets it listen only if no other socket does on an overlapping address (with SO_REUSEPORT it
    would join the listeners of the group and take their connections; without either option bind(2) has decided). A filter
    on the socket drops whatever arrives in the meantime, so that a client is not accepted and then reset.

    Raises ReadError where the trial cannot be made for that user, or on this system.
    """
    if protocol not in _IPPROTO:
        raise ReadError(f"--try: {protocol} cannot be tried, only {', '.join(_IPPROTO)}")
    if reuseport and not hasattr(socket, "SO_REUSEPORT"):
        raise ReadError("--try reuseport: this system has no SO_REUSEPORT; try plain or reuseaddr")
    way = (reuseaddr, reuseport, v6only, device)
    if uid is None or not hasattr(os, "geteuid") or uid == os.geteuid():
        return _bind(protocol, address, port, *way)
    if os.geteuid() != 0:
        raise ReadError(f"--try: only root can try for another user (uid {uid}); run it as that user")
    return _in_child(protocol, address, port, way, uid)


def is_local(address: str) -> bool | None:
    """Whether the kernel takes the address for one of this host's (a subnet's broadcast address and routes of type local
    count), by binding a UDP socket to it and a free port; None where it does not say."""
    import errno

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
    """The number of an interface by name or number. Raises OSError (ENODEV) where there is none."""
    import errno

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
            if protocol == "tcp" and reuseaddr and not reuseport and _deafen(new):
                listened = True
                new.listen(1)
    except OSError as error:
        return Trial(_error_name(error), listened)
    return Trial(None, listened)


def _deafen(new: socket.socket) -> bool:
    """Let nothing reach the socket: a filter program of one instruction, 'keep 0 bytes' (socket(7) SO_ATTACH_FILTER)."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0), 8)
    try:
        new.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))
    except OSError:
        return False
    return True


def _error_name(error: OSError) -> str:
    import errno

    return errno.errorcode.get(error.errno or 0, str(error.errno))


def _group_of(uid: int) -> int:
    """The user's group; of one without a name the group of the same number."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return uid


def _in_child(protocol: str, address: str, port: int, way: tuple[bool, bool, bool | None, str | None], uid: int) -> Trial:
    """The trial as another user: a child that gives up root, whose answer comes through a pipe."""
    gid = _group_of(uid)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Whatever happens, the child must not come back into the caller's code.
        with suppress(BaseException):
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            trial = _bind(protocol, address, port, *way)
            os.write(writer, f"{trial.errno or 'OK'} {int(trial.listened)}".encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode().split()
    os.waitpid(child, 0)
    if len(said) != 2:
        raise ReadError(f"--try: cannot become uid {uid} to try")
    return Trial(None if said[0] == "OK" else said[0], said[1] == "1")
