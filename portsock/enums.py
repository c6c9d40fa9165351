"""Enumerations: families, socket types, states, roles, scopes, exposures, owner statuses and reasons.

Their values are the words of the JSON. A state that is in no list is kept as text in Socket.state_raw.
"""

from enum import StrEnum


class Family(StrEnum):
    """The address family of a socket. INET: an internet socket whose source does not distinguish IPv4 and IPv6."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    INET = "inet"
    UNIX = "unix"
    NETLINK = "netlink"
    PACKET = "packet"
    VSOCK = "vsock"


INTERNET = frozenset({Family.IPV4, Family.IPV6, Family.INET})


class SocketType(StrEnum):
    """The type given to socket(2)."""

    STREAM = "stream"
    DGRAM = "dgram"
    SEQPACKET = "seqpacket"
    RAW = "raw"
    RDM = "rdm"
    DCCP = "dccp"


class State(StrEnum):
    """Connection states: the names of RFC 9293, and what operating systems add (BOUND and below)."""

    LISTEN = "LISTEN"
    SYN_SENT = "SYN_SENT"
    SYN_RECV = "SYN_RECV"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN_WAIT_1"
    FIN_WAIT_2 = "FIN_WAIT_2"
    CLOSE_WAIT = "CLOSE_WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST_ACK"
    TIME_WAIT = "TIME_WAIT"
    CLOSED = "CLOSED"
    BOUND = "BOUND"
    UNCONN = "UNCONN"
    CONNECTING = "CONNECTING"
    DELETE_TCB = "DELETE_TCB"


class Role(StrEnum):
    """The end of a conversation that a socket is. Inferred: no source reports it."""

    LISTENER = "listener"
    SERVER = "server"
    CLIENT = "client"
    BOUND = "bound"
    UNKNOWN = "unknown"


PASSIVE = frozenset({Role.LISTENER, Role.BOUND})
"""Roles of sockets that have an address of their own and no peer, and wait for others: what 'listening' means for a Socket.

Use it wherever a Socket is at hand: `socket.role in PASSIVE`. Sockets that are not bound (port 0, no name) have the role
UNKNOWN and are not among them. Where roles are not inferred, as for records, use the states CONNECTIONLESS.
"""

WITH_PORTS = frozenset({"tcp", "udp", "udplite", "sctp", "mptcp"})
"""Protocols whose sockets have ports, and that a live source lists."""
CONNECTIONLESS: frozenset[State | None] = frozenset({State.LISTEN, State.BOUND, State.UNCONN, None})
"""States of sockets that are part of no connection, whether bound or not; None is the state of families without states."""


class Scope(StrEnum):
    """The kind of an address (IANA special-purpose registries, RFC 6890)."""

    UNSPECIFIED = "unspecified"
    LOOPBACK = "loopback"
    LINK = "link"
    PRIVATE = "private"
    SHARED = "shared"
    MULTICAST = "multicast"
    BROADCAST = "broadcast"
    DOCUMENTATION = "documentation"
    RESERVED = "reserved"
    GLOBAL = "global"


class Exposure(StrEnum):
    """The reach of a bound address before any firewall, narrowest first."""

    LOOPBACK = "loopback"
    LINK = "link"
    PRIVATE = "private"
    SHARED = "shared"
    PUBLIC = "public"
    ALL = "all"


class OwnerStatus(StrEnum):
    """Knowledge of a socket's holders; never a guess."""

    KNOWN = "known"
    """Holders found, and every process of our PID namespace could be read."""
    PARTIAL = "partial"
    """Holders found, but some processes could not be read: there may be more."""
    HIDDEN = "hidden"
    """No holder found, and some processes could not be read, or the socket was changing hands."""
    NONE = "none"
    """No descriptor can exist: TIME_WAIT, SYN_RECV, orphaned, completed but not accepted."""
    UNHELD = "unheld"
    """It has an inode and every process was read more than once, but none holds it: kernel, in flight or io_uring."""
    ELSEWHERE = "elsewhere"
    """No process of our PID namespace holds it, and that is not the host's: a process outside may, or the kernel."""
    UNREPORTED = "unreported"
    """The source does not report it (a listing without such a column), or owners were not requested."""


