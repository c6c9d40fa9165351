"""The types of a Snapshot of a host's sockets: sockets, endpoints, processes, ports, connections.

Everything here is immutable. `None` always means 'not known'; 0, -1 or "-" never do. The bulk types are
NamedTuples and not frozen dataclasses because a busy host has 50,000 sockets: creating them by position takes 0.04 s instead
of 0.22 s (Python 3.11), and defining each class costs 0.4 ms of every start instead of 2.5 ms. Enumerations are re-exported.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from portsock.enums import CONNECTIONLESS as CONNECTIONLESS
from portsock.enums import INTERNET as INTERNET
from portsock.enums import PASSIVE as PASSIVE
from portsock.enums import Exposure as Exposure
from portsock.enums import Family as Family
from portsock.enums import OwnerReason as OwnerReason
from portsock.enums import OwnerStatus as OwnerStatus
from portsock.enums import Role as Role
from portsock.enums import Scope as Scope
from portsock.enums import SocketType as SocketType
from portsock.enums import State as State

if TYPE_CHECKING:
    from portsock.reachability import Reach


class InetEndpoint(NamedTuple):
    """An address and a port. The wildcard addresses are '0.0.0.0' and '::'; '*' where a listing does not say which."""

    address: str | None
    """Text as inet_ntop prints it, or '*' for all addresses of an unknown family; None where only a host name was printed."""
    port: int | None
    """0 to 65535; None for protocols without ports, or where a listing's service name is in no table."""
    zone: str | None = None
    """The IPv6 zone of a link-local address: an interface name or number."""
    hostname: str | None = None
    """The host name that a listing printed instead of an address."""
    label: str | None = None
    """The service name that a listing printed instead of a number; of an ICMP socket, which has no port, its identifier."""
    truncated: bool = False
    """True where the listing cut the address: it is a prefix of the real one."""
    guessed: bool = False
    """True where the port was guessed from a service name by the system's table."""


class UnixEndpoint(NamedTuple):
    """The name of a unix socket: a path, an abstract name without its leading NUL, or none."""

    path: bytes | None
    abstract: bool = False
    truncated: bool = False


class NetlinkEndpoint(NamedTuple):
    """A netlink address: netlink(7). The kernel's own end has portid 0."""

    protocol: int
    portid: int
    groups: int | None = None


class PacketEndpoint(NamedTuple):
    """The protocol and interface that a packet socket is bound to, or None: packet(7)."""

    ethertype: int | None
    ifindex: int | None


class VsockEndpoint(NamedTuple):
    """A VM socket address: vsock(7). 4294967295 is VMADDR_CID_ANY / VMADDR_PORT_ANY."""

    cid: int
    port: int


Endpoint = InetEndpoint | UnixEndpoint | NetlinkEndpoint | PacketEndpoint | VsockEndpoint


class Netns(NamedTuple):
    """A network namespace."""

    id: int
    """The inode number of its nsfs file, as in 'net:[4026531840]'."""
    name: str | None = None
    """Its name under /run/netns, or that of its container or pod."""


class Owner(NamedTuple):
    """A process and the file descriptor with which it holds a socket."""

    pid: int | None
    fd: int | None
    name: str | None = None
    user: str | None = None
    tid: int | None = None
    """The thread in whose own table the descriptor is, where that is not the table of the process: unshare(2), CLONE_FILES."""


class Peer(NamedTuple):
    """The socket at the other end, on this host or in another listing. Without netns or host those are the same as here."""

    inode: int | None
    netns: Netns | None
    host: str | None
    owner_status: OwnerStatus
    owners: tuple[Owner, ...]


class Timer(NamedTuple):
    """A pending kernel timer of a TCP socket (ss -o; include/uapi/linux/inet_diag.h idiag_timer)."""

    kind: str
    """'on' (retransmit), 'keepalive', 'timewait', 'persist', or the number of an unknown one."""
    expires_ms: int | None
    retransmits: int | None


class SocketMemory(NamedTuple):
    """Buffer memory in bytes (INET_DIAG_SKMEMINFO; ss -m)."""

    recv_used: int
    recv_max: int
    send_used: int
    send_max: int
    forward: int
    queued: int
    option: int
    backlog: int
    drops: int | None


class Subflow(NamedTuple):
    """One of the TCP connections that an MPTCP connection consists of."""

    state: State | None
    local: Endpoint | None
    remote: Endpoint | None


