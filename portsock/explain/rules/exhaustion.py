"""The rule about destinations toward which this host runs out of local ports."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from portsock.addresses import scope
from portsock.endpoints import address_of, port_of
from portsock.explain.ephemeral import RESERVED, reserved_ports
from portsock.explain.rules.finding import make_finding
from portsock.explain.subject import Subject
from portsock.explain.texts.findings import EXHAUSTED, Code
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text
from portsock.model import Host, Role, Scope, Socket, State

NOTICE, WARNING = 50, 80
"""Percent of the ephemeral ports in use toward one destination: from half on connect(2) has to search, at 100 it fails."""
_TIME_WAIT_MS = 60_000
"""TCP_TIMEWAIT_LEN in include/net/tcp.h."""
_REUSE_DELAY_MS = 1_000
"""Age from which connect(2) may reuse the port of a TIME_WAIT: the default of net.ipv4.tcp_tw_reuse_delay, 1 s before it."""
_EVERYWHERE, _LOOPBACK_ONLY = "1", "2"
"""Values of net.ipv4.tcp_tw_reuse (ip-sysctl.rst); the second is the default since Linux 4.19 (79e9fed46038)."""


def ephemeral_exhaustion(subject: Subject) -> Iterator[Finding]:
    """Find destinations of the target toward which local ports are nearly used up, counted over the whole snapshot."""
    host = subject.snapshot.host
    first, last = host.ephemeral
    reserved = _reserved(host)
    size = last - first + 1 - len(reserved)
    wanted = {_destination(socket) for socket in subject.sockets if socket.remote is not None}
    used: dict[object, list[Socket]] = defaultdict(list)
    for socket in subject.snapshot.sockets:
        port = port_of(socket.local)
        in_range = port is not None and first <= port <= last and port not in reserved
        if in_range and socket.role is not Role.SERVER and socket.remote is not None:
            key = _destination(socket)
            if key in wanted:
                used[key].append(socket)
    for sockets in used.values():
        taken = [socket for socket in sockets if not _reusable(socket, host)]
        count = len({port_of(socket.local) for socket in taken})
        percent = 100 * count // size if size > 0 else 100
        if percent >= NOTICE:
            severity = Severity.WARNING if percent >= WARNING else Severity.NOTICE
            lines = _evidence(taken, len(sockets) - len(taken), len(reserved), host)
            how_many = f"All {size}" if count >= size else f"{count} of {size}"
            effect = EXHAUSTED if count >= size else f" ({percent} %)"
            yield make_finding(Code.EPHEMERAL_EXHAUSTION, lines, severity, count=how_many, effect=effect,
                               where=end_text(taken[0].remote))  # fmt: skip


def ports_left(host: Host, sockets: Iterable[Socket]) -> tuple[int, int]:
    """Return how many ephemeral ports no socket of these has, and how many there are."""
    first, last = host.ephemeral
    reserved = _reserved(host)
    size = max(0, last - first + 1 - len(reserved))
    taken = {port_of(socket.local) for socket in sockets if not _reusable(socket, host)}
    used = sum(port is not None and first <= port <= last and port not in reserved for port in taken)
    return max(0, size - used), size


def _reserved(host: Host) -> set[int]:
    first, last = host.ephemeral
    return {port for port in reserved_ports(host) if first <= port <= last}


def _evidence(taken: Sequence[Socket], reusable: int, reserved: int, host: Host) -> list[str]:
    first, last = host.ephemeral
    count = len({port_of(socket.local) for socket in taken})
    waiting = sum(socket.state is State.TIME_WAIT for socket in taken)
    lines = [f"{count} local ports of {first}-{last} in use, {waiting} of them in TIME_WAIT"]
    if reserved:
        lines.append(f"{reserved} ports of that range are reserved ({RESERVED})")
    if reusable:
        lines.append(f"{reusable} more are in TIME_WAIT and can be reused (net.ipv4.tcp_tw_reuse = {_reuse(host)})")
    return lines


def _destination(socket: Socket) -> object:
    """Return a key that connections share if they compete for local ports."""
    return (socket.host, socket.netns, socket.protocol, address_of(socket.local), socket.remote)


def _reuse(host: Host) -> str:
    """Return net.ipv4.tcp_tw_reuse, which takes timestamps; '0' where it has no effect."""
    if host.system != "Linux" or host.sysctls.get("net.ipv4.tcp_timestamps") == "0":
        return "0"
    return host.sysctls.get("net.ipv4.tcp_tw_reuse", _LOOPBACK_ONLY)


def _reusable(socket: Socket, host: Host) -> bool:
    """Tell whether connect(2) may take the port of this socket: tcp_twsk_unique() in net/ipv4/tcp_ipv4.c.

    Loopback is judged by the addresses: an address of 10.0.0.0/8 on the device lo is none.
    """
    if socket.state is not State.TIME_WAIT:
        return False
    reuse = _reuse(host)
    loopback = Scope.LOOPBACK in (scope(address_of(socket.local)), scope(address_of(socket.remote)))
    if reuse != _EVERYWHERE and not (reuse == _LOOPBACK_ONLY and loopback):
        return False
    left = socket.timer.expires_ms if socket.timer is not None else None
    return left is None or left <= _TIME_WAIT_MS - _REUSE_DELAY_MS
