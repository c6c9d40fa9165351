"""What bind(2) checks before it looks at other sockets: whether the address is this host's, and who may take a low port.

__inet_bind() in net/ipv4/af_inet.c asks for the address first, __inet6_bind() in net/ipv6/af_inet6.c for the privilege.
"""

from typing import NamedTuple

from portsock.addresses import number_of, scope, unmap
from portsock.explain.bind.overlap import Place
from portsock.explain.bind.texts import Why
from portsock.explain.bind.types import Way
from portsock.explain.sections.durations import unprivileged_start
from portsock.model import Host, Scope
from portsock.records import Identity

_BSD = frozenset({"Darwin", "FreeBSD", "OpenBSD", "NetBSD"})


class Ground(NamedTuple):
    """A reason to refuse the bind (ok False), or to be in doubt (ok None)."""

    ok: bool | None
    errno: str | None
    why: Why


def is_ipv6(address: str) -> bool:
    """Whether a socket bound to this address is an IPv6 one."""
    return ":" in address


def address_ground(protocol: str, address: str, place: Place, way: Way, host: Host) -> Ground | None:
    """Why the address cannot be bound to; None where nothing speaks against it."""
    if not place.number:
        return None
    bare = address.partition("%")[0]
    kind = scope(bare)
    if place.version == 6 and host.system == "Linux":
        if kind is Scope.MULTICAST and protocol in {"tcp", "mptcp"}:
            return Ground(False, "EINVAL", Why.MULTICAST_STREAM)
        if way.device is None and (kind is Scope.LINK or bare.lower().startswith(("ff01:", "ff02:"))):
            return Ground(False, "EINVAL", Why.NO_ZONE)
    if kind in {Scope.MULTICAST, Scope.BROADCAST}:
        return None
    if host.sysctls.get(f"net.ipv{place.version}.ip_nonlocal_bind") == "1":
        return None
    local = is_local(bare, kind, host)
    if local and place.version == 6 and way.device is not None and host.system == "Linux":
        return Ground(None, None, Why.DEVICE)
    if local:
        return None
    return Ground(False, "EADDRNOTAVAIL", Why.NOT_LOCAL) if local is False else Ground(None, None, Why.LOCAL_UNKNOWN)


def privilege_ground(port: int, place: Place, identity: Identity, host: Host) -> Ground | None:
    """Why the port's number cannot be had; None where nothing speaks against it."""
    if host.system == "Windows" or (host.system == "Darwin" and not place.number):
        return None
    if not 0 < port < unprivileged_start(host)[0]:
        return None
    allowed = identity.uid == 0 if host.system in _BSD else identity.net_bind_service
    if allowed:
        return None
    return Ground(False, "EACCES", Why.PRIVILEGED) if allowed is False else Ground(None, None, Why.PRIVILEGED_UNKNOWN)


def is_local(address: str, kind: Scope | None, host: Host) -> bool | None:
    """Whether this host has the address. Linux has all of 127.0.0.0/8 as soon as it has one of it."""
    if host.addresses is None:
        return True if kind is Scope.LOOPBACK else None
    wanted = number_of(unmap(address))
    own = {number_of(unmap(item.partition("%")[0].partition("/")[0])) for item in host.addresses}
    if wanted in own:
        return True
    if host.system == "Linux" and kind is Scope.LOOPBACK and wanted and wanted[0] == 4:
        return any(item and item[0] == 4 and item[1] >> 24 == 127 for item in own)
    return False
