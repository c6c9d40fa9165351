"""Routes, what the kernel would do with one packet, and routing rules.

See include/uapi/linux/rtnetlink.h, fib_rules.h, net/ipv4/route.c (inet_rtm_getroute) and net/ipv6/route.c.
"""

import struct
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from portsock.network import Path, Route
from portsock.parse.netlink.message import Buffer, GarbledMessage, attribute, attributes, check_lengths
from portsock.parse.netlink.route.values import FAMILIES, INET, INET6, address_text, number, packed

GET_ROUTE, GET_RULE = 26, 34
"""RTM_GETROUTE, RTM_GETRULE."""
_ROUTE = struct.Struct("=BBBBBBBBI")
"""struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, type, flags."""
_RULE = struct.Struct("=BBBBBxxBI")
"""struct fib_rule_hdr: family, lengths of destination and source, TOS, table, action, flags."""
_HOP = struct.Struct("=HBBi")
"""struct rtnexthop: length, flags, weight, device."""
_DESTINATION, _SOURCE, _DEVICE, _GATEWAY, _METRIC, _PREFERRED, _METRICS, _HOPS, _TABLE, _VIA, _UID, _PROTOCOL, _PORT = (
    1, 2, 4, 5, 6, 7, 8, 9, 15, 18, 25, 27, 29,
)  # fmt: skip
_MTU = 2
_CLONED, _DEAD = 0x200, 0x1
"""RTM_F_CLONED: an exception of the IPv6 cache; RTNH_F_DEAD: the device is down."""
_KINDS = (
    "unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw", "nat",
    "xresolve",
)  # fmt: skip
ERRNOS = {"blackhole": "EINVAL", "unreachable": "EHOSTUNREACH", "prohibit": "EACCES", "throw": "ENETUNREACH"}
"""What a lookup that ends at such a route fails with: fib_props in net/ipv4/fib_semantics.c. That of throw is no route's: the
next table is asked, and here there was none."""
_PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132, "udplite": 136}

_PRIORITY, _RULE_TABLE = 6, 15
_TO_TABLE, _INVERT = 1, 0x2
_NEUTRAL = {_PRIORITY, _RULE_TABLE, 13, 14, 21}
"""Attributes of a rule that select nothing: also FRA_SUPPRESS_IFGROUP and _PREFIXLEN (-1 is none), FRA_PROTOCOL."""
_NONE = b"\xff\xff\xff\xff"
_USUAL = {INET: {(0, 255), (32766, 254), (32767, 253)}, INET6: {(0, 255), (32766, 254)}}
"""Priority and table of the rules that every namespace has, by family: ip-rule(8)."""


class Routes(NamedTuple):
    """The routes of a dump."""

    routes: list[Route]
    selective: bool
    """Some depend on more than the destination (its source, TOS), which Route does not have."""


def route_request() -> bytes:
    """Return the body of a dump request for all routes."""
    return _ROUTE.pack(0, 0, 0, 0, 0, 0, 0, 0, 0)


def rule_request() -> bytes:
    """Return the body of a dump request for all routing rules."""
    return _RULE.pack(0, 0, 0, 0, 0, 0, 0)


def path_request(
    destination: str,
    source: str | None = None,
    uid: int | None = None,
    device: int | None = None,
    protocol: str | None = None,
    port: int | None = None,
) -> bytes:
    """Return the body of a request for the way to one address without zone. Raises OSError for what is no address."""
    family, data = packed(destination)
    length = len(data) * 8
    parts = [attribute(_DESTINATION, data)]
    from_length = 0
    if source is not None:
        parts.append(attribute(_SOURCE, packed(source)[1]))
        from_length = length
    parts += [
        attribute(kind, struct.pack("=I", value)) for kind, value in ((_UID, uid), (_DEVICE, device)) if value is not None
    ]
    if protocol in _PROTOCOLS:
        parts.append(attribute(_PROTOCOL, bytes([_PROTOCOLS[protocol]])))
        parts += [attribute(_PORT, struct.pack(">H", port))] if port else []
    return _ROUTE.pack(family, length, from_length, 0, 0, 0, 0, 0, 0) + b"".join(parts)


