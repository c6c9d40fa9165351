"""The JSON text of socket objects, put together from parts: a third of what json.dumps of 50,000 objects takes.

Only what almost every socket has is written here; any other socket goes the plain way. A test holds the two ways together.
"""

from collections.abc import Callable
from typing import Any

from portsock.addresses import scope
from portsock.model import Endpoint, InetEndpoint, Netns, Owner, Peer, Socket, State
from portsock.views.context import Context
from portsock.views.json_objects import Objects, netns_object
from portsock.views.json_text import sound

_PLAIN = (None,) * (len(Socket._fields) - Socket._fields.index("peer_inode"))

_BARE = InetEndpoint(None, None)[2:]


class SocketTexts:
    """Texts of the sockets of one answer; endpoints, and runs of keys whose values recur, are written once and used again."""

    def __init__(self, context: Context, dumps: Callable[[Any], str]) -> None:
        self._objects = Objects(context)
        self._service = context.services.name
        self._hostnames = context.hostnames
        self._dumps = dumps
        self._endpoints: dict[tuple[str, Endpoint | None], str] = {}
        self._addresses: dict[str | None, tuple[str, str]] = {}
        self._names: dict[tuple[str | None, str | None], str] = {}
        self._words: dict[object, str] = {None: "null"}
        self._heads: dict[object, str] = {}
        self._users: dict[object, str] = {}
        self._sights: dict[object, str] = {}

    def text(self, socket: Socket) -> str:
        """What json.dumps writes of the socket's object."""
        (family, kind, protocol, number, state, raw, local, remote, recv_q, send_q, _, _, uid, inode, cookie,
         interface, v6only, netns, role, user, host, status, reason, owners, peer) = socket[:25]  # fmt: skip
        if number is not None or raw is not None or host is not None or state is State.LISTEN or socket[25:] != _PLAIN:
            return self._dumps(self._objects.socket(socket))
        # Runs of keys whose values few sockets have to themselves: writing each key alone takes twice the time.
        head = self._heads.get((family, kind, protocol, state, role)) or self._head(family, kind, protocol, state, role)
        near = self._endpoints.get((protocol, local)) or self._endpoint(protocol, local)
        far = self._endpoints.get((protocol, remote)) or self._endpoint(protocol, remote)
        creator = self._users.get((uid, user)) or self._user(uid, user)
        sight = (interface, v6only, netns, status, reason)
        return (
            f'{head}{near},"remote":{far},'
            f'"recv_q":{"null" if recv_q is None else recv_q},"send_q":{"null" if send_q is None else send_q},{creator}'
            f'"inode":{"null" if inode is None else inode},"cookie":{"null" if cookie is None else cookie},'
            f'{self._sights.get(sight) or self._sight(*sight)}{self._held(owners)},'
            f'"peer":{"null" if peer is None else self._peer(peer)}}}'
        )

    def _head(self, family: str, kind: str | None, protocol: str, state: str | None, role: str) -> str:
        text = self._heads[family, kind, protocol, state, role] = (
            f'{{"family":"{family}","type":{_member(kind)},"protocol":{self._word(protocol)},'
            f'"state":{_member(state)},"role":"{role}","local":'
        )
        return text

    def _user(self, uid: int | None, user: str | None) -> str:
        text = self._users[uid, user] = f'"uid":{"null" if uid is None else uid},"user":{self._word(user)},'
        return text

    def _sight(self, interface: str | None, v6only: bool | None, netns: Netns | None, status: str, reason: str | None) -> str:
        text = self._sights[interface, v6only, netns, status, reason] = (
            f'"interface":{self._word(interface)},"v6only":{"null" if v6only is None else "true" if v6only else "false"},'
            f'"netns":{self._word(netns)},"owner_status":"{status}","owner_reason":{_member(reason)},"owners":'
        )
        return text

    def _peer(self, peer: Peer) -> str:
        inode, netns, host, status, owners = peer
        sight = self._sights.get((netns, host, status)) or self._peer_sight(netns, host, status)
        return f'{{"inode":{"null" if inode is None else inode},{sight}{self._held(owners)}}}'

    def _peer_sight(self, netns: Netns | None, host: str | None, status: str) -> str:
        text = self._sights[netns, host, status] = (
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
        self._endpoints[protocol, endpoint] = text
        return text

    def _address(self, address: str | None) -> tuple[str, str]:
        """What stands before and after port and service of a bare endpoint."""
        before = f'{{"kind":"inet","address":{self._word(address)},"port":'
        text = self._addresses[address] = before, f',"scope":{_member(scope(address))},"zone":null}}'
        return text

    def _held(self, owners: tuple[Owner, ...]) -> str:
        text, names = "", self._names
        for pid, fd, name, user in owners:
            text += (
                f'{"," if text else "["}{{"pid":{"null" if pid is None else pid},"fd":{"null" if fd is None else fd},'
                f"{names.get((name, user)) or self._name(name, user)}"
            )
        return text + "]" if text else "[]"

    def _name(self, name: str | None, user: str | None) -> str:
        text = self._names[name, user] = f'"name":{self._word(name)},"user":{self._word(user)}}}'
        return text

    def _word(self, value: Any) -> str:
        """A text or a namespace, of which an answer has few."""
        text = self._words.get(value)
        if text is None:
            text = self._words[value] = self._dumps(sound(value) if isinstance(value, str) else netns_object(value))
        return text


def _member(value: str | None) -> str:
    return "null" if value is None else f'"{value}"'
