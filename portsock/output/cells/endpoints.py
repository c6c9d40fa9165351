"""Endpoints as the text of a cell, and as what they are sorted by."""

from typing import Any

from portsock.addresses import number_of
from portsock.model import Endpoint, Family, InetEndpoint, NetlinkEndpoint, PacketEndpoint, Socket, UnixEndpoint, VsockEndpoint
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


def local_text(socket: Socket, context: Context) -> str:
    """The local end, as ss writes it: '127.0.0.53%lo:53', '[fe80::1]%eth0:546'; '*:80' takes both families."""
    local = socket.local
    if isinstance(local, InetEndpoint) and (socket.interface or socket.v6only is False):
        if socket.v6only is False and local.address == "::" and socket.family is Family.IPV6:
            return f"*{_device(local.zone or socket.interface)}:{_port(local)}"
        if socket.interface and not local.zone:
            return f"{_host(local, context)}%{socket.interface}:{_port(local)}"
    return endpoint_text(local, context)


def remote_text(socket: Socket, context: Context) -> str:
    """The remote end; empty where there is none."""
    return endpoint_text(socket.remote, context)


def endpoint_text(endpoint: Endpoint | None, context: Context) -> str:
    """An endpoint of any family, unescaped."""
    if isinstance(endpoint, InetEndpoint):
        address, port, zone, hostname, _, truncated, _ = endpoint
        if zone or hostname or port is None or address is None or truncated or context.hostnames:
            return f"{_host(endpoint, context)}{_device(zone)}:{_port(endpoint)}"
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    if isinstance(endpoint, UnixEndpoint):
        return unix_text(endpoint)
    return _other_text(endpoint)


def unix_text(endpoint: UnixEndpoint) -> str:
    """A path, '@name' of an abstract one, or '(unnamed)'. Bytes that are no UTF-8 become lone surrogates."""
    if endpoint.path is None:
        return "(unnamed)"
    name = endpoint.path.decode("utf-8", "surrogateescape")
    return f"{'@' if endpoint.abstract else ''}{name}{'…' if endpoint.truncated else ''}"


def bracketed(address: str) -> str:
    """An address that may stand before a port: '::1' → '[::1]', 'fe80::1%eth0' → '[fe80::1]%eth0'."""
    bare, percent, zone = address.partition("%")
    return f"[{bare}]{percent}{zone}" if ":" in bare else address


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
    return (9, 0, "", 0, _other_text(endpoint) if not isinstance(endpoint, UnixEndpoint) else unix_text(endpoint))


def address_key(address: str) -> tuple[int, int, str]:
    """What addresses are ordered by: '*', then IPv4 and IPv6 by value, then other text."""
    if address == "*":
        return (0, 0, "")
    bare, _, zone = address.partition("%")
    number = number_of(bare)
    return (*number, zone) if number else (8, 0, address)


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
