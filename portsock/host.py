"""What must be known of a host beside its sockets, to infer from them and to judge a bind."""

from collections.abc import Mapping
from typing import NamedTuple


class Host(NamedTuple):
    """Facts of the host that texts and inferences need. `assumed` where they are a system's defaults, not read."""

    system: str
    """'Linux', 'Darwin', 'Windows', 'FreeBSD' …; 'unknown' for a listing that does not tell."""
    ephemeral: tuple[int, int]
    """The local ports that the system picks from, first and last."""
    assumed: bool
    name: str | None = None
    addresses: frozenset[str] | None = None
    """This host's own addresses, or None where not read."""
    sysctls: Mapping[str, str] = {}
    """Linux: 'net.ipv4.tcp_fin_timeout' → '60' and so on."""


class Identity(NamedTuple):
    """For whom it is judged whether a port can be taken."""

    uid: int
    net_bind_service: bool | None
    """May bind privileged ports (CAP_NET_BIND_SERVICE in the user namespace that owns the network's); None: not known."""
    name: str | None = None


class SocketOptions(NamedTuple):
    """Options of a socket that decide whether it lets others bind beside it, as getsockopt(2) tells them."""

    reuseaddr: bool | None = None
    reuseport: bool | None = None
    v6only: bool | None = None
    """None for IPv4, too."""
    device: str | None = None
    """SO_BINDTODEVICE; None where it is bound to none."""
