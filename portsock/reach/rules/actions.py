"""What rules do to a packet: refuse it, mark it, send it elsewhere."""

from itertools import product
from typing import TYPE_CHECKING

from portsock.reach.rules.lookup import Lookup
from portsock.reach.rules.packet import DNAT, OWN, PERHAPS, PROTOCOLS, SNAT, Environment, Packet
from portsock.reach.rules.values import Absent, Choice, Link, Missing, Possible, Split, Value, numbers
from portsock.reach.sources import Bounds, intersect, subtract
from portsock.rulesets import Assign, Ct, Expression, Looked, Meta, Nat, Payload, Reject

if TYPE_CHECKING:
    from portsock.reach.rules.branches import Branch

ICMP = {
    0: "net-unreachable",
    1: "host-unreachable",
    2: "prot-unreachable",
    3: "port-unreachable",
    9: "net-prohibited",
    10: "host-prohibited",
    13: "admin-prohibited",
}
ICMPV6 = {
    0: "no-route",
    1: "admin-prohibited",
    3: "addr-unreachable",
    4: "port-unreachable",
    5: "policy-fail",
    6: "reject-route",
}
ICMPX = {0: (0, 0), 1: (3, 4), 2: (1, 3), 3: (13, 1)}
"""Codes of icmpx as codes of ICMP and of ICMPv6."""
MOST_DESTINATIONS = 16
ADDRESS = {4: ("network", 128, 32), 6: ("network", 192, 128)}
PORT = ("transport", 16, 16)


def refusal(reject: Reject, packet: Packet) -> str | None:
    """Return what the sender gets; None where that is nothing."""
    if reject.kind == "tcp reset":
        return reject.kind if packet.protocol == PROTOCOLS["tcp"] else None
    code = ICMPX.get(reject.code, (3, 4))[packet.version == 6] if reject.kind == "icmpx" else reject.code
    if packet.version == 6:
        return f"icmpv6 {ICMPV6.get(code, code)}"
    return f"icmp {ICMP.get(code, code)}"


def assign(lookup: Lookup, statement: Assign, branch: "Branch") -> "list[Branch]":
    """Return the branches after a change of a mark or of the packet."""
    value = lookup.value(statement.value, branch.environment)
    parts = value.parts if isinstance(value, Split) else ((branch.sources, value),)
    found = []
    for bounds, one in parts:
        sources = branch.sources if bounds is branch.sources else intersect(branch.sources, bounds)
        if not sources or isinstance(one, Absent):
            continue
        after = branch._replace(sources=sources)
        if isinstance(one, Choice | Missing) and isinstance(statement.value, Looked):
            # The map may have no value, and then the rule ends here.
            causes = tuple(dict.fromkeys((*branch.causes, one.text)))[:5]
            after = after._replace(causes=causes, certain=False, doubt=True)
        found.append(_assigned(lookup, statement.target, one, after))
    return found


def _assigned(lookup: Lookup, target: Expression, value: Value, branch: "Branch") -> "Branch":
    environment = branch.environment
    known = value if isinstance(value, int) else None
    if target == Meta("mark"):
        changed = environment._replace(mark=known)
    elif isinstance(target, Ct) and target.key == "mark":
        changed = environment._replace(connection_mark=known) if environment.tracked == 1 else environment
    elif isinstance(target, Payload) and tuple(target) == ADDRESS[lookup.packet.version] and known is not None:
        changed = environment._replace(address=known)
    elif isinstance(target, Payload) and tuple(target) == PORT and known is not None:
        changed = environment._replace(port=known)
    elif isinstance(target, Meta | Ct | Payload) and target not in environment.changed:
        changed = environment._replace(changed=(*environment.changed, target))
    else:
        changed = environment
    if changed == environment:
        return branch
    return branch._replace(environment=changed)


def destinations(lookup: Lookup, nat: Nat, branch: "Branch", rule: int) -> "list[tuple[Branch, bool]]":
    """Return the branches after a change of the destination, and whether there is one to go to."""
    found = []
    for bounds, certain, text, address, port in _targets(lookup, nat, branch):
        sources = branch.sources if bounds is None else intersect(branch.sources, bounds)
        if not sources:
            continue
        environment = branch.environment
        changed = environment._replace(
            address=environment.address if address == KEPT else address, port=environment.port if port == KEPT else port
        )
        if changed != environment:
            status = DNAT if _differs(environment, changed) else DNAT << PERHAPS
            changed = changed._replace(sent_by=rule, status=environment.status | status)
        part = branch._replace(sources=sources, environment=changed)
        if not certain:
            part = part._replace(causes=tuple(dict.fromkeys((*branch.causes, text)))[:5], doubt=True)
        found.append((part, address != NONE))
    return found


