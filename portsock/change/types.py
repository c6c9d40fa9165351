"""The answer of a comparison: changes, and what could not be compared."""

from enum import StrEnum
from typing import NamedTuple

from portsock.model import Exposure, Netns, Notice, Snapshot, Socket
from portsock.normalize.offers import Program


class Kind(StrEnum):
    """Kinds of changes."""

    OPENED = "opened"
    CLOSED = "closed"
    WIDENED = "widened"
    NARROWED = "narrowed"
    PROGRAM = "program"
    USER = "user"
    UNIT = "unit"
    OWNERS = "owners"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


OLD, NEW = "old", "new"
"""The two sides."""


class Side(NamedTuple):
    """One host at one time."""

    snapshot: Snapshot
    """Of this host alone."""
    sockets: list[Socket]
    """Those of its listeners and bound sockets without a peer that are compared."""
    connected: list[Socket]
    """Its sockets among which connections are looked for; empty where nobody asks."""
    unlimited: bool = True
    """False where the snapshot left sockets out that the other side may have: `covers.filters` says which."""
    remarks: tuple[str, ...] = ()
    """What a filter could not tell of this side."""


class Place(NamedTuple):
    """Where something is offered, or who is connected; equal on both sides, whatever the numbers of namespaces."""

    space: str
    """The network namespace, as spaces.py names it on both sides."""
    protocol: str
    port: int | None
    direction: str | None = None
    """Of connections: 'in' to a port of this host, 'out' from it; None for what listens."""
    network: str | None = None
    """Of connections: the peer's network."""


class Facts(NamedTuple):
    """One side of a change."""

    addresses: tuple[str, ...]
    exposure: Exposure | None
    programs: tuple[Program, ...]
    connections: int | None = None


class Change(NamedTuple):
    """One difference."""

    kind: Kind
    place: Place
    netns: Netns | None
    programs: tuple[Program, ...]
    """Those that it is about, with the facts of the new side where there are any."""
    before: Facts | None
    after: Facts | None
    message: str = ""
    host: str | None = None


class Blind(NamedTuple):
    """A reason why something could not be compared."""

    code: str
    """host, protocol, netns, filters, owners, facts or incomplete."""
    side: str
    """'old' or 'new': the side that did not see it."""
    amount: int | None
    """The number of ports or connections that it concerns, where that is known."""
    message: str
    advice: str | None = None
    """What to type or to do."""
    host: str | None = None


class Comparison(NamedTuple):
    """What changed on one host."""

    host: str | None
    old: Snapshot
    new: Snapshot
    changes: tuple[Change, ...]
    blind: tuple[Blind, ...]
    notices: tuple[Notice, ...]
    protocols: frozenset[str]
    """Those that both sides have."""
