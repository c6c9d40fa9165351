"""What portsock.reach says of a packet, and whether the kernel agrees."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from portsock.network import Network
from portsock.reach.incoming import incoming
from portsock.reach.outgoing import outgoing
from portsock.reach.types import Outcome, Probe
from portsock.rulesets import Ruleset
from tests.support.firewall.packets import Fate, Packet
from tests.support.firewall.worlds import DEVICE_TOWARDS, HOST, PLACES, SPOOFED, addresses_of, sources_of

CODES = {
    "icmp net-unreachable": "icmp 3/0",
    "icmp host-unreachable": "icmp 3/1",
    "icmp prot-unreachable": "icmp 3/2",
    "icmp port-unreachable": "icmp 3/3",
    "icmp net-prohibited": "icmp 3/9",
    "icmp host-prohibited": "icmp 3/10",
    "icmp admin-prohibited": "icmp 3/13",
    "icmpv6 no-route": "icmpv6 1/0",
    "icmpv6 admin-prohibited": "icmpv6 1/1",
    "icmpv6 addr-unreachable": "icmpv6 1/3",
    "icmpv6 port-unreachable": "icmpv6 1/4",
    "tcp reset": "tcp reset",
}
AGREED, CANNOT_TELL, UNHEARD, WRONG = "agreed", "cannot tell", "refusal not heard", "wrong"


class Said(NamedTuple):
    """What is said of a packet, in what the kernel can be seen to do."""

    verdict: str
    to: tuple[str, int] | None = None
    """Of 'accept'; None where it is sent elsewhere and portsock does not say where."""
    here: bool = True
    """It is delivered in the host itself."""
    answer: str | None = None
    """Of 'reject'; None where portsock does not say which."""
    reasons: tuple[str, ...] = ()


def place_of(address: str) -> str | None:
    """Return the namespace that has an address; None for one that is spoofed or nobody's."""
    return next((place for place in PLACES if address in addresses_of(place)), None)


def device_towards(address: str) -> str:
    """Return the host's device for packets to an address."""
    return DEVICE_TOWARDS.get(place_of(address) or "", "eth0") if place_of(address) != HOST else "lo"


def said_of(ruleset: Ruleset, network: Network, packet: Packet, source_port: int) -> Said:
    """Return what portsock says of one packet."""
    probe = Probe(packet.protocol, packet.destination, packet.port, None, (packet.source,), source_port)
    if packet.place != HOST:
        return _said(incoming(ruleset, network, probe._replace(device=DEVICE_TOWARDS[packet.place])), probe)
    if place_of(packet.destination) == HOST:
        # What the host sends to itself passes the hooks of both ways.
        return _said(incoming(ruleset, network, probe._replace(device="lo")), probe)
    device = device_towards(packet.destination)
    return _said((outgoing(ruleset, network, probe, packet.source, device, packet.uid),), probe)


def said_of_all(ruleset: Ruleset, network: Network, packet: Packet) -> Said:
    """Return what portsock says of a packet where it is asked about every source."""
    probe = Probe(packet.protocol, packet.destination, packet.port, DEVICE_TOWARDS[packet.place])
    found = [outcome for outcome in incoming(ruleset, network, probe) if _covers(outcome.sources, packet.source)]
    return _said(found, probe)


def _covers(networks: Sequence[str], source: str) -> bool:
    address = ip_address(source)
    return any(address in ip_network(network) for network in networks)


def _said(outcomes: Sequence[Outcome], probe: Probe) -> Said:
    if len(outcomes) != 1:
        return Said(f"{len(outcomes)} outcomes")
    one = outcomes[0]
    if one.verdict == "accept":
        here = not one.forwarded
        own = (probe.destination, probe.port) if one.to_rule is None else None
        return Said("accept", one.to or own, here)
    return Said(one.verdict, answer=one.how and CODES.get(one.how, one.how), reasons=one.reasons)


def judge(said: Said, packet: Packet, fate: Fate, muffled: bool) -> str:
    """Compare what was said with what the kernel did. `muffled`: rules may stop the answers to refused packets."""
    if said.verdict == "unknown":
        return CANNOT_TELL
    if said.verdict == "accept":
        there = fate.place is not None and said.to in {fate.to, None}
        return AGREED if there and (fate.place == HOST) == said.here else WRONG
    if fate.place is not None:
        return WRONG
    if said.verdict == "drop":
        return AGREED if fate.answer is None else WRONG
    if said.verdict == "reject":
        if fate.answer is None and (muffled or packet.place == HOST or packet.source in _spoofed(packet.place)):
            return UNHEARD
        return AGREED if fate.answer and said.answer in {fate.answer, None} else WRONG
    return WRONG


def _spoofed(place: str) -> set[str]:
    return set(sources_of(place)) - set(addresses_of(place)) if place in SPOOFED else set()
