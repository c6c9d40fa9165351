"""Find the two ends of connections whose destination was changed on the way (DNAT), as the ports of containers are published.

The namespace that changes it knows both pairs of endpoints: conntrack. Two sockets are one connection if each is the only one
with its pair, and both exist before and after conntrack was asked.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from portsock.model import Endpoint, InetEndpoint, State
from portsock.parse.netlink.conntrack import End, Translation
from portsock.records import Request, SocketRecord, lasting_number
from portsock.sources.linux.joining import reuse
from portsock.sources.linux.joining.crossing import Place, again
from portsock.sources.linux.netns import Namespace
from portsock.sources.linux.setns import visit
from portsock.sources.system import read_text

_COUNT = "/proc/sys/net/netfilter/nf_conntrack_count"
_HANDSHAKES = (State.SYN_SENT, State.SYN_RECV)
_Socket = tuple[int, Place]
"""The lasting number of a socket, and its place."""


def find_translated(places: Sequence[Place], request: Request) -> dict[int, int]:
    """Return the lasting number of the other end by that of each socket, for both ends of each such connection."""
    entered = [place for place in places if place.pid is None]
    if "tcp" not in request.protocols or len(places) < 2 or not entered:
        return {}
    outcomes = visit([place.namespace for place in entered], _translations)
    found = [each for outcome in outcomes if not isinstance(outcome, OSError) for each in outcome if each.protocol == "tcp"]
    if not found:
        return {}
    pairs = _pairs(found, _by_ends(places))
    involved = {id(place): place for pair in pairs for _, place in pair}
    found_now = again(list(involved.values()), partial(_present, request))
    alive = {key: set() if isinstance(now, OSError) else now for key, now in zip(involved, found_now, strict=True)}
    joined: dict[int, int] = {}
    for (client, near), (server, far) in pairs:
        if client in alive[id(near)] and server in alive[id(far)]:
            joined |= {client: server, server: client}
    return joined


def _present(request: Request, place: Place, process: str) -> set[int]:
    return reuse.present(request, place.backend, process)


def _translations(_: Namespace) -> list[Translation]:
    """Return the translations of the calling thread's namespace, none where they may not be read."""
    if (read_text(_COUNT) or "0").strip() == "0":
        return []
    from portsock.sources.linux import netlink

    try:
        return netlink.translations()
    except netlink.NetlinkRefused:
        return []


def _by_ends(places: Sequence[Place]) -> dict[tuple[End, End], list[_Socket]]:
    """Return the connected TCP sockets that are certain, by their local and remote ends."""
    found: dict[tuple[End, End], list[_Socket]] = {}
    for place in places:
        for record in place.sockets:
            ends = _ends(record)
            if ends is not None and lasting_number(record) not in place.apart:
                found.setdefault(ends, []).append((lasting_number(record), place))
    return found


def _ends(record: SocketRecord) -> tuple[End, End] | None:
    if record.protocol != "tcp" or record.state in _HANDSHAKES or not lasting_number(record):
        return None
    near, far = _end(record.local), _end(record.remote)
    return None if near is None or far is None else (near, far)


def _end(endpoint: Endpoint | None) -> End | None:
    if not isinstance(endpoint, InetEndpoint) or endpoint.address is None or endpoint.port is None:
        return None
    return endpoint.address, endpoint.port


def _pairs(found: Sequence[Translation], sockets: dict[tuple[End, End], list[_Socket]]) -> list[tuple[_Socket, _Socket]]:
    """Return the client's and the server's socket of each translation that has one of each, and no more."""
    ends = {(each.client, each.server) for each in found}
    clients, servers = Counter(client for client, _ in ends), Counter(server for _, server in ends)
    return [
        (sockets[client][0], sockets[server][0])
        for client, server in ends
        if len(sockets.get(client, ())) == len(sockets.get(server, ())) == 1 and clients[client] == servers[server] == 1
    ]
