"""Dumps of rtnetlink(7): devices, addresses, routes, routing rules, neighbours."""

from collections.abc import Callable, Collection
from typing import TypeVar

from portsock.parse.netlink.message import Buffer, GarbledMessage
from portsock.sources.linux.netlink import Channel, NetlinkRefused, Reader

NETLINK_ROUTE = 0
_Decoded = TypeVar("_Decoded")
_Decoder = Callable[[Buffer, Collection[tuple[int, int]]], _Decoded]


def dump(channel: Channel, kind: int, body: bytes, decode: "_Decoder[_Decoded]") -> "_Decoded | None":
    """Return what one dump contains; None where this kernel has no such table. Raises NetlinkRefused."""
    answer = Reader(channel, kind).read(body)
    try:
        return None if answer is None else decode(answer.data, answer.bodies)
    except GarbledMessage as error:
        raise NetlinkRefused(str(error)) from error