class Socket(NamedTuple):
    """An operating system's socket. The fields that sources report keep the order of SocketRecord: see records.HEAD_END.

    The fields with a default are those that few sockets have; output/json relies on that.
    """

    family: Family
    type: SocketType | None
    protocol: str
    """'tcp', 'udp', 'udplite', 'sctp', 'mptcp', 'raw', 'icmp', 'unix', 'netlink', 'packet', 'vsock', or another word."""
    number: int | None
    """The IP protocol number of a raw socket."""
    state: State | None
    state_raw: str | None
    """The state as the source spelt it, where it is in no member of State."""
    local: Endpoint | None
    remote: Endpoint | None
    recv_q: int | None
    send_q: int | None
    accept_queue: int | None
    """Of a listening socket: connections waiting for accept(2)."""
    accept_limit: int | None
    """Of a listening socket: min(backlog, somaxconn). The queue holds one more."""
    uid: int | None
    """The creator's uid as the kernel keeps it; None where it keeps none."""
    inode: int | None
    cookie: int | None
    interface: str | None
    """The device it is bound to (SO_BINDTODEVICE)."""
    v6only: bool | None
    netns: Netns | None
    role: Role
    user: str | None
    host: str | None
    """The label of its listing, where several were given."""
    owner_status: OwnerStatus
    owner_reason: OwnerReason | None
    owners: tuple[Owner, ...]
    peer: Peer | None
    peer_inode: int | None = None
    """Of a unix socket: the inode at the other end, as the kernel reports it."""
    shutdown: int | None = None
    """Bits: 1 no more reading, 2 no more writing (unix_diag)."""
    vfs: tuple[int, int] | None = None
    """Of a unix socket bound to a path: device and inode number of the file (UNIX_DIAG_VFS)."""
    timer: Timer | None = None
    memory: SocketMemory | None = None
    info: Mapping[str, int | float | str | bool | None] | None = None
    """TCP details by name (tcp_info), with --info; see portsock.parse.netlink.tcp_info for names and units."""
    subflow_of: int | None = None
    """Of a TCP subflow: the inode of the MPTCP socket that it belongs to."""
    subflows: tuple[Subflow, ...] | None = None
    """Of an MPTCP socket: its TCP subflows."""


class Process(NamedTuple):
    """A process. Any field may be unknown, except its pid."""

    pid: int
    name: str | None = None
    """The name that a person would use."""
    comm: str | None = None
    """The kernel's name of the main thread, at most 15 bytes."""
    exe: str | None = None
    cmdline: tuple[str, ...] | None = None
    user: str | None = None
    uid: int | None = None
    ppid: int | None = None
    started_at: float | None = None
    """Seconds since the epoch."""
    unit: str | None = None
    """The systemd unit, from its cgroup; a user manager's as 'user@1000.service/NAME'."""
    container: str | None = None
    """The container's name, or its short id where no name could be read."""
    exe_deleted: bool = False
    forwards_to: str | None = None
    """Of a port forwarder (docker-proxy, rootlessport): its destination as 'address:port', and the container's name."""
    host: str | None = None
    state: str | None = None
    """The state of its main thread, in the words of /proc/PID/status: 'running', 'sleeping', 'disk sleep', 'stopped' …"""
    container_runtime: str | None = None
    """Of a process in a container: docker, podman, containerd or cri-o, where its cgroup says which."""
    descriptors: int | None = None
    """Open file descriptors. Linux 6.2 and later."""
    descriptor_limit: int | None = None
    """The soft limit on descriptors (RLIMIT_NOFILE)."""
    cwd: str | None = None
    """The working directory, as the kernel prints it: ' (deleted)' follows where it has been removed."""
    login_uid: int | None = None
    """The user who logged in (pam_loginuid(8)), whoever the process runs as now; None of what no login started."""
    login_user: str | None = None
    login_session: int | None = None
    """The number of that login session, as in the audit log."""
    sigterm: str | None = None
    """What SIGTERM does to it: 'default' ends it, 'caught', 'ignored', 'blocked' (kept for later, or read by signalfd(2))."""


class Connection(NamedTuple):
    """Two endpoints joined under one protocol, with those of its two sockets that were seen."""

    protocol: str
    local: Endpoint | None
    remote: Endpoint | None
    """Seen from the first of the sockets. None for a unix client, which has no name."""
    sockets: tuple[Socket, ...]


class Port(NamedTuple):
    """A port in use: one (namespace, protocol, port, owners of its listening or bound sockets)."""

    protocol: str
    port: int
    service: str | None
    range: str
    """system, user or dynamic (RFC 6335)."""
    state: State | None
    addresses: tuple[str, ...]
    """Bound addresses; '*' is every address of both families, '0.0.0.0' every IPv4, '::' every IPv6 address."""
    exposure: Exposure | None
    sockets: tuple[Socket, ...]
    """Its listening or bound sockets, or the connected ones of a port that only connections use."""
    connections: int | None
    """The number of connections on it, subflows of one MPTCP connection counted once; None where they were not requested."""
    owner_status: OwnerStatus
    owner_reason: OwnerReason | None
    owners: tuple[Owner, ...]
    netns: Netns | None
    host: str | None = None
    reach: "Reach | None" = None
    """Who can really connect; None where the packet filter was not asked."""


class Notice(NamedTuple):
    """A remark that the user must read. `incomplete`: something may be missing."""

    code: str
    amount: int | None
    """The number of sockets, processes or lines it is about. In JSON 'count', which is a method of tuples."""
    message: str
    incomplete: bool = True
    silent: bool = False
    """It is in JSON and makes the snapshot incomplete, but is not printed: what it warns of is unlikely."""


