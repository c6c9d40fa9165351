"""Facts about the way to another host, for `explain HOST:PORT`, and the real attempt under --connect."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from portsock.addresses import WILDCARDS, needs_zone, number_of, scope, unmap
from portsock.errors import UsageError
from portsock.model import Scope, Snapshot
from portsock.network import Network, Path, Route

if TYPE_CHECKING:
    from portsock.explain.types import Remote
    from portsock.query.target import InetTarget, Target
    from portsock.records import Contact

SECONDS = 3.0
_MOST_SECONDS = 600
_PROTOCOLS = ("tcp", "udp")
_BARRIERS = {"EINVAL": "blackhole", "EHOSTUNREACH": "unreachable", "EACCES": "prohibit"}
"""Kinds of routes that end a lookup, by its error."""


def endpoint_of(target: "Target | str") -> "InetTarget | None":
    """Return the target if it is one endpoint: one address that one host has, with one port."""
    from portsock.query.target import InetTarget

    if not isinstance(target, InetTarget) or target.ports is None or target.ports[0] != target.ports[1] or not target.ports[0]:
        return None
    if len(target.networks) != 1 or not target.networks[0].single:
        return None
    return None if scope(target.networks[0].address) in (Scope.MULTICAST, Scope.BROADCAST, None) else target


def timeout_of(text: str | None, connect: bool) -> float:
    """Return the seconds of --timeout. Raises UsageError."""
    if text is None:
        return SECONDS
    if not connect:
        raise UsageError("--timeout says how long --connect waits; give --connect with it")
    digits = text.replace(".", "", 1)
    if len(text) > 9 or not (digits.isascii() and digits.isdigit()) or not 0 < float(text) <= _MOST_SECONDS:
        raise UsageError(f"--timeout {text[:20]}: not a number of seconds above 0, at most {_MOST_SECONDS}, as in --timeout 3")
    return float(text)


def check_connect(targets: "Sequence[Target | str]") -> None:
    """Raise UsageError for a target that is no single endpoint, or whose protocol cannot be tried."""
    for target in targets:
        text = target if isinstance(target, str) else target.text
        found = endpoint_of(target)
        if found is None:
            raise UsageError(
                f"--connect needs one address with one port, as in portsock explain --connect 192.0.2.1:443; '{text}' is none"
            )
        if found.protocol not in (None, *_PROTOCOLS):
            raise UsageError(f"--connect tries TCP, and UDP as in udp/192.0.2.1:53; '{text}' is neither")


def remote_of(target: "Target", snapshot: Snapshot, timeout: float | None) -> "Remote | None":
    """Return the way to an endpoint of another host, with `timeout` in seconds also what an attempt met with.

    None for what is no single endpoint; of this host's own endpoints there is only the attempt.
    """
    found = endpoint_of(target)
    if found is None or found.protocol not in (None, *_PROTOCOLS):
        return None
    address = unmap(found.networks[0].address)
    path = None if _is_own(address, snapshot) else _path(found, address)
    if path is not None and path.kind == "local":
        path = None
    if path is None and timeout is None:
        return None
    from portsock.explain.types import Remote

    assert found.ports is not None
    remote = Remote(found.protocol or "tcp", address, found.ports[0], path)
    if timeout is not None:
        remote = remote._replace(contact=_contact(remote, found.zone, timeout))
    return remote if path is None else _completed(remote, path)


def _is_own(address: str, snapshot: Snapshot) -> bool:
    from portsock.explain.bind.addresses import is_local

    return address in WILDCARDS or is_local(address, scope(address), snapshot.host) is not False


def _path(target: "InetTarget", address: str) -> Path | None:
    """Ask the kernel for the way; None where it does not say."""
    if not sys.platform.startswith("linux"):
        return None
    if needs_zone(address) and target.zone is None:  # the kernel would take any link
        return Path(address, errno="EINVAL")
    from portsock.sources.failures import note_reason
    from portsock.sources.linux.netlink import NetlinkRefused
    from portsock.sources.linux.routes import route

    try:
        return route.ask(
            unmap(address), device=target.zone, protocol=target.protocol or "tcp", port=target.ports and target.ports[0]
        )
    except NetlinkRefused as error:
        note_reason("route to", address, str(error))
    except OSError:  # no such device
        pass
    return None


def _contact(remote: "Remote", zone: str | None, timeout: float) -> "Contact":
    from portsock.sources.connect import connect_once

    return connect_once(remote.protocol, remote.address + (f"%{zone}" if zone else ""), remote.port, timeout)


def _completed(remote: "Remote", path: Path) -> "Remote":
    """Add the neighbour, after the attempt that may have asked it, or the route that is the reason for having no way."""
    from portsock.sources.linux.netlink import NetlinkRefused
    from portsock.sources.linux.routes import network, route

    try:
        if path.errno is not None:
            return remote._replace(barrier=barrier(network.load(), remote.address, _BARRIERS.get(path.errno)))
        if path.device is not None:
            return remote._replace(neighbour=route.neighbour(path.gateway or remote.address, path.device))
    except NetlinkRefused:  # what was asked before is worth saying alone
        pass
    return remote


def barrier(network: Network, address: str, kind: str | None) -> Route | None:
    """Return the narrowest route of this kind that covers the address."""
    wanted = number_of(address)
    found = [
        (length, each)
        for each in network.routes
        if each.kind == kind and (length := _covers(each.destination, wanted)) is not None
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _covers(destination: str, wanted: tuple[int, int] | None) -> int | None:
    """Return the prefix length of a network that has the address, else None."""
    base, _, length = destination.partition("/")
    network = number_of(base)
    if network is None or wanted is None or network[0] != wanted[0]:
        return None
    bits = (32 if network[0] == 4 else 128) - int(length)
    return int(length) if network[1] >> bits == wanted[1] >> bits else None
