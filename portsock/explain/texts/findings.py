"""The findings: code, usual severity, and what to say. Values in braces are filled in by the rule."""

from enum import StrEnum
from typing import NamedTuple

from portsock.explain.types import Severity


class Code(StrEnum):
    """Stable names of the findings, as in JSON."""

    CLOSE_WAIT_PILE_UP = "close_wait_pile_up"
    SYN_SENT_UNANSWERED = "syn_sent_unanswered"
    SYN_RECV_FLOOD = "syn_recv_flood"
    ACCEPT_QUEUE_FULL = "accept_queue_full"
    ACCEPT_QUEUE_FILLING = "accept_queue_filling"
    CONNECTIONS_DROPPED = "connections_dropped"
    UNREAD_DATA = "unread_data"
    UNACKNOWLEDGED_DATA = "unacknowledged_data"
    DATAGRAMS_DROPPED = "datagrams_dropped"
    FIN_WAIT_2_MANY = "fin_wait_2_many"
    TIME_WAIT_MANY = "time_wait_many"
    EPHEMERAL_EXHAUSTION = "ephemeral_exhaustion"
    LISTENER_IN_EPHEMERAL_RANGE = "listener_in_ephemeral_range"
    DELETED_EXECUTABLE = "deleted_executable"
    SOCKET_ACTIVATION = "socket_activation"
    INHERITED_DESCRIPTOR = "inherited_descriptor"
    PORT_FORWARDER = "port_forwarder"
    ADMIN_PORT_EXPOSED = "admin_port_exposed"
    LISTENER_WITHOUT_PROCESS = "listener_without_process"
    WILDCARD_V6_TAKES_IPV4 = "wildcard_v6_takes_ipv4"
    SHARED_ENDPOINT = "shared_endpoint"
    SPECIFIC_AND_WILDCARD = "specific_and_wildcard"
    SELF_CONNECTION = "self_connection"
    STALE_UNIX_PATH = "stale_unix_path"
    REPLACED_UNIX_PATH = "replaced_unix_path"
    UNSEEN_UNIX_SERVER = "unseen_unix_server"
    STOPPED_PROCESS = "stopped_process"
    DESCRIPTORS_EXHAUSTED = "descriptors_exhausted"
    PEER_SILENT = "peer_silent"
    SENDING_REFUSED = "sending_refused"
    PEER_DOES_NOT_READ = "peer_does_not_read"
    PEER_READS_SLOWLY = "peer_reads_slowly"
    PROGRAM_DOES_NOT_READ = "program_does_not_read"
    CONNECTION_NOT_ACCEPTED = "connection_not_accepted"
    SLOWED_BY_LOSS = "slowed_by_loss"
    DATA_MOVES = "data_moves"
    IDLE_WITHOUT_KEEPALIVE = "idle_without_keepalive"
    CLOSE_WAIT_OLD = "close_wait_old"
    TIME_WAIT_HOLDS_PORT = "time_wait_holds_port"
    PORT_REDIRECTED = "port_redirected"


class FindingText(NamedTuple):
    severity: Severity
    title: str
    detail: str
    advice: str


INFO, NOTICE, WARNING = Severity

