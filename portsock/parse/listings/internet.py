"""Records of internet sockets from printed columns: a protocol word, two endpoints, a state word."""

from functools import lru_cache
from typing import Any

from portsock.model import Family, InetEndpoint, SocketType, State
from portsock.parse.linux_codes import PROTOCOL_TYPES
from portsock.parse.listings.endpoint_text import infer_family, is_no_peer
from portsock.parse.listings.netstat.translations import listed_state
from portsock.records import SocketRecord

FAMILIES = {1: Family.UNIX, 2: Family.IPV4, **dict.fromkeys((10, 23, 24, 28, 30), Family.IPV6)}
"""AF_ numbers. AF_INET6 is 10 on Linux, 23 on Windows, 24 on OpenBSD and NetBSD, 28 on FreeBSD, 30 on macOS."""

_TYPES = PROTOCOL_TYPES | {"icmp": SocketType.RAW, "igmp": SocketType.RAW}
"""The BSDs list raw sockets as icmp and igmp; on Linux 'icmp' is a datagram (ping) socket."""

_WHOLE = {"icm": "icmp", "igm": "igmp", "udpl": "udplite", "div": "divert"}
"""Protocol words that the BSDs cut to fit their column."""

_DATAGRAM_TYPES = frozenset({SocketType.DGRAM, SocketType.RAW})


@lru_cache(maxsize=256)
def protocol_name(word: str) -> str:
    """Return a protocol without its family: 'tcp46' → 'tcp', 'icm6' → 'icmp', 'UDPv6' → 'udp'; what is nothing else stays."""
    name = word.lower().removesuffix("46").rstrip("46").removesuffix("v")
    return _WHOLE.get(name, name) or word.lower()


def internet_record(
    word: str, local: InetEndpoint | None, remote: InetEndpoint | None, state: str | None = None, **more: Any
) -> SocketRecord:
    """Return the record of a row. `word`: the protocol as printed, which may end in 4, 6 or 46; `more`: other fields.

    A remote wildcard without a port means no peer. Listings print no state for datagram sockets: without a peer they are
    UNCONN, with one ESTABLISHED.
    """
    protocol = protocol_name(word)
    kind = _TYPES.get(protocol)
    if remote is not None and is_no_peer(remote):
        remote = None
    family = _family(word, local, remote)
    found = listed_state(state) if state else None
    if not state and kind in _DATAGRAM_TYPES:
        found = State.UNCONN if remote is None else State.ESTABLISHED
    if word.endswith("46"):
        more.setdefault("v6only", False)
    raw = None if found or not state else state
    return SocketRecord(family, kind, protocol, None, found, raw, fill_wildcard(local, family), remote, **more)


def _family(word: str, local: InetEndpoint | None, remote: InetEndpoint | None) -> Family:
    for endpoint in (local, remote):
        if endpoint is not None:
            family = infer_family(endpoint, word)
            if family is not Family.INET:
                return family
    return {"4": Family.IPV4, "6": Family.IPV6}.get(word[-1:], Family.INET)


def fill_wildcard(endpoint: InetEndpoint | None, family: Family) -> InetEndpoint | None:
    """Replace '*' by the wildcard address of the family, where the family is known."""
    if endpoint is None or endpoint.address != "*" or family is Family.INET:
        return endpoint
    return endpoint._replace(address="::" if family is Family.IPV6 else "0.0.0.0")
