"""The first packet of a connection: what rules can read of it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from portsock.reach.rules.values import ABSENT, Link, Missing, Possible, Symbol, Value, masked, shifted
from portsock.reach.sources import Bounds, number
from portsock.rulesets import Ct, Meta, Payload

PROTOCOLS = {"tcp": 6, "udp": 17, "udplite": 136, "sctp": 132}
BEFORE_TRACKING, TRACKED, UNTRACKED = 0, 1, 2
INVALID, NEW, UNTRACKED_STATE = 1, 8, 64
SNAT, DNAT, CONFIRMED, NAT_DONE = 16, 32, 8, 384
PERHAPS = 32
"""SNAT and DNAT shifted left by so many bits: it is not known whether the address or the port is another one."""
OWN = -1
CLIENT_PORTS = ((1024, 65535),)


class Environment(NamedTuple):
    """What can change on the packet's way."""

    address: int | None
    """Its destination now; OWN: one of this host that is not known; None: nothing is known."""
    port: int | None
    tracked: int = BEFORE_TRACKING
    mark: int | None = 0
    connection_mark: int | None = 0
    status: int = 0
    """Of connection tracking: 8 confirmed, 16 snat, 32 dnat."""
    sent_by: int | None = None
    """The rule that changed the destination."""
    own_source: bool = True
    """The source address is still the first one."""
    decided: int = 0
    """Bits: NAT has decided on the source (1), on the destination (2)."""
    changed: tuple[Meta | Ct | Payload, ...] = ()
    """What a rule has set to something that is not followed."""
    exceeded: bool = False
    """A rate limit is exceeded: looked at only to see whether the limit matters."""


class Place(NamedTuple):
    """Where the packet is: the hook, and the devices it comes from and goes to."""

    hook: str
    incoming: Value
    outgoing: Value


class Group:
    """Sources whose packets are alike."""

    __slots__ = ("causes", "environment", "sources")

    def __init__(self, sources: Bounds, environment: Environment, causes: tuple[str, ...] = ()) -> None:
        self.sources = sources
        self.environment = environment
        self.causes = causes
        """What is not known and would have to be for the packet to get here."""


Reader = Callable[[Environment], Value]
Field = tuple[int, int, Value | Reader]
"""First bit, number of bits, value."""


class Packet:
    """What stays the same on the packet's way."""

    def __init__(self, protocol: str, destination: str, port: int, source_port: int | None, user: int | None) -> None:
        self.version = 6 if ":" in destination else 4
        self.bits = 128 if self.version == 6 else 32
        self.protocol = PROTOCOLS[protocol]
        self.address, self.port = number(destination), port
        self.user = user
        self.local = False
        """This host sends it."""
        text = f"{protocol} sport"
        self.source_port: Value = source_port if source_port is not None else Possible(CLIENT_PORTS, text)
        self.source = Symbol(0, (1 << self.bits) - 1, 0, self.bits)
        self._fields: dict[Payload, Reader] = {}

    def start(self) -> Environment:
        return Environment(self.address, self.port)

    def payload(self, payload: Payload, environment: Environment) -> Value:
        """Return bits of the packet."""
        reader = self._fields.get(payload)
        if reader is None:
            reader = self._fields[payload] = self._reader(payload)
        if environment.changed and _overlaps(payload, environment.changed):
            return Missing(named(payload))
        return reader(environment)

    def _reader(self, payload: Payload) -> Reader:
        text = named(payload)
        if payload.base == "network":
            fields: Sequence[Field] = self._ipv6() if self.version == 6 else self._ipv4()
        elif payload.base == "transport":
            fields = self._transport()
        else:
            return lambda _: Missing(text)
        end = payload.offset + payload.length
        inner = [entry for entry in fields if entry[0] < end and payload.offset < entry[0] + entry[1]]

        def read(environment: Environment) -> Value:
            total = 0
            for first, length, value in inner:
                right = first + length - end
                got = value if not callable(value) else value(environment)
                if first <= payload.offset and right >= 0:
                    return masked(shifted(got, -right) if right else got, (1 << payload.length) - 1, 0)
                if not isinstance(got, int):
                    return Missing(text)
                total |= got << -right if right < 0 else got >> right
            return total & (1 << payload.length) - 1

        return read if inner else lambda _: Missing(text)

    def _destination(self, environment: Environment) -> Value:
        address = environment.address
        return Missing("destination address") if address is None or address == OWN else address

    def _source(self, environment: Environment) -> Value:
        return self.source if environment.own_source else Missing("source address after source NAT")

    def _ipv4(self) -> Sequence[Field]:
        # A client's packet has no options, no type of service, and is no fragment.
        smallest = 40 if self.protocol == PROTOCOLS["tcp"] else 28
        return (
            (0, 4, 4),
            (4, 4, 5),
            (8, 8, 0),
            (16, 16, Possible(((smallest, 65535),), "ip length")),
            (32, 16, Missing("ip id")),
            (48, 16, Possible(((0, 0), (0x4000, 0x4000)), "ip frag-off")),
            (64, 8, Possible(((1, 255),), "ip ttl")),
            (72, 8, self.protocol),
            (80, 16, Missing("ip checksum")),
            (96, 32, self._source),
            (128, 32, self._destination),
        )

    def _ipv6(self) -> Sequence[Field]:
        smallest = 20 if self.protocol == PROTOCOLS["tcp"] else 8
        return (
            (0, 4, 6),
            (4, 8, 0),
            (12, 20, Missing("ip6 flowlabel")),
            (32, 16, Possible(((smallest, 65535),), "ip6 length")),
            (48, 8, self.protocol),
            (56, 8, Possible(((1, 255),), "ip6 hoplimit")),
            (64, 128, self._source),
            (192, 128, self._destination),
        )

    def _transport(self) -> Sequence[Field]:
        def port(environment: Environment) -> Value:
            return Missing("destination port") if environment.port is None else environment.port

        ports: tuple[Field, ...] = ((0, 16, self.source_port), (16, 16, port))
        if self.protocol != PROTOCOLS["tcp"]:
            return (*ports, (32, 1 << 16, Missing("what follows the ports")))
        return (
            *ports,
            (32, 32, Missing("tcp sequence")),
            (64, 32, 0),
            (96, 4, Possible(((5, 15),), "tcp doff")),
            (100, 4, 0),
            # SYN alone.
            (104, 8, 2),
            (112, 16, Missing("tcp window")),
            (128, 16, Missing("tcp checksum")),
            (144, 16, 0),
            (160, 1 << 16, Missing("tcp options")),
        )