FINDINGS: dict[Code, FindingText] = {
    Code.CLOSE_WAIT_PILE_UP: FindingText(
        WARNING,
        "{who} {does}: {count} wait in CLOSE_WAIT.",
        "The peers have closed; only the program can end these, by close(2) or by ending. Each costs it a descriptor.",
        "Ask again: if the number does not fall, restart the program and have it fixed. No sysctl helps.",
    ),
    Code.SYN_SENT_UNANSWERED: FindingText(
        WARNING,
        "{attempts}{who} to reach {where} {verb} no answer.",
        "Nothing came back, neither an acceptance nor a refusal: the target is down, unreachable, filtered or overloaded.",
        "Check the route, the firewalls on the way, and whether the target's accept queue is full.",
    ),
    Code.SYN_RECV_FLOOD: FindingText(
        WARNING,
        "{where} has {count} unfinished handshakes{what}.",
        "{why}",
        "{remedy}",
    ),
    Code.ACCEPT_QUEUE_FULL: FindingText(
        WARNING,
        "{who} does not keep up: the accept queue of {where} is full, {count} wait, the limit is {limit}.",
        "The program does not call accept(2) fast enough, or not at all; new attempts are dropped, and clients see slowness "
        "and timeouts.",
        "See what the program is doing (is it stopped, or stuck?) before raising its backlog and net.core.somaxconn.",
    ),
    Code.ACCEPT_QUEUE_FILLING: FindingText(
        NOTICE,
        "{count} connections wait to be accepted at {where}{of_limit}.",
        "A program that keeps up leaves none waiting for longer than an instant.",
        "Ask again: a number that stays or grows means that the program has stopped accepting.",
    ),
    Code.CONNECTIONS_DROPPED: FindingText(
        NOTICE,
        "{who} has dropped {count} at {where} so far.",
        "Its accept queue was full then, or its queue of unfinished handshakes. Each SYN counts, and clients repeat theirs.",
        "A larger backlog (listen(2), net.core.somaxconn) helps against bursts, not against a slow program.",
    ),
    Code.UNREAD_DATA: FindingText(
        NOTICE,
        "{count} lie unread at {where}.",
        "They arrived, and the local program has not read them; when the buffer is full the sender has to stop, or, with UDP, "
        "datagrams are lost.",
        "Look again in a moment; a figure that does not shrink points to the local program.",
    ),
    Code.UNACKNOWLEDGED_DATA: FindingText(
        NOTICE,
        "{where} has not acknowledged {count}.",
        "Bytes that the program has written and that were never sent count as well.{cause}",
        "Ask again after a few seconds: only a figure that stays is a problem.",
    ),
    Code.DATAGRAMS_DROPPED: FindingText(
        NOTICE,
        "{who} has lost {count} at {where}{cause}.",
        "{detail}",
        "{remedy}",
    ),
    Code.FIN_WAIT_2_MANY: FindingText(
        NOTICE,
        "{count} connections are in FIN_WAIT_2.",
        "This side has closed them and waits for the peers, whose programs leave theirs in CLOSE_WAIT.",
        "The fault is at the other end; those without a process here vanish after tcp_fin_timeout.",
    ),
    Code.TIME_WAIT_MANY: FindingText(
        INFO,
        "{count} connections are in TIME_WAIT, which is normal.",
        "They cost little memory and no descriptor, and they show only that this side closed first, or both did at once.",
        "Two things can fail: a client that runs out of local ports toward one destination, and a server without SO_REUSEADDR "
        "that is started again. Reusing connections avoids both.",
    ),
    Code.EPHEMERAL_EXHAUSTION: FindingText(
        WARNING,
        "{count} ephemeral ports toward {where} are in use{effect}.",
        "Each connection from one local address to one destination needs a local port of its own. When none is left, "
        "connect(2) fails with EADDRNOTAVAIL.",
        "Reuse connections (a pool, keep-alive), use more source or destination addresses, or widen "
        "net.ipv4.ip_local_port_range.",
    ),
    Code.LISTENER_IN_EPHEMERAL_RANGE: FindingText(
        NOTICE,
        "Listening port {port} is inside the ephemeral range {first}-{last} ({how}).",
        "If this number is meant to be fixed, some client's connection may have it when the program starts again, "
        "which then fails with EADDRINUSE.",
        "Choose a lower port, or put it into net.ipv4.ip_local_reserved_ports; ignore this if the port was picked at random.",
    ),
    Code.DELETED_EXECUTABLE: FindingText(
        WARNING,
        "{who} runs a program file that has been deleted or replaced.",
        "Mostly the program was upgraded and its old version is still running; a file that was removed on purpose is "
        "rarer, and "
        "worth a look.",
        "Restart it to run the installed version.",
    ),
    Code.SOCKET_ACTIVATION: FindingText(
        INFO,
        "{who} holds {where} for {service} (socket activation).",
        "It opened the port, and starts the service or hands it the descriptor when somebody connects.",
        "To free the port stop the .socket unit; stopping only the service leaves the port open.",
    ),
    Code.INHERITED_DESCRIPTOR: FindingText(
        NOTICE,
        "{what}.",
        "{effect} A child inherits every descriptor that has no close-on-exec flag (inferred: {why}).",
        "{what_to_do} A server that opens its sockets with SOCK_CLOEXEC leaves none behind.",
    ),
    Code.PORT_FORWARDER: FindingText(
        INFO,
        "{port} is published by a container: {who} forwards it to {where}.",
        "The program that answers runs in a container; this process belongs to the container engine.",
        "Stop the container, do not kill the proxy.",
    ),
    Code.ADMIN_PORT_EXPOSED: FindingText(
        WARNING,
        "{who} is {what}, and has {port} on {address}.",
        "Services of this kind are seldom meant for everybody, and some have no password as delivered; whether a firewall "
        "is in front cannot be seen from here.",
        "Bind it to 127.0.0.1 or an internal address unless that is intended, and test from outside.",
    ),
    Code.LISTENER_WITHOUT_PROCESS: FindingText(
        NOTICE, "No process is known for the listening socket at {where}.", "{why}", "{what_to_do}"
    ),
    Code.WILDCARD_V6_TAKES_IPV4: FindingText(
        INFO,
        "The listener on [::]:{port} {also} IPv4.",
        "IPv4 clients appear on it as IPv6 sockets with mapped addresses (::ffff:a.b.c.d), which is why tools "
        "call them tcp6; and 0.0.0.0:{port} can be bound beside it only with SO_REUSEPORT on both, by one user.",
        "A rule or a bind meant for IPv4 only has to reckon with it; IPV6_V6ONLY keeps them apart.",
    ),
    Code.SHARED_ENDPOINT: FindingText(
        INFO,
        "{count} sockets are bound to {where} at the same time.",
        "{options}",
        "{consequence}",
    ),
    Code.SPECIFIC_AND_WILDCARD: FindingText(
        NOTICE,
        "{port} is shared: {specific} leads to {specific_who}, every other address to {wildcard_who}.",
        "The answer depends on the address that a client uses: the specific one wins over the wildcard {wildcard}.",
        "Stop the one that should not be there.",
    ),
    Code.SELF_CONNECTION: FindingText(
        NOTICE,
        "{who} is connected to itself at {where}.",
        "It got, as its own port, the very one that it connected to; no server is involved. That happens to a client that "
        "asks for a port in the ephemeral range on its own host.",
        "Close it, and keep server ports out of the ephemeral range.",
    ),
    Code.STALE_UNIX_PATH: FindingText(
        NOTICE,
        "The socket file is there, and no socket of any network namespace is bound to it.",
        "A path stays when its server ends: connecting gives ECONNREFUSED, and binding again EADDRINUSE.",
        "If the server is gone for good, remove the file; most servers do so when they start.",
    ),
    Code.UNSEEN_UNIX_SERVER: FindingText(
        NOTICE,
        "{what}",
        "Every network namespace has its own list of sockets, but a path leads to its socket from all of them.",
        "{what_to_do}",
    ),
    Code.REPLACED_UNIX_PATH: FindingText(
        NOTICE,
        "A socket is bound to this path, but the file that is there now is another one or gone.",
        "Programs that connect by the path no longer reach that server.",
        "Restart the server, so that it makes its file again.",
    ),
    Code.STOPPED_PROCESS: FindingText(
        WARNING,
        "{who} stopped {how}{what}.",
        "The kernel goes on taking connections and data for it until a queue or buffer is full; the program does nothing.",
        "{what_to_do}",
    ),
    Code.DESCRIPTORS_EXHAUSTED: FindingText(
        WARNING,
        "{who} has {count} of its {limit} descriptors open{effect}.",
        "At the limit every accept(2), socket(2) and open(2) fails with EMFILE until it closes something; connections wait "
        "in the listener's queue.",
        "See what they are: ls -l /proc/{pid}/fd. Many connections in CLOSE_WAIT are a leak; a program that needs more "
        "descriptors takes a higher limit (ulimit -n, LimitNOFILE=).",
    ),
    Code.PORT_REDIRECTED: FindingText(
        INFO,
        "{what} is sent on to {to}{instead}.",
        "{rule} changes the destination before the host looks for a socket.{bypass}",
        "See the rule: nft -a list chain {chain}",
    ),
}

NOTHING_LISTENS, LISTENER_PASSED = "; nothing listens on it here", ", past what listens on it here"
BYPASS = (
    " Forwarded packets pass no input chain: the rules of ufw and firewalld for this host do not stop them, those of forward "
    "chains do (with Docker: DOCKER-USER)."
)

BY_SIGNAL, BY_DEBUGGER = "by a signal, such as SIGSTOP or Ctrl-Z", "by a debugger"
OF_SIGNAL = "kill -CONT {pids} lets {it} continue. Until then TERM waits, and only KILL takes effect."
OF_DEBUGGER = "Continue it or detach in the debugger (TracerPid in /proc/{pid}/status): SIGCONT does not help."

EXHAUSTED = ": connect(2) fails with EADDRNOTAVAIL"
ON_DEMAND = "a service that it starts on demand"
SYN_SENT_FEW = "So few may simply have been seen while their answers were on the way."
LIMIT_UNKNOWN = ", limit not told"
