"""Sentences that no enum is the key of. Values in braces are filled in by the module named like the heading."""

# Summary: one sentence.
NO_ADDRESS = "{address} is no address of this host. "
NOTHING_USES = "Nothing {here} uses {what}{nearby}{beyond}."
NOTHING_MATCHES = "Nothing {here} matches {what}{nearby}{beyond}."
ON_HOST, IN_LISTING = "on this host", "in this listing"
IN_THIS_NAMESPACE = "in this network namespace"
IN_NAMESPACES_READ = "in the network namespaces that were read"
NEARBY = "; {list}"
NEARBY_ONE = "{who} {verb} {addresses}"
IPV6_ONLY = " (IPv6 only)"
NO_OTHER_SEEN = ", and no other one was found"
NOT_SEEN = "; not looked into: {list}"
TAKES_ROOT = " (that takes root)"
APART = "In network namespace{s} {list}, not in this one: {sentence}"
APART_BY_PATH = "{sentence}, in network namespace{s} {list}: a path leads there from this one, too."
WILDCARD_BLOCKED = "{what} cannot be bound (EADDRINUSE{unless}): {who} {verb} {addresses}, which it covers."
WILDCARD_COVERS = "Nothing {here} is bound to {what} itself; {who} {verb} {addresses}, which it covers."
UNLESS_REUSEADDR = " unless both sides set SO_REUSEADDR"
UNLESS_V6ONLY = " without IPV6_V6ONLY"
ONLY_REMOTE = "Nothing {here} holds {what} itself; it is the far end of {connections}{by}."
ONLY_CONNECTIONS = "{what} is the local end of {connections}{by}; {listener}."
CLIENTS_PORT = "{what} is no server's: {have} of {connections}."
HAS_IT, HAVE_IT = "{who} has it as its own end", "{who} have it as their own end"
ONE_TO = "a connection to {remote}{state}"
HELD = "{port} is held by {who}, {how}{more}"
LEADER_ENDED = ", whose main thread has ended"
CREATED_BY = " (the socket was made by {user})"
MPTCP_ONLY = "{count} over {subflows} subflows"
MPTCP_SOME = "{count}, {several} of them by MPTCP over {subflows} subflows"
MULTIPATH = " (MPTCP)"
TAKES_IPV4 = " ({end} takes IPv4, too)"
NOT_LISTENING = " and not listening"
NO_LISTENER = "nothing listens on it"
NO_LISTENER_LISTED = "no listener on it is in this listing"
CONNECTED = "{client} and {server} are the two ends of {protocol} {picture} ({state})."
BOTH_ENDS = "{who} holds both ends of {protocol} {picture} ({state})."
ONE_END = "{who} is the end on this host of {protocol} {picture} ({state})."
DESCRIPTORS_UNREAD = "may hold sockets, but its descriptors cannot be read from here"

# Port.
NUMBER_IS = "{number} is {meaning}."
IN_EPHEMERAL = "It is inside the ephemeral range {first}-{last} ({how}), from which {system} chooses ports for programs \
that name none."
PRIVILEGED = "Ports below {start} ({how}) need CAP_NET_BIND_SERVICE to bind."
CHOSEN_LOCAL = "The local {port} was probably chosen by the system (inferred from the ephemeral range {first}-{last}, {how})."
CHOSEN_REMOTE = "The client's own port {port} was probably chosen by its system (inferred)."
BOUND_OUTSIDE = (
    "The system did not choose {port}, which is outside the ephemeral range {first}-{last} ({how}): a program bound it "
    "explicitly (inferred)."
)
BOUND_RESERVED = "The system did not choose {port}, which is in {sysctl}: a program bound it explicitly (inferred)."
UNUSUAL_REMOTE = (
    "The client's own port {port} is outside the range that most systems choose from ({first}-{last}): its program or a NAT "
    "on the way chose it (inferred)."
)
CLIENTS_OWN = "Here it is a client's own port, at which nothing is served (inferred)."
PRINTED_AS = (
    "The listing has it as {number}, printed as {label}: a name by convention, turned back by the services table here."
)

# The ephemeral range.
EPHEMERAL_RANGE = "{system} picks from {first}-{last} ({how})."
LIVE, ASSUMED = "live value of this host", "assumed, the default of {system}"

