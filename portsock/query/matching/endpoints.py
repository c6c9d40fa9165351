"""Predicates on the endpoints of a socket, and on the wildcard addresses that cover a specific one."""

from collections.abc import Callable, Iterable

from portsock.addresses import number_of, scope
from portsock.model import InetEndpoint, Scope, Snapshot, Socket, UnixEndpoint
from portsock.port_numbers import naming_protocol
from portsock.query.query import Predicate, Query
from portsock.query.target import ConnectionTarget, InetTarget, ServiceTarget, UnixTarget

IsLocal = Callable[[str, str | None], bool]
"""Tell whether (address, host label) may be an address of that host."""

_LOOPS = frozenset({None, "lo"})
"""A socket bound to one of these devices (None: to no device) receives what is sent to a loopback address."""

EndTest = Callable[[Socket, InetEndpoint], bool]


def _on_side(test: EndTest, side: str, protocol: str | None = None) -> Predicate:
    """Turn a test of one end into a predicate on a socket's local, remote or either end."""

    def local(socket: Socket) -> bool:
        if protocol is not None and socket.protocol != protocol:
            return False
        end = socket.local
        return type(end) is InetEndpoint and test(socket, end)

    def remote(socket: Socket) -> bool:
        if protocol is not None and socket.protocol != protocol:
            return False
        end = socket.remote
        return type(end) is InetEndpoint and test(socket, end)

    if side == "local":
        return local
    if side == "remote":
        return remote
    return lambda socket: local(socket) or remote(socket)


def port_predicate(ranges: Iterable[tuple[int, int]], side: str) -> Predicate:
    """Match a port in one of the ranges (first, last)."""
    wanted = {port for first, last in ranges for port in range(first, last + 1)}
    return _on_side(lambda _, end: end.port in wanted, side)


def service_predicate(target: ServiceTarget, side: str) -> Predicate:
    """Match a port of the service, under the socket's own protocol or the one whose service names it uses."""
    pairs = target.pairs
    return _on_side(
        lambda socket, end: (naming_protocol(socket.protocol), end.port) in pairs or (socket.protocol, end.port) in pairs, side
    )


def inet_predicate(target: InetTarget, side: str, is_local: IsLocal | None) -> Predicate:
    """Match an end that the target names; with `is_local`, also a local wildcard end that covers it."""
    named = _on_side(_end_test(target), side, target.protocol)
    if is_local is None or target.kind not in ("address", "endpoint"):
        return named
    covered = _on_side(_cover_test(target, is_local), "local", target.protocol)
    return lambda socket: named(socket) or covered(socket)


def connection_predicate(target: ConnectionTarget) -> Predicate:
    """Match a socket whose two ends are the target's, either way round."""
    first, second = (_end_test(end) for end in target.ends)

    def joined(socket: Socket) -> bool:
        local, remote = socket.local, socket.remote
        if type(local) is not InetEndpoint or type(remote) is not InetEndpoint:
            return False
        if target.protocol is not None and socket.protocol != target.protocol:
            return False
        return (first(socket, local) and second(socket, remote)) or (second(socket, local) and first(socket, remote))

    return joined


def unix_predicate(target: UnixTarget, side: str) -> Predicate:
    """Match an end with this path or abstract name. NUL bytes in a name may be typed as '@', as ss prints them."""
    path, abstract = target.path, target.abstract

    def is_named(end: object) -> bool:
        if type(end) is not UnixEndpoint or end.path is None or end.abstract is not abstract:
            return False
        return end.path == path or (abstract and end.path.replace(b"\0", b"@") == path)

    if side == "local":
        return lambda socket: is_named(socket.local)
    if side == "remote":
        return lambda socket: is_named(socket.remote)
    return lambda socket: is_named(socket.local) or is_named(socket.remote)


