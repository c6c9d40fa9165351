"""What findings say of systems other than Linux, whose settings have other names, and the settings themselves.

Sources: sysctl(8) and ip(4) of FreeBSD, sysctl(2) of OpenBSD, sysctl(7) of NetBSD, sysctl(3) of macOS; Microsoft's 'netsh
interface ipv4'; Oracle's Tunable Parameters Reference; 'no' in the AIX commands reference; ndd(1M) of HP-UX.
"""

from typing import NamedTuple

from portsock.explain.texts.findings import Code


class Settings(NamedTuple):
    """Names of a system's settings, '' where it has none or none is known."""

    backlog: str = ""
    """The limit of accept queues."""
    widen: str = ""
    """What widens the ephemeral range."""
    show: str = ""
    """The command that shows that range."""
    reserve: str = ""
    """What keeps a port out of it."""


SETTINGS = {
    "Linux": Settings(show="sysctl net.ipv4.ip_local_port_range"),
    "Darwin": Settings("kern.ipc.somaxconn", "net.inet.ip.portrange.first", "sysctl net.inet.ip.portrange"),
    "FreeBSD": Settings("kern.ipc.soacceptqueue", "net.inet.ip.portrange.first", "sysctl net.inet.ip.portrange"),
    "OpenBSD": Settings(
        "kern.somaxconn", "net.inet.ip.portlast", "sysctl net.inet.ip.portlast", "net.inet.tcp.baddynamic"
    ),
    "NetBSD": Settings("kern.somaxconn", "net.inet.ip.anonportmin", "sysctl net.inet.ip.anonportmin"),
    "Windows": Settings(
        "",
        "'netsh int ipv4 set dynamicport tcp'",
        "netsh int ipv4 show dynamicport tcp",
        "'netsh int ipv4 add excludedportrange tcp'",
    ),
    "SunOS": Settings(
        "'ipadm set-prop -p _conn_req_max_q'",
        "'ipadm set-prop -p smallest_anon_port'",
        "ipadm show-prop -p smallest_anon_port tcp",
    ),
    "AIX": Settings("'no -o somaxconn'", "'no -o tcp_ephemeral_low'", "no -o tcp_ephemeral_low"),
    "HP-UX": Settings(
        "ndd's tcp_conn_request_max", "ndd's tcp_smallest_anon_port", "ndd -get /dev/tcp tcp_smallest_anon_port"
    ),
    "unknown": Settings("on Linux net.core.somaxconn", "on Linux net.ipv4.ip_local_port_range"),
}  # fmt: skip
"""By Host.system."""

ADVICE: dict[Code, str] = {
    Code.CLOSE_WAIT_PILE_UP: "If the number does not fall when you look again, have the program restarted and fixed.",
    Code.ACCEPT_QUEUE_FULL: "See what the program is doing (is it stopped, or stuck?) before raising its "
    "backlog{and_backlog}.",
    Code.CONNECTIONS_DROPPED: "A larger backlog (listen(2){or_backlog}) helps against bursts, not against a slow program.",
    Code.FIN_WAIT_2_MANY: "The fault is at the other end; the system drops those without a process here after a while.",
    Code.EPHEMERAL_EXHAUSTION: "Reuse connections (a pool, keep-alive), use more source or destination addresses, or widen "
    "the range{by_widen}.",
    Code.LISTENER_IN_EPHEMERAL_RANGE: "Choose a port outside the range{or_reserve}; ignore this if the port was picked at "
    "random.",
    Code.DESCRIPTORS_EXHAUSTED: "Many connections in CLOSE_WAIT are a leak; a program that needs more descriptors takes a "
    "higher limit.",
}
"""Advice in place of that in findings.py, by code."""
DETAIL: dict[Code, str] = {
    Code.WILDCARD_V6_TAKES_IPV4: "IPv4 clients appear on it with mapped addresses (::ffff:a.b.c.d).",
}
WINDOWS_TIME_WAIT = "A client can run out of local ports toward one destination. Reusing connections avoids that."

SYN_RECV_AGE_UNKNOWN = "List them again after a few seconds: those that are still there have had no reply."
SYN_RECV_FULL = "What does not fit is dropped, unless the system sends SYN cookies."
