"""Write socket objects as JSON text from prepared parts: for 50,000 sockets a third of the time of json.dumps.

Only sockets with the common fields are written here; the others become dictionaries first (objects.py). A test checks that
both ways write the same.
"""

from collections.abc import Callable
from json.encoder import encode_basestring_ascii as string
from typing import Any, NamedTuple

from portsock.addresses import scope
from portsock.model import Endpoint, InetEndpoint, Netns, Owner, Peer, Socket, State
from portsock.output.context import Context
from portsock.output.json.objects import NO_RARE_FIELDS, Objects, netns_object
from portsock.output.json.processes import Named, add_named
from portsock.output.json.strings import encodable

_LISTEN = State.LISTEN
_NO_DETAILS = NO_RARE_FIELDS[Socket._fields.index("vfs") + 1 - len(Socket._fields) :]
"""The last fields of a socket without timer, memory and TCP details, and that is no subflow."""
_MOST_KEPT = 1 << 14
"""Endpoints, addresses and processes whose text is kept: of millions nearly all occur once."""


class _Shape(NamedTuple):
    """Texts of several keys at once, whose values many sockets share: writing each key alone takes twice the time."""

    common: bool
    """True where such sockets are written here."""
    head: str
    creator: str
    visibility: str
    ports: dict[int | None, str]
    """Texts of ports for this protocol, on which service names depend."""


