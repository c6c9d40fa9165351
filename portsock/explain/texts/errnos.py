"""The answers to errors of connect(2), of reading and writing, and of descriptors: errno(3), tcp(7), ip(7)."""

from portsock.explain.texts.words import WordText
from portsock.explain.types import Command, Part
from portsock.explain.vocabulary import Word

ERRNOS: dict[Word, WordText] = {
    Word.ECONNREFUSED: WordText(
        "ECONNREFUSED, 'Connection refused', means that the answer was no: nothing listens at that address and port.",
        Part.CONNECTION,
        (
            "The usual causes: the server does not run, it listens on another port, or only on another address, such as "
            "127.0.0.1 when the client used the host's own. A firewall that rejects gives the same error.",
            "localhost may be ::1 to the client while the server listens on 127.0.0.1. In a container it is the container.",
            "A full queue is no cause on Linux, unless tcp_abort_on_overflow is set: the client waits. A "
            "unix socket whose server has ended refuses, too.",
        ),
        (Command("portsock explain 10.0.0.5:5432", "of the endpoint in question: what listens, and where"),),
    ),
    Word.ECONNRESET: WordText(
        "ECONNRESET, 'Connection reset by peer', means that the other side, or something on the way, aborted the connection.",
        Part.CONNECTION,
        (
            "A kernel sends a reset when a program closes with unread data, with SO_LINGER 0, or when data arrives for a "
            "connection that it does not know: after a restart, or when a firewall or a balancer forgot it.",
            "What was sent and not yet read is lost.",
        ),
        (Command("nstat -az 'TcpExtTCPAbort*'", "connections that this host aborted, by cause"),),
    ),
    Word.ETIMEDOUT: WordText(
        "ETIMEDOUT, 'Connection timed out', means that no answer came: neither yes nor no.",
        Part.CONNECTION,
        (
            "From connect(2) it takes about 2 minutes on Linux (tcp_syn_retries): a firewall drops the packets, the host is "
            "down, the way back is missing, or the server's queue is full.",
            "On an open connection it means that data was not acknowledged for about 15 minutes (tcp_retries2), or that "
            "keepalive got no answer. Many programs give up earlier, by timers of their own.",
        ),
        (Command("portsock sockets --state syn-sent", "connections that wait for an answer now"),),
    ),
    Word.EHOSTUNREACH: WordText(
        "EHOSTUNREACH, 'No route to host', means that the last hop cannot reach the host, or that a firewall says so.",
        Part.CONNECTION,
        (
            "On the same network it means that nobody answered ARP or neighbour discovery for the address: the host is down, "
            "or the address is wrong. A packet filter that rejects may send it as well.",
        ),
        (
            Command("ip route get 10.0.0.5", "the way that packets to an address take"),
            Command("ip neigh show", "neighbours that did not answer are FAILED"),
        ),
    ),
    Word.ENETUNREACH: WordText(
        "ENETUNREACH, 'Network is unreachable', means that this host has no route to the address.",
        Part.CONNECTION,
        (
            "Mostly there is no default route, or none for that family: a host without IPv6 gives it for every IPv6 address, "
            "and programs then try IPv4.",
        ),
        (Command("ip route; ip -6 route", "the routes that this host has"),),
    ),
    Word.EPIPE: WordText(
        "EPIPE, 'Broken pipe', means that the program wrote to a connection that was already closed or reset.",
        Part.CONNECTION,
        (
            "The first write after the peer closed still succeeds and is answered with a reset; the next one gets EPIPE, and "
            "SIGPIPE if the program does not ignore that.",
            "It is the peer that left first: look there for the cause.",
        ),
        (Command("portsock sockets --state close-wait", "connections whose peer has closed"),),
    ),
    Word.EMFILE: WordText(
        "EMFILE, 'Too many open files', means that the process has no descriptor left; every socket takes one.",
        Part.PROCESS,
        (
            "accept(2) then fails and clients wait in the queue. Either the limit (RLIMIT_NOFILE, LimitNOFILE= in a systemd "
            "unit) is too low for the load, or the program leaks: many sockets in CLOSE_WAIT are the sign of that.",
            "ENFILE is the same for the whole system.",
        ),
        (
            Command("portsock procs --sort -sockets", "programs with the most sockets"),
            Command("prlimit --nofile --pid 1234", "the limit of a process"),
        ),
    ),
}
