"""The request to a source, and the raw facts that the source returns, before joining. `None`: the source did not say."""

from collections.abc import Container, Mapping, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple

from portsock.enums import Need
from portsock.model import (
    Endpoint,
    Family,
    Host,
    Interface,
    Machine,
    Netns,
    Notice,
    Owner,
    OwnerReason,
    Process,
    Snapshot,
    SocketMemory,
    SocketType,
    Source,
    State,
    Subflow,
    Timer,
    Viewpoint,
)

Holder = Owner
"""A (process, descriptor) that refers to a socket, as a source reported it: of a listing the owner itself.

Live sources leave name and user None: they are in the process's facts.
"""


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
    subflows: tuple[Subflow, ...] | None = None
    holders: tuple[Holder, ...] | None = None
    """From a listing with an owner column, empty where the column was blank. None: no such column, or a live source."""
    user: str | None = None
    """The socket's own user as a listing printed it."""
    ifindex: int | None = None
    """The number of the bound device, where the source reports no name."""
    pending: tuple[int, ...] = ()
    """Of a listening unix socket: the inodes of clients that wait to be accepted."""
    names_one: bool = False
    """The listing's tool names at most one holder of each socket, and none of the kernel's own sockets."""


def lasting_number(record: SocketRecord) -> int:
    """Return a number that a TCP socket keeps until its end, and no other has: its cookie, else its inode negated, else 0."""
    return record.cookie if record.cookie is not None else -(record.inode or 0)


HEAD_END = SocketRecord._fields.index("netns") + 1
"""A Socket begins with the fields of SocketRecord[:HEAD_END], in the same order."""
TAIL_END = SocketRecord._fields.index("subflows") + 1
"""A Socket ends with the fields of SocketRecord[HEAD_END:TAIL_END], in the same order."""


class Unreadable(NamedTuple):
    """A process whose descriptors could not be read."""

    pid: int
    uid: int | None
    reason: OwnerReason
    """OTHER_USER, NOT_DUMPABLE, DENIED, FAILED, HIDEPID or PIDNS."""


class Ownership(NamedTuple):
    """The outcome of a search for holders."""

    holders: Mapping[int, Sequence[Holder]]
    """By socket inode."""
    unreadable: tuple[Unreadable, ...]
    hidden_processes: OwnerReason | None
    """HIDEPID, PIDNS or NO_PROC where there may be processes that /proc does not list, else None."""
    method: str
    """'walk' or 'bpf'."""
    started: Mapping[int, int] = {}
    """Start times by the holder's pid, in clock ticks since boot: facts of a later process with the same pid are not used."""
    settled: bool = False
    """Every process that existed at the end of the search was read: no child inherited a socket unseen."""
    threads: Mapping[tuple[int, int, int], int] = {}
    """By (inode, pid, fd) of a holder: the thread in whose own table the descriptor is."""
    raced: frozenset[int] = frozenset()
    """Inodes of sockets that may have changed hands whenever the processes were read."""


class Dumped(NamedTuple):
    """The sockets of one or several namespaces."""

    sockets: list[SocketRecord]
    notices: list[Notice]
    backend: str
    others: tuple[Netns, ...] = ()
    """Namespaces that were read, other than our own."""
    unseen: tuple[str, ...] = ()
    """Namespaces that were looked for and not read."""
    addresses: Mapping[int, frozenset[str]] = {}
    """The addresses of each requested namespace by its number, if asked for."""
    followed: frozenset[Netns] = frozenset()
    """Those of `others` that nobody asked for."""
    apart: frozenset[int] = frozenset()
    apart_elsewhere: frozenset[int] = frozenset()
    translated: Mapping[int, int] = {}
    """See Collection."""
    pid: int | None = None
    """The process through which the namespace was read; None where it was entered."""
    spaces: tuple[Netns, ...] = ()
    """The namespaces that were read, our own included."""
    interfaces: tuple[Interface, ...] = ()
    """Those of the namespaces that were entered, if requested."""

    @property
    def inodes(self) -> set[int | None]:
        """The sockets' inode numbers."""
        return set(map(attrgetter("inode"), self.sockets))

    def joined(self, other: "Dumped") -> "Dumped":
        """Return what was read of different namespaces together."""
        return self._replace(
            sockets=self.sockets + other.sockets,
            notices=self.notices + other.notices,
            others=self.others + other.others,
            unseen=self.unseen + other.unseen,
            addresses={**self.addresses, **other.addresses},
            followed=self.followed | other.followed,
            spaces=self.spaces + other.spaces,
            interfaces=self.interfaces + other.interfaces,
        )

    def only(self, spaces: Container[Netns | None]) -> "Dumped":
        """Return the sockets of these namespaces."""
        numbers = {each.id for each in self.spaces if each in spaces}
        return self._replace(
            sockets=[record for record in self.sockets if record.netns in spaces],
            others=tuple(each for each in self.others if each in spaces),
            spaces=tuple(each for each in self.spaces if each in spaces),
            interfaces=tuple(each for each in self.interfaces if each.netns in numbers),
        )

    def noted(self, notices: Sequence[Notice]) -> "Dumped":
        """Return the same with further notices."""
        return self._replace(notices=[*self.notices, *notices])