# Socket.
SHARE_LOCAL_PORT = "The listener and what came to it ({count}) have the same local port: accept(2) opens no new one."
LISTENER_ALONE = "The listener itself carries no data: each connection gets a socket of its own on this same local port."
QUEUE = "In its queue{of} {count} {wait} for accept(2){limit}."
QUEUE_EMPTY = "Its queue{of} is empty{limit}."
UDP_BOUND = "UDP has no listeners and no backlog: the socket is bound and takes datagrams from anyone."
UDP_QUEUE = "Recv-Q counts buffer memory and not payload."
TWO_SENSES = "In the operating system's sense this is one socket ({facts}); RFC 9293 calls each of its endpoints a socket."
MAPPED = "The socket is an IPv6 one that speaks IPv4 (mapped addresses): hence tcp6 or udp6 in other tools."
SUBFLOW = "It is a subflow of the MPTCP connection {connection}: the program holds that one's socket, which has {count}."
DEVICES = "{list} are each bound to the device in this name, and take only what passes there."
DEVICE = "{which} is bound to the device {name}, and takes only what passes there."
SEVERAL_SOCKETS = "{count} separate sockets have this port: {list}."
BYTES_QUEUED = "In its queues: {list}."
END_READ = "The program has read the end of the stream (Recv-Q 0), and may still send: a healthy half-close looks like this."
END_UNREAD = "The program has not read as far as the end of the stream (it counts as 1 in Recv-Q)."

# Connection.
COUNTS = "{connections}: {states}."
PEERS = "Peers: {list}."
FIVE_TUPLE = "Only the pair of endpoints with the protocol tells them apart: the {side} end is the same in all."
FIVE_TUPLE_PORT = (
    "Only the pair of endpoints with the protocol tells them apart: the {side} ends have the port in common, and \
{count} addresses ({list})."
)
SIBLINGS = "{endpoint} takes part in {count} connections seen here (also with {others}), so that it identifies none of \
them: only the pair of endpoints with the protocol does."
DIRECTION_IN = "It came in (inferred: a listener holds the local port)."
DIRECTION_IN_UDP = "It is a server's (inferred: a UDP socket without a peer has the local port, too)."
DIRECTION_OUT = "It went out from here (inferred: the local port is ephemeral, and {listener})."
DIRECTION_BOTH = "{client} is the client's end and {server} the server's (inferred from the listener or the range)."
DIRECTION_UNKNOWN = "Which end opened it cannot be told from what is seen."
OTHER_END_HERE = "Its other end is on this host too, as a socket of its own{state}."
OTHER_END_HOST = "The other end is in the listing of {host}."
OTHER_END_NETNS = "On the far side it is in network namespace {netns} of this host."
FAR_STATE = " in {state}"

REMAINING = "This one ends in {time}."

# Process.
PROCESS = "{name} (pid {pid}{user}{started}){cmdline}"
STARTED = ", started {when}"
CHAIN = "Started by: {chain}."
UNIT = "systemd unit {unit}."
CONTAINER = "It runs in container {container}."
ADOPTED = "Its parent is PID 1: that started it, or it made itself a daemon, or the program that started it has ended and \
left it what it holds."
ADOPTED_FROM_LOGIN = "Its parent is PID 1 now: the program that started it has ended, or it made itself a daemon."
LOGIN = "It was started from {user}'s login{session}{way}."
LOGIN_SESSION = " (session {session})"
OVER_SSH = " over ssh"
WORKING_DIRECTORY = "Working directory {path}."
DESCRIPTORS_OPEN = "{count} of its {limit} descriptors are open."
PROCESS_STATES = {
    "stopped": "It is stopped: SIGTERM waits until SIGCONT lets it continue, SIGKILL ends it at once.",
    "tracing stop": "A debugger has stopped it.",
    "zombie": "Its main thread has ended; another thread holds the socket.",
    "disk sleep": "It was waiting for a disk or a network file system when it was looked at, and takes no signal meanwhile.",
}
SIGTERM_IGNORED = "It ignores SIGTERM."
ALIKE = "The same program runs with {pids}."
MASTER = "It is the master of {workers}, which hold{s} the same socket."
MORE_HOLDERS = "… and {count} more."
ONLY_A_CLIENT = "These are only clients of that port: ending one frees nothing at the server's end."

# Exposure.
BOUND_TO = "{address}: {sentence}"
OUT_OF_USE = "The address is {scope}, so that nothing can be said about who could reach it."
PEER_ADDRESS = "The peer's address {address} is {scope}."
IN_CONTAINER = "It is in the network namespace of container {name}: other hosts reach it by a port that the container engine \
publishes; this host also by the container's own address, where a route leads to that (a bridge network has one)."
IN_CONTAINER_LOOPBACK = (
    "It is in the network namespace of container {name}, and no published port leads to a loopback address."
)
IN_NAMESPACE = "Network namespace {name} has addresses of its own, which are not those of this host."

