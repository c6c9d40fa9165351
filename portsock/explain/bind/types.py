"""The types of the bind verdict: one way a program might try to take a port, and what would come of it."""

from typing import NamedTuple

from portsock.model import InetEndpoint, Owner, State
from portsock.records import Identity


class Way(NamedTuple):
    """What a program sets on its new socket before bind(2)."""

    reuseaddr: bool = False
    reuseport: bool = False
    v6only: bool | None = None
    """Of an IPv6 socket; None leaves the system's default (net.ipv6.bindv6only)."""
    device: str | None = None
    """SO_BINDTODEVICE, or the zone of a link-local address."""


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
    """'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'EINVAL' where ok is False; None there: one of two, and `reason` says which."""
    blockers: tuple[Blocker, ...]
    """Those that count most first, and not more than a screen of them: `reason` says how many more there are."""
    reason: str | None
    """Why not, or on what it depends; where ok is True: what was taken for granted, if anything."""
    tried: bool = False
    """The kernel itself was asked (--try)."""