class Input(NamedTuple):
    """One captured listing."""

    name: str
    host: str | None
    format: str


class Source(NamedTuple):
    """The origin of a snapshot."""

    kind: str
    """'live' or 'capture'."""
    backend: str | None = None
    inputs: tuple[Input, ...] = ()


class Host(NamedTuple):
    """Facts of the host that texts and inferences need."""

    system: str
    """'Linux', 'Darwin', 'Windows', 'FreeBSD' …; 'unknown' for a listing that does not say."""
    ephemeral: tuple[int, int]
    """The local ports that the system picks from, first and last."""
    assumed: bool
    """True where the range is the system's default and was not read."""
    name: str | None = None
    addresses: frozenset[str] | None = None
    """This host's own addresses, or None where they were not read."""
    sysctls: Mapping[str, str] = {}
    """Linux: kernel settings by name, 'net.ipv4.tcp_fin_timeout' → '60'."""
    counters: Mapping[str, int] = {}
    """Linux: counters of a network namespace since it exists, 'SyncookiesSent' → 12; see portsock.parse.proc.counters."""
    netns: int | None = None
    """The inode number of the network namespace that the counters are of."""


class Viewpoint(NamedTuple):
    """Where a live snapshot was taken: network_namespaces(7), credentials(7)."""

    netns: Netns | None
    """The network namespace that portsock runs in; None where it was not asked for."""
    uid: int | None = None
    """The effective uid that portsock runs as."""
    counted: bool = False
    """The host's network namespaces were looked for: `others`, `unseen` and `unnamed` are all that were found but `netns`."""
    whole: bool = False
    """Where `counted`: no further one can exist."""
    others: tuple[Netns, ...] = ()
    """Other network namespaces whose sockets are in the snapshot."""
    unseen: tuple[str, ...] = ()
    """Names of network namespaces that exist, and whose sockets are not in the snapshot."""
    unnamed: int = 0
    """The number of such namespaces without a name."""
    addresses: Mapping[int, frozenset[str]] = {}
    """Where namespaces were asked for: the addresses of each that was read, by its number."""
    pidns: int | None = None
    """The number of the PID namespace that portsock runs in, where that is not the host's and owners were looked for."""
    followed: frozenset[Netns] = frozenset()
    """Those of `others` that nobody asked for: a process or socket that was asked for is in them."""


class Interface(NamedTuple):
    """A network interface of one network namespace: ip-address(8)."""

    name: str
    addresses: tuple[str, ...]
    """With prefix length: '192.0.2.1/24'."""
    netns: int | None = None
    """The number of its network namespace; None where there are none."""
    internal: bool | None = None
    """A bridge whose network is the host's own: no device that leads out of the host belongs to it, as with docker0. Other
    hosts may have the same addresses behind one. None: not known."""


class Machine(NamedTuple):
    """What tells a host, and its boots, from others. None: not known."""

    id: str | None
    """Derived from machine-id(5), which must not leave the host."""
    boot_id: str | None
    """random(4): another one after each boot. Numbers of namespaces, inodes and pids mean nothing across boots."""
    system: str | None
    kernel: str | None
    netns: int | None
    """The number of the network namespace that portsock ran in."""
    interfaces: tuple[Interface, ...] | None
    version: str | None
    """Of portsock."""


class Coverage(NamedTuple):
    """What was asked for. What a snapshot covers and does not have was not there."""

    protocols: frozenset[str]
    states: frozenset[State] | None
    """Of TCP; None: every one."""
    netns: tuple[Netns, ...] | None
    """The network namespaces that were read; None: not known."""
    filters: tuple[str, ...] = ()
    """Targets and options that left sockets out, as they were typed."""


Processes = Mapping[tuple[str | None, int], Process]
"""By (host label, pid); the label is None on the live system and in a single listing."""


class Snapshot(NamedTuple):
    """All that was seen at one time, normalized."""

    source: Source
    host: Host
    taken_at: float | None
    """Seconds since the epoch; None for a listing that does not say."""
    sockets: list[Socket]
    processes: Processes
    notices: tuple[Notice, ...]
    complete: bool
    """True where every process that could hold a reported socket was read, and nothing was skipped."""
    unreadable: tuple[int, ...] = ()
    """Pids of processes whose descriptors could not be read; each could hold any socket."""
    unlisted: OwnerReason | None = None
    """HIDEPID or PIDNS where there may be processes that could not even be listed."""
    viewpoint: Viewpoint | None = None
    """None for a listing, and on systems without network namespaces."""
    machine: Machine | None = None
    """The host that it was taken on; None where the source does not say, or where nobody asks."""
    covers: Coverage | None = None
    """None where the source does not say what was asked for."""

    def with_notices(self, notices: tuple[Notice, ...]) -> "Snapshot":
        """Return the snapshot with these notices added; it is complete only where none of them says otherwise."""
        if not notices:
            return self
        complete = self.complete and not any(notice.incomplete for notice in notices)
        return self._replace(notices=(*self.notices, *notices), complete=complete)
