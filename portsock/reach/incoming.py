"""What becomes of packets that arrive at this host, or that it sends to itself."""

from portsock.network import Device, Network
from portsock.reach.outcomes import Ending, endings, expanded, folded, outcome, settled, shortened
from portsock.reach.path.devices import classes
from portsock.reach.path.hooks import Hooks
from portsock.reach.path.path import Path
from portsock.reach.path.routes import Routes
from portsock.reach.rules.machine import Machine, TooLong
from portsock.reach.rules.packet import Group, Packet
from portsock.reach.rules.runs import Prepared
from portsock.reach.sources import Bounds, everything, gathered, intersect, network, number, subtract
from portsock.reach.types import Outcome, Probe
from portsock.rulesets import Ruleset

TOO_LONG = "more steps than a kernel takes"


class Question:
    """What is asked, as numbers."""

    def __init__(
        self, ruleset: Ruleset, known: Network, probe: Probe, prepared: Prepared | None = None, most: int | None = None
    ) -> None:
        self.prepared, self.most = prepared or Prepared(ruleset), most
        self.ruleset, self.network, self.probe = ruleset, known, probe
        self.version = 6 if ":" in probe.destination else 4
        self.bits = 128 if self.version == 6 else 32
        once = self.prepared.once
        self.routes = once(("routes", self.version), lambda: Routes(known, self.version))
        self.everybody = ("::/0" if self.version == 6 else "0.0.0.0/0",)
        ranges = [network(text) for text in probe.sources if (":" in text) == (self.version == 6)]
        self.sources = gathered(ranges) if probe.sources else everything(self.bits)
        self.asked = probe.sources or self.everybody
        self.hooks = once(("hooks", self.version), lambda: Hooks(ruleset, self.version))
        self.tied = once(("tied", self.version), self.hooks.tied)

    def machine(self, user: int | None = None) -> Machine:
        probe = self.probe
        packet = Packet(probe.protocol, probe.destination, probe.port, probe.source_port, user)
        return Machine(packet, self.network, self.routes, self.prepared)

    def answer(self, device: Device) -> list[Outcome]:
        """Return what becomes of packets on one device."""
        sources, ignored = self._sources(device)
        if not sources:
            if self.probe.device is None and (device.loopback or not self.probe.sources):
                return []
            return [Outcome("drop", self.asked, how="martian source")] if ignored else []
        found, machine = self._found(device, sources, self.hooks)
        for early, text in self.tied.items():
            others, _ = self._found(device, sources, Hooks(self.ruleset, self.version, early))
            found = compared(found, others, text)
        if self.most is None:
            found = expanded(machine, found)
        if not device.loopback:
            found = folded(found, ignored)
        if self.most is not None:
            answers = shortened(machine, found, self.probe, self.asked, self.most)
        else:
            asked = self.asked if len(found) == 1 else None
            answers = [outcome(machine, bounds, ending, self.probe.destination, asked) for bounds, ending in found]
        return sorted(answers, key=lambda one: (len(one.sources), one.sources))

    def _found(self, device: Device, sources: Bounds, hooks: Hooks) -> tuple[list[tuple[Bounds, Ending]], Machine]:
        machine = self.machine()
        path = Path(machine, hooks, self.network, self.routes)
        groups = [Group(sources.copy(), machine.packet.start())]
        try:
            if device.loopback:
                path.leave(groups, path.link(device))
            else:
                path.arrive(groups, device)
        except TooLong:
            return [(sources, Ending("unknown", reasons=(TOO_LONG,)))], machine
        return endings(machine), machine

    def _sources(self, device: Device) -> tuple[Bounds, Bounds]:
        """Return the sources that can come on the device, and those that were asked about and never do."""
        if device.loopback:
            asked_here = self.probe.device is not None and self.probe.sources
            own = self.routes.own if self.network.known else self.sources
            if self.network.known and not self.routes.own:
                own = self.sources
            return (self.sources, []) if asked_here else (intersect(self.sources, own), [])
        ignored = intersect(self.sources, self.routes.martians())
        return subtract(self.sources, ignored), ignored


def compared(
    found: list[tuple[Bounds, Ending]], others: list[tuple[Bounds, Ending]], text: str
) -> list[tuple[Bounds, Ending]]:
    """Return the endings; unknown where those of another order of chains differ."""
    ways: list[tuple[Bounds, Ending, tuple[str, ...]]] = [(bounds, ending, ()) for bounds, ending in found]
    ways += [(bounds, ending, (text,)) for bounds, ending in others]
    return settled(ways)


def incoming(
    ruleset: Ruleset, network: Network, probe: Probe, prepared: Prepared | None = None, most: int | None = None
) -> tuple[Outcome, ...]:
    """Return what becomes of the packets that are asked about, one outcome for each set of sources with the same end.

    `prepared` is of this ruleset and this network, for several questions. With `most` about so many networks are listed for
    each device; the widest outcome is then that of everybody, and the others stand for what is apart from it.
    """
    if ruleset.refused or ruleset.not_read:
        reasons = (ruleset.refused, *ruleset.not_read) if ruleset.refused else ruleset.not_read
        everybody = "::/0" if ":" in probe.destination else "0.0.0.0/0"
        return (Outcome("unknown", probe.sources or (everybody,), reasons=tuple(reasons)[:5]),)
    question = Question(ruleset, network, probe, prepared, most)
    if probe.device is not None:
        found = [device for device in network.devices if device.name == probe.device]
        lo = probe.device == "lo"
        device = found[0] if found else Device(1 if lo else 0, probe.device, loopback=lo, type=772 if lo else 1)
        return tuple(question.answer(device))
    groups = question.prepared.once("devices", lambda: classes(ruleset, network))
    if looped(probe.destination):
        groups = [group for group in groups if group[0].loopback or group[0].route_localnet] or [
            [Device(1, "lo", loopback=True)]
        ]
    return joined([(tuple(device.name for device in group), question.answer(group[0])) for group in groups])


def looped(destination: str) -> bool:
    return number(destination) == 1 if ":" in destination else destination.startswith("127.")


def joined(answers: list[tuple[tuple[str, ...], list[Outcome]]]) -> tuple[Outcome, ...]:
    """Return the outcomes of all devices, equal ones as one."""
    merged: dict[Outcome, tuple[str, ...]] = {}
    every = tuple(name for names, outcomes in answers if outcomes for name in names)
    for names, outcomes in answers:
        for one in outcomes:
            merged[one] = merged.get(one, ()) + names
    return tuple(one if names == every else one._replace(devices=names) for one, names in merged.items())
