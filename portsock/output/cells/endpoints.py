"""Endpoints and network namespaces: the text of their cells, and the keys that endpoints are sorted by."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from portsock.addresses import number_of
from portsock.model import (
    Endpoint,
    Family,
    InetEndpoint,
    NetlinkEndpoint,
    PacketEndpoint,
    Port,
    Socket,
    UnixEndpoint,
    VsockEndpoint,
)
from portsock.output.context import Context

_NETLINK = {
    0: "route", 2: "usersock", 4: "sock-diag", 5: "nflog", 6: "xfrm", 7: "selinux", 8: "iscsi", 9: "audit",
    10: "fib-lookup", 11: "connector", 12: "netfilter", 15: "uevent", 16: "generic", 18: "scsi", 19: "ecryptfs",
    20: "rdma", 21: "crypto", 22: "smc",
}  # fmt: skip
"""Protocols of netlink(7)."""

_ETHERTYPE = {0x0003: "all", 0x0800: "ip", 0x0806: "arp", 0x86DD: "ipv6", 0x888E: "eapol", 0x88CC: "lldp"}
"""include/uapi/linux/if_ether.h"""

_ANY = 0xFFFFFFFF
"""VMADDR_CID_ANY and VMADDR_PORT_ANY: vsock(7)."""

_ALL, _NO_ADDRESS, _NOT_INET = 0, 8, 9
"""Sort keys begin with one of these, or with the IP version, 4 or 6."""


def local_text(socket: Socket, context: Context) -> str:
    """Return the local end as ss writes it: '127.0.0.53%lo:53', '[fe80::1]%eth0:546'; '*:80' takes both families."""
    local = socket.local
    if isinstance(local, InetEndpoint) and (socket.interface or socket.v6only is False):
        if socket.v6only is False and local.address == "::" and socket.family is Family.IPV6:
            return f"*{_device(local.zone or socket.interface)}:{_port(local)}"
        if socket.interface and not local.zone:
            return f"{_host(local, context)}%{socket.interface}:{_port(local)}"
    return endpoint_text(local, context)


def remote_text(socket: Socket, context: Context) -> str:
    """Return the remote end; empty where there is none."""
    return endpoint_text(socket.remote, context)


def endpoint_text(endpoint: Endpoint | None, context: Context) -> str:
    """Return an endpoint of any family, unescaped."""
    if isinstance(endpoint, InetEndpoint):
        address, port, zone, hostname, _, truncated, _ = endpoint
        if zone or hostname or port is None or address is None or truncated or context.hostnames:
            return f"{_host(endpoint, context)}{_device(zone)}:{_port(endpoint)}"
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    if isinstance(endpoint, UnixEndpoint):
        return unix_text(endpoint)
    return _other_text(endpoint)


def netns_text(row: Port | Socket, context: Context) -> str:  # noqa: ARG001 - the interface of a column
    """Return the namespace's name, or its number where it has none."""
    return "" if row.netns is None else row.netns.name or str(row.netns.id)


def several_namespaces(rows: Sequence[Port | Socket]) -> bool:
    """Tell whether the rows are of more than one namespace."""
    return len({netns.id for netns in set(map(attrgetter("netns"), rows)) if netns}) > 1


def unix_text(endpoint: UnixEndpoint) -> str:
    """Return a path, '@name' of an abstract one, or '(unnamed)'. Bytes that are no UTF-8 become lone surrogates."""
    if endpoint.path is None:
        return "(unnamed)"
    name = endpoint.path.decode("utf-8", "surrogateescape")
    return f"{'@' if endpoint.abstract else ''}{name}{'…' if endpoint.truncated else ''}"


def bracketed(address: str) -> str:
    """Return an address as it is written before a port: '::1' → '[::1]', 'fe80::1%eth0' → '[fe80::1]%eth0'."""
    bare, percent, zone = address.partition("%")
    return f"[{bare}]{percent}{zone}" if ":" in bare else address


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
    return (_NOT_INET, 0, "", 0, unix_text(endpoint) if isinstance(endpoint, UnixEndpoint) else _other_text(endpoint))


def address_key(address: str) -> tuple[int, int, str]:
    """Return a sort key: '*' first, then IPv4 and IPv6 by value, then other text."""
    if address == "*":
        return (_ALL, 0, "")
    bare, _, zone = address.partition("%")
    number = number_of(bare)
    return (*number, zone) if number else (_NO_ADDRESS, 0, address)


def _device(name: str | None) -> str:
    return f"%{name}" if name else ""


def _port(endpoint: InetEndpoint) -> str:
    return endpoint.label or "*" if endpoint.port is None else str(endpoint.port)


def _host(endpoint: InetEndpoint, context: Context) -> str:
    address = endpoint.address
    if address is None:
        return endpoint.hostname or "?"
    name = endpoint.hostname or context.hostnames.get(address)
    if name:
        return name
    if endpoint.truncated:
        address += "…"
    return f"[{address}]" if ":" in address else address


def _other_text(endpoint: Endpoint | None) -> str:
    if isinstance(endpoint, NetlinkEndpoint):
        protocol = _NETLINK.get(endpoint.protocol, str(endpoint.protocol))
        return f"{protocol}:{endpoint.portid or 'kernel'}"
    if isinstance(endpoint, PacketEndpoint):
        kind = endpoint.ethertype
        name = "*" if kind is None else _ETHERTYPE.get(kind, f"0x{kind:04x}")
        return f"{name}:*" if endpoint.ifindex is None else f"{name}:if{endpoint.ifindex}"
    if isinstance(endpoint, VsockEndpoint):
        cid, port = ("*" if number == _ANY else str(number) for number in endpoint)
        return f"{cid}:{port}"
    return ""
