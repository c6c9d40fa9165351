"""Devices and their addresses: include/uapi/linux/if_link.h, if_addr.h, rtnetlink(7)."""

import struct
from collections.abc import Collection
from typing import NamedTuple

from portsock.network import Device
from portsock.parse.netlink.message import Buffer, attribute, attributes, check_lengths
from portsock.parse.netlink.route.values import address_text, name_text, number

GET_LINK, GET_ADDRESS = 18, 22
"""RTM_GETLINK, RTM_GETADDR."""
_LINK = struct.Struct("=BxHiII")
"""struct ifinfomsg: family, type, index, flags, mask of changes."""
_ADDRESS = struct.Struct("=BBBBI")
"""struct ifaddrmsg: family, prefix length, flags, scope, index."""
_UP, _LOOPBACK = 0x1, 0x8
_NAME, _MASTER, _LINK_INFO, _EXT_MASK = 3, 10, 18, 29
_INFO_KIND = 1
_SKIP_STATISTICS = 1 << 3
_PEER, _LOCAL = 1, 2


class Address(NamedTuple):
    """An address of a device."""

    device: int
    text: str
    """With the prefix length: '192.0.2.1/24'."""


def link_request() -> bytes:
    """Return the body of a dump request for all devices, without their statistics."""
    return _LINK.pack(0, 0, 0, 0, 0) + attribute(_EXT_MASK, struct.pack("=I", _SKIP_STATISTICS))


def address_request() -> bytes:
    """Return the body of a dump request for the addresses of all devices."""
    return _ADDRESS.pack(0, 0, 0, 0, 0)


def decode_links(buffer: Buffer, bodies: Collection[tuple[int, int]]) -> list[Device]:
    """Return the devices, without addresses. Raises GarbledMessage."""
    check_lengths(bodies, _LINK.size, "an RTM_NEWLINK")
    found = []
    for at, end in bodies:
        _, kind, index, flags, _ = _LINK.unpack_from(buffer, at)
        parts = attributes(buffer, at + _LINK.size, end)
        info = parts.get(_LINK_INFO, b"")
        named = attributes(info, 0, len(info)).get(_INFO_KIND)
        found.append(
            Device(
                index,
                name_text(parts[_NAME]) if _NAME in parts else str(index),
                bool(flags & _UP),
                bool(flags & _LOOPBACK),
                type=kind,
                master=number(parts.get(_MASTER)) or None,
                kind=name_text(named) if named is not None else None,
            )
        )
    return found


def decode_addresses(buffer: Buffer, bodies: Collection[tuple[int, int]]) -> list[Address]:
    """Return the IPv4 and IPv6 addresses. Of a point-to-point device the own one is meant. Raises GarbledMessage."""
    check_lengths(bodies, _ADDRESS.size, "an RTM_NEWADDR")
    found = []
    for at, end in bodies:
        family, length, _, _, index = _ADDRESS.unpack_from(buffer, at)
        parts = attributes(buffer, at + _ADDRESS.size, end)
        text = address_text(family, parts.get(_LOCAL, parts.get(_PEER)))
        if text is not None:
            found.append(Address(index, f"{text}/{length}"))
    return found
