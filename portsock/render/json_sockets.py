"""The JSON text of socket objects, put together from parts: a third of what json.dumps of 50,000 objects takes.

Only what almost every socket has is written here; any other socket goes the plain way. A test holds the two ways together.
"""

from collections.abc import Callable
from typing import Any

from portsock.addresses import scope
from portsock.model import Endpoint, InetEndpoint, Owner, Peer, Socket, State
from portsock.views.context import Context
from portsock.views.json_objects import Objects, netns_object
from portsock.views.json_text import sound

_PLAIN = (None,) * (len(Socket._fields) - Socket._fields.index("peer_inode"))

_BARE = InetEndpoint(None, None)[2:]


class SocketTexts:
    """Texts of the sockets of one answer; endpoints and owners that recur are written once and used again."""

    def __init__(self, context: Context, dumps: Callable[[Any], str]) -> None:
        self._objects = Objects(context)
        self._service = context.services.name
        self._hostnames = context.hostnames
        self._dumps = dumps
        self._endpoints: dict[tuple[str, Endpoint | None], str] = {}
        self._owners: dict[tuple[Owner, ...], str] = {}
        self._words: dict[object, str] = {None: "null"}

    def text(self, socket: Socket) -> str:
        """What json.dumps writes of the socket's object."""
        (family, kind, protocol, number, state, raw, role, local, remote, recv_q, send_q, _, _, uid, user, inode, cookie,
         interface, v6only, netns, host, status, reason, owners, peer) = socket[:25]  # fmt: skip
        if number is not None or raw is not None or host is not None or state is State.LISTEN or socket[25:] != _PLAIN:
            return self._dumps(self._objects.socket(socket))
        near = self._endpoints.get((protocol, local)) or self._endpoint(protocol, local)
        far = self._endpoints.get((protocol, remote)) or self._endpoint(protocol, remote)
        held = self._owners.get(owners) or self._held(owners)
        words = self._words
        return (
            f'{{"family":"{family}","type":{_member(kind)},"protocol":{words.get(protocol) or self._word(protocol)},'
            f'"state":{_member(state)},"role":"{role}","local":{near},"remote":{far},'
            f'"recv_q":{"null" if recv_q is None else recv_q},"send_q":{"null" if send_q is None else send_q},'
            f'"uid":{"null" if uid is None else uid},"user":{words.get(user) or self._word(user)},'
            f'"inode":{"null" if inode is None else inode},"cookie":{"null" if cookie is None else cookie},'
            f'"interface":{words.get(interface) or self._word(interface)},'
            f'"v6only":{"null" if v6only is None else "true" if v6only else "false"},'
            f'"netns":{words.get(netns) or self._word(netns)},"owner_status":"{status}",'
            f'"owner_reason":{_member(reason)},"owners":{held},"peer":{self._peer(peer)}}}'
        )

    def _peer(self, peer: Peer | None) -> str:
        if peer is None:
            return "null"
        inode, netns, host, status, owners = peer
        words = self._words
        return (
            f'{{"inode":{"null" if inode is None else inode},"netns":{words.get(netns) or self._word(netns)},'
            f'"host":{words.get(host) or self._word(host)},"owner_status":"{status}",'
            f'"owners":{self._owners.get(owners) or self._held(owners)}}}'
        )

    def _endpoint(self, protocol: str, endpoint: Endpoint | None) -> str:
        if isinstance(endpoint, InetEndpoint) and endpoint[2:] == _BARE and not self._hostnames:
            address, port = endpoint[:2]
            service = self._service(protocol, port)
            text = (
                f'{{"kind":"inet","address":{self._words.get(address) or self._word(address)},'
                f'"port":{"null" if port is None else port},"service":{self._words.get(service) or self._word(service)},'
                f'"scope":{_member(scope(address))},"zone":null}}'
            )
        else:
            text = self._dumps(endpoint and self._objects.endpoint(endpoint, protocol))
        self._endpoints[protocol, endpoint] = text
        return text

    def _held(self, owners: tuple[Owner, ...]) -> str:
        words = self._words
        texts = [
            f'{{"pid":{"null" if pid is None else pid},"fd":{"null" if fd is None else fd},'
            f'"name":{words.get(name) or self._word(name)},"user":{words.get(user) or self._word(user)}}}'
            for pid, fd, name, user in owners
        ]
        text = self._owners[owners] = f"[{','.join(texts)}]"
        return text

    def _word(self, value: Any) -> str:
        """A text or a namespace, of which an answer has few."""
        text = self._words[value] = self._dumps(sound(value) if isinstance(value, str) else netns_object(value))
        return text


def _member(value: str | None) -> str:
    return "null" if value is None else f'"{value}"'
