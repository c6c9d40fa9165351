"""How the kernel would send one packet, and whether the neighbour that it would go to answers: rtnetlink(7)."""

import errno
import socket

from portsock.network import Neighbour, Path
from portsock.parse.netlink.message import NLM_F_ACK, GarbledMessage
from portsock.parse.netlink.route import neighbours, routes
from portsock.parse.netlink.route.values import packed
from portsock.sources.linux.netlink import Channel, NetlinkRefused, Reader, open_channel
from portsock.sources.linux.routes.rtnetlink import NETLINK_ROUTE, dump


def ask(
    destination: str,
    source: str | None = None,
    uid: int | None = None,
    device: str | None = None,
    protocol: str | None = None,
    port: int | None = None,
    channel: Channel | None = None,
) -> Path:
    """Return the way to an address without zone, from the calling thread's network namespace. Nothing is sent.

    The kernel takes the caller's uid where none is given. Raises NetlinkRefused, and OSError for what is no address or device.
    """
    if channel is None:
        with open_channel(NETLINK_ROUTE) as opened:
            return ask(destination, source, uid, device, protocol, port, opened)
    index = socket.if_nametoindex(device) if device is not None else None
    body = routes.path_request(destination, source, uid, index, protocol, port)
    try:
        answer = Reader(channel, routes.GET_ROUTE, NLM_F_ACK).once(body)
        path, index = routes.decode_path(destination, answer.data, answer.bodies)
    except OSError as error:
        if error.errno in (errno.ENETUNREACH, errno.EINVAL, errno.EHOSTUNREACH, errno.EACCES):
            return Path(destination, errno=errno.errorcode[error.errno])
        raise NetlinkRefused(error.strerror or str(error)) from error
    except GarbledMessage as error:
        raise NetlinkRefused(str(error)) from error
    return path._replace(device=_name(index))


def neighbour(address: str, device: str, channel: Channel | None = None) -> Neighbour | None:
    """Return the neighbour with this address without zone; None where the kernel has none. Raises NetlinkRefused."""
    if channel is None:
        with open_channel(NETLINK_ROUTE) as opened:
            return neighbour(address, device, opened)
    try:
        wanted = socket.if_nametoindex(device), packed(address)[1]
    except OSError:
        return None
    every = dump(channel, neighbours.GET_NEIGHBOUR, neighbours.neighbour_request(), neighbours.decode) or []
    return next((each for each in every if (each.device, packed(each.address)[1]) == wanted), None)


def _name(index: int | None) -> str | None:
    if not index:
        return None
    try:
        return socket.if_indextoname(index)
    except OSError:
        return str(index)