def decode_routes(buffer: Buffer, bodies: Collection[tuple[int, int]]) -> Routes:
    """Return the IPv4 and IPv6 routes, of one with several next hops one for each. Raises GarbledMessage."""
    check_lengths(bodies, _ROUTE.size, "an RTM_NEWROUTE")
    found = Routes([], False)
    for at, end in bodies:
        family, length, from_length, tos, table, _, _, kind, flags = _ROUTE.unpack_from(buffer, at)
        if family not in FAMILIES or flags & (_CLONED | _DEAD):
            continue
        if from_length or tos:
            found = found._replace(selective=True)
        parts = attributes(buffer, at + _ROUTE.size, end)
        base = address_text(family, parts.get(_DESTINATION)) or ("::" if family == INET6 else "0.0.0.0")
        whole = number(parts.get(_TABLE))
        route = Route(
            f"{base}/{length}",
            table if whole is None else whole,
            _kind(kind),
            number(parts.get(_DEVICE)),
            _gateway(family, parts),
            number(parts.get(_METRIC)) or 0,
            address_text(family, parts.get(_PREFERRED)),
        )
        hops = parts.get(_HOPS)
        found.routes.extend((route,) if hops is None else _through(route, family, hops))
    return found


def _through(route: Route, family: int, hops: bytes) -> Iterator[Route]:
    """Yield the route with each of its next hops. Raises GarbledMessage."""
    at = 0
    while at + _HOP.size <= len(hops):
        size, flags, _, device = _HOP.unpack_from(hops, at)
        if size < _HOP.size or at + size > len(hops):
            raise GarbledMessage(f"a next hop of {size} bytes at {at} of {len(hops)}")
        if not flags & _DEAD:
            gateway = _gateway(family, attributes(hops, at + _HOP.size, at + size))
            yield route._replace(device=device, gateway=gateway)
        at += size + 3 & ~3


def _gateway(family: int, parts: Mapping[int, bytes]) -> str | None:
    """Return the next hop, which may be of the other family (RTA_VIA, RFC 5549)."""
    via = parts.get(_VIA)
    if via is not None and len(via) > 2:
        return address_text(int.from_bytes(via[:2], sys.byteorder), via[2:])
    return address_text(family, parts.get(_GATEWAY))


def _kind(number: int) -> str:
    return _KINDS[number] if number < len(_KINDS) else str(number)


def decode_path(destination: str, buffer: Buffer, bodies: Collection[tuple[int, int]]) -> tuple[Path, int | None]:
    """Return the way that the kernel would take, without its device, and that device's index. Raises GarbledMessage."""
    check_lengths(bodies, _ROUTE.size, "an RTM_NEWROUTE")
    if not bodies:
        raise GarbledMessage("no answer to RTM_GETROUTE")
    at, end = next(iter(bodies))
    family, *_, kind, _ = _ROUTE.unpack_from(buffer, at)
    parts = attributes(buffer, at + _ROUTE.size, end)
    metrics = parts.get(_METRICS, b"")
    name = _kind(kind)
    if name in ERRNOS:  # IPv6 of kernels that answer with the route in place of its error
        return Path(destination, errno=ERRNOS[name]), None
    path = Path(
        destination,
        name,
        gateway=_gateway(family, parts),
        source=address_text(family, parts.get(_PREFERRED)),
        mtu=number(attributes(metrics, 0, len(metrics)).get(_MTU)),
    )
    return path, number(parts.get(_DEVICE))


def has_further_rules(buffer: Buffer, bodies: Collection[tuple[int, int]]) -> bool:
    """Tell whether the rules of IPv4 or IPv6 are others than those that every namespace has. Raises GarbledMessage."""
    check_lengths(bodies, _RULE.size, "an RTM_NEWRULE")
    found: dict[int, set[tuple[int, int]]] = {}
    for at, end in bodies:
        family, length, from_length, tos, table, action, flags = _RULE.unpack_from(buffer, at)
        if family not in FAMILIES:  # multicast routing has rules of its own
            continue
        parts = attributes(buffer, at + _RULE.size, end)
        selects = [kind for kind, value in parts.items() if kind not in _NEUTRAL or (kind in (13, 14) and value != _NONE)]
        if length or from_length or tos or action != _TO_TABLE or flags & _INVERT or selects:
            return True
        whole = number(parts.get(_RULE_TABLE))
        found.setdefault(family, set()).add((number(parts.get(_PRIORITY)) or 0, table if whole is None else whole))
    return any(rules != _USUAL[family] for family, rules in found.items())