class SocketTexts:
    """Write the sockets of one answer; endpoints and shared values are written once and used again."""

    def __init__(self, context: Context, dumps: Callable[[Any], str], named: Named) -> None:
        self._objects = Objects(context)
        self._service = context.services.name
        self._hostnames = context.hostnames
        self._dumps = dumps
        self._shapes: dict[object, _Shape] = {}
        self._addresses: dict[str | None, tuple[str, str]] = {}
        self._ports: dict[str, dict[int | None, str]] = {}
        self._names: dict[tuple[int | None, str | None, str | None], tuple[str, str]] = {}
        self._named = named
        """The processes that the written sockets name; document.py lists them at the end."""
        self._words: dict[object, str] = {None: "null"}
        self._peers: dict[object, str] = {}

    def text(self, socket: Socket) -> str:
        """Return the text that json.dumps would write of the socket's object."""
        (family, kind, protocol, number, state, raw, local, remote, recv_q, send_q, waiting, limit, uid, inode, cookie,
         interface, v6only, netns, role, user, host, status, reason, owners, peer, peer_inode, shutdown, vfs,
         *rare) = socket  # fmt: skip
        key = (family, kind, protocol, number, state, raw, uid, interface, v6only, netns, role, user, host, status, reason)
        shape = self._shapes.get(key) or self._shape(key, socket)
        if not shape.common or rare != _NO_DETAILS or (peer is not None and peer.host is not None):
            add_named(self._named, socket)
            return self._dumps(self._objects.socket(socket))
        _, head, creator, visibility, ports = shape
        more = ""
        if state is _LISTEN:
            more = (
                f',"accept_queue":{"null" if waiting is None else waiting},"accept_limit":{"null" if limit is None else limit}'
            )
        if peer_inode is not None:
            more += f',"peer_inode":{peer_inode}'
        if shutdown is not None:
            more += f',"shutdown":{shutdown}'
        if vfs is not None:
            more += f',"vfs":{{"device":{vfs[0]},"inode":{vfs[1]}}}'
        near = self._endpoint(protocol, ports, local)
        far = "null" if remote is None else self._endpoint(protocol, ports, remote)
        return (
            f'{head}{near},"remote":{far},'
            f'"recv_q":{"null" if recv_q is None else recv_q},"send_q":{"null" if send_q is None else send_q},{creator}'
            f'"inode":{"null" if inode is None else inode},"cookie":{"null" if cookie is None else cookie},'
            f'{visibility}{self._held(owners)},"peer":{"null" if peer is None else self._peer(peer)}{more}}}'
        )

    def _shape(self, key: object, socket: Socket) -> _Shape:
        """Make the texts that sockets with these values share."""
        rare = socket.number is not None or socket.state_raw is not None or socket.host is not None
        common = not rare
        family, kind, protocol, state = socket.family, socket.type, socket.protocol, socket.state
        head = f'{{"family":"{family}","type":{_member(kind)},"protocol":{self._word(protocol)},"state":{_member(state)},'
        creator = f'"uid":{"null" if socket.uid is None else socket.uid},"user":{self._word(socket.user)},'
        v6only = {None: "null", True: "true", False: "false"}[socket.v6only]
        visibility = (
            f'"interface":{self._word(socket.interface)},"v6only":{v6only},"netns":{self._word(socket.netns)},'
            f'"owner_status":"{socket.owner_status}","owner_reason":{_member(socket.owner_reason)},"owners":'
        )
        ports = self._ports.setdefault(protocol, {})
        shape = _Shape(common, f'{head}"role":"{socket.role}","local":', creator, visibility, ports)
        if len(self._shapes) < _MOST_KEPT:
            self._shapes[key] = shape
        return shape

    def _peer(self, peer: Peer) -> str:
        inode, netns, host, status, owners = peer
        place = self._peers.get((netns, host, status)) or self._peer_place(netns, host, status)
        return f'{{"inode":{"null" if inode is None else inode},{place}{self._held(owners)}}}'

    def _peer_place(self, netns: Netns | None, host: str | None, status: str) -> str:
        text = self._peers[netns, host, status] = (
            f'"netns":{self._word(netns)},"host":{self._word(host)},"owner_status":"{status}","owners":'
        )
        return text

    def _endpoint(self, protocol: str, ports: dict[int | None, str], endpoint: Endpoint | None) -> str:
        if isinstance(endpoint, InetEndpoint) and not self._hostnames:
            address, port, zone, hostname, label, truncated, guessed = endpoint
            if zone is None and hostname is None and label is None and not truncated and not guessed:
                before, after = self._addresses.get(address) or self._address(address)
                return before + (ports.get(port) or self._port(protocol, ports, port)) + after
        return self._dumps(endpoint and self._objects.endpoint(endpoint, protocol))

    def _port(self, protocol: str, ports: dict[int | None, str], port: int | None) -> str:
        service = self._word(self._service(protocol, port))
        text = ports[port] = f'{"null" if port is None else port},"service":{service}'
        return text

    def _address(self, address: str | None) -> tuple[str, str]:
        """Return the texts before and after port and service of an endpoint that has an address and a port only."""
        word = "null" if address is None else string(encodable(address))
        text = f'{{"kind":"inet","address":{word},"port":', f',"scope":{_member(scope(address))},"zone":null}}'
        if len(self._addresses) < _MOST_KEPT:
            self._addresses[address] = text
        return text

    def _held(self, owners: tuple[Owner, ...]) -> str:
        if len(owners) == 1:
            pid, fd, name, user, tid = owners[0]
            before, after = self._names.get((pid, name, user)) or self._name(owners[0])
            thread = "" if tid is None else f',"tid":{tid}'
            return f"{before}{'null' if fd is None else fd}{thread}{after}"
        return f"[{','.join([self._held((owner,))[1:-1] for owner in owners])}]"

    def _name(self, owner: Owner) -> tuple[str, str]:
        """Return the texts before and after the descriptor of a process."""
        pid, _, name, user, _ = owner
        if pid is not None:
            self._named.setdefault((None, pid), owner)
        text = (
            f'[{{"pid":{"null" if pid is None else pid},"fd":',
            f',"name":{self._word(name)},"user":{self._word(user)}}}]',
        )
        if len(self._names) < _MOST_KEPT:
            self._names[pid, name, user] = text
        return text

    def _word(self, value: Any) -> str:
        """Return the JSON of a text or a namespace, of which an answer has few."""
        text = self._words.get(value)
        if text is None:
            text = self._dumps(encodable(value) if isinstance(value, str) else netns_object(value))
            if len(self._words) < _MOST_KEPT:
                self._words[value] = text
        return text


def _member(value: str | None) -> str:
    return "null" if value is None else f'"{value}"'
