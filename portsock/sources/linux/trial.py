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

from portsock.addresses import needs_zone, number_of
from portsock.errors import ReadError
from portsock.records import LocalAddress

_SO_BINDTODEVICE = 25
_SO_ATTACH_FILTER = 26
_ABOUT_THE_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.ENODEV, errno.EINVAL})
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


def local_address(address: str) -> LocalAddress:
    """Ask the kernel whether a program can bind this address, whatever the port.

    This binds a UDP socket to the address and any free port. Broadcast addresses and routes of type local count as well.
    """
    bare, _, zone = address.partition("%")
    device = _device_name(zone) if zone else None
    try:
        with new_socket("udp", address) as probe:
            bind_to_device(probe, address)
            probe.bind(socket_name(address, 0))
    except OSError as error:
        if error.errno not in _ABOUT_THE_ADDRESS:
            return LocalAddress(False, device=device)
        if error.errno == errno.EADDRNOTAVAIL:
            return _unavailable(bare, device)
        return LocalAddress(True, errno.errorcode[error.errno], device)
    return LocalAddress(True, None, device)


def _unavailable(bare: str, device: str | None) -> LocalAddress:
    """Return the answer EADDRNOTAVAIL, for an IPv6 address with the devices that have it."""
    answer = LocalAddress(True, "EADDRNOTAVAIL", device)
    if ":" not in bare or not sys.platform.startswith("linux"):
        return answer
    from portsock.parse.proc.addresses import parse_interface_addresses
    from portsock.sources.system import read_text

    wanted = number_of(bare)
    rows = [
        row for row in parse_interface_addresses(read_text("/proc/net/if_inet6") or "") if number_of(row.address) == wanted
    ]
    unready = [row for row in rows if not row.ready and device in {None, row.device}]
    first = unready[0] if unready else None
    return answer._replace(
        devices=tuple(sorted(row.device for row in rows if row.ready)),
        unready=first and first.device,
        duplicate=bool(first and first.duplicate),
    )


def new_socket(protocol: str, address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol in {"tcp", "mptcp"} else socket.SOCK_DGRAM
    return socket.socket(family, kind, _IPPROTO[protocol])


def socket_name(address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    bare, _, zone = address.partition("%")
    if ":" not in address:
        return bare, port
    return bare, port, 0, _interface(zone) if zone else 0


def bind_to_device(new: socket.socket, address: str) -> None:
    """Bind the socket to the device behind '%', where the kernel ignores a zone there. Raises OSError.

    bind(2) takes the zone of a link-local address, unicast or multicast. Behind any other address '%' names the device of
    SO_BINDTODEVICE, as ss(8) prints it.
    """
    bare, _, zone = address.partition("%")
    if zone and not needs_zone(bare) and sys.platform.startswith("linux"):
        name = _device_name(zone)
        if name is None:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        new.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, name.encode("utf-8", "surrogateescape") + b"\0")


def _device_name(zone: str) -> str | None:
    """Return the name of the device that a zone names, by its name or number; None where there is none."""
    try:
        return socket.if_indextoname(_interface(zone))
    except (OSError, OverflowError):
        return None


def _interface(zone: str) -> int:
    """Return the number of an interface from its name or number. Raises OSError (ENODEV) where there is none."""
    if zone.isascii() and zone.isdigit() and len(zone) <= 10 and int(zone) < 2**32:
        return int(zone)
    try:
        return socket.if_nametoindex(zone)
    except (OSError, ValueError):  # without a number before Python 3.13; ValueError for a NUL
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from None


def _bind(
    protocol: str, address: str, port: int, reuseaddr: bool, reuseport: bool, v6only: bool | None, device: str | None
) -> Trial:
    listened = False
    try:
        with new_socket(protocol, address) as new:
            if reuseaddr:
                new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if reuseport:
                new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if v6only is not None and ":" in address:
                new.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
            if device and "%" not in address:
                new.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, device.encode() + b"\0")
            bind_to_device(new, address)
            new.bind(socket_name(address, port))
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
