"""Endpoints and network namespaces: the text of their cells, and the keys that endpoints are sorted by."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from portsock.addresses import number_of
from portsock.endpoints import endpoint_text, host_text, port_text
from portsock.model import Endpoint, Family, InetEndpoint, Port, Socket
from portsock.output.context import Context

_ALL, _NO_ADDRESS, _NOT_INET = 0, 8, 9
"""Sort keys begin with one of these, or with the IP version, 4 or 6."""


def local_text(socket: Socket, context: Context) -> str:
    """Return the local end as ss writes it: '127.0.0.53%lo:53', '[fe80::1]%eth0:546'; '*:80' takes both families."""
    local = socket.local
    if isinstance(local, InetEndpoint) and (socket.interface or socket.v6only is False):
        if socket.v6only is False and local.address == "::" and socket.family is Family.IPV6:
            return f"*{_device(local.zone or socket.interface)}:{port_text(local)}"
        if socket.interface and not local.zone:
            return f"{host_text(local, context.hostnames)}%{socket.interface}:{port_text(local)}"
    return endpoint_text(local, context.hostnames)


def remote_text(socket: Socket, context: Context) -> str:
    """Return the remote end; empty where there is none."""
    return endpoint_text(socket.remote, context.hostnames)


def netns_text(row: Port | Socket, context: Context) -> str:  # noqa: ARG001 - the interface of a column
    """Return the namespace's name, or its number where it has none."""
    return "" if row.netns is None else row.netns.name or str(row.netns.id)


def several_namespaces(rows: Sequence[Port | Socket]) -> bool:
    """Tell whether the rows are of more than one namespace."""
    return len({netns.id for netns in set(map(attrgetter("netns"), rows)) if netns}) > 1


def local_key(socket: Socket, context: Context) -> Any:  # noqa: ARG001 - the interface of a column
    """Return the sort key of the local end."""
    return endpoint_key(socket.local)


def remote_key(socket: Socket, context: Context) -> Any:  # noqa: ARG001
    """Return the sort key of the remote end."""
    return endpoint_key(socket.remote)


def endpoint_key(endpoint: Endpoint | None) -> Any:
    """Return a sort key: internet addresses by value, IPv4 first, then their port; the other kinds after them, by text."""
    if endpoint is None:
        return None
    if isinstance(endpoint, InetEndpoint):
        return (*address_key(endpoint.address or ""), -1 if endpoint.port is None else endpoint.port, endpoint.hostname or "")
    return (_NOT_INET, 0, "", 0, endpoint_text(endpoint))


def address_key(address: str) -> tuple[int, int, str]:
    """Return a sort key: '*' first, then IPv4 and IPv6 by value, then other text."""
    if address == "*":
        return (_ALL, 0, "")
    bare, _, zone = address.partition("%")
    number = number_of(bare)
    return (*number, zone) if number else (_NO_ADDRESS, 0, address)


def _device(name: str | None) -> str:
    return f"%{name}" if name else ""