class Collection(NamedTuple):
    """All that a source collected for one request."""

    source: Source
    host: Host
    taken_at: float | None
    sockets: Sequence[SocketRecord]
    ownership: Ownership | None
    """None where owners were not requested, or where the records carry their own holders."""
    processes: Mapping[int, Process]
    users: Mapping[int, str]
    """Names by uid, for the uids of the sockets."""
    notices: tuple[Notice, ...]
    snapshot: Snapshot | None = None
    """From a listing that portsock itself printed, already normalized. `sockets` is then empty."""
    unprivileged: bool = False
    """The listing states that it leaves out processes of other users."""
    viewpoint: Viewpoint | None = None
    apart: frozenset[int] = frozenset()
    """TCP sockets, by lasting_number(), that are joined with no other: what has their 4-tuple may be of another connection."""
    apart_elsewhere: frozenset[int] = frozenset()
    """The same of sockets that are joined with none of another network namespace."""
    translated: Mapping[int, int] = {}
    """The other end of TCP sockets, both by lasting_number(), where an address was changed on the way (DNAT)."""
    machine: Machine | None = None
    """Where it was requested: the host that was read."""
    spaces: tuple[Netns, ...] | None = None
    """The network namespaces that were read; None: not known."""
    remarks: tuple[Notice, ...] = ()
    """Notices about the inputs as a whole, of the first collection of several."""


class PortFilter(NamedTuple):
    """Only sockets with one of these port ranges (first, last) on the named side."""

    ranges: tuple[tuple[int, int], ...]
    side: str
    """'local', 'remote' or 'either'."""


class Request(NamedTuple):
    """A request for sockets. A source may return more than is requested, never less."""

    protocols: frozenset[str]
    """Socket protocols as in Socket.protocol."""
    families: frozenset[Family] = frozenset(Family)
    states: frozenset[State] | None = None
    """TCP states wanted; None is all. Other protocols are always returned in all states."""
    ports: PortFilter | None = None
    owners: str = "auto"
    """'none', or how to find them: 'auto', 'walk', 'bpf'."""
    descriptors: bool = True
    """Their numbers are wanted, and not only the processes that have them: of millions they fill the memory."""
    netns: tuple[str, ...] = ()
    """Names, PIDs, numbers or 'all'; empty is the namespace of this process."""
    pids: tuple[int, ...] = ()
    """Where `netns` is empty: processes whose sockets are wanted from whichever namespaces they are in."""
    inodes: tuple[int, ...] = ()
    """Where `netns` is empty: sockets that are looked for in the other namespaces if ours does not have them."""
    needs: frozenset[Need] = frozenset({Need.PROCESSES})
    """Of INFO, TIMERS, MEMORY, PROCESSES, COMMANDS, PARENTS, CONTEXT, HOST, MACHINE those to collect: they cost time, others
    none."""
    seconds: float | None = None
    """The time after which no further network namespace is entered; None: no limit."""
    listeners: bool = False
    """Return all TCP listeners and all UDP sockets without a peer, whatever `ports` says: roles are inferred from them."""


class Identity(NamedTuple):
    """The user for whom `explain` judges whether a port can be bound."""

    uid: int
    net_bind_service: bool | None
    """May bind privileged ports (CAP_NET_BIND_SERVICE in the user namespace that owns the network's); None: not known."""
    name: str | None = None


class LocalAddress(NamedTuple):
    """The kernel's answer to bind(2) of an address, whatever the port, and facts that explain a refusal."""

    known: bool
    """False where the kernel gave no answer about the address."""
    errno: str | None = None
    """'EADDRNOTAVAIL'; 'ENODEV' for a device that does not exist; 'EINVAL' for a zone that is missing; None: it has it."""
    device: str | None = None
    """The name of the device behind '%', also where that is a number."""
    devices: tuple[str, ...] = ()
    """EADDRNOTAVAIL: the devices that have this IPv6 address, ready for use."""
    unready: str | None = None
    """EADDRNOTAVAIL: the device that has it, though not ready: tentative, or a duplicate of another host's."""
    duplicate: bool = False
    """Another host on the link of that device has the address."""


class SocketOptions(NamedTuple):
    """Options of a socket that decide whether others may bind the same port, as getsockopt(2) reports them."""

    reuseaddr: bool | None = None
    reuseport: bool | None = None
    v6only: bool | None = None
    """None for IPv4, and where it is not known."""
    device: str | None = None
    """The device of SO_BINDTODEVICE, or None."""


class Contact(NamedTuple):
    """What one real attempt to connect met with (`explain --connect`)."""

    protocol: str
    result: Literal["accepted", "answered", "reset", "icmp", "local", "silence"]
    """accepted: the handshake was completed; answered: a datagram came back; reset: RST, with ECONNREFUSED; icmp: an ICMP
    error; local: this host refused before anything left it; silence: nothing came back in time."""
    seconds: float
    """Until the result; of silence the time limit."""
    errno: str | None = None
    """What connect(2), or of UDP send(2), failed with; of an ICMP error what it stands for."""
    call: str = "connect"
    """The system call that failed with it: connect or send."""
    source: str | None = None
    """The local address that was used; None where there was none."""
    reporter: str | None = None
    """The host that sent the ICMP error."""
    icmp: tuple[int, int] | None = None
    """Its type and code."""
