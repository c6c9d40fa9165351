"""The answers to words other than states: terms of RFC 9293 and of the manual pages, and three errors."""

from typing import NamedTuple

from portsock.explain.types import Command, Part
from portsock.explain.vocabulary import Word


class WordText(NamedTuple):
    """The answer to one word. Values in braces are filled in by portsock.explain.words."""

    summary: str
    """The definition, one sentence."""
    part: Part
    """The heading of the paragraphs."""
    paragraphs: tuple[str, ...]
    next: tuple[Command, ...]


WORDS: dict[Word, WordText] = {
    Word.PORT: WordText(
        "A port is a number from 0 to 65535 by which a transport protocol tells the endpoints of one address apart.",
        Part.PORT,
        (
            "It is a label and not an object: it exists whether or not anything uses it. TCP and UDP count separately, "
            "so 53/tcp and 53/udp are two ports, and so does each network namespace. 0 is reserved.",
            "Many sockets can have one local port. A listener takes it first; accept(2) opens no new port: every accepted "
            "socket keeps the listener's local address and port and differs in the peer. The high number in such a "
            "connection is the client's, chosen by its own system from the ephemeral range.",
            "Two programs can share one port on different addresses, over different protocols or in different network "
            "namespaces. On one endpoint two listeners need SO_REUSEPORT on both (and on Linux one user id); without it "
            "the second one gets EADDRINUSE.",
            "A port does not limit a server to 65535 connections: that many client ports exist for each pair of addresses, "
            "and descriptors and memory run out first.",
        ),
        (Command("portsock ports", "the ports in use here"), Command("portsock explain socket", "the object behind a port")),
    ),
    Word.SOCKET: WordText(
        "A socket is the operating system's object for communicating, which a program reaches through a file descriptor.",
        Part.SOCKET,
        (
            "The word has two senses. To RFC 9293 a socket is an address and a port; portsock calls that an endpoint. To the "
            "operating system it is what socket(2) or accept(2) makes, and that is what ss, lsof and portsock list.",
            "It has two endpoints when connected, one when it listens or is merely bound, and none when new; "
            "unix, netlink, packet and raw sockets have no port at all.",
            "accept(2) makes a new socket with a new descriptor on the same local port as the listener; it does not open a "
            "port. A connection is identified by its protocol and both endpoints together (the 5-tuple): "
            "one endpoint alone may be part of any number of them.",
            "Several processes can hold one socket (fork, passed descriptors), and it ends with its last descriptor. "
            "It may have no process as well: in TIME_WAIT, before accept(2), or when the kernel holds it.",
        ),
        (
            Command("portsock sockets", "the sockets there are"),
            Command("portsock explain connection", "how two of them make one"),
        ),
    ),
    Word.ENDPOINT: WordText(
        "An endpoint is an address and a port under one transport protocol: one end that a connection can have.",
        Part.PORT,
        (
            "RFC 9293 calls it a socket; portsock keeps that word for the operating system's object.",
            "One endpoint can take part in many connections at a time: a server's has one for each client. Only the pair of "
            "both endpoints with the protocol tells one connection from another.",
            "0.0.0.0 and :: are no addresses of a host but wildcards: a listener bound there takes every local address, "
            "and each socket it accepts carries the concrete one that the client used.",
        ),
        (Command("portsock sockets 127.0.0.1", "sockets with that address at either end"),),
    ),
    Word.CONNECTION: WordText(
        "A connection is two endpoints joined under one protocol, and that pair, the 5-tuple, is what identifies it.",
        Part.CONNECTION,
        (
            "Protocol, local address, local port, remote address and remote port have to be taken together: any number of "
            "connections can share one of the two endpoints.",
            "It exists once, but each end has a socket and a state of its own; between two programs on one host both are "
            "listed, as two rows with the ends exchanged.",
            "Its limit is one for each 5-tuple, so that a server port can have far more than 65535. A client toward one "
            "destination has only the ephemeral ports of its address.",
            "A UDP socket shown as ESTABLISHED has merely been given a default peer.",
        ),
        (
            Command("portsock sockets --established", "the connections that are open"),
            Command("portsock explain ESTABLISHED", "what that state says, and what not"),
        ),
    ),
    Word.PROCESS: WordText(
        "A process is a running program; it holds sockets by file descriptors, and a socket lives as long as any of these.",
        Part.PROCESS,
        (
            "One process can hold many sockets, and one socket can be held by many processes: after fork(2), when a "
            "descriptor "
            "is passed over a unix socket, or when systemd opens the listener and hands it on.",
            "The kernel also keeps the uid of the user who created the socket, which may not be the user of any holder: "
            "a server that started as root and gave up its rights still has a socket of uid 0.",
            "To see another user's descriptors takes root, so that a missing process mostly means a missing right. "
            "Some sockets really have none: those in TIME_WAIT, those not yet accepted, and the kernel's own.",
        ),
        (Command("portsock procs", "what each program listens on and talks to"),),
    ),
    Word.LISTENER: WordText(
        "A listener is a socket in LISTEN: it has a local endpoint, no peer and a queue, and it never carries data.",
        Part.SOCKET,
        (
            "The kernel completes handshakes by itself and queues the connections; accept(2) takes the next one as a new "
            "socket on the listener's own local port.",
            "An incoming packet goes to the connection with exactly these two endpoints, if there is one, else to a listener "
            "on that very address, else to a wildcard listener.",
            "UDP has no listeners: a socket bound without a peer (UNCONN) receives from everyone. If nothing listens "
            "on a TCP port, a client is refused at once; if it waits until a timeout, something drops its packets.",
        ),
        (
            Command("portsock ports --listening", "the listeners here"),
            Command("portsock explain backlog", "the queue of a listener"),
        ),
    ),
    Word.EPHEMERAL: WordText(
        "An ephemeral port is one that the system chose for a program which did not ask for a certain one, mostly a client's.",
        Part.PORT,
        (
            "That is why clients show high random ports: connect(2) needs some local port, and any free one will do.",
            "{range} Ports in ip_local_reserved_ports are left out of the choice, and a program may still ask for any of "
            "them.",
            "A server on a fixed port inside that range can find it taken by some client's connection and fail with "
            "EADDRINUSE.",
            "The range bounds the connections from one local address to one destination; toward other "
            "destinations the same local ports can be used again.",
        ),
        (Command("portsock sockets --established", "see which ends have ephemeral ports"),),
    ),
    Word.BACKLOG: WordText(
        "The backlog is how many completed connections may wait at a listener until the program accepts them.",
        Part.SOCKET,
        (
            "listen(2) names it and net.core.somaxconn caps it silently{somaxconn}; the queue holds one more than that.",
            "ss prints it for a LISTEN row: Recv-Q is the number waiting, Send-Q the limit. Linux netstat prints the same "
            "Recv-Q but 0 as Send-Q. On any other row the two columns are bytes: not yet read by the program, and not yet "
            "acknowledged by the peer, with those that were never sent; a FIN counts as one byte in either.",
            "When it overflows, Linux drops new attempts and counts them (ListenOverflows, ListenDrops); clients try again "
            "and see slowness or timeouts. They are reset only with tcp_abort_on_overflow=1.",
            "Unfinished handshakes (SYN_RECV) are counted apart. Since Linux 4.4 the listener's own limit bounds them, too; "
            "when they are as many, SYN cookies step in, and without those, new attempts are dropped. "
            "tcp_max_syn_backlog matters only without SYN cookies: its last quarter is kept for peers known from before.",
        ),
        (
            Command("portsock sockets --listening", "each listener's queue"),
            Command("nstat -az 'TcpExtListen*'", "overflows of this network namespace"),
        ),
    ),
    Word.EADDRINUSE: WordText(
        "EADDRINUSE, 'Address already in use', means that some socket holds the port in a way that this bind conflicts with.",
        Part.BINDING,
        (
            "A conflict needs the same protocol, port and network namespace, and overlapping addresses: 0.0.0.0 overlaps "
            "every "
            "IPv4 address, a :: that is not v6-only overlaps all, and two different specific addresses never do.",
            "Not only a listener counts: a socket that is bound and idle, an accepted or outgoing connection, even one in "
            "TIME_WAIT has the port. With SO_REUSEADDR on both sockets, which on Linux the old program must have set as well, "
            "everything but another listener is passed over; SO_REUSEPORT on both, by one user, shares even that.",
            "If no listing shows a holder, think of a bound socket that is not listening, a child process that inherited the "
            "listener, the kernel, an outgoing connection that was given this port, or on Windows an excluded range "
            "(netsh int ipv4 show excludedportrange tcp).",
            "Other systems differ: on macOS and the BSDs SO_REUSEADDR on the new socket alone lets a wildcard and a specific "
            "address live side by side; on Windows it takes the port over from a program that set it, too, and "
            "SO_EXCLUSIVEADDRUSE keeps everybody out.",
            "For port 0 it means that every ephemeral port is taken.",
        ),
        (Command("portsock explain 8080", "of the port in question: who is in the way, and which options would help"),),
    ),
    Word.EACCES: WordText(
        "EACCES, 'Permission denied' from bind(2), means that a rule forbids this program that port: the limit for privileged "
        "ports, or a security policy.",
        Part.BINDING,
        (
            "On Linux ports below net.ipv4.ip_unprivileged_port_start{unprivileged} need CAP_NET_BIND_SERVICE in the network "
            "namespace's user namespace.",
            "At any other port, or for root, it is a policy: SELinux (name_bind, see semanage port -l), Landlock's rule for "
            "bind, or a BPF program on the cgroup (which mostly gives EPERM). No listing of sockets shows those: "
            "ausearch -m avc and bpftool cgroup tree do.",
            "The ways out without running as root: setcap cap_net_bind_service=+ep on the program, AmbientCapabilities= in "
            "its systemd unit, socket activation, a lower ip_unprivileged_port_start, or a proxy in front.",
            "macOS asks for root only when the address is a specific one. Windows has no such rule: there error 10013 "
            "means an "
            "exclusive holder or an excluded range. For a unix socket EACCES is about permissions on the path.",
        ),
        (
            Command("sysctl net.ipv4.ip_unprivileged_port_start", "the first port open to everyone"),
            Command("portsock explain 80", "whether a port could be bound here and now"),
        ),
    ),
    Word.EADDRNOTAVAIL: WordText(
        "EADDRNOTAVAIL, 'Cannot assign requested address', means from bind(2) that no interface here has the address.",
        Part.BINDING,
        (
            "bind(2) accepts an address of this host or a wildcard. IP_FREEBIND, IP_TRANSPARENT or "
            "net.ipv4.ip_nonlocal_bind=1 lift that, for addresses that come later or fail over.",
            "From connect(2) it means that this host found no source: it has no address of that family (a container without "
            "IPv6 that connects to ::1), or no ephemeral port is left toward that destination.",
            "In a container, an address of the host is not the container's.",
        ),
        (
            Command("ip -brief address", "the addresses that this host has"),
            Command("ip -6 route get ::1", "whether there is a source address for a destination"),
        ),
    ),
}
