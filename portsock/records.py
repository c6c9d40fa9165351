"""What a source is asked for (Request), and the raw facts it returns, before joining. `None`: the source did not say."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from portsock.model import (
    Endpoint,
    Family,
    Host,
    Netns,
    Notice,
    OwnerReason,
    Process,
    Snapshot,
    SocketMemory,
    SocketType,
    Source,
    State,
    Timer,
)


class Holder(NamedTuple):
    """A (process, descriptor) that refers to a socket, as a source reported it."""

    pid: int | None
    fd: int | None
    name: str | None = None
    """As a listing printed it; live sources leave names to the processes."""
    user: str | None = None


class SocketRecord(NamedTuple):
    """One socket as one source reported it."""

    family: Family
    type: SocketType | None
    protocol: str
    number: int | None
    state: State | None
    state_raw: str | None
    local: Endpoint | None
    remote: Endpoint | None
    recv_q: int | None = None
    send_q: int | None = None
    accept_queue: int | None = None
    accept_limit: int | None = None
    uid: int | None = None
    inode: int | None = None
    cookie: int | None = None
    interface: str | None = None
    v6only: bool | None = None
    netns: Netns | None = None
    peer_inode: int | None = None
    shutdown: int | None = None
    vfs: tuple[int, int] | None = None
    timer: Timer | None = None
    memory: SocketMemory | None = None
    info: Mapping[str, int | float | str | bool | None] | None = None
    subflow_of: int | None = None
    holders: tuple[Holder, ...] | None = None
    """From a listing with an owner column (empty: the column was blank); None: no such column, or a live source."""
    user: str | None = None
    """The socket's own user as a listing printed it."""
    ifindex: int | None = None
    """The bound device's number, where the source gives no name."""
    pending: tuple[int, ...] = ()
    """Of a listening unix socket: the inodes of the clients that wait to be accepted."""
    names_one: bool = False
    """Whether the listing's tool names one holder of each socket at most, and leaves the kernel's own blank."""


TOLD = SocketRecord._fields.index("netns") + 1
"""How many fields a Socket begins with, too."""
DETAILS = SocketRecord._fields.index("subflow_of") + 1
"""Where the fields end, from TOLD on, that a Socket ends with, too."""


class Unreadable(NamedTuple):
    """A process whose descriptors could not be read."""

    pid: int
    uid: int | None
    reason: OwnerReason
    """OTHER_USER, DENIED, HIDEPID or PIDNS."""


class Ownership(NamedTuple):
    """The outcome of looking for holders."""

    holders: Mapping[int, Sequence[Holder]]
    """By socket inode."""
    unreadable: tuple[Unreadable, ...]
    hidden_processes: OwnerReason | None
    """HIDEPID or PIDNS where processes may exist that cannot even be listed, else None."""
    method: str
    """'walk' or 'bpf'."""
    started: Mapping[int, int] = {}
    """By holder's pid: when it started, in clock ticks since boot, so that a reused pid's facts are not taken for its own."""


class Collection(NamedTuple):
    """All that a source collected for one request."""

    source: Source
    host: Host
    taken_at: float | None
    sockets: Sequence[SocketRecord]
    ownership: Ownership | None
    """None where owners were not asked for, or where the records carry their own holders."""
    processes: Mapping[int, Process]
    users: Mapping[int, str]
    """User names by uid, for the sockets' own uids."""
    notices: tuple[Notice, ...]
    snapshot: Snapshot | None = None
    """Of a listing that portsock itself printed: what was normalized already. The records are then none."""
    unprivileged: bool = False
    """Whether a listing says of itself that it leaves out processes of other users."""


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


class Identity(NamedTuple):
    """For whom it is judged whether a port can be taken."""

    uid: int
    net_bind_service: bool | None
    """May bind privileged ports (CAP_NET_BIND_SERVICE in the user namespace that owns the network's); None: not known."""
    name: str | None = None


class SocketOptions(NamedTuple):
    """Options of a socket that decide whether it lets others bind beside it, as getsockopt(2) tells them."""

    reuseaddr: bool | None = None
    reuseport: bool | None = None
    v6only: bool | None = None
    """None for IPv4, too."""
    device: str | None = None
    """SO_BINDTODEVICE; None where it is bound to none."""
