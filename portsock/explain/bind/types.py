"""The types of the bind verdict: a way of taking a port, and its outcome."""

from typing import NamedTuple

from portsock.model import InetEndpoint, Owner, State
from portsock.records import Identity


class Way(NamedTuple):
    """The options that a program sets on its new socket before bind(2)."""

    reuseaddr: bool = False
    reuseport: bool = False
    v6only: bool | None = None
    """IPv6 only; None leaves the system's default (net.ipv6.bindv6only)."""
    device: str | None = None
    """SO_BINDTODEVICE, or the zone of a link-local address."""


class Blocker(NamedTuple):
    """A socket that is in the way."""

    inode: int | None
    local: InetEndpoint
    state: State | None
    owners: tuple[Owner, ...]


class Attempt(NamedTuple):
    """bind(2) of a new socket, and for TCP listen(2) after it."""

    protocol: str
    address: str
    port: int
    options: tuple[str, ...]
    """Options the program sets first: 'SO_REUSEADDR', 'SO_REUSEPORT'."""
    v6only: bool | None
    """None for IPv4."""
    identity: Identity
    ok: bool | None
    """True where both calls would succeed now; None: it depends on something that cannot be seen, which `reason` names."""
    errno: str | None
    """'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'EINVAL' where ok is False; None there: one of two, which `reason` names."""
    blockers: tuple[Blocker, ...]
    """The most important first; of sockets that count alike only some."""
    reason: str | None
    """The reason why not, or what it depends on; where ok is True: what was assumed, if anything."""
    tried: bool = False
    """The outcome is the kernel's own answer (--try)."""
