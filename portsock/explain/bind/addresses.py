"""The addresses of a bind: which sockets' addresses overlap, and what the kernel checks before it looks at other sockets.

The rules are those of Linux: inet_rcv_saddr_equal() and its callers in net/ipv4/inet_connection_sock.c, compared with a
6.18 kernel by tests/explain/bind/test_matrix.py. __inet_bind() in net/ipv4/af_inet.c checks the address before the privilege,
__inet6_bind() in net/ipv6/af_inet6.c the privilege before the address.
"""

from functools import lru_cache
from typing import NamedTuple

from portsock.addresses import needs_zone, number_of, scope, unmap
from portsock.explain.bind.texts import Reason
from portsock.explain.sections.durations import unprivileged_start
from portsock.explain.types import Way
from portsock.model import Family, Host, InetEndpoint, Scope, Socket
from portsock.normalize.roles import NO_PEER_STATES
from portsock.records import Identity, LocalAddress

_BSD = frozenset({"Darwin", "FreeBSD", "OpenBSD", "NetBSD"})

_PORT_SPACES = {"tcp": frozenset({"tcp", "mptcp"}), "mptcp": frozenset({"tcp", "mptcp"})}
"""MPTCP binds TCP ports; every other protocol has ports of its own, UDP-Lite too."""


class BindAddress(NamedTuple):
    """The address that a socket is or would be bound to."""

    version: int
    """The IP version; 4 for an IPv6 socket with an IPv4-mapped address, too."""
    number: int
    """The address as a number; 0 is the wildcard."""
    v6only: bool | None
    """Version 6: whether it keeps off IPv4. bind(2) to a specific IPv6 address sets the option automatically, connect(2) and
    accept(2) do not."""


class Objection(NamedTuple):
    """A reason to refuse the bind (ok False), or to doubt it (ok None)."""

    ok: bool | None
    errno: str | None
    reason: Reason


def shares_ports(protocol: str, other: str) -> bool:
    """Tell whether the two protocols' sockets contend for the same ports."""
    return other in _PORT_SPACES.get(protocol, (protocol,))


def is_ipv6(address: str) -> bool:
    """Tell whether a socket bound to this address is an IPv6 one."""
    return ":" in address


def requested_address(address: str, v6only: bool | None) -> BindAddress | None:
    """Return the address that a new socket requests; None for text that is no address. A zone is ignored."""
    parsed = _parsed(address)
    if parsed is None:
        return None
    version, number = parsed
    if version == 4:
        return BindAddress(4, number, None)
    return BindAddress(6, number, v6only if number == 0 else True)


def held_address(socket: Socket, v6only: bool | None) -> BindAddress | None:
    """Return the address that an existing socket holds; None where it is not known."""
    local = socket.local
    if not isinstance(local, InetEndpoint) or local.address is None or local.truncated:
        return None
    if local.address == "*":
        return BindAddress(4, 0, None) if socket.family is Family.IPV4 else BindAddress(6, 0, v6only)
    parsed = _parsed(local.address)
    if parsed is None:
        return None
    version, number = parsed
    if version == 4:
        return BindAddress(4, number, None)
    if v6only is None and number and socket.state in NO_PEER_STATES:
        v6only = True
    return BindAddress(6, number, v6only)


def overlaps(new: BindAddress, held: BindAddress) -> bool | None:
    """Tell whether two addresses overlap; None where it depends on an IPV6_V6ONLY that is not known.

    One case looks odd and is the kernel's: a connected or accepted IPv6 socket without IPV6_V6ONLY is in the way of 0.0.0.0,
    whatever its address, because the kernel keeps an IPv4 stand-in for it (LOOPBACK4_IPV6 in net/ipv6/tcp_ipv6.c).
    """
    if new.version == held.version:
        return new.number == held.number or not new.number or not held.number
    if new.version == 4:
        reaches = not held.number or not new.number
        return _not(held.v6only) if reaches else False
    return False if new.number else _not(new.v6only)


def covers(listener: BindAddress, address: BindAddress) -> bool:
    """Tell whether a listener at the first address could have accepted a connection at the second."""
    if listener.version == address.version:
        return listener.number in {0, address.number}
    return listener.version == 6 and not listener.number and not listener.v6only


