"""What a query needs of a source, so that it need not collect what would be thrown away."""

from typing import NamedTuple

from portsock.model import Family, State


class PortFilter(NamedTuple):
    """Only sockets with one of these port ranges (first, last) on the named side."""

    ranges: tuple[tuple[int, int], ...]
    side: str
    """'local' or 'either'."""


class Request(NamedTuple):
    """A source may return more than is asked, never less."""

    protocols: frozenset[str]
    """Socket protocols as in Socket.protocol."""
    families: frozenset[Family] = frozenset(Family)
    states: frozenset[State] | None = None
    """TCP states wanted; None is all. Other protocols are always given in all states."""
    ports: PortFilter | None = None
    owners: str = "auto"
    """'none', or how to find them: 'auto', 'walk', 'bpf'."""
    netns: tuple[str, ...] = ()
    """Names, PIDs or 'all'; empty is the own namespace."""
    info: bool = False
    timers: bool = False
    memory: bool = False
    processes: bool = True
    """Whether facts of the holding processes are wanted."""
    parents: bool = False
    """Whether their ancestors are wanted, too (procs --tree, explain)."""
    facts: bool = False
    """Whether the host's sysctls and addresses are wanted (explain)."""
    listeners: bool = False
    """Whether all TCP listeners are wanted, whatever `ports` says: roles are inferred from them."""
