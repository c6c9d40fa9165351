"""Neighbours: include/uapi/linux/neighbour.h, arp(7)."""

import struct
from collections.abc import Collection

from portsock.network import Neighbour
from portsock.parse.netlink.message import Buffer, attributes, check_lengths
from portsock.parse.netlink.route.values import address_text

GET_NEIGHBOUR = 30
"""RTM_GETNEIGH."""
_MESSAGE = struct.Struct("=BxxxiHBB")
"""struct ndmsg: family, device, state, flags, type."""
_DESTINATION = 1
_STATES = {
    0: "NONE", 0x01: "INCOMPLETE", 0x02: "REACHABLE", 0x04: "STALE", 0x08: "DELAY", 0x10: "PROBE", 0x20: "FAILED",
    0x40: "NOARP", 0x80: "PERMANENT",
}  # fmt: skip
"""NUD_*."""


def neighbour_request() -> bytes:
    """Return the body of a dump request for all neighbours."""
    return _MESSAGE.pack(0, 0, 0, 0, 0)


def decode(buffer: Buffer, bodies: Collection[tuple[int, int]]) -> list[Neighbour]:
    """Return the IPv4 and IPv6 neighbours. Raises GarbledMessage."""
    check_lengths(bodies, _MESSAGE.size, "an RTM_NEWNEIGH")
    found = []
    for at, end in bodies:
        family, device, state, _, _ = _MESSAGE.unpack_from(buffer, at)
        text = address_text(family, attributes(buffer, at + _MESSAGE.size, end).get(_DESTINATION))
        if text is not None:
            found.append(Neighbour(text, device, _STATES.get(state, hex(state))))
    return found