def _overlaps(payload: Payload, changed: tuple[Meta | Ct | Payload, ...]) -> bool:
    end = payload.offset + payload.length
    return any(
        isinstance(one, Payload) and one.base == payload.base and one.offset < end and payload.offset < one.offset + one.length
        for one in changed
    )


def named(expression: Meta | Ct | Payload) -> str:
    """Return what an expression asks for, in nft's words."""
    if isinstance(expression, Meta):
        return f"meta {expression.key}"
    if isinstance(expression, Ct):
        return " ".join(filter(None, ("ct", expression.direction, expression.key)))
    base = {"link": "ll", "network": "nh", "transport": "th", "inner": "ih"}[expression.base]
    return f"@{base},{expression.offset},{expression.length}"


def meta(packet: Packet, key: str, environment: Environment, place: Place) -> Value:
    """Return what the kernel knows of the packet."""
    if key == "mark":
        return Missing("meta mark") if environment.mark is None else environment.mark
    if key in ("iif", "iifname"):
        return place.incoming
    if key in ("oif", "oifname"):
        return place.outgoing
    if key in ("iiftype", "oiftype"):
        link = place.incoming if key == "iiftype" else place.outgoing
        if isinstance(link, Link):
            return ABSENT if not link.name else Missing(f"meta {key}") if link.type is None else link.type
        return Missing(f"meta {key}")
    if key in ("skuid", "skgid", "cgroup"):
        # A packet that arrives belongs to no socket yet.
        if not packet.local or place.hook not in ("output", "postrouting", "egress"):
            return ABSENT
        return packet.user if key == "skuid" and packet.user is not None else Missing(f"meta {key}")
    if key == "length":
        header = 0 if packet.version == 4 else 40
        smallest = 40 if packet.protocol == PROTOCOLS["tcp"] else 28
        return Possible(((header - 20 * bool(header) + smallest, 65575 if header else 65535),), "meta length")
    simple: dict[str, Value] = {
        "nfproto": 10 if packet.version == 6 else 2,
        "protocol": 0x86DD if packet.version == 6 else 0x800,
        "l4proto": packet.protocol,
        "pkttype": 0,
        "nftrace": 0,
    }
    return simple.get(key, Missing(f"meta {key}"))


def tracking(packet: Packet, ct: Ct, environment: Environment) -> Value:
    """Return what connection tracking knows of the packet."""
    if ct.key == "state":
        return (INVALID, NEW, UNTRACKED_STATE)[environment.tracked]
    if environment.tracked != TRACKED:
        return ABSENT
    key = ct.key.removeprefix("ip6 ").removeprefix("ip ")
    if key == "status":
        # Whether NAT has looked at it yet depends on hooks that no rule shows.
        status = environment.status & (1 << PERHAPS) - 1
        options = [status | bits for bits in (0, 128, 256, NAT_DONE)]
        for bit in (SNAT, DNAT):
            if environment.status & bit << PERHAPS:
                options += [one | bit for one in options]
        done = tuple((one, one) for one in dict.fromkeys(options))
        return Possible(done, "ct status")
    if key == "mark":
        return Missing("ct mark") if environment.connection_mark is None else environment.connection_mark
    if key in ("saddr", "daddr", "proto-src", "proto-dst"):
        return _tuple(packet, ct.direction == "reply", key, environment)
    simple: dict[str, Value] = {
        "direction": 0,
        "l3proto": 10 if packet.version == 6 else 2,
        "protocol": packet.protocol,
        "helper": ABSENT,
        "zone": 0,
    }
    return simple.get(key, Missing(named(ct)))


def _tuple(packet: Packet, reply: bool, key: str, environment: Environment) -> Value:
    """Return an address or a port of the connection, before NAT or as replies have it."""
    if any(isinstance(one, Payload) for one in environment.changed):
        return Missing(f"ct {key}")
    if reply:
        if key == "daddr":
            return packet.source if environment.own_source else Missing("ct reply daddr")
        if key == "proto-dst":
            return packet.source_port if environment.own_source else Missing("ct reply proto-dst")
        now = environment.address if key == "saddr" else environment.port
        return Missing(f"ct reply {key}") if now is None or now == OWN else now
    before: dict[str, Value] = {
        "saddr": packet.source,
        "daddr": packet.address,
        "proto-src": packet.source_port,
        "proto-dst": packet.port,
    }
    return before[key]
