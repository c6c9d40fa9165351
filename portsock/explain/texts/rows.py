"""The short rows of an answer: labels, and who can reach a bound address in a few words."""

from portsock.explain.texts.findings import Code
from portsock.explain.types import Severity
from portsock.model import Exposure

REACH, BIND, MEANS, DO, ALSO, PROCESS, NOTE = "Reach", "Bind", "Means", "Do", "Also", "Process", "Note"
ROUTE, RULES, NOW, PORTS = "Route", "Rules", "Now", "Ports"

REACHES: dict[Exposure, str] = {
    Exposure.LOOPBACK: "programs on this machine only",
    Exposure.LINK: "hosts on the same link as {address}",
    Exposure.PRIVATE: "hosts of the private network of {address}",
    Exposure.SHARED: "hosts of the network that uses {address}",
    Exposure.PUBLIC: "anyone, by {address}",
    Exposure.ALL: "anyone, by every address",
}
"""By the exposure of the address."""
WILDCARDS = {
    "v4": "anyone, by every IPv4 address of {place}",
    "v6": "anyone, by every IPv6 address of {place}",
    "both": "anyone, by every address of {place}",
    "unknown": "anyone, by every IPv6 and perhaps every IPv4 address of {place}",
}
LOOPBACK_ELSEWHERE = "programs in {place} only"
BEFORE_FIREWALL = ", before any firewall"
DEVICE = ", through {device} only"
NOT_LISTENING = "nobody: it is bound, but does not listen"

_LEAD = (
    Code.STOPPED_PROCESS, Code.DESCRIPTORS_EXHAUSTED, Code.ACCEPT_QUEUE_FULL, Code.CLOSE_WAIT_PILE_UP, Code.CLOSE_WAIT_OLD,
    Code.PEER_SILENT, Code.SENDING_REFUSED, Code.PEER_DOES_NOT_READ, Code.PEER_READS_SLOWLY, Code.PROGRAM_DOES_NOT_READ,
    Code.CONNECTION_NOT_ACCEPTED, Code.SLOWED_BY_LOSS, Code.SYN_SENT_UNANSWERED, Code.SYN_RECV_FLOOD,
    Code.EPHEMERAL_EXHAUSTION, Code.TIME_WAIT_HOLDS_PORT, Code.STALE_UNIX_PATH, Code.REPLACED_UNIX_PATH,
    Code.UNSEEN_UNIX_SERVER,
    Code.SELF_CONNECTION, Code.SPECIFIC_AND_WILDCARD, Code.INHERITED_DESCRIPTOR,
)  # fmt: skip
LEADING: dict[Code, Severity] = {
    **dict.fromkeys(_LEAD, Severity.NOTICE),
    Code.PORT_FORWARDER: Severity.INFO,
    Code.SOCKET_ACTIVATION: Severity.INFO,
    Code.DATAGRAMS_DROPPED: Severity.WARNING,  # drops have no date: they lead only while the buffer is full
}
"""Findings that are the answer, each from this severity on: their titles are its first line. All others stand under ALSO."""
MEANING = (Code.DATA_MOVES, Code.IDLE_WITHOUT_KEEPALIVE)
"""Findings that say what a healthy connection does, better than its state."""
TO_SERVE = "To serve {address}, let {who} listen there or on {wildcard}."
END_READ = "The peer has closed; the program has read that, and may still send (a half-close)."
END_UNREAD = "The peer has closed; the program has not read as far as that ({count} before it)."
PULSE = "Open, {waiting}; data or acknowledgements last passed {ago} ago."
NOTHING_WAITS = "and nothing waits at this end"
MORE = "{count} more with --long"
