"""Where packets go: routes by longest prefix, and the addresses of this host."""

from typing import NamedTuple

from portsock.network import Device, Network, Route
from portsock.reach.sources import Bounds, add, everything, gathered, inside, intersect, network, number, remove, subtract

LOCAL, MAIN, DEFAULT = 255, 254, 253
TYPES = {
    "unicast": 1,
    "local": 2,
    "broadcast": 3,
    "anycast": 4,
    "multicast": 5,
    "blackhole": 6,
    "unreachable": 7,
    "prohibit": 8,
}
MULTICAST = {4: network("224.0.0.0/4"), 6: network("ff00::/8")}
LOOPBACK = {4: network("127.0.0.0/8"), 6: network("::1/128")}
ZERO, BROADCAST = network("0.0.0.0/8"), network("255.255.255.255")
MAPPED = network("::ffff:0:0/96")
LINK_LOCAL = network("fe80::/10")


class Target(NamedTuple):
    """Where a route leads."""

    kind: str
    devices: frozenset[int | None] = frozenset()
    """More than one where the kernel may choose."""


NOWHERE = Target("none")


class Routes:
    """Routes of one IP version."""

    def __init__(self, known: Network, version: int) -> None:
        self.version, self.network = version, known
        self.bits = 128 if version == 6 else 32
        self.certain = known.known and not known.ruled
        self.links = {device.ifindex: device for device in known.devices}
        self.own_ranges: dict[int, list[tuple[int, int]]] = {}
        for device in known.devices:
            for text in device.addresses:
                if (":" in text) == (version == 6):
                    address = number(text.partition("/")[0])
                    self.own_ranges.setdefault(device.ifindex, []).append((address, address))
        self.tables: dict[int, list[tuple[int, int, int, Route]]] = {}
        for route in known.routes:
            if (":" in route.destination) == (version == 6) and route.table in (LOCAL, MAIN, DEFAULT):
                low, high = network(route.destination)
                self.tables.setdefault(route.table, []).append((high - low, route.metric, low, route))
        for table in self.tables.values():
            table.sort(key=lambda entry: entry[:3])
        locals_ = [(low, low + free) for free, _, low, route in self.tables.get(LOCAL, []) if route.kind == "local"]
        if known.known:
            locals_ += [LOOPBACK[version]]
        self.own = gathered(locals_ + [one for ranges in self.own_ranges.values() for one in ranges])
        self._leading: dict[Target, Bounds] | None = None

    def is_own(self, address: int) -> bool:
        return bool(inside(self.own, address, address))

    def lookup(self, address: int) -> Target:
        """Return where the kernel sends a packet to the address."""
        for table in (LOCAL, MAIN, DEFAULT):
            best: tuple[int, int] | None = None
            targets: set[int | None] = set()
            kind = ""
            for free, metric, low, route in self.tables.get(table, []):
                if best and (free, metric) != best:
                    break
                if low <= address <= low + free:
                    best, kind = (free, metric), route.kind
                    targets.add(route.device)
            if best and kind != "throw":
                return Target(kind, frozenset(targets))
        return Target("local") if self.is_own(address) else NOWHERE

    def leading(self) -> dict[Target, Bounds]:
        """Return which addresses each target has."""
        if self._leading is None:
            rest = everything(self.bits)
            self._leading = {}
            for table in (LOCAL, MAIN, DEFAULT):
                for _, _, low, route in self.tables.get(table, []):
                    if route.kind == "throw":
                        continue
                    piece = inside(rest, low, low | _free(route, self.bits))
                    if not piece:
                        continue
                    target = self.lookup(low) if len(piece) == 2 and piece[0] == low else None
                    target = target or Target(route.kind, frozenset([route.device]))
                    add(self._leading.setdefault(target, []), piece)
                    remove(rest, low, low | _free(route, self.bits))
            if rest:
                self._leading[NOWHERE] = rest
        return self._leading

    def returning(self, index: int) -> Bounds:
        """Return the sources to which routes lead out of the device."""
        found: Bounds = []
        for target, bounds in self.leading().items():
            if target.kind == "unicast" and index in target.devices:
                add(found, bounds)
        return found

    def routed(self) -> Bounds:
        """Return the sources to which any device leads."""
        found: Bounds = []
        for target, bounds in self.leading().items():
            if target.kind == "unicast":
                add(found, bounds)
        return found

    def types(self) -> list[tuple[Bounds, int]]:
        """Return the type of every address, as `fib saddr type` has it."""
        rest = everything(self.bits)
        found = []
        ranges = [(MULTICAST[self.version], 5)]
        if self.version == 4:
            ranges += [(ZERO, 3), (BROADCAST, 3)]
        for (low, high), kind in ranges:
            found.append((inside(rest, low, high), kind))
            remove(rest, low, high)
        if self.version == 6:
            for target, bounds in self.leading().items():
                kind = TYPES.get(target.kind, 7)
                found.append((intersect(rest, bounds), kind))
            return [entry for entry in found if entry[0]]
        found.append((own := intersect(rest, self.own), 2))
        rest = subtract(rest, own)
        broadcasts = [(low, low + free) for free, _, low, route in self.tables.get(LOCAL, []) if route.kind == "broadcast"]
        found.append((cast := intersect(rest, gathered(broadcasts)), 3))
        return [entry for entry in (*found, (subtract(rest, cast), 1)) if entry[0]]

    def type_of(self, address: int) -> int:
        return next(kind for bounds, kind in self.types() if inside(bounds, address, address))

    def martians(self) -> Bounds:
        """Return the sources that the kernel does not let in from outside."""
        if self.version == 6:
            return gathered([MULTICAST[6], LOOPBACK[6], MAPPED, network("::/128")])
        ranges = [ZERO, LOOPBACK[4], MULTICAST[4], BROADCAST]
        table = self.tables.get(LOCAL, [])
        ranges += [(low, low + free) for free, _, low, route in table if route.kind in ("broadcast", "local")]
        return gathered(ranges + [one for ones in self.own_ranges.values() for one in ones])

    def primary(self, device: Device, destination: int) -> int | None:
        """Return the address that `redirect` uses on a device, None where it has none."""
        addresses = [low for low, _ in self.own_ranges.get(device.ifindex, [])]
        if self.version == 4:
            return addresses[0] if addresses else None
        on_link = [LINK_LOCAL[0] <= address <= LINK_LOCAL[1] for address in addresses]
        wanted = LINK_LOCAL[0] <= destination <= LINK_LOCAL[1]
        return next((address for address, link in zip(addresses, on_link, strict=True) if link == wanted), None)


def _free(route: Route, bits: int) -> int:
    length = int(route.destination.partition("/")[2] or bits)
    return (1 << bits - length) - 1
