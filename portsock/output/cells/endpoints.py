"""Endpoints as the text of a cell, and as what they are sorted by."""

from typing import Any

from portsock.addresses import number_of
from portsock.endpoints import endpoint_text, host_text, port_text
from portsock.model import Endpoint, Family, InetEndpoint, Socket
from portsock.output.context import Context


def local_text(socket: Socket, context: Context) -> str:
    """The local end, as ss writes it: '127.0.0.53%lo:53', '[fe80::1]%eth0:546'; '*:80' takes both families."""
    local = socket.local
    if isinstance(local, InetEndpoint) and (socket.interface or socket.v6only is False):
        if socket.v6only is False and local.address == "::" and socket.family is Family.IPV6:
            return f"*{_device(local.zone or socket.interface)}:{port_text(local)}"
        if socket.interface and not local.zone:
            return f"{host_text(local, context.hostnames)}%{socket.interface}:{port_text(local)}"
    return endpoint_text(local, context.hostnames)


def remote_text(socket: Socket, context: Context) -> str:
    """The remote end; empty where there is none."""
    return endpoint_text(socket.remote, context.hostnames)


def local_key(socket: Socket, context: Context) -> Any:  # noqa: ARG001 - the interface of a column
    """Local ends by value: addresses as numbers, then the port."""
    return endpoint_key(socket.local)


def remote_key(socket: Socket, context: Context) -> Any:  # noqa: ARG001
    """Remote ends by value."""
    return endpoint_key(socket.remote)


def endpoint_key(endpoint: Endpoint | None) -> Any:
    """What endpoints are ordered by: internet addresses by value, IPv4 first, then the other kinds by name."""
    if endpoint is None:
        return None
    if isinstance(endpoint, InetEndpoint):
        return (*address_key(endpoint.address or ""), -1 if endpoint.port is None else endpoint.port, endpoint.hostname or "")
    return (9, 0, "", 0, endpoint_text(endpoint))


def address_key(address: str) -> tuple[int, int, str]:
    """What addresses are ordered by: '*', then IPv4 and IPv6 by value, then other text."""
    if address == "*":
        return (0, 0, "")
    bare, _, zone = address.partition("%")
    number = number_of(bare)
    return (*number, zone) if number else (8, 0, address)


def _device(name: str | None) -> str:
    return f"%{name}" if name else ""
