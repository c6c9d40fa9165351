"""The node of a socket's holders: its programs, whatever their pids, or the reason why none is known."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from portsock.model import Netns, Owner, OwnerStatus, Peer, Processes, Snapshot, Socket
from portsock.output.cells.owners import absence
from portsock.output.pictures.graph import Item, Node, Place

_MOST = 3
"""The most programs that are named where several hold one connection, and the most containers and units of a program."""
_UNREPORTED = "? (no owner listed)"
_NOT_SERVICES = (".scope", ".slice")
"""Ends of units whose names say nothing: those of logins."""


class Programs:
    """Make nodes, in the boxes of their host and of its network namespaces or containers where there are several."""

    def __init__(self, sockets: Iterable[Socket], snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._namespaces: defaultdict[str | None, set[int]] = defaultdict(set)
        for socket in sockets:
            for host, netns in (where(socket), where_peer(socket)):
                if netns is not None:
                    self._namespaces[host].add(netns.id)
        self._known: dict[object, Node] = {}

    def holding(self, host: str | None, netns: Netns | None, owners: tuple[Owner, ...]) -> Node:
        """Return the node of the programs that hold one socket together."""
        key = (host, netns, owners)
        if key not in self._known:
            found = sorted({_described(owner, host, self._snapshot.processes) for owner in owners})
            names, containers, units = (sorted({facts[index] for facts in found if facts[index]}) for index in range(3))
            place = self.place(host, netns, containers)
            where = [title for name in containers if (title := f"container {name}") not in place] + units
            self._known[key] = Node(place, "program", (" + ".join(_some(names)), *_some(where)))
        return self._known[key]

    def each(self, socket: Socket) -> list[Node]:
        """Return a node for each program that holds the socket; none where no holder is known."""
        return list(dict.fromkeys(self.holding(socket.host, socket.netns, (owner,)) for owner in socket.owners))

    def unseen(self, end: Socket | Peer, host: str | None, netns: Netns | None, service: Item) -> Node:
        """Return the node of an end whose program is not known. Those of different services are different programs."""
        reason, user = (end.owner_reason, end.user) if isinstance(end, Socket) else (None, None)
        text = _UNREPORTED if end.owner_status is OwnerStatus.UNREPORTED else absence(end.owner_status, reason, user)
        return self.nobody(text or "?", host, netns, service)

    def nobody(self, text: str, host: str | None, netns: Netns | None, service: Item) -> Node:
        """Return a node with this text in place of a program."""
        # A label that begins with '- ' is a list to Mermaid.
        words = f"no process {text[2:]}".replace(" (no process)", "") if text.startswith("- ") else text
        return Node(self.place(host, netns), "unseen", (words,), service)

    def place(self, host: str | None, netns: Netns | None, containers: Sequence[str] = ()) -> Place:
        """Return the boxes: the host's, and that of a network namespace or a container."""
        snapshot = self._snapshot
        live = snapshot.source.kind == "live"
        title = "this host" if live else host or snapshot.host.name or "host of the listing"
        if netns is not None and len(self._namespaces[host]) > 1:
            own = snapshot.viewpoint.netns if snapshot.viewpoint else None
            here = "this network namespace" if own is not None and netns.id == own.id else None
            return (title, here or f"network namespace {netns.name or netns.id}")
        return (title, f"container {containers[0]}") if len(containers) == 1 else (title,)


def where(socket: Socket) -> tuple[str | None, Netns | None]:
    """Return host and network namespace of a socket."""
    return socket.host, socket.netns


def where_peer(socket: Socket) -> tuple[str | None, Netns | None]:
    """Return host and network namespace of the other end, where it was found, or of the socket."""
    peer = socket.peer
    if peer is None:
        return where(socket)
    return peer.host or socket.host, peer.netns or (socket.netns if peer.host is None else None)


def _some(texts: Sequence[str]) -> Sequence[str]:
    """Return the first texts, and how many more there are."""
    return [*texts[:_MOST], f"+{len(texts) - _MOST} more"] if len(texts) > _MOST else texts


def _described(owner: Owner, host: str | None, processes: Processes) -> tuple[str, str, str]:
    """Return name, container and unit of an owner's program; empty where there is none."""
    process = processes.get((host, owner.pid)) if owner.pid is not None else None
    name = (process.name if process else None) or owner.name or ("?" if owner.pid is None else f"pid {owner.pid}")
    unit = process.unit if process else None
    if process is None or process.container or unit is None or unit.endswith(_NOT_SERVICES):
        return name, (process and process.container) or "", ""
    base = unit.rpartition("/")[2].removesuffix(".service")
    return name, "", "" if base == name else unit
