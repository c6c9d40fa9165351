"""The types of the bind verdict: one way a program might try to take a port, and what would come of it."""

from typing import NamedTuple

from portsock.model import InetEndpoint, Owner, State


class Identity(NamedTuple):
    """For whom the verdict is given."""

    uid: int
    net_bind_service: bool | None
    """May bind privileged ports (CAP_NET_BIND_SERVICE in the namespace's user namespace); None: not known."""
    name: str | None = None


class Blocker(NamedTuple):
    """A socket that stands in the way."""

    inode: int | None
    local: InetEndpoint
    state: State | None
    owners: tuple[Owner, ...]


class Attempt(NamedTuple):
    """bind(2), and for TCP listen(2) after it, of a new socket."""

    protocol: str
    address: str
    port: int
    options: tuple[str, ...]
    """Options the program sets first: 'SO_REUSEADDR', 'SO_REUSEPORT'."""
    v6only: bool | None
    """None for IPv4."""
    identity: Identity
    ok: bool | None
    """Whether both calls would succeed now; None: it depends on what cannot be seen, and `reason` says on what."""
    errno: str | None
    """'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL' where ok is False."""
    blockers: tuple[Blocker, ...]
    reason: str | None
    tried: bool = False
    """The kernel itself was asked (--try)."""