class OwnerReason(StrEnum):
    """The reason why an owner is missing, or why there may be more."""

    TIME_WAIT = "time_wait"
    SYN_RECV = "syn_recv"
    ORPHANED = "orphaned"
    UNACCEPTED = "unaccepted"
    OTHER_USER = "other_user"
    NOT_DUMPABLE = "not_dumpable"
    """A process of our own user that the kernel's ptrace check protects: ptrace(2), PR_SET_DUMPABLE."""
    HIDEPID = "hidepid"
    DENIED = "denied"
    KERNEL_CANDIDATE = "kernel_candidate"
    IN_FLIGHT_CANDIDATE = "in_flight_candidate"
    RACED = "raced"
    """It may have changed hands while the processes were read."""
    FAILED = "failed"
    """A process could not be read for lack of memory, descriptors or the like."""
    PIDNS = "pidns"
    NO_PROC = "no_proc"
    """/proc is missing, or shows another PID namespace than this process's."""
    NO_COLUMN = "no_column"


class Need(StrEnum):
    """A fact beyond the sockets themselves that a column, a filter or the JSON contract needs.

    A source is asked for those that cost something, and a notice names those that it does not report.
    """

    OWNERS = "owners"
    PROCESSES = "processes"
    """Facts of the owners' processes: executable, user, unit, container."""
    COMMANDS = "commands"
    """Their command lines, which the process itself can make slow to read."""
    PARENTS = "parents"
    """The ancestors of these processes, too."""
    CONTEXT = "context"
    """Descriptors and their limit, working directory, login session and signals of these processes."""
    PEER = "peer"
    """The owners of the other end."""
    CONNECTIONS = "connections"
    """Connected sockets, to count them."""
    INFO = "info"
    TIMERS = "timers"
    MEMORY = "memory"
    HOST = "host"
    """The host's addresses and sysctls."""
    INODES = "inodes"
    DESCRIPTORS = "descriptors"
    USERS = "users"
    UNITS = "units"
    CONTAINERS = "containers"
    REACH = "reach"
    """What the packet filter lets in."""
    MACHINE = "machine"
    """What tells the host from others, and what was asked for: a record is compared with others."""


OWNER_NEEDS = frozenset({Need.OWNERS, Need.PROCESSES, Need.COMMANDS, Need.PARENTS, Need.CONTEXT, Need.PEER})
"""Needs for which the owners of sockets must be looked up."""
DETAILS = frozenset({Need.INFO, Need.TIMERS, Need.MEMORY})
"""Needs that the kernel serves only when asked, because they cost time."""
ON_REQUEST = DETAILS | {Need.REACH}
"""Needs of columns that programs get only when they ask for them: in a table they depend on the rows."""
SOURCE_DEPENDENT = DETAILS | {Need.INODES, Need.DESCRIPTORS, Need.USERS, Need.UNITS, Need.CONTAINERS}
"""Needs that only some sources serve."""

_CANONICAL = {
    "ESTAB": State.ESTABLISHED,
    "SYNSEND": State.SYN_SENT,
    "SYNRCVD": State.SYN_RECV,
    "SYNRCDV": State.SYN_RECV,  # lsof's documentation spells it so
    "SYNRECEIVED": State.SYN_RECV,
    "NEWSYNRECV": State.SYN_RECV,
    "TIMEDWAIT": State.TIME_WAIT,
    "LISTENING": State.LISTEN,
    "CLOSE": State.CLOSED,
    "BOUNDINACTIVE": State.BOUND,
    "DELETETCB": State.DELETE_TCB,
    "UNCONNECTED": State.UNCONN,
} | {state.replace("_", ""): state for state in State}

GROUPS: dict[str, frozenset[State]] = {
    "all": frozenset(State),
    "connected": frozenset(State)
    - {State.LISTEN, State.CLOSED, State.BOUND, State.UNCONN, State.CONNECTING, State.DELETE_TCB},
    "synchronized": frozenset(
        {
            State.SYN_RECV,
            State.ESTABLISHED,
            State.FIN_WAIT_1,
            State.FIN_WAIT_2,
            State.CLOSE_WAIT,
            State.CLOSING,
            State.LAST_ACK,
            State.TIME_WAIT,
        }
    ),
    "closing": frozenset(
        {State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK, State.TIME_WAIT}
    ),
    "bucket": frozenset({State.TIME_WAIT, State.SYN_RECV}),
    "big": frozenset(State) - {State.TIME_WAIT, State.SYN_RECV},
}
"""Groups of states as in ss(8) under STATE-FILTER, whose 'synchronized' has SYN_RECV, too, unlike RFC 9293's; 'closing' is
portsock's own: every state after one side has closed."""


def parse_state(text: str) -> State | None:
    """Return the state in any tool's spelling: 'ESTAB', 'time-wait', 'FIN_WAIT2', 'FinWait1', 'SYN_RCVD', 'Listening'.

    None where no tool spells a state so.
    """
    if not text.isascii():  # str.upper turns some other letters into ASCII
        return None
    return _CANONICAL.get(text.upper().replace("-", "").replace("_", "").replace(" ", ""))