def _end_test(target: InetTarget) -> EndTest:
    """Return a test for the address, port, and zone or device that the target names."""
    first, last = target.ports or (None, None)
    is_address = _address_test(target) if target.networks else None
    zone = target.zone
    # Only IPv6 addresses have zones. After any other address '%' names the socket's device, which every source reports.
    agree = _zones_agree if any(network.version == 6 for network in target.networks) else _same_device

    def test(socket: Socket, end: InetEndpoint) -> bool:
        if first is not None and last is not None and (end.port is None or not first <= end.port <= last):
            return False
        if is_address is not None and not is_address(end):
            return False
        return zone is None or agree(zone, end.zone or socket.interface)

    return test


def _address_test(target: InetTarget) -> Callable[[InetEndpoint], bool]:
    texts = frozenset(network.address for network in target.networks)
    if all(network.single for network in target.networks):
        return lambda end: end.address in texts or (end.address is None and _same_name(target.name, end.hostname))
    inside: dict[str | None, bool] = {None: False}

    def in_network(end: InetEndpoint) -> bool:
        found = inside.get(end.address)
        if found is None and end.address is not None:
            parsed = None if end.truncated else number_of(end.address)
            found = parsed is not None and any(network.contains(*parsed) for network in target.networks)
            inside[end.address] = found
        return bool(found)

    return in_network


def _same_name(wanted: str | None, hostname: str | None) -> bool:
    """Tell whether the host name in a listing is the one typed."""
    return wanted is not None and hostname is not None and wanted == hostname.lower()


def _zones_agree(wanted: str, zone: str | None) -> bool:
    """Tell whether two zones may be the same interface: one may be its name and the other its number, or not be reported."""
    return zone is None or zone == wanted or zone.isdigit() != wanted.isdigit()


def _same_device(wanted: str, device: str | None) -> bool:
    """Tell whether a socket is bound to the device; a source may report its name or its number."""
    return device is not None and _zones_agree(wanted, device)


def _cover_test(target: InetTarget, is_local: IsLocal) -> EndTest:
    """Return a test for a wildcard end that receives what is sent to the target's address, which must be local.

    A socket bound to another device than lo receives nothing for a loopback address (socket(7), SO_BINDTODEVICE). Which other
    addresses are reached through its device is not known, so that none is ruled out.
    """
    first, last = target.ports or (0, 65535)
    addresses = [(network.version, network.address, scope(network.address) is Scope.LOOPBACK) for network in target.networks]

    def test(socket: Socket, end: InetEndpoint) -> bool:
        if target.ports is not None and (end.port is None or not first <= end.port <= last):
            return False
        if target.zone is not None and not _zones_agree(target.zone, socket.interface):
            return False
        elsewhere = socket.interface not in _LOOPS
        return any(
            _covers(end.address, socket.v6only, version) and not (loopback and elsewhere) and is_local(text, socket.host)
            for version, text, loopback in addresses
        )

    return test


def _covers(wildcard: str | None, v6only: bool | None, version: int) -> bool:
    """Tell whether the address is a wildcard that covers this IP version (ipv6(7), IPV6_V6ONLY)."""
    if wildcard == "::":
        return version == 6 or v6only is not True
    return wildcard == "*" or (wildcard == "0.0.0.0" and version == 4)


def locality(snapshot: Snapshot, query: Query) -> IsLocal:
    """Return a test whether an address may be a host's own.

    It is not where the host's addresses are known and lack it. Where they are not known (a listing, other namespaces), an
    address that appears at remote ends only is not.
    """
    known = None if query.netns else snapshot.host.addresses
    verdicts: dict[tuple[str, str | None], bool] = {}

    def is_local(address: str, host: str | None) -> bool:
        verdict = verdicts.get((address, host))
        if verdict is None:
            verdict = verdicts[address, host] = _may_be_local(address, host, known, snapshot.sockets)
        return verdict

    return is_local


def _may_be_local(address: str, host: str | None, known: frozenset[str] | None, sockets: Iterable[Socket]) -> bool:
    if scope(address) in (Scope.LOOPBACK, Scope.UNSPECIFIED):
        return True
    if known is not None:
        return address in known
    remote = False
    for socket in sockets:
        if socket.host == host:
            if isinstance(socket.local, InetEndpoint) and socket.local.address == address:
                return True
            remote = remote or (isinstance(socket.remote, InetEndpoint) and socket.remote.address == address)
    return not remote
