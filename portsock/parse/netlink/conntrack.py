"""Connections whose destination was changed on the way (DNAT), from ctnetlink.

See include/uapi/linux/netfilter/nfnetlink_conntrack.h. All integers are in network order there.
"""

import struct
from collections.abc import Collection
from socket import AF_INET, AF_INET6, inet_ntop
from typing import NamedTuple

from portsock.addresses import unmap
from portsock.parse.netlink.message import Buffer, attribute, attributes, check_lengths

GET = 1 << 8 | 1
"""NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET."""
_HEAD = struct.Struct("=BBH")
"""struct nfgenmsg: family, version, resource."""
_TUPLE_ORIG, _TUPLE_REPLY, _STATUS, _STATUS_MASK = 1, 2, 3, 26
_TUPLE_IP, _TUPLE_PROTO = 1, 2
_V4, _V6 = (1, 2), (3, 4)
"""Source and destination."""
_PROTO_NUM, _SOURCE_PORT, _DESTINATION_PORT = 1, 2, 3
_DNAT = struct.pack(">I", 1 << 5)
"""IPS_DST_NAT, include/uapi/linux/netfilter/nf_conntrack_common.h."""
_PROTOCOLS = {6: "tcp", 17: "udp"}

End = tuple[str, int]
"""Address and port."""


class Translation(NamedTuple):
    """One connection as its two ends see it."""

    protocol: str
    client: tuple[End, End]
    """Local and remote end of the client's socket."""
    server: tuple[End, End]
    """Local and remote end of the server's socket."""


def request() -> bytes:
    """Return the body of a dump request for connections with DNAT. Kernels before 5.10 ignore the filter."""
    return _HEAD.pack(0, 0, 0) + attribute(_STATUS, _DNAT) + attribute(_STATUS_MASK, _DNAT)


def decode(buffer: Buffer, bodies: Collection[tuple[int, int]]) -> list[Translation]:
    """Return the connections whose server has another address or port than its client asked for. Raises GarbledMessage."""
    check_lengths(bodies, _HEAD.size, "a ctnetlink")
    found = []
    for at, end in bodies:
        parts = attributes(buffer, at + _HEAD.size, end)
        there, back = _tuple(parts.get(_TUPLE_ORIG, b"")), _tuple(parts.get(_TUPLE_REPLY, b""))
        if there is not None and back is not None and there[0] == back[0] and there[2] != back[1]:
            found.append(Translation(there[0], there[1:], back[1:]))
    return found


def _tuple(value: bytes) -> tuple[str, End, End] | None:
    """Return protocol, source and destination of one direction; None for what is neither TCP nor UDP."""
    parts = attributes(value, 0, len(value))
    ip, proto = parts.get(_TUPLE_IP, b""), parts.get(_TUPLE_PROTO, b"")
    addresses, ports = attributes(ip, 0, len(ip)), attributes(proto, 0, len(proto))
    protocol = _PROTOCOLS.get(int.from_bytes(ports.get(_PROTO_NUM, b""), "big"))
    kinds = _V4 if _V4[0] in addresses else _V6
    if protocol is None or not all(kind in addresses for kind in kinds):
        return None
    source, destination = (
        (_address(addresses[kind]), int.from_bytes(ports.get(port, b""), "big"))
        for kind, port in zip(kinds, (_SOURCE_PORT, _DESTINATION_PORT), strict=True)
    )
    return None if source[0] is None or destination[0] is None else (protocol, source, destination)  # type: ignore[return-value]


def _address(value: bytes) -> str | None:
    if len(value) == 4:
        return inet_ntop(AF_INET, value)
    return unmap(inet_ntop(AF_INET6, value)) if len(value) == 16 else None