def _differs(before: Environment, after: Environment) -> bool:
    """Say whether address or port certainly is another one."""
    pairs = ((before.address, after.address), (before.port, after.port))
    return any(None not in pair and OWN not in pair and pair[0] != pair[1] for pair in pairs)


def sourced(lookup: Lookup, nat: Nat, branch: "Branch") -> "list[Branch]":
    """Return the branches after a change of the source.

    Connection tracking has the status 'snat' only where the source is another one afterwards: nf_nat_setup_info() in
    net/netfilter/nf_nat_core.c. `masquerade` may choose the same source
    address again where this host itself sends the packet.
    """
    address = lookup.value(nat.address, branch.environment) if nat.address is not None and nat.last_address is None else None
    if isinstance(address, int) and not nat.prefix:
        kept = [address, address + 1]
    elif nat.kind == "masquerade" and lookup.routes.network.known:
        kept = lookup.routes.own
    else:
        kept = branch.sources
    found = []
    for sources, status in ((subtract(branch.sources, kept), SNAT), (intersect(branch.sources, kept), SNAT << PERHAPS)):
        if sources:
            environment = branch.environment._replace(own_source=False, status=branch.environment.status | status)
            found.append(branch._replace(sources=sources, environment=environment))
    return found


KEPT, NONE = -2, -3
"""Special values of an address or a port. KEPT: it does not change. NONE: there is none, and the packet is dropped."""
Target = tuple[Bounds | None, bool, str, int | None, int | None]


def _targets(lookup: Lookup, nat: Nat, branch: "Branch") -> list[Target]:
    """Return where it may go: sources (None: all), whether that is certain, why not, address and port (None: not known)."""
    addresses = _options(lookup, nat.address, nat.last_address, branch)
    if nat.kind == "redirect":
        addresses = [(None, True, "", _own(lookup))]
    elif nat.prefix:
        addresses = [(None, False, "netmap", None)]
    ports = _options(lookup, nat.port, nat.last_port, branch)
    found: list[Target] = []
    for (some, sure, text, address), (others, certain, why, port) in product(addresses, ports):
        bounds = some if others is None else others if some is None else intersect(some, others)
        found.append((bounds, sure and certain, text or why, address, port))
    return found


def _options(
    lookup: Lookup, first: Expression | None, last: Expression | None, branch: "Branch"
) -> list[tuple[Bounds | None, bool, str, int | None]]:
    if first is None:
        return [(None, True, "", KEPT)]
    value = lookup.value(first, branch.environment)
    if last is not None:
        end = lookup.value(last, branch.environment)
        if value != end:
            both = isinstance(value, int) and isinstance(end, int)
            value = Possible(((value, end),), "nat to a range") if both else Missing("nat to a range")  # type: ignore[arg-type]
    parts: tuple[tuple[Bounds | None, Value], ...] = value.parts if isinstance(value, Split) else ((None, value),)
    found: list[tuple[Bounds | None, bool, str, int | None]] = []
    for bounds, one in parts:
        if isinstance(one, int):
            found.append((bounds, True, "", one))
            continue
        every = numbers(one) if isinstance(one, Possible) else list(one.values) if isinstance(one, Choice) else None
        text = getattr(one, "text", "nat")
        if isinstance(one, Absent):
            continue
        if every is None or len(every) > MOST_DESTINATIONS or not all(isinstance(each, int) for each in every):
            found.append((bounds, False, text, None))
        else:
            found += [(bounds, False, text, each) for each in every if isinstance(each, int)]
    return found


def _own(lookup: Lookup) -> int:
    """Return the address to which `redirect` leads."""
    if lookup.place.hook == "output":
        return 1 if lookup.packet.version == 6 else 0x7F000001
    link = lookup.place.incoming
    device = lookup.routes.links.get(link.ifindex or 0) if isinstance(link, Link) else None
    if device is None:
        return OWN
    address = lookup.routes.primary(device, lookup.packet.address)
    return NONE if address is None else address
