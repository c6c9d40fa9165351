"""SCTP by sock_diag, where endpoints and their associations share one table: net/sctp/diag.c."""

from collections.abc import Sequence

from portsock.model import Family, Netns, State
from portsock.parse.netlink.inet import Buffer, Decoder, in_port_order
from portsock.parse.netlink.inet import decoder as inet_decoder
from portsock.parse.netlink.message import attributes
from portsock.records import Request, SocketRecord

_STATE_AT, _ATTRIBUTES_AT = 1, 72
_PEERS = 13
"""INET_DIAG_PEERS: the other end's addresses, which only an association has."""
_STATES = (
    "CLOSED",
    "COOKIE_WAIT",
    "COOKIE_ECHOED",
    "ESTABLISHED",
    "SHUTDOWN_PENDING",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECEIVED",
    "SHUTDOWN_ACK_SENT",
)
"""enum sctp_state of associations (RFC 9260, section 4); endpoints are told in TCP's states."""
_SHARED = {"CLOSED": State.CLOSED, "ESTABLISHED": State.ESTABLISHED}


def decoder(family: Family, netns: Netns | None, request: Request) -> Decoder:
    """Reads the messages of one dump. What it returns raises GarbledMessage."""
    # The kernel's details are a struct sctp_info, its timer is another, and a filter for states would lose associations.
    decode = inet_decoder("sctp", family, netns, request._replace(info=False, timers=False))

    def decode_sctp(buffer: Buffer, bodies: Sequence[tuple[int, int]]) -> list[SocketRecord]:
        bodies = in_port_order(buffer, bodies)
        records = decode(buffer, bodies)
        for index, (at, end) in enumerate(bodies):
            if _PEERS in attributes(buffer, at + _ATTRIBUTES_AT, end):
                records[index] = _association(records[index], buffer[at + _STATE_AT])
        return records

    return decode_sctp


def _association(record: SocketRecord, code: int) -> SocketRecord:
    name = _STATES[code] if code < len(_STATES) else str(code)
    state = _SHARED.get(name)
    return record._replace(
        state=state, state_raw=None if state else name, accept_queue=None, accept_limit=None, interface=None, ifindex=None
    )
