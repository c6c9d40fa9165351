"""Rows of ss without a State column: `ss state established` and plain `ss -u` have none."""

from portsock.model import InetEndpoint, SocketType, State
from portsock.parse.listings.ss.row import Columns
from portsock.records import SocketRecord

_SHARED_WITH_NETSTAT = frozenset({"tcp", "udp", "raw", "sctp", "dccp", "icmp"})
"""Netids that begin rows of Linux netstat, too."""
_ENDS = 2
"""Words of a row behind the queues that has only its two ends there."""

UDP_PORTS = frozenset({53, 67, 68, 69, 123, 137, 138, 161, 162, 500, 514, 546, 547, 1194, 1812, 1813, 3478, 4500, 4789, 5060,
                       5353, 5355, 6081, 8472, 41641, 51820})  # fmt: skip
"""Ports that are used over UDP alone, or nearly so."""


def is_own_row(front: Columns, record: SocketRecord) -> bool:
    """Tell whether a row without a state is one of ss, and not of netstat, which prints the state of every TCP socket."""
    if "users:((" in front.rest or (front.netid is not None and front.netid not in _SHARED_WITH_NETSTAT):
        return True
    if len(front.rest.split()) != _ENDS or not isinstance(record.local, InetEndpoint):
        return False
    if front.netid is None:
        return record.local.address is not None and record.local.port is not None
    return front.netid == "tcp"


def infer_state(record: SocketRecord) -> SocketRecord:
    """Return the record with the state that a socket in it must have: a TCP socket without a peer that has a limit listens."""
    if record.state is not None or record.state_raw is not None or not isinstance(record.local, InetEndpoint):
        return record
    if record.type is SocketType.DGRAM:
        return record._replace(state=State.UNCONN if record.remote is None else State.ESTABLISHED)
    if record.protocol == "tcp" and record.remote is None and record.send_q:
        return record._replace(state=State.LISTEN, accept_queue=record.recv_q, accept_limit=record.send_q)
    return record