# Binding.
BINDING_FOR = "Whether a program run as {who} could bind it now{blockers}:"
BINDING_BLOCKED = " (in the way: {blockers})"
BINDING_CONNECTIONS = ", with connections"
BINDING_TRIED = "Tried for real, {what}: {answer}; the verdict was {verdict}. Such a trial takes the port for \
an instant where it succeeds, and gives it back."
BINDING_REFUSED = "A program run as {who} could not bind it now in any way: {errno}{blockers}."
BINDING_UNCERTAIN = "Whether a program run as {who} could bind it now cannot be told{blockers}."
BINDING_FREE = "A program run as {who} could bind it now, in every way, unless a policy forbids it (SELinux, Landlock, BPF)."
BINDING_POLICY = (
    "Neither a socket nor the limit for privileged ports is in the way: a policy refused it (SELinux's name_bind, \
Landlock, or a BPF program on the cgroup)."
)

# Nothing found.
REFUSED_SHORT = "Connecting to {what} is refused, unless the packet filter redirects or drops it."
UNREACHABLE_SHORT = "A datagram to {what} gets ICMP port unreachable, unless the packet filter takes it."
REFUSED = "The kernel refuses a TCP connection to it (RST), unless a rule for packets redirects it to another socket or \
drops it, so that it times out; rules were not looked at."
CONNECT_WILDCARD = "As a destination {address} means {loopback} to connect(2)."
UNREACHABLE = "A UDP datagram to it is answered with ICMP port unreachable, or by silence where a rule drops either."
FOREIGN_ADDRESS = "{address} is no address of this host, and nothing here can say what answers there: this is about sockets \
of this host only."
CAPTURE_NO_PROOF = "This is a listing: what is missing from it may have been left out by the options it was made with \
({examples})."
NO_PROOF_LINUX = "'ss -l' shows no connections, plain 'netstat' and 'ss' no listeners"
NO_PROOF_ELSEWHERE = "plain 'netstat' shows no listeners"
NETFILTER = "A container's port that is published by packet filter rules alone has no listener on the host and is still \
reachable."
BOUND_IDLE = "A TCP socket that is bound but neither listens nor is connected keeps a port too, and few listings show it."

# Listings.
CAPTURE = "From a captured listing: only what it prints is known, and nothing was asked of this host."
CAPTURE_RANGE = "The ephemeral range is assumed to be {first}-{last}, the default of {system}."

# Words.
EXAMPLE = "Seen here, for example:"

# Unix.
UNIX_PATHNAME = "It is bound to a path: connecting takes write permission on the file{mode}, and the file stays when the \
server ends."
UNIX_LEADS = "The path leads to this socket (same device and inode)."
UNIX_BOUND_AS = "The path leads to this socket (same device and inode), which was bound as {name}."
UNIX_FOREIGN = "Its process sees other files (mount namespace or root directory): whether its path still leads to it cannot \
be told from here."
UNIX_THROUGH = "Its process sees other files (mount namespace or root directory); from here the path is {path}, and leads \
to it."
UNIX_ABSTRACT = "Its name is abstract (Linux only): there is no file and no permission, the name belongs to the network \
namespace and goes with the last descriptor."
UNIX_UNNAMED = "It has no name: one end of a socketpair(2), or a client, which needs none."
UNIX_NAMES = "The server's accepted sockets carry the path; a client's usually have none, so that clients are found by the \
peer's inode."
UNIX_CLIENTS = "At the other end: {list}."
UNIX_KINDS = {
    "stream": "a stream of bytes",
    "dgram": "datagrams, which on one machine are neither lost nor reordered",
    "seqpacket": "connected messages",
}
UNIX_MISSING = "There is no file at that path: connecting gives ENOENT."
UNIX_NO_SOCKET = "There is a file at that path, but it is not a socket."

# Other families.
OTHER_FAMILIES = {
    "netlink": "A netlink socket carries messages between a process and the kernel; it has no port in the TCP or UDP sense.",
    "packet": "A packet socket takes raw frames from the link, as captures and DHCP clients need; it has no port.",
    "raw": "A raw socket takes IP payloads of one protocol: the number in the port column is that protocol's.",
    "icmp": "An ICMP socket is what ping uses; its number is an identifier and not a port.",
    "vsock": "A vsock socket joins a virtual machine and its host: its address is a context id with a port.",
}

# Readings.
READ_PORT = "the port"
READ_PID = "the process with this number, {name}"
READ_INODE = "the socket with this inode"
READ_LOCAL = "sockets on this port here ({count})"
READ_REMOTE = "connections to this port elsewhere ({count})"
READ_PROTOCOL = "{protocol} only"
READ_NETNS = "in network namespace {netns}"
READ_WORD = "the term"
READ_SERVICE = "the service of that name"
