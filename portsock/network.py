"""Devices, addresses and routes of one network namespace, as far as they decide where a packet goes: rtnetlink(7)."""

from typing import NamedTuple


class Device(NamedTuple):
    """A network device: ip-link(8)."""

    ifindex: int
    name: str
    up: bool = True
    loopback: bool = False
    addresses: tuple[str, ...] = ()
    """Its own addresses with prefix length: '192.0.2.1/24'."""
    type: int = 1
    """ARPHRD_*: 1 Ethernet, 772 loopback, 65534 none (tunnels). include/uapi/linux/if_arp.h."""
    master: int | None = None
    """The ifindex of the bridge or VRF that it belongs to."""
    kind: str | None = None
    """IFLA_INFO_KIND: 'bridge', 'veth', 'vrf', 'wireguard' …"""
    rp_filter: int = 0
    """The greater of its own and the 'all' value: 0 none, 1 strict, 2 loose. Documentation/networking/ip-sysctl.rst."""
    route_localnet: bool = False
    """Packets to 127.0.0.0/8 that arrive here are not dropped."""


class Route(NamedTuple):
    """A route: ip-route(8). `destination` is a network, '0.0.0.0/0' for the default route."""

    destination: str
    table: int = 254
    """254 main, 255 local, 253 default."""
    kind: str = "unicast"
    """unicast, local, broadcast, anycast, multicast, blackhole, unreachable, prohibit, throw."""
    device: int | None = None
    """The ifindex of the device that packets leave through."""
    gateway: str | None = None
    metric: int = 0
    source: str | None = None
    """The preferred source address."""


class Network(NamedTuple):
    """What decides where a packet goes in one network namespace."""

    devices: tuple[Device, ...] = ()
    routes: tuple[Route, ...] = ()
    ruled: bool = False
    """There are routing rules beyond the three that every namespace has (ip-rule(8)): `routes` alone do not decide."""
    forwarding4: bool = False
    forwarding6: bool = False
    known: bool = True
    """False for rules of another host: its devices and routes were not captured."""


class Neighbour(NamedTuple):
    """What is known of the link-layer address of a host on the same link: ip-neighbour(8)."""

    address: str
    device: int
    """Index of the device that leads to it."""
    state: str
    """INCOMPLETE, REACHABLE, STALE, DELAY, PROBE, FAILED, NOARP, PERMANENT; NONE where the kernel has not asked yet."""

    @property
    def silent(self) -> bool:
        """It has not answered: the kernel still asks, or has given up."""
        return self.state in ("FAILED", "INCOMPLETE")


class Path(NamedTuple):
    """How the kernel would send a packet to a destination, or why it would not: ip-route(8) `get`."""

    destination: str
    kind: str | None = None
    """unicast, local, broadcast, multicast …; None where there is no way."""
    device: str | None = None
    gateway: str | None = None
    """None for a host on the same link."""
    source: str | None = None
    mtu: int | None = None
    """Where the route, or path MTU discovery, has set one."""
    errno: str | None = None
    """What connect(2) fails with: ENETUNREACH no route, EINVAL blackhole, EHOSTUNREACH unreachable, EACCES prohibit."""
