"""SCTP sockets from sock_diag, where endpoints and their associations share one table: net/sctp/diag.c."""

from collections.abc import Sequence

from portsock.enums import Need
from portsock.model import Family, Netns, State
from portsock.parse.netlink.inet import ATTRIBUTES_AT, Decoder, sort_by_port
from portsock.parse.netlink.inet import decoder as inet_decoder
from portsock.parse.netlink.message import Buffer, attributes
from portsock.records import Request, SocketRecord

_STATE_AT = 1
_PEERS = 13
"""INET_DIAG_PEERS: the remote addresses. Only associations have it."""
_STATES = (
    "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED",
    "SHUTDOWN_PENDING", "SHUTDOWN_SENT", "SHUTDOWN_RECEIVED", "SHUTDOWN_ACK_SENT",
)  # fmt: skip
"""enum sctp_state of associations (RFC 9260, section 4). Endpoints have TCP's states."""
_TCP_STATES = {"CLOSED": State.CLOSED, "ESTABLISHED": State.ESTABLISHED}


def decoder(family: Family, netns: Netns | None, request: Request) -> Decoder:
    """Return a decoder of one dump. The decoder raises GarbledMessage."""
    # The details are a struct sctp_info, the timer codes differ from TCP's.
    decode = inet_decoder("sctp", family, netns, request._replace(needs=request.needs & {Need.MEMORY}))

    def decode_sctp(buffer: Buffer, bodies: Sequence[tuple[int, int]]) -> list[SocketRecord]:
        bodies = sort_by_port(buffer, bodies)
        records = decode(buffer, bodies)
        for index, (at, end) in enumerate(bodies):
            if _PEERS in attributes(buffer, at + ATTRIBUTES_AT, end):
                records[index] = _association(records[index], buffer[at + _STATE_AT])
        return records

    return decode_sctp


def _association(record: SocketRecord, code: int) -> SocketRecord:
    name = _STATES[code] if code < len(_STATES) else str(code)
    state = _TCP_STATES.get(name)
    return record._replace(
        state=state, state_raw=None if state else name, accept_queue=None, accept_limit=None, interface=None, ifindex=None
    )
