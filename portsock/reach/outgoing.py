"""What becomes of the first packet of a connection that this host opens."""

from portsock.network import Device, Network
from portsock.reach.incoming import TOO_LONG, Question, compared
from portsock.reach.outcomes import Ending, endings, expanded, outcome
from portsock.reach.path.hooks import Hooks
from portsock.reach.path.path import Path
from portsock.reach.rules.machine import TooLong
from portsock.reach.rules.packet import Group
from portsock.reach.sources import Bounds
from portsock.reach.types import Outcome, Probe
from portsock.rulesets import Ruleset


def outgoing(ruleset: Ruleset, network: Network, probe: Probe, source: str, device: str, uid: int | None = None) -> Outcome:
    """Return what becomes of the packet. `source` and `device` are those that the route to the destination gives."""
    sources = (f"{source.partition('%')[0]}/{128 if ':' in source else 32}",)
    if ruleset.refused or ruleset.not_read:
        reasons = (ruleset.refused, *ruleset.not_read) if ruleset.refused else ruleset.not_read
        return Outcome("unknown", sources, reasons=tuple(reasons)[:5])
    question = Question(ruleset, network, probe._replace(sources=sources))
    known = next((one for one in network.devices if one.name == device), None)
    link = known or Device(1 if device == "lo" else 0, device, loopback=device == "lo")
    results: list[list[tuple[Bounds, Ending]]] = []
    machine = question.machine(uid)
    for early in (*question.tied, 0):
        machine = question.machine(uid)
        path = Path(machine, Hooks(ruleset, question.version, early), network, question.routes)
        try:
            path.leave([Group(question.sources.copy(), machine.packet.start())], path.link(link))
        except TooLong:
            return Outcome("unknown", sources, reasons=(TOO_LONG,))
        results.append(endings(machine))
    *others, found = results
    for other, text in zip(others, question.tied.values(), strict=True):
        found = compared(found, other, text)
    bounds, ending = expanded(machine, found[:1])[0]
    return outcome(machine, bounds, ending, probe.destination, sources)
