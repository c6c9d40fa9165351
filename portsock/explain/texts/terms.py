"""The answers to further terms: kinds of sockets, system calls, columns, socket options, addresses."""

from portsock.explain.texts.words import WordText
from portsock.explain.types import Command, Part
from portsock.explain.vocabulary import Word

TERMS: dict[Word, WordText] = {
    Word.TCP: WordText(
        "TCP carries a stream of bytes between two endpoints, in order, and sends again what is lost.",
        Part.CONNECTION,
        (
            "It begins with a handshake and has states, from SYN_SENT to TIME_WAIT. It keeps no borders between messages: two "
            "writes may arrive as one read.",
            "That the peer's kernel acknowledged the bytes does not mean that its program read them.",
            "TCP ports and UDP ports are counted apart.",
        ),
        (Command("portsock sockets --tcp", "the TCP sockets here"),),
    ),
    Word.UDP: WordText(
        "UDP carries single datagrams between ports: no handshake, no order, and nothing is sent again.",
        Part.SOCKET,
        (
            "There are no listeners and no backlog: a server's socket is bound, has no peer, and shows the state UNCONN.",
            "connect(2) sends nothing. It only sets the peer, after which datagrams of others are dropped; listings then "
            "say ESTABLISHED.",
            "A datagram to a port that nobody has is answered with ICMP port unreachable, or not at all.",
        ),
        (Command("portsock ports --udp", "the UDP ports here"),),
    ),
    Word.UNIX: WordText(
        "A unix socket joins programs of one machine; its address is a path or an abstract name, and it has no port.",
        Part.SOCKET,
        (
            "A path is a file: connecting takes write permission on it, and it stays when the server ends. Then bind(2) gives "
            "EADDRINUSE and connect(2) ECONNREFUSED until it is removed.",
            "An abstract name (@name, Linux only) has no file and no permissions, and belongs to the network namespace.",
            "A client's socket usually has no name, so that the other end is found by its inode.",
        ),
        (Command("portsock sockets --unix", "the unix sockets here"),),
    ),
    Word.NETLINK: WordText(
        "A netlink socket carries messages between a process and the kernel: routes, links, audit, and lists of sockets.",
        Part.SOCKET,
        ("It has no port. Its address is a number that identifies the socket, often the process number.",),
        (Command("portsock sockets --all-families", "sockets of every family"),),
    ),
    Word.STREAM: WordText(
        "A stream socket (SOCK_STREAM) carries bytes in order over a connection: TCP, and most unix sockets.",
        Part.SOCKET,
        ("A read may return a part of one write, or several writes together: the program has to find the borders.",),
        (Command("portsock explain datagram", "the type that keeps messages apart"),),
    ),
    Word.DATAGRAM: WordText(
        "A datagram socket (SOCK_DGRAM) carries single messages without a connection: UDP, and some unix sockets.",
        Part.SOCKET,
        ("One send is one receive. Over UDP a message may be lost, doubled or out of order; over a unix socket none is.",),
        (Command("portsock explain stream", "the type that carries bytes in order"),),
    ),
    Word.SEQPACKET: WordText(
        "A seqpacket socket (SOCK_SEQPACKET) carries messages in order over a connection: a type of unix and SCTP sockets.",
        Part.SOCKET,
        ("Unlike a stream it keeps each message whole, and unlike a datagram socket it is connected. ss calls it u_seq.",),
        (Command("portsock sockets --unix", "its rows say seqpacket"),),
    ),
    Word.RAW: WordText(
        "A raw socket (SOCK_RAW) takes the IP packets of one protocol below TCP and UDP, and so it has no port.",
        Part.SOCKET,
        (
            "The number in a listing's port column is the protocol, such as 1 for ICMP and 58 for ICMPv6.",
            "To open one takes CAP_NET_RAW. Frames of the link itself, with Ethernet headers, take a packet socket.",
        ),
        (Command("portsock sockets --raw", "the raw sockets here"),),
    ),
    Word.FIVE_TUPLE: WordText(
        "The 5-tuple is protocol, local address, local port, remote address and remote port: it identifies one connection.",
        Part.CONNECTION,
        (
            "Two connections may have four of the five in common. This is how one server port serves many clients, and one "
            "client port many servers.",
            "For an incoming TCP segment the kernel looks for a socket with both endpoints first, then for a listener.",
        ),
        (Command("portsock explain connection", "what it identifies"),),
    ),
    Word.HALF_ASSOCIATION: WordText(
        "A half-association is one side of a connection: its protocol, address and port. portsock calls it an endpoint.",
        Part.CONNECTION,
        ("The word is an old one, and 'process' in its old definitions means the port and no process number.",),
        (Command("portsock explain endpoint", "the word in use today"),),
    ),
    Word.BIND: WordText(
        "bind(2) gives a socket its local address and port. Whether it succeeds depends on who has that port already.",
        Part.BINDING,
        (
            "Port 0 means that the system chooses one. An address must be one of this host or a wildcard, or the call fails "
            "with EADDRNOTAVAIL.",
            "It picks an address, not an interface: for that there is SO_BINDTODEVICE. A client need not call it, since "
            "connect(2) chooses address and port.",
        ),
        (Command("portsock explain 8080", "whether a program could bind that port now"),),
    ),
    Word.ACCEPT: WordText(
        "accept(2) takes the next finished connection from a listener's queue, as a new socket with a new descriptor.",
        Part.SOCKET,
        (
            "The new socket has the listener's port as its local one; the wildcard becomes the address that the client used.",
            "The kernel finishes handshakes without it. A program that does not call it shows as a Recv-Q above 0 on its "
            "listener, and its clients are connected to nobody.",
        ),
        (Command("portsock explain backlog", "the queue that it takes from"),),
    ),
    Word.RECV_Q: WordText(
        "Recv-Q is what waits for the program: bytes it has not read, or on a listener connections it has not accepted.",
        Part.SOCKET,
        (
            "A number that stays above 0 means that the program does not read, or does not call accept(2).",
            "In CLOSE_WAIT a Recv-Q of 1 is the end of the stream itself. A UDP socket counts buffer memory and not payload.",
        ),
        (Command("portsock explain Send-Q", "the other direction"), Command("portsock explain backlog", "a listener's queue")),
    ),
    Word.SEND_Q: WordText(
        "Send-Q is what the program has written and the peer has not acknowledged, including what was never sent yet.",
        Part.SOCKET,
        (
            "A number that stays above 0 means a peer that does not read, or a path that loses packets. In SYN_SENT a 1 is "
            "the SYN, in FIN_WAIT_1 the FIN.",
            "On a listener ss prints the queue's limit there; netstat prints 0 on Linux.",
        ),
        (Command("portsock sockets --info", "round-trip time, window and retransmits"),),
    ),
    Word.SO_REUSEADDR: WordText(
        "SO_REUSEADDR lets a server bind its port although old connections, such as TIME_WAIT ones, still have it.",
        Part.BINDING,
        (
            "On Linux the sockets that are in the way must have it, too; connections inherit it from their listener. It never "
            "passes over another listener on an overlapping address.",
            "For UDP on Linux it lets several sockets share a port: the last one bound gets the unicast datagrams.",
            "On Windows it means to take a port over, and SO_EXCLUSIVEADDRUSE guards against that.",
        ),
        (Command("portsock explain 8080 --try reuseaddr", "try it on a port"),),
    ),
    Word.SO_REUSEPORT: WordText(
        "SO_REUSEPORT lets several sockets listen on one endpoint, if all of them set it and, on Linux, belong to one user.",
        Part.BINDING,
        (
            "The kernel spreads TCP connections and UDP datagrams over them by a hash of the endpoints.",
            "A member that ends loses the connections in its queue, unless net.ipv4.tcp_migrate_req is set.",
        ),
        (Command("portsock explain 8080 --try reuseport", "try it on a port"),),
    ),
    Word.SO_LINGER: WordText(
        "SO_LINGER says what close(2) does with data that is not sent yet: wait for it, or throw it away.",
        Part.CONNECTION,
        (
            "Off, which is the default, close(2) returns at once and the kernel goes on sending. With a time, it waits at "
            "most that long.",
            "On with the time 0, the connection ends with a reset: the peer gets ECONNRESET, and no TIME_WAIT is left.",
        ),
        (Command("portsock explain TIME_WAIT", "the state that a reset avoids"),),
    ),
    Word.LOOPBACK: WordText(
        "Loopback (127.0.0.0/8, ::1, localhost) leads back to this machine: only its own programs can connect to it.",
        Part.EXPOSURE,
        (
            "Each network namespace has its own: 127.0.0.1 in a container is the container, and a server that listens there "
            "cannot be published.",
            "A server that should serve others binds a wildcard or an address of an interface. A proxy or an SSH tunnel can "
            "still lead others to it.",
            "localhost is both ::1 and 127.0.0.1, and a server may have only one of them.",
        ),
        (Command("portsock sockets -l 127.0.0.0/8", "what listens there"),),
    ),
    Word.WILDCARD: WordText(
        "0.0.0.0 and :: are wildcards: a socket bound there takes every address of this host, of IPv4 or of IPv6.",
        Part.EXPOSURE,
        (
            "0.0.0.0 takes IPv4. :: takes IPv6, and IPv4 as well unless the socket is v6-only. ss prints *:PORT where it "
            "takes both; netstat prints :::PORT either way.",
            "A listener on a concrete address gets its connections before one on the wildcard.",
            "As a destination Linux takes 0.0.0.0 for loopback. As a peer, 0.0.0.0:* means that there is none.",
        ),
        (Command("portsock ports -l", "the column ADDRESSES shows them"),),
    ),
}
