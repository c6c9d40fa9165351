"""Endpoints as text, the same in tables and in sentences, and their parts."""

from collections.abc import Mapping

from portsock.model import Endpoint, InetEndpoint, NetlinkEndpoint, PacketEndpoint, UnixEndpoint, VsockEndpoint

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

_NO_NAMES: Mapping[str, str] = {}


def port_of(endpoint: Endpoint | None) -> int | None:
    """Return the port of an internet endpoint, or None."""
    return endpoint.port if isinstance(endpoint, InetEndpoint) else None


def address_of(endpoint: Endpoint | None) -> str | None:
    """Return the address of an internet endpoint, or None."""
    return endpoint.address if isinstance(endpoint, InetEndpoint) else None


def endpoint_text(endpoint: Endpoint | None, hostnames: Mapping[str, str] = _NO_NAMES) -> str:
    """Return '10.0.0.5:80', '[fe80::1]%eth0:631', '*:80', a path, '@abstract', 'route:kernel', …, unescaped; '' for None.

    `hostnames`: host names by address, to be written instead of the address.
    """
    if isinstance(endpoint, InetEndpoint):
        address, port, zone, hostname, _, truncated, _ = endpoint
        if zone or hostname or port is None or address is None or truncated or hostnames:
            return f"{host_text(endpoint, hostnames)}{f'%{zone}' if zone else ''}:{port_text(endpoint)}"
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    if isinstance(endpoint, UnixEndpoint):
        return unix_text(endpoint)
    return _other_text(endpoint)


def host_text(endpoint: InetEndpoint, hostnames: Mapping[str, str] = _NO_NAMES) -> str:
    """Return the host name, or else the address in the form that a port can follow, with '…' where the listing cut it."""
    address = endpoint.address
    if address is None:
        return endpoint.hostname or "?"
    name = endpoint.hostname or hostnames.get(address)
    if name:
        return name
    if endpoint.truncated:
        address += "…"
    return f"[{address}]" if ":" in address else address


def port_text(endpoint: InetEndpoint) -> str:
    """Return the port; without one the service name that the listing printed, or '*'."""
    return endpoint.label or "*" if endpoint.port is None else str(endpoint.port)


def unix_text(endpoint: UnixEndpoint) -> str:
    """Return a path, '@name' of an abstract one, or '(unnamed)'. Bytes that are no UTF-8 become lone surrogates."""
    if endpoint.path is None:
        return "(unnamed)"
    name = endpoint.path.decode("utf-8", "surrogateescape")
    return f"{'@' if endpoint.abstract else ''}{name}{'…' if endpoint.truncated else ''}"


def bracketed(address: str) -> str:
    """Return an address in the form that a port can follow: '::1' → '[::1]', 'fe80::1%eth0' → '[fe80::1]%eth0'."""
    bare, percent, zone = address.partition("%")
    return f"[{bare}]{percent}{zone}" if ":" in bare else address


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
