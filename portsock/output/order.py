"""The order of sockets where none is asked for: stable, and what belongs together stands together."""

from collections.abc import Iterable
from typing import Any

from portsock.model import InetEndpoint, Socket


def in_order(sockets: Iterable[Socket]) -> list[Socket]:
    """By host, namespace and protocol, then local port, the listener before its connections, local address, remote end;
    sockets without a port by inode."""
    return sorted(sockets, key=_key)


def _key(socket: Socket) -> tuple[Any, ...]:
    local, remote, netns = socket.local, socket.remote, socket.netns
    host, space = socket.host or "", netns.id if netns else 0
    if not isinstance(local, InetEndpoint):
        return (host, space, socket.protocol, -1, False, "", -1, "", socket.inode or 0)
    port, address = (remote.port or 0, remote.address or "") if isinstance(remote, InetEndpoint) else (-1, "")
    return (
        host, space, socket.protocol, local.port or 0, remote is not None, local.address or "", port, address,
        socket.inode or 0,
    )  # fmt: skip
