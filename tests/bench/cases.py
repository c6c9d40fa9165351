"""Situations that people meet, what they ask, and what the first line of the answer must say.

`expects` was written before the answer was seen: what somebody who knows the system would say first. Each pattern of `says`
stands for one fact of it.
"""

from typing import NamedTuple

NOBODY = 65534


class Case(NamedTuple):
    """One question about one situation."""

    made: str
    """The situation: module of tests.support and function."""
    question: str
    """What is asked; {name} stands for a fact of the situation."""
    expects: str
    """The first line of somebody who knows."""
    says: tuple[str, ...]
    """Regular expressions, each of which the first line must match."""
    uid: int | None = None
    """Who asks; None: root."""
    after: float = 0
    """Seconds to wait before the question."""


CASES = (
    # Servers
    Case("situations.server_with_clients", "{port}", "python3 (pid N) listens on 8080/tcp, loopback only, 3 connections.",
         (r"\bpid {pid}\b", r"8080", r"loopback|127\.0\.0\.1", r"3 connections")),
    Case("situations.docker_proxy", "{port}", "8090/tcp is a container's: docker-proxy forwards it to 172.17.0.2:80.",
         (r"^8090/tcp .*container", r"docker-proxy", r"172\.17\.0\.2:80")),
    Case("situations.both_protocols", "{port}", "5353/tcp and 5353/udp are two ports, held by two programs.",
         (r"tcp", r"udp", r"{pid}", r"{other}")),
    Case("holders.beside", "{port}", "Two programs: one has 127.0.0.1, the other every other address.",
         (r"127\.0\.0\.1", r"every other address", r"{pid}", r"{other}")),
    Case("situations.several_addresses", "0.0.0.0:8003", "[::]:8003 takes IPv4, too (dual-stack): 0.0.0.0:8003 is in use.",
         (r"\[::\]:8003", r"IPv4")),
    Case("situations.several_addresses", "0.0.0.0:8002", "Nothing listens on 0.0.0.0:8002; [::]:8002 takes IPv6 only.",
         (r"[Nn]othing|no socket", r"\[::\]:8002", r"IPv6 only|no IPv4")),
    Case("holders.loopback_only", "10.99.0.1:8000", "Nothing listens on 10.99.0.1:8000; python3 listens on 127.0.0.1 only.",
         (r"[Nn]othing (listens on|on this host uses) 10\.99\.0\.1:8000", r"127\.0\.0\.1|loopback")),
    Case("holders.elsewhere", "{port}", "Nothing listens on it in this network namespace; pid N listens in another one.",
         (r"In network namespace .*, not in this one", r"{server}")),
    Case("holders.shared_by_nobody", "{port}", "nobody's python3 listens on it, and lets other sockets of its user share it.",
         (r"{holder}", r"8085|{port}")),
    Case("situations.mptcp_pair", "{port}", "python3 listens on 8091 with MPTCP, one connection.", (r"MPTCP", r"{pid}")),
    Case("situations.activated", "{port}", "systemd holds 8089 for a service that it starts (socket activation).",
         (r"systemd", r"cat|{service}", r"activat|started|starts")),
    Case("holders.leader_gone", "{port}", "python3 (pid N) listens on it; its main thread has ended.",
         (r"{server}", r"main thread|thread")),
    Case("holders.prefork", "{port}", "nginx (pid N) and its 6 workers listen on it.", (r"nginx", r"{pid}", r"6 ")),
    Case("holders.inherited", "{port}", "the server listens, and its child convert has inherited the socket.",
         (r"{pid}", r"convert|{child}", r"inherit|child")),
    Case("situations.orphaned_child", "{port}", "sleep (pid N) keeps it: its parent, the server, has ended.",
         (r"sleep", r"{end}", r"inherit|ended|gone")),
    Case("holders.other_uid", "{port}", "a process of another user listens on it; who, only root can see.",
         (r"root|another user|other user|nobody", r"8085"), uid=NOBODY),
    Case("holders.full", "{port}", "the server has all 64 descriptors that it may have: accept(2) fails with EMFILE.",
         (r"{pid}", r"64", r"descriptor|EMFILE")),
    # Ports without a server
    Case("situations.nothing", "8080", "Nothing uses port 8080.", (r"^Nothing .*8080", )),
    Case("situations.bound_idle", "{port}", "pid N has bound it and does not listen: connecting is refused.",
         (r"{pid}", r"bound|bind", r"not listen|no listen|does not listen")),
    Case("situations.just_restarted", "{port}", "Nothing listens on it; a connection in TIME_WAIT stops a restart for 60 s.",
         (r"TIME_WAIT", r"fail to start")),
    Case("holders.client_of_50070", "50070", "50070 is no server's port: pid N has it as its own end of a connection.",
         (r"50070 is no server", r"{pid}", r"10\.66\.0\.2:9092")),
    Case("holders.self_connected", "{port}", "pid N is connected to itself: both ends are one socket.",
         (r"{pid}", r"itself|one socket", )),
    Case("holders.away", "203.0.113.5:8080", "203.0.113.5:8080 is another host's, and there is no route to it: ENETUNREACH.",
         (r"203\.0\.113\.5:8080: no route; connect\(2\) fails with ENETUNREACH", )),
    Case("holders.away", "80", "Nothing uses port 80, and you may not bind it: EACCES below 1024.",
         (r"[Nn]othing", r"80", r"EACCES|may not|privileged|root"), uid=NOBODY),
    Case("holders.low_ports_allowed", "80", "Nothing uses port 80, and anybody may bind it here.",
         (r"[Nn]othing", r"80", ), uid=NOBODY),
    Case("holders.exhausted", "10.66.0.2:9092", "All 10 ephemeral ports are used toward 10.66.0.2:9092: EADDRNOTAVAIL.",
         (r"(All|10) .*(ephemeral|port)|EADDRNOTAVAIL", r"10\.66\.0\.2:9092", r"EADDRNOTAVAIL|exhausted|no (more|further)")),
    Case("situations.few_ports", "{port}", "The 5 ephemeral ports that are not reserved are all used toward 10.99.0.1:8001.",
         (r"5 ", r"EADDRNOTAVAIL|exhausted|ephemeral", r"8001")),
    Case("situations.few_ports", "8000", "python3 listens on 127.0.0.1:8000; TIME_WAIT on loopback is reused, nothing lacks.",
         (r"8000", r"listening", r"{pid}")),
    # Connections
    Case("situations.close_wait_leak", "{port}", "python3 does not close: 12 connections wait in CLOSE_WAIT.",
         (r"does not close|never closes|has not closed|not closed", r"12 ", r"CLOSE_WAIT", r"{pid}")),
    Case("transfers.half_closed_peers", "{port}", "The peer has finished sending; pid N has read that and may still answer.",
         (r"CLOSE_WAIT|finished sending|no more", r"{pid}")),
    Case("holders.stopped", "{port}", "The server is stopped (state T), and 4 connections wait to be accepted.",
         (r"stopped", r"{end}", r"queue|wait")),
    Case("situations.full_queue", "{port}", "python3 does not accept: its queue is full (3, limit 2).",
         (r"{pid}", r"queue is full|full", r"accept", r"3")),
    Case("situations.forged", "{port}", "33+ handshakes on 8084 are unfinished: their clients do not answer.",
         (r"8084", r"handshake|SYN", )),
    Case("situations.unanswered", "10.99.0.2:443", "10.99.0.2:443 does not answer: 4 attempts of pid N, SYN resent.",
         (r"10\.99\.0\.2:443", r"answer", r"4 ", r"{pid}")),
    Case("transfers.black_hole", "10.66.0.1:{port},10.66.0.2:9092", "pid N is stuck: 10.66.0.2:9092 acknowledges nothing.",
         (r"stuck|nothing", r"acknowledged? nothing|acknowledges", r"{pid}", r"resen[dt]")),
    Case("transfers.black_hole", "10.66.0.2:9092", "The same, asked by the remote end.",
         (r"stuck|nothing", r"acknowledged? nothing|acknowledges", r"{pid}", r"resen[dt]")),
    Case("transfers.deaf_peer", "{port}", "pid N waits: 10.66.0.2:9092 does not read (window closed).",
         (r"{pid}", r"does not read|window", r"10\.66\.0\.2:9092")),
    Case("transfers.deaf_self", "{port}", "pid N does not read: N bytes wait.", (r"{pid}", r"not read", r"bytes"), after=4.5),
    Case("transfers.both_here", "{client_port}", "The server (pid N) is stopped, state T: it does not read what is sent.",
         (r"stopped", r"{end}")),
    Case("transfers.lossy_path", "{port}", "The path to 10.66.0.2 loses packets: a fifth of the segments is resent.",
         (r"loss", r"10\.66\.0\.2", r"%|of|segments")),
    Case("transfers.narrow_path", "{port}", "pid N's connection to 10.66.0.2; second: the path sets the pace.",
         (r"{pid}", r"10\.66\.0\.2")),
    Case("transfers.idle", "{port}", "pid N's connection to 10.66.0.2; second: idle, and keepalive is off.",
         (r"{pid}", r"10\.66\.0\.2")),
    Case("transfers.refused_here", "{port}", "This host's own packet filter drops what pid N sends.",
         (r"{pid}", r"packet filter|local|this host|left", )),
    Case("transfers.last_ack_held", "{port}", "10.66.0.2 does not acknowledge the end (FIN) of pid N's connection.",
         (r"LAST_ACK|FIN|end", r"10\.66\.0\.2", )),
    Case("situations.many_time_wait", "{port}", "python3 listens on 8083; 120 ended connections in TIME_WAIT, harmless.",
         (r"{pid}", r"listening", r"8083")),
    # Datagrams and unix sockets
    Case("situations.multicast_pair", "{port}", "Two programs have 5353/udp; second: multicast reaches both, unicast one.",
         (r"{pid}", r"{other}", r"5353/udp")),
    Case("situations.overflowing_datagrams", "{port}", "pid N has 5353/udp, and lost datagrams; second: its buffer was full.",
         (r"{pid}", r"lost|dropped")),
    Case("situations.filtered_datagrams", "{port}", "pid N lost 5 datagrams, and not for a full buffer: a filter or checksum.",
         (r"{pid}", r"5 ", r"lost|dropped")),
    Case("holders.stale_path", "{path}", "The file is stale: no socket is bound to it, connecting is refused.",
         (r"stale|no (socket|process|server)|nothing", )),
    Case("situations.unix_pair", "@questions", "python3 (pid N) listens on the abstract socket @questions.",
         (r"@questions", r"{pid}", r"listens")),
)  # fmt: skip
"""Each of them is made anew for its question."""
