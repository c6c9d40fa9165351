"""The way of a packet through the hooks: to this host, through it, or out of it."""

from portsock.network import Device, Network
from portsock.reach.path.hooks import Hooks, pass_hook
from portsock.reach.path.routes import LOOPBACK, Routes, Target
from portsock.reach.rules.branches import Final
from portsock.reach.rules.machine import Machine
from portsock.reach.rules.packet import CONFIRMED, OWN, Environment, Group, Place
from portsock.reach.rules.values import Link, Missing, Value
from portsock.reach.sources import intersect, subtract

NO_DEVICE = Link(0, "", None)
LO = "lo"
BRIDGED = ("prerouting", "input", "forward")


class Path:
    """One packet's ways through one network namespace. The ends are in `machine.finals`."""

    def __init__(self, machine: Machine, hooks: Hooks, network: Network, routes: Routes) -> None:
        self.machine, self.hooks, self.network, self.routes = machine, hooks, network, routes
        self.packet = machine.packet

    # Ways

    def arrive(self, groups: list[Group], device: Device) -> None:
        """Take the packets from a device on."""
        place = Place("ingress", self.link(device), NO_DEVICE)
        groups = self.through(groups, place)
        groups = self.through(self.bridged(groups, device), place._replace(hook="prerouting"))
        for group in groups:
            self.routed(group, device, place)

    def leave(self, groups: list[Group], device: Value) -> None:
        """Take packets that this host sends out of it, or back to itself."""
        self.packet.local = True
        place = Place("output", NO_DEVICE, device)
        for group in self.through(groups, place):
            self.sent(group, device)

    def through(self, groups: list[Group], place: Place) -> list[Group]:
        return pass_hook(self.machine, self.hooks, groups, place) if groups else []

    # After the decision where to

    def routed(self, group: Group, device: Device, place: Place) -> None:
        """Deliver packets that arrived, or forward them."""
        address = group.environment.address
        if address is None:
            self.unsure(group, f"where {self.sender(group)} sends it")
            return
        if self.loops(address) and not device.route_localnet:
            if self.packet.version == 6 and address != self.packet.address:
                # Only where NAT sends it there does it come as far as the routes. These drop or reject it: by device.
                self.unsure(group, f"what becomes of {self.sender(group)} to ::1")
            elif self.network.known or self.packet.version == 6:
                self.stop(group, "drop", "martian destination")
            else:
                self.unsure(group, f"route_localnet of {device.name}")
            return
        group = self.returnable(group, device)
        if not group.sources:
            return
        target = self.target(group.environment)
        if target is None:
            self.forward(group, place, Missing("device of the route"))
        elif target.kind in ("local", "broadcast", "multicast", "anycast"):
            for one in self.through([group], place._replace(hook="input")):
                self.accepted(one)
        else:
            self.pass_on(group, place, target)

    def pass_on(self, group: Group, place: Place, target: Target) -> None:
        """Forward packets where routes and settings do."""
        forwarding = self.network.forwarding6 if self.packet.version == 6 else self.network.forwarding4
        how = refusal(target, self.packet.version)
        if how is not None:
            if how in ("blackhole",) or (not forwarding and self.packet.version == 4):
                self.stop(group, "drop", "no forwarding" if not forwarding else how)
            else:
                self.stop(group, "reject", how)
        elif not forwarding:
            self.stop(group, "drop", "no forwarding")
        else:
            self.forward(group, place, self.device_of(target))

    def forward(self, group: Group, place: Place, device: Value) -> None:
        """Take packets through the hooks of forwarding."""
        groups = [group]
        for hook in ("forward", "postrouting", "egress"):
            groups = self.through(groups, Place(hook, place.incoming, device))
        for one in groups:
            self.accepted(one, forwarded=True)

    def sent(self, group: Group, device: Value) -> None:
        """Take packets on that this host sends, after its output hooks."""
        environment = group.environment
        if environment.address is None:
            self.unsure(group, f"where {self.sender(group)} sends it")
            return
        back = self.own(environment)
        if environment.address != self.packet.address:
            target = self.target(environment)
            if not back and target and (how := refusal(target, self.packet.version)):
                self.stop(group, "drop" if how == "blackhole" else "reject", how)
                return
            device = Missing("device of the route") if target is None else self.device_of(target)
        lo = self.loopback()
        device = self.link(lo) if back else device
        if not back and self.packet.version == 4:
            self.foreign(group, device)
        groups = self.through([group], Place("postrouting", NO_DEVICE, device))
        groups = self.through(groups, Place("egress", NO_DEVICE, device))
        if not back:
            for one in groups:
                if one.environment.own_source:
                    self.foreign(one, None)
                self.accepted(one, forwarded=True)
            return
        for one in groups:
            one.environment = one.environment._replace(status=one.environment.status | CONFIRMED)
        for hook in ("ingress", "prerouting", "input"):
            groups = self.through(groups, Place(hook, device, NO_DEVICE))
        for one in groups:
            self.accepted(one)

    def foreign(self, group: Group, device: Value | None) -> None:
        """Stop packets from a loopback address: no route leads to another host, and no host takes them (`device` None)."""
        low, high = LOOPBACK[self.packet.version]
        if any(isinstance(device, Link) and one.name == device.name and one.route_localnet for one in self.network.devices):
            return
        if bad := intersect(group.sources, [low, high + 1]):
            self.stop(Group(bad, group.environment, group.causes), "drop", "martian source")
            group.sources = subtract(group.sources, bad)

    # Routes and devices

    def own(self, environment: Environment) -> bool:
        """Say whether the destination is this host itself."""
        if environment.address == OWN:
            return True
        target = self.target(environment)
        return target is not None and target.kind in ("local", "anycast")

    def target(self, environment: Environment) -> Target | None:
        """Return where the destination is, None where that is not known."""
        address = environment.address
        assert address is not None
        if address == OWN or self.routes.is_own(address) or self.loops(address):
            return Target("local")
        if not self.network.known:
            return Target("local") if address == self.packet.address else None
        return self.routes.lookup(address) if self.routes.certain else None

    def loops(self, address: int) -> bool:
        low, high = LOOPBACK[self.packet.version]
        return low <= address <= high

    def link(self, device: Device) -> Value:
        """Return a device as rules see it."""
        master = self.routes.links.get(device.master or 0)
        if device.master and (master is None or master.kind == "vrf"):
            return Missing(f"device {device.name} of {master.name if master else 'another one'}")
        return Link(device.ifindex or None, device.name, device.type if self.network.known else None)

    def device_of(self, target: Target) -> Value:
        links = [self.routes.links.get(index or 0) for index in target.devices]
        if len(links) == 1 and links[0] is not None:
            return self.link(links[0])
        return Missing("device of the route")

    def loopback(self) -> Device:
        known = (device for device in self.network.devices if device.loopback)
        return next(known, Device(1, LO, loopback=True, type=772))

    def returnable(self, group: Group, device: Device) -> Group:
        """Return the group without the sources that rp_filter drops."""
        if self.packet.version == 6 or not device.rp_filter or not self.routes.certain or device.loopback:
            return group
        good = self.routes.returning(device.ifindex) if device.rp_filter == 1 else self.routes.routed()
        if bad := subtract(group.sources, good):
            self.stop(Group(bad, group.environment, group.causes), "drop", "rp_filter")
            group.sources = intersect(group.sources, good)
        return group

    def bridged(self, groups: list[Group], device: Device) -> list[Group]:
        """Let rules of the bridge family, which are not followed, accept or drop."""
        if device.kind != "bridge" and not device.master:
            return groups
        for table in self.hooks.tables:
            if table.family == "bridge" and any(chain.hook and chain.hook.name in BRIDGED for chain in table.chains.values()):
                for group in groups:
                    text = f"table bridge {table.name}"
                    self.stop(Group(group.sources.copy(), group.environment, (*group.causes, text)), "drop", None)
                    self.machine.forked.append(group.sources.copy())
        return groups

    # Ends

    def sender(self, group: Group) -> str:
        rule = group.environment.sent_by
        return "nat" if rule is None else f"nat in chain {self.machine.references[rule][1].name}"

    def accepted(self, group: Group, forwarded: bool = False) -> None:
        self.machine.finals.append(Final(group.sources, "accept", group.environment, group.causes, None, None, forwarded))

    def stop(self, group: Group, verdict: str, how: str | None) -> None:
        self.machine.finals.append(Final(group.sources, verdict, group.environment, group.causes, None, how))

    def unsure(self, group: Group, text: str) -> None:
        """Note that the packet may be accepted or dropped."""
        group.causes = (*group.causes, text)
        self.machine.forked.append(group.sources.copy())
        self.stop(group, "drop", None)
        self.accepted(Group(group.sources.copy(), group.environment, group.causes))


def refusal(target: Target, version: int) -> str | None:
    """Return what the kernel does where a route leads nowhere; None where it leads to a device."""
    if target.kind == "blackhole":
        return "blackhole"
    names = {
        "unreachable": ("icmp host-unreachable", "icmpv6 no-route"),
        "prohibit": ("icmp admin-prohibited", "icmpv6 admin-prohibited"),
        "none": ("icmp net-unreachable", "icmpv6 no-route"),
        "throw": ("icmp net-unreachable", "icmpv6 no-route"),
    }
    found = names.get(target.kind)
    return found[version == 6] if found else None
