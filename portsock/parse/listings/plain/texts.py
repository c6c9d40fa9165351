"""Texts of plain rows, each parsed once: endpoints, numbers, holders. Most rows of a big listing have nothing else.

The readers' fast ways pass what is not found here to their own parsers, so that no text is read in two ways.
"""

from socket import AF_INET, inet_pton
from typing import TypeVar

from portsock.addresses import WILDCARDS
from portsock.model import Endpoint, Family, InetEndpoint, SocketType, State
from portsock.parse.listings.endpoint_text import parse_address
from portsock.parse.listings.numbers import MOST_PORT, number
from portsock.records import Holder, SocketRecord

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_make = tuple.__new__
"""Creates named tuples four times as fast as their own constructor, which matters for a million rows only."""
_MOST = 1 << 12
"""Texts that are kept: a listing of ever new ones would not profit from more."""
MOST_HOSTS = 1 << 16
_PORT_DIGITS = 5
BETWEEN = (None,) * (SocketRecord._fields.index("holders") - SocketRecord._fields.index("cookie"))
"""The fields of a record between `inode` and `holders`."""
NO_QUEUES = (None, None, None, None)
LONGEST = 500
"""Characters of the longest row that is plain."""


def remembered(texts: dict[_Key, _Value], text: _Key, value: _Value, most: int = _MOST) -> _Value:
    """Keep a value by its text, unless there are many. Returns the value."""
    if len(texts) < most:
        texts[text] = value
    return value


def record(
    family: Family,
    kind: SocketType | None,
    protocol: str,
    state: State | None,
    local: Endpoint,
    remote: Endpoint | None,
    queues: tuple[int | None, int | None, int | None, int | None],
    inode: int | None,
    holders: tuple[Holder, ...] | None,
    names_one: bool = False,
) -> SocketRecord:
    """Return the record of an internet socket. `queues`: recv_q, send_q, accept_queue and accept_limit."""
    front = (family, kind, protocol, None, state, None, local, remote, *queues, None, inode)
    return _make(SocketRecord, (*front, *BETWEEN, holders, None, None, (), names_one))


class Numbers(dict[str, int | None]):
    """Numbers of up to 19 digits by their text; None for other texts."""

    def __missing__(self, text: str) -> int | None:
        return remembered(self, text, number(text))


class Ports(dict[str, int]):
    """Ports by their text: a number, or -1 for what is none."""

    def __missing__(self, text: str) -> int:
        port = number(text, _PORT_DIGITS)
        port = -1 if port is None or port > MOST_PORT else port
        if port >= 0:
            self[text] = port
        return port


class _Hosts(dict[str, str | None]):
    """Addresses by their text; None for other texts: names, addresses with a device or a zone, '*'."""

    def __missing__(self, text: str) -> str | None:
        try:
            inet_pton(AF_INET, text)  # accepts only the spelling of inet_ntop
            address: str | None = text
        except (OSError, ValueError):
            found = parse_address(text)
            address = None if found is None or found[0] == "*" or found[1] is not None else found[0]
        if len(self) >= MOST_HOSTS:
            self.clear()
        self[text] = address
        return address


NO_PEER = InetEndpoint("*", None)
WITHOUT_PEER = frozenset({"0.0.0.0:*", "[::]:*", ":::*", "*:*", "0.0.0.0:0", "[::]:0"})
"""What stands for the peer of a socket that has none."""


class Ends(dict[str, InetEndpoint | None]):
    """Endpoints 'ADDRESS:PORT' by their text; None for other texts. Those of peers are not kept: most occur once."""

    def __init__(self) -> None:
        self.hosts = _Hosts()
        self.ports = Ports()

    def __missing__(self, text: str) -> InetEndpoint | None:
        host, _, port_text = text.rpartition(":")
        address, port = self.hosts[host], self.ports[port_text]
        found = None
        if address is not None and port >= 0:
            found = _make(InetEndpoint, (address, port, None, None, None, False, False))
        if len(self) < MOST_HOSTS:  # a server has few local endpoints, a client as many as connections
            self[text] = found
        return found

    def peer(self, text: str) -> InetEndpoint | None:
        """Return the endpoint of a peer, NO_PEER for a wildcard without a port, None for other texts."""
        host, _, port_text = text.rpartition(":")
        address, port = self.hosts[host], self.ports[port_text]
        if address is None or port < 0 or address in WILDCARDS:
            return NO_PEER if text in WITHOUT_PEER else None
        return _make(InetEndpoint, (address, port, None, None, None, False, False))
