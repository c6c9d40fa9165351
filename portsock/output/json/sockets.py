"""The JSON text of socket objects, put together from parts: a third of what json.dumps of 50,000 objects takes.

Only what almost every socket has is written here; any other socket goes the plain way. A test holds the two ways together.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from portsock.addresses import scope
from portsock.model import Endpoint, InetEndpoint, Netns, Owner, Peer, Socket, State
from portsock.output.context import Context
from portsock.output.json.objects import Objects, netns_object
from portsock.output.json.processes import Named, add_named
from portsock.output.json.strings import sound

_NOTHING = [None] * (len(Socket._fields) - Socket._fields.index("peer_inode"))
_BARE = InetEndpoint(None, None)[2:]


class _Shape(NamedTuple):
    """Runs of keys whose values few sockets have to themselves: writing each key alone takes twice the time."""

    plain: bool
    """Whether such sockets are written here; the others go the plain way."""
    head: str
    creator: str
    sight: str
    endpoints: dict[Endpoint | None, str]
    """Of the protocol, on which the names of services depend."""


class SocketTexts:
    """Texts of the sockets of one answer; endpoints, and what few have to themselves, are written once and used again."""

    def __init__(self, context: Context, dumps: Callable[[Any], str], named: Named) -> None:
        self._objects = Objects(context)
        self._service = context.services.name
        self._hostnames = context.hostnames
        self._dumps = dumps
        self._shapes: dict[object, _Shape] = {}
        self._endpoints: dict[str, dict[Endpoint | None, str]] = {}
        self._addresses: dict[str | None, tuple[str, str]] = {}
        self._names: dict[tuple[int | None, str | None, str | None], str] = {}
        self._named = named
        """Filled with the processes that the sockets name."""
        self._words: dict[object, str] = {None: "null"}
        self._peers: dict[object, str] = {}

    def text(self, socket: Socket) -> str:
        """What json.dumps writes of the socket's object."""
        (family, kind, protocol, number, state, raw, local, remote, recv_q, send_q, _, _, uid, inode, cookie, interface,
         v6only, netns, role, user, host, status, reason, owners, peer, *more) = socket  # fmt: skip
        key = (family, kind, protocol, number, state, raw, uid, interface, v6only, netns, role, user, host, status, reason)
        shape = self._shapes.get(key) or self._shape(key, socket)
        if not shape.plain or more != _NOTHING or (peer is not None and peer[2] is not None):
            add_named(self._named, socket)
            return self._dumps(self._objects.socket(socket))
        _, head, creator, sight, endpoints = shape
        near = endpoints.get(local) or self._endpoint(protocol, local)
        far = endpoints.get(remote) or self._endpoint(protocol, remote)
        return (
            f'{head}{near},"remote":{far},'
            f'"recv_q":{"null" if recv_q is None else recv_q},"send_q":{"null" if send_q is None else send_q},{creator}'
            f'"inode":{"null" if inode is None else inode},"cookie":{"null" if cookie is None else cookie},'
            f'{sight}{self._held(owners)},"peer":{"null" if peer is None else self._peer(peer)}}}'
        )

    def _shape(self, key: object, socket: Socket) -> _Shape:
        """What sockets with these values have in common."""
        plain = socket.number is None and socket.state_raw is None and socket.host is None and socket.state is not State.LISTEN
        family, kind, protocol, state = socket.family, socket.type, socket.protocol, socket.state
        head = f'{{"family":"{family}","type":{_member(kind)},"protocol":{self._word(protocol)},"state":{_member(state)},'
        creator = f'"uid":{"null" if socket.uid is None else socket.uid},"user":{self._word(socket.user)},'
        v6only = {None: "null", True: "true", False: "false"}[socket.v6only]
        sight = (
            f'"interface":{self._word(socket.interface)},"v6only":{v6only},"netns":{self._word(socket.netns)},'
            f'"owner_status":"{socket.owner_status}","owner_reason":{_member(socket.owner_reason)},"owners":'
        )
        endpoints = self._endpoints.setdefault(protocol, {})
        shape = self._shapes[key] = _Shape(plain, f'{head}"role":"{socket.role}","local":', creator, sight, endpoints)
        return shape

    def _peer(self, peer: Peer) -> str:
        inode, netns, host, status, owners = peer
        sight = self._peers.get((netns, host, status)) or self._peer_sight(netns, host, status)
        return f'{{"inode":{"null" if inode is None else inode},{sight}{self._held(owners)}}}'

    def _peer_sight(self, netns: Netns | None, host: str | None, status: str) -> str:
        text = self._peers[netns, host, status] = (
            f'"netns":{self._word(netns)},"host":{self._word(host)},"owner_status":"{status}","owners":'
        )
        return text

    def _endpoint(self, protocol: str, endpoint: Endpoint | None) -> str:
        if isinstance(endpoint, InetEndpoint) and endpoint[2:] == _BARE and not self._hostnames:
            address, port = endpoint[:2]
            before, after = self._addresses.get(address) or self._address(address)
            service = self._service(protocol, port)
            text = f'{before}{"null" if port is None else port},"service":{self._word(service)}{after}'
        else:
            text = self._dumps(endpoint and self._objects.endpoint(endpoint, protocol))
        self._endpoints[protocol][endpoint] = text
        return text

    def _address(self, address: str | None) -> tuple[str, str]:
        """What stands before and after port and service of a bare endpoint."""
        before = f'{{"kind":"inet","address":{self._word(address)},"port":'
        text = self._addresses[address] = before, f',"scope":{_member(scope(address))},"zone":null}}'
        return text

    def _held(self, owners: tuple[Owner, ...]) -> str:
        names = self._names
        if len(owners) == 1:
            pid, fd, name, user = owners[0]
            return (
                f'[{{"pid":{"null" if pid is None else pid},"fd":{"null" if fd is None else fd},'
                f"{names.get((pid, name, user)) or self._name(owners[0])}]"
            )
        return f"[{','.join([self._held((owner,))[1:-1] for owner in owners])}]"

    def _name(self, owner: Owner) -> str:
        pid, _, name, user = owner
        if pid is not None:
            self._named.setdefault((None, pid), owner)
        text = self._names[pid, name, user] = f'"name":{self._word(name)},"user":{self._word(user)}}}'
        return text

    def _word(self, value: Any) -> str:
        """A text or a namespace, of which an answer has few."""
        text = self._words.get(value)
        if text is None:
            text = self._words[value] = self._dumps(sound(value) if isinstance(value, str) else netns_object(value))
        return text


def _member(value: str | None) -> str:
    return "null" if value is None else f'"{value}"'
