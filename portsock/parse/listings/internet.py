"""Records of internet sockets from what listings of other systems print: a protocol word, two endpoints, a state word."""

from typing import Any

from portsock.enums import parse_state
from portsock.model import Family, InetEndpoint, SocketType, State
from portsock.parse.listings.endpoint_text import family_of, is_nobody
from portsock.records import SocketRecord

_TYPES = {
    "tcp": SocketType.STREAM,
    "mptcp": SocketType.STREAM,
    "udp": SocketType.DGRAM,
    "udplite": SocketType.DGRAM,
    "icmp": SocketType.RAW,
    "igmp": SocketType.RAW,
    "raw": SocketType.RAW,
}
"""SCTP has one-to-one and one-to-many sockets, so that the protocol does not tell the type."""

_SHORT = {"icm": "icmp", "igm": "igmp", "udpl": "udplite", "div": "divert"}
"""Protocol words that BSD cuts to fit its column."""

_CONNECTIONLESS = frozenset({SocketType.DGRAM, SocketType.RAW})


def protocol_of(word: str) -> str:
    """'tcp46' → 'tcp', 'icm6' → 'icmp', 'UDPv6' → 'udp'."""
    name = word.lower().removesuffix("46").rstrip("46").removesuffix("v")
    return _SHORT.get(name, name)


def internet_record(
    word: str, local: InetEndpoint | None, remote: InetEndpoint | None, state: str | None = None, **more: Any
) -> SocketRecord:
    """The record of a row. `word`: the protocol as printed, with 4, 6 or 46 where it tells the family; `more`: other fields.

    A peer that stands for none is left out. A datagram socket, for which listings print no state, is UNCONN without a peer
    and ESTABLISHED with one.
    """
    protocol = protocol_of(word)
    kind = _TYPES.get(protocol)
    if remote is not None and is_nobody(remote):
        remote = None
    family = _family(word, local, remote)
    found = parse_state(state) if state else None
    if not state and kind in _CONNECTIONLESS:
        found = State.UNCONN if remote is None else State.ESTABLISHED
    if word.endswith("46"):
        more.setdefault("v6only", False)
    return SocketRecord(
        family, kind, protocol, None, found, None if found or not state else state, _spelt(local, family), remote, **more
    )


def _family(word: str, local: InetEndpoint | None, remote: InetEndpoint | None) -> Family:
    for endpoint in (local, remote):
        if endpoint is not None:
            family = family_of(endpoint, word)
            if family is not Family.INET:
                return family
    return {"4": Family.IPV4, "6": Family.IPV6}.get(word[-1:], Family.INET)


def _spelt(endpoint: InetEndpoint | None, family: Family) -> InetEndpoint | None:
    """With the wildcard of its family where the listing printed '*' but told the family elsewhere."""
    if endpoint is None or endpoint.address != "*" or family is Family.INET:
        return endpoint
    return endpoint._replace(address="::" if family is Family.IPV6 else "0.0.0.0")
