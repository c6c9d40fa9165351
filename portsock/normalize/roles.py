"""Which end of a conversation a socket is: inferred from listeners and the ephemeral range, never read off the kernel."""

from collections.abc import Iterable

from portsock.addresses import WILDCARDS, scope
from portsock.model import Family, InetEndpoint, Role, Scope, SocketType, State, UnixEndpoint
from portsock.records import SocketRecord

_NONE: dict[int | None, set[str | None]] = {}


class Roles:
    """Infers roles within one collection, namespace by namespace."""

    def __init__(self, records: Iterable[SocketRecord], ephemeral: tuple[int, int]) -> None:
        self._first, self._last = ephemeral
        self._listening: dict[tuple[int | None, str], dict[int | None, set[str | None]]] = {}
        self._unix_listening: set[tuple[int | None, UnixEndpoint]] = set()
        self._unix: dict[int, SocketRecord] = {}
        self._pending: set[int] = set()
        for record in records:
            if record.state is State.LISTEN and isinstance(record.local, InetEndpoint):
                ports = self._listening.setdefault((record.netns.id if record.netns else None, record.protocol), {})
                ports.setdefault(record.local.port, set()).add(record.local.address)
            elif record.family is Family.UNIX:
                if record.inode is not None:
                    self._unix[record.inode] = record
                if record.state is State.LISTEN and isinstance(record.local, UnixEndpoint) and _is_named(record):
                    self._unix_listening.add((record.netns.id if record.netns else None, record.local))
                    self._pending.update(record.pending)

    def of(self, record: SocketRecord) -> Role:
        """The role of one record."""
        local, remote = record.local, record.remote
        if record.state is State.LISTEN:
            return Role.LISTENER
        if record.family is Family.UNIX:
            return self._of_unix(record)
        if not isinstance(local, InetEndpoint):
            return Role.BOUND if remote is None and local is not None else Role.UNKNOWN
        if not isinstance(remote, InetEndpoint):
            return Role.BOUND if local.port else Role.UNKNOWN
        netns = record.netns
        listening = self._listening.get((netns.id if netns else None, record.protocol), _NONE)
        if local.port in listening and _covers(listening[local.port], local):
            return Role.SERVER
        if local.port is None or not self._first <= local.port <= self._last:
            return Role.UNKNOWN
        if remote.port is None or not self._first <= remote.port <= self._last:
            return Role.CLIENT
        here = remote.address == local.address or scope(remote.address) is Scope.LOOPBACK
        if here and remote.port in listening and _covers(listening[remote.port], remote):
            return Role.CLIENT
        return Role.UNKNOWN

    def _of_unix(self, record: SocketRecord) -> Role:
        """An accepted unix socket carries its listener's name; the end that connected to it usually has none.

        A datagram socket without a peer is bound, whatever its state: that of one to which others connect is ESTABLISHED, too.
        """
        named = _is_named(record)
        if record.state is not State.ESTABLISHED or (record.type is SocketType.DGRAM and record.peer_inode is None):
            return Role.BOUND if named else Role.UNKNOWN
        if record.inode in self._pending:
            return Role.CLIENT
        other = self._unix.get(record.peer_inode) if record.peer_inode else None
        mine, theirs = self._is_served(record), other is not None and self._is_served(other)
        if mine is theirs:
            mine, theirs = named, other is not None and _is_named(other)
        if mine is theirs:
            return Role.UNKNOWN
        return Role.SERVER if mine else Role.CLIENT

    def _is_served(self, record: SocketRecord) -> bool:
        """Whether it has the name of a listener."""
        return (record.netns.id if record.netns else None, record.local) in self._unix_listening


def _is_named(record: SocketRecord) -> bool:
    return isinstance(record.local, UnixEndpoint) and record.local.path is not None


def _covers(addresses: set[str | None], endpoint: InetEndpoint) -> bool:
    return endpoint.address in addresses or not addresses.isdisjoint(WILDCARDS)
