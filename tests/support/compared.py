"""Hosts for comparisons, made of lines such as 'tcp 0.0.0.0:80 nginx', and what a comparison says of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from portsock.change.compare import compare
from portsock.change.types import Comparison, Side
from portsock.model import (
    Coverage,
    Family,
    Input,
    Machine,
    Netns,
    Owner,
    OwnerReason,
    OwnerStatus,
    Process,
    Processes,
    Role,
    Snapshot,
    Socket,
    SocketType,
    Source,
    State,
)
from tests.support.factory import LINUX, OWN, socket

MACHINE = Machine("0" * 32, "boot-1", "Linux", "6.1.0", OWN.id, (), "0.2.0")
COVERS = Coverage(frozenset({"tcp", "udp", "udplite"}), None, (OWN,))
_CAPTURE = Source("capture", None, (Input("old.json", None, "portsock"),))
PROTOCOLS = frozenset({"tcp", "udp", "udplite"})


class Daemon:
    """A program: its facts, and the pids of its processes."""

    def __init__(self, name: str, *pids: int, **facts: Any) -> None:
        self.facts = {"name": name, "comm": name, "exe": f"/usr/sbin/{name}", "user": name, **facts}
        self.pids = pids or (sum(map(ord, name)),)

    def processes(self) -> dict[int, Process]:
        """Return its processes by pid."""
        return {pid: Process(pid, **self.facts) for pid in self.pids}


NGINX = Daemon("nginx", 10, 11, unit="nginx.service")
REDIS = Daemon("redis", 20)
RESOLVED = Daemon("dnsmasq", 30)


Row = tuple[Socket, Sequence[Daemon]]
"""A socket and the programs that hold it."""


def listening(protocol: str, local: str, *daemons: Daemon, **changes: Any) -> Row:
    """Make a TCP listener, or a UDP socket without a peer, that these programs hold."""
    owners = tuple(Owner(pid, 3) for daemon in daemons for pid in daemon.pids)
    values: dict[str, Any] = {
        "protocol": protocol,
        "netns": OWN,
        "owners": owners,
        "owner_status": OwnerStatus.KNOWN if owners else OwnerStatus.UNHELD,
        "v6only": True if local.count(":") > 1 else None,
    }
    if protocol != "tcp":
        values |= {"state": State.UNCONN, "type": SocketType.DGRAM, "role": Role.BOUND}
    return socket(local, **values | changes), daemons


def connected(local: str, remote: str, daemon: Daemon, role: Role, **changes: Any) -> Row:
    """Make a TCP connection that this program has."""
    owners = tuple(Owner(pid, 9) for pid in daemon.pids)
    inode = hash((local, remote)) & 0xFFFFFFF  # sockets of one inode are subflows of one connection
    return socket(local, remote, **{"netns": OWN, "owners": owners, "role": role, "inode": inode} | changes), (daemon,)


def dual(local: str, *daemons: Daemon, **changes: Any) -> Row:
    """Make one TCP listener for both families."""
    return listening("tcp", local, *daemons, **{"v6only": False, "family": Family.IPV6} | changes)


def hidden(protocol: str, local: str, **changes: Any) -> Row:
    """Make a listener whose owners could not be seen."""
    values = {"owner_status": OwnerStatus.HIDDEN, "owner_reason": OwnerReason.OTHER_USER}
    return listening(protocol, local, **values | changes)


def host(rows: Iterable[Row], **changes: Any) -> Side:
    """Make one side of these rows."""
    rows = list(rows)
    processes: Processes = {
        (None, pid): each for _, daemons in rows for some in daemons for pid, each in some.processes().items()
    }
    sockets = [row for row, _ in rows]
    values: dict[str, Any] = {"machine": MACHINE, "covers": COVERS} | changes
    snapshot = Snapshot(
        values.pop("source", None) or _CAPTURE, values.pop("host", LINUX), 1795284000.0, sockets, processes, (), True
    )
    snapshot = snapshot._replace(**values)
    return Side(
        snapshot, [each for each in sockets if each.remote is None], [each for each in sockets if each.remote is not None]
    )


def compared(
    old: Iterable[Row] | Side,
    new: Iterable[Row] | Side,
    connections: bool = False,
    programs: bool = True,
) -> Comparison:
    """Compare two hosts."""
    sides = [side if isinstance(side, Side) else host(side) for side in (old, new)]
    return compare(sides[0], sides[1], PROTOCOLS, True, connections, programs)


def said(found: Comparison) -> list[str]:
    """Return the changes in short, as 'opened tcp/80 0.0.0.0'."""
    from portsock.change.words import parts, place_text

    return [
        " ".join(filter(None, [change.kind, place_text(change.place), " → ".join(filter(None, parts(change)))]))
        for change in found.changes
    ]


def codes(found: Comparison) -> list[tuple[str, str]]:
    """Return the code and the side of all that could not be told."""
    return [(blind.code, blind.side) for blind in found.blind]


def named(number: int, name: str | None = None) -> Netns:
    """Make a network namespace."""
    return Netns(number, name)
