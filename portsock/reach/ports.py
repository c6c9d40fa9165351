"""Who can connect to a port: its sockets' addresses put to the packet filter of their network namespace."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from portsock.addresses import WILDCARDS, scope
from portsock.endpoints import address_of, port_of
from portsock.model import Family, InetEndpoint, Scope, Socket, State
from portsock.network import Network
from portsock.reach.classes import Classes, classes_of, compares_destination, tells_own_addresses_apart
from portsock.reach.incoming import incoming
from portsock.reach.path.routes import Routes
from portsock.reach.rules.runs import Prepared
from portsock.reach.sources import number
from portsock.reach.summary import EVERYBODY, HERE, summarize
from portsock.reach.types import Outcome, Probe
from portsock.reachability import Reach, Reachable
from portsock.rulesets import Nat, PacketFilter

_PROTOCOLS = {"tcp": "tcp", "mptcp": "tcp", "udp": "udp", "udplite": "udplite", "sctp": "sctp"}
_STREAMS = frozenset({"tcp", "mptcp", "sctp"})
_ANY = {4: ("192.0.2.1",), 6: ("2001:db8::1",)}
"""Stand for the addresses of a host whose addresses are not known, where no rule compares them."""
_LOOPBACK = {4: "127.0.0.1", 6: "::1"}
_ADDRESSES_UNKNOWN = "the addresses of the listing's host, which its rules compare,"
_MOST_STEPS = 5_000_000
"""Rules that are followed for one answer, all probes together: any user can make a namespace with many rules and listeners."""
_TOO_MUCH = "more rules than are followed for so many ports"
MOST_NETWORKS = 100
"""Networks that are listed for one address and device, those of everybody else apart."""
_MOST_ADDRESSES = 32
"""Own addresses that a wildcard socket is tried with; those of further devices are named as not read."""


class Judge:
    """Put probes to the packet filter of one network namespace; ports that no rule tells apart are judged once."""

    def __init__(self, packet_filter: PacketFilter) -> None:
        self.packet_filter = packet_filter
        self._classes: Classes | None = None
        self._rules = sum(len(chain.rules) for table in packet_filter.rules.tables for chain in table.chains.values())
        self._steps = _MOST_STEPS
        self._prepared = Prepared(packet_filter.rules)
        self._known: dict[object, tuple[Outcome, ...]] = {}

    @cached_property
    def compares_destination(self) -> bool:
        """A rule compares the destination address."""
        return compares_destination(self.packet_filter.rules)

    @cached_property
    def _tells_apart(self) -> bool:
        return not self.packet_filter.network.known or tells_own_addresses_apart(self.packet_filter.rules)

    @cached_property
    def translates(self) -> bool:
        """A rule sends packets elsewhere."""
        return any(
            isinstance(statement, Nat)
            for table in self.packet_filter.rules.tables
            for chain in table.chains.values()
            for rule in chain.rules
            for statement in rule.statements
        )

    def _destination(self, address: str) -> str:
        """Return a name for all addresses of this host where rules cannot tell them apart, else the address."""
        if self._tells_apart or scope(address) is Scope.LOOPBACK:
            return address
        version = 6 if ":" in address else 4
        routes = self._prepared.once(("routes", version), lambda: Routes(self.packet_filter.network, version))
        where = number(address)
        return f"own {version} {routes.type_of(where)}" if routes.is_own(where) else address

    def outcomes(self, probe: Probe) -> tuple[Outcome, ...]:
        """Return what becomes of the packets."""
        if self._classes is None:
            self._classes = classes_of(self.packet_filter.rules)
        key = (self._classes.of(probe.port), self._destination(probe.destination), probe._replace(port=0, destination=""))
        found = self._known.get(key)
        if found is None:
            self._steps -= self._rules
            if self._steps < 0:
                everybody = EVERYBODY[6 if ":" in probe.destination else 4]
                return (Outcome("unknown", probe.sources or (everybody,), reasons=(_TOO_MUCH,)),)
            found = incoming(*self.packet_filter, probe, self._prepared, MOST_NETWORKS)
            if not any(outcome.to for outcome in found):  # where a packet is sent may depend on its port
                self._known[key] = found
        return found


def reach_of(sockets: Sequence[Socket], judge: Judge | None, sources: tuple[str, ...] = ()) -> Reach | None:
    """Return who can connect to these sockets of one port; None where none of them takes connections or datagrams.

    `judge` has the packet filter of their network namespace; it is None where that was not read. `sources` limits the question
    to these addresses and networks; a device may stand behind '%'.
    """
    waiting = [socket for socket in sockets if socket.protocol in _PROTOCOLS and _waits(socket)]
    if not waiting:
        return None
    if judge is None:
        return Reach(Reachable.UNKNOWN, (), not_read=("the packet filter",))
    rules, network = judge.packet_filter
    if rules.refused is not None:
        return Reach(Reachable.UNKNOWN, (), not_read=(f"the packet filter: {rules.refused}",))
    if not network.known and judge.compares_destination and any(address_of(each.local) in WILDCARDS for each in waiting):
        return Reach(Reachable.UNKNOWN, (), not_read=(_ADDRESSES_UNKNOWN,))
    probes, left_out = _probes(waiting, network, sources)
    return summarize([(probe, judge.outcomes(probe)) for probe in probes], network, (*rules.not_read, *left_out))


def redirections(port: int, address: str | None, protocols: Iterable[str], judge: Judge) -> list[Outcome]:
    """Return what is sent elsewhere of the packets for a port of this host: with `address` of that, else of every address."""
    if not judge.translates:
        return []
    network = judge.packet_filter.network
    own = [address] if address else [found for version in (4, 6) for found in _own_addresses(network, version)]
    probes = [Probe(protocol, each, port) for protocol in protocols for each in own[:_MOST_ADDRESSES]]
    outcomes = [outcome for probe in probes for outcome in judge.outcomes(probe)]
    return [outcome for outcome in outcomes if outcome.to is not None]


def _waits(socket: Socket) -> bool:
    """Tell whether the socket takes what is sent to its address: a TCP socket must have called listen(2)."""
    if socket.remote is not None or not isinstance(socket.local, InetEndpoint):
        return False
    return socket.protocol not in _STREAMS or socket.state in (State.LISTEN, None)


def _probes(sockets: Iterable[Socket], network: Network, sources: tuple[str, ...]) -> tuple[list[Probe], tuple[str, ...]]:
    """Return each probe once, and in words the addresses that are not tried."""
    found: dict[Probe, None] = {}
    left_out: tuple[str, ...] = ()
    for socket in sockets:
        addresses = list(_addresses(socket, network))
        if len(addresses) > _MOST_ADDRESSES:
            left_out = (f"{len(addresses) - _MOST_ADDRESSES} more addresses of this host",)
        port = port_of(socket.local)
        for address in addresses[:_MOST_ADDRESSES]:
            if port:
                found.update(dict.fromkeys(_probes_for(socket, address, port, sources)))
    return list(found), left_out


def _probes_for(socket: Socket, address: str, port: int, sources: tuple[str, ...]) -> Iterator[Probe]:
    """Yield the probes for one address: one for all sources, or one for each device that the sources come in through."""
    device = HERE if scope(address) is Scope.LOOPBACK else socket.interface
    by_device: dict[str | None, tuple[str, ...]] = {}
    for source in sources:
        text, _, through = source.partition("%")
        if device == HERE and scope(text.partition("/")[0]) is not Scope.LOOPBACK:
            continue  # it cannot be the source of what arrives at a loopback address
        if (":" in text) == (":" in address) and (device is None or not through or device == through):
            by_device[through or device] = (*by_device.get(through or device, ()), text)
    for each, asked in (by_device if sources else {device: ()}).items():
        yield Probe(_PROTOCOLS[socket.protocol], address, port, each, asked)


def _addresses(socket: Socket, network: Network) -> Iterator[str]:
    """Yield the addresses that reach the socket: its own, or for a wildcard the first of each device and version."""
    address = (address_of(socket.local) or "").partition("%")[0]
    if address and address not in WILDCARDS:
        yield address
        return
    for version in _versions(socket, address):
        yield from _own_addresses(network, version) if network.known else _ANY[version]
        yield _LOOPBACK[version]


def _own_addresses(network: Network, version: int) -> Iterator[str]:
    """Yield the first address of each device that is up, the loopback device apart."""
    devices = [device for device in network.devices if device.up and not device.loopback]
    yield from filter(None, (_first_address(device.addresses, version) for device in devices))


def _first_address(addresses: Sequence[str], version: int) -> str | None:
    """Return a device's first address of this IP version; one that is valid on its link only where it has no other."""
    found = [address.partition("/")[0] for address in addresses if (":" in address) == (version == 6)]
    return next((address for address in found if scope(address) is not Scope.LINK), found[0] if found else None)


def _versions(socket: Socket, address: str) -> tuple[int, ...]:
    if address == "0.0.0.0" or socket.family is Family.IPV4:
        return (4,)
    return (6,) if socket.v6only else (4, 6)