def objections(
    protocol: str,
    text: str,
    port: int,
    address: BindAddress,
    way: Way,
    identity: Identity,
    host: Host,
    asked: LocalAddress | None,
) -> list[Objection]:
    """Return what refuses the bind, or may, whatever sockets there are, in the order in which the kernel looks.

    `text` is the address as it is spelt, `asked` the kernel's answer on it, where there is one.
    """
    bare, _, zone = text.partition("%")
    by_address = address_objection(bare, address, way, host, asked)
    by_privilege = privilege_objection(port, address, identity, host)
    order = [by_address, by_privilege] if address.version == 4 else [by_privilege, by_address]
    if host.system == "Linux" and scope(bare) is Scope.MULTICAST and address.version == 6 and protocol in {"tcp", "mptcp"}:
        order = [Objection(False, "EINVAL", Reason.MULTICAST_STREAM)]
    if by_address and by_address.reason is Reason.NO_DEVICE and not (needs_zone(bare) and zone.isdigit()):
        order = [by_address]  # the name cannot be looked up for bind(2), or SO_BINDTODEVICE fails
    return [objection for objection in order if objection]


def address_objection(bare: str, address: BindAddress, way: Way, host: Host, asked: LocalAddress | None) -> Objection | None:
    """Return why the address, which is `bare` without its zone, cannot be bound; None where nothing prevents it."""
    if asked is not None and asked.known:
        return _refusal(asked)
    if not address.number:
        return None
    kind = scope(bare)
    if host.system == "Linux" and way.device is None and needs_zone(bare):
        return Objection(False, "EINVAL", Reason.NO_ZONE)
    if kind in {Scope.MULTICAST, Scope.BROADCAST}:
        return None
    if host.sysctls.get(f"net.ipv{address.version}.ip_nonlocal_bind") == "1":
        return None
    local = is_local(bare, kind, host)
    if local and address.version == 6 and way.device is not None and host.system == "Linux":
        return Objection(None, None, Reason.DEVICE)
    if local:
        return None
    return (
        Objection(False, "EADDRNOTAVAIL", Reason.NOT_LOCAL) if local is False else Objection(None, None, Reason.LOCAL_UNKNOWN)
    )


def _refusal(asked: LocalAddress) -> Objection | None:
    """Return the objection that the kernel's answer is, with the reason for it."""
    if asked.errno is None:
        return None
    if asked.errno == "ENODEV":
        return Objection(False, "ENODEV", Reason.NO_DEVICE)
    if asked.errno == "EINVAL":
        return Objection(False, "EINVAL", Reason.NO_ZONE)
    if asked.unready:
        return Objection(False, asked.errno, Reason.DUPLICATE if asked.duplicate else Reason.TENTATIVE)
    return Objection(False, asked.errno, Reason.OTHER_DEVICE if asked.device and asked.devices else Reason.NOT_LOCAL)


def privilege_objection(port: int, address: BindAddress, identity: Identity, host: Host) -> Objection | None:
    """Return why this user may not take the port's number; None where nothing prevents it."""
    if host.system == "Windows" or (host.system == "Darwin" and not address.number):
        return None
    if not 0 < port < unprivileged_start(host)[0]:
        return None
    allowed = identity.uid == 0 if host.system in _BSD else identity.net_bind_service
    if allowed:
        return None
    return (
        Objection(False, "EACCES", Reason.PRIVILEGED) if allowed is False else Objection(None, None, Reason.PRIVILEGED_UNKNOWN)
    )


def is_local(address: str, kind: Scope | None, host: Host) -> bool | None:
    """Tell whether this host has the address; None where its addresses were not read.

    Linux has all of 127.0.0.0/8 as soon as it has one of it.
    """
    if host.addresses is None:
        return True if kind is Scope.LOOPBACK else None
    wanted = number_of(unmap(address))
    own = {number_of(unmap(item.partition("%")[0].partition("/")[0])) for item in host.addresses}
    if wanted in own:
        return True
    if host.system == "Linux" and kind is Scope.LOOPBACK and wanted and wanted[0] == 4:
        return any(item and item[0] == 4 and item[1] >> 24 == 127 for item in own)
    return False


@lru_cache(maxsize=1024)
def _parsed(address: str) -> tuple[int, int] | None:
    """Return version and number. Cached, because the thousands of connections of a server share its few addresses."""
    return number_of(unmap(address.partition("%")[0]))


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value
