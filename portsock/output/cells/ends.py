"""What a process listens on and where its connections lead: the items of its cells, unescaped."""

from collections import Counter
from collections.abc import Mapping

from portsock.endpoints import bracketed, endpoint_text, unix_text
from portsock.model import InetEndpoint, Role, Socket, UnixEndpoint
from portsock.normalize.connections import without_further_subflows
from portsock.normalize.processes import ProcessRow

LISTED = 8
"""The most ports that a cell names; one more is named, too, instead of '+1'."""
TOP = 3
"""The most remote ends that a cell names."""


def listening_items(row: ProcessRow) -> list[str]:
    """Return 'tcp/80' for each port, by number, then the names of other sockets."""
    ports = {
        (socket.local.port, socket.protocol): None
        for socket in row.listening
        if isinstance(socket.local, InetEndpoint) and socket.local.port is not None
    }
    others = [endpoint_text(socket.local) for socket in row.listening if not isinstance(socket.local, InetEndpoint)]
    return [*(f"{protocol}/{port}" for port, protocol in sorted(ports)), *dict.fromkeys(others)]


def remote_ends(row: ProcessRow, hostnames: Mapping[str, str]) -> Counter[str]:
    """Count the remote ends: 'address:port' of a client, ':port from address' of a server."""
    ends: Counter[str] = Counter()
    for socket in without_further_subflows(row.sockets):
        remote, local = socket.remote, socket.local
        if isinstance(remote, UnixEndpoint) and (text := unix_end(socket)):
            ends[text] += 1
        if not isinstance(remote, InetEndpoint) or not isinstance(local, InetEndpoint):
            continue
        if socket.role is Role.SERVER:
            address = remote.hostname or hostnames.get(remote.address or "") or bracketed(remote.address or "?")
            ends[f":{local.port} from {address}"] += 1
        else:
            ends[endpoint_text(remote, hostnames)] += 1
    return ends


def connections_of(row: ProcessRow) -> int:
    """Return the number of its connections."""
    sockets = without_further_subflows(row.sockets)
    return sum(isinstance(socket.remote, InetEndpoint) or bool(unix_end(socket)) for socket in sockets)


def counted(text: str, number: int) -> str:
    """Return a remote end with the number of connections to it."""
    return text if number == 1 else f"{text} x{number}"


def unix_end(socket: Socket) -> str | None:
    """Return 'PATH' of a client, 'PATH from NAMES' of a server; None for pairs without a name."""
    served = socket.local if socket.role is Role.SERVER else socket.remote
    if socket.remote is None or not isinstance(served, UnixEndpoint) or served.path is None:
        return None
    if socket.role is not Role.SERVER:
        return unix_text(served)
    names = dict.fromkeys(owner.name or "?" for owner in socket.peer.owners) if socket.peer else {}
    return f"{unix_text(served)} from {','.join(names) or '?'}"
