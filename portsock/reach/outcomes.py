"""The ends of all ways as outcomes: one verdict for each source, or unknown."""

from bisect import bisect_left
from itertools import chain
from typing import NamedTuple

from portsock.reach import spelling
from portsock.reach.rules.branches import MOST_CAUSES, Claim, Final
from portsock.reach.rules.machine import Machine
from portsock.reach.rules.packet import OWN
from portsock.reach.rules.runs import Run
from portsock.reach.sources import Bounds, add, count, everything, inside, intersect, networks, size, spelled, subtract
from portsock.reach.types import Outcome, Probe
from portsock.reachability import RuleReference
from portsock.rulesets import Chain, Rule, Table

MANY = 256
"""Sources of more intervals may be given as everybody apart from others."""


class Ending(NamedTuple):
    """What becomes of some sources. Without them it is what two outcomes are compared by."""

    verdict: str
    rule: int | None = None
    how: str | None = None
    address: int | None = None
    port: int | None = None
    sent_by: int | None = None
    forwarded: bool = False
    reasons: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


def endings(machine: Machine) -> list[tuple[Bounds, Ending]]:
    """Return what becomes of each source: the verdict that all its ways lead to, or unknown."""
    first, above = list[tuple[Bounds, Ending, tuple[str, ...]]](), list[tuple[Bounds, Ending, tuple[str, ...]]]()
    for final in machine.finals:
        if final.sources:
            target = above if final.environment.exceeded else first
            target += ((bounds, ending, final.causes) for bounds, ending in attributed(machine, final))
    found: dict[Ending, Bounds] = {}
    forked: Bounds = []
    for bounds in machine.forked:
        add(forked, bounds)
    doubtful = list[tuple[Bounds, Ending, tuple[str, ...]]]()
    for bounds, ending, causes in first:
        clean = bounds
        if forked and (part := intersect(bounds, forked)):
            doubtful.append((part, ending, causes))
            clean = subtract(bounds, forked)
        if clean:
            gather(found, ending, clean)
    for bounds, ending in settled(doubtful):
        gather(found, ending, bounds)
    return limited(found, above, machine)


def gather(found: dict[Ending, Bounds], ending: Ending, bounds: Bounds) -> None:
    known = found.get(ending)
    if known is None:
        found[ending] = bounds.copy()
    else:
        add(known, bounds)


def attributed(machine: Machine, final: Final) -> list[tuple[Bounds, Ending]]:
    """Return a final with the rule that accepted, which may be another one for each source."""
    environment = final.environment
    ending = Ending(
        final.verdict,
        final.rule,
        final.how,
        environment.address if environment.sent_by is not None else None,
        environment.port if environment.sent_by is not None else None,
        environment.sent_by,
        final.forwarded,
    )
    if final.verdict != "accept":
        return [(final.sources, ending)]
    found, taken, left = [], list[int](), size(final.sources)
    for claim in ordered(machine):
        if claim.rank[0] > 2 and claim.environment[:2] != environment[:2]:
            continue
        if len(claim.sources) > 2 * MANY:
            # What is left is often the very claim of a policy: that costs a comparison, not a search for each interval.
            part = intersect(subtract(final.sources, taken), claim.sources)
        else:
            # What is taken is short for long where many rules accept a few: less to take it out of these than of all sources.
            part = subtract(intersect(final.sources, claim.sources), taken)
        if part:
            found.append((part, ending._replace(rule=claim.rule)))
            left -= size(part)
            if not left:
                return found
            add(taken, part)
    return [*found, (subtract(final.sources, taken), ending)]


def ordered(machine: Machine) -> list[Claim]:
    """Return what base chains accepted, the most telling first."""
    if machine.ordered is None:
        machine.ordered = sorted(
            machine.claims, key=lambda claim: (claim.rank[0], not claim.doubtful, claim.rank), reverse=True
        )
    return machine.ordered


def settled(doubtful: list[tuple[Bounds, Ending, tuple[str, ...]]]) -> list[tuple[Bounds, Ending]]:
    """Return one ending for each source that may have several."""
    events: dict[int, list[int]] = {}
    for place, (bounds, _, _) in enumerate(doubtful):
        for point in bounds:
            events.setdefault(point, []).append(place)
    active: set[int] = set()
    known: dict[frozenset[int], Ending] = {}
    found: dict[Ending, Bounds] = {}
    before = 0
    for point in sorted(events):
        if active:
            key = frozenset(active)
            ending = known.get(key)
            if ending is None:
                ending = known[key] = decided([doubtful[place] for place in sorted(active)])
            add(found.setdefault(ending, []), [before, point])
        active.symmetric_difference_update(events[point])
        before = point
    return [(bounds, ending) for ending, bounds in found.items()]


def decided(ways: list[tuple[Bounds, Ending, tuple[str, ...]]]) -> Ending:
    """Return the ending that all ways have in common."""
    endings = [way[1] for way in ways]
    if (
        len({(ending.verdict, ending.forwarded, ending.verdict == "accept" and ending.sent_by is None) for ending in endings})
        > 1
    ):
        causes = dict.fromkeys(cause for _, _, causes in ways for cause in causes)
        return Ending("unknown", reasons=tuple(causes)[:MOST_CAUSES])
    best = min(ways, key=lambda way: len(way[2]))[1]
    if len({ending.how for ending in endings}) > 1:
        best = best._replace(how=None)
    if len({(ending.address, ending.port) for ending in endings}) > 1:
        best = best._replace(address=None, port=None)
    return best


def limited(
    found: dict[Ending, Bounds], above: list[tuple[Bounds, Ending, tuple[str, ...]]], machine: Machine
) -> list[tuple[Bounds, Ending]]:
    """Return the endings with the limits that they depend on."""
    if not above:
        return [(bounds, ending) for ending, bounds in found.items()]
    result: dict[Ending, Bounds] = {}
    for ending, bounds in found.items():
        rest = bounds
        for others, other, causes in above:
            if (other.verdict, other.forwarded) == (ending.verdict, ending.forwarded) or ending.verdict == "unknown":
                continue
            if part := intersect(rest, others):
                limits = tuple(cause for cause in causes if cause in machine.limits)
                gather(result, ending._replace(limits=limits), part)
                rest = subtract(rest, part)
        if rest:
            gather(result, ending, rest)
    return [(bounds, ending) for ending, bounds in result.items()]


def expanded(machine: Machine, found: list[tuple[Bounds, Ending]], share: int | None = None) -> list[tuple[Bounds, Ending]]:
    """Return the endings with the rule that decides instead of a run of rules; of a run `share` at most."""
    result = []
    for bounds, ending in found:
        table, within, run = machine.references[ending.rule] if ending.rule is not None else (None, None, None)
        if table is None or within is None or not isinstance(run, Run):
            result.append((bounds, ending))
            continue
        by_rule: dict[int, Bounds] = {}
        for low, high, place in run.pieces:
            if part := inside(bounds, low, high):
                if len(by_rule) == share and place not in by_rule:
                    break
                add(by_rule.setdefault(place, []), part)
        for place, part in by_rule.items():
            machine.references.append((table, within, run.rules[place]))
            result.append((part, ending._replace(rule=len(machine.references) - 1)))
    return result


def outcome(machine: Machine, bounds: Bounds, ending: Ending, destination: str, asked: tuple[str, ...] | None) -> Outcome:
    """Return an ending in words. `asked`: the sources where it is all that were asked about."""
    bits = machine.packet.bits
    to = None
    if ending.sent_by is not None and ending.port is not None and ending.address is not None:
        to = (destination if ending.address == OWN else spelled(ending.address, bits), ending.port)
    sources, apart = asked or (), tuple[str, ...]()
    if asked is None:
        others = subtract(everything(bits), bounds) if len(bounds) > 2 * MANY else []
        if others and count(others) < count(bounds):
            sources, apart = networks(everything(bits), bits), networks(others, bits)
        else:
            sources = networks(bounds, bits)
    return Outcome(
        ending.verdict,  # type: ignore[arg-type]
        sources,
        (),
        reference(machine, ending.rule),
        ending.how,
        to,
        reference(machine, ending.sent_by),
        ending.forwarded,
        ending.reasons,
        ending.limits,
        apart,
    )


def shortened(
    machine: Machine, found: list[tuple[Bounds, Ending]], probe: Probe, asked: tuple[str, ...], most: int
) -> list[Outcome]:
    """Return endings in words: the widest as that of everybody, of the others about `most` networks.

    Each ending keeps some; where these are too many as well, each kind of verdict does.
    """
    destination, bits, first = probe.destination, machine.packet.bits, list[Outcome]()
    found = widest_first(machine, found)
    if len(found) == 1 or not probe.sources:
        (bounds, ending), *found = found
        everybody = asked if not found else networks(everything(bits), bits)
        first = [outcome(machine, bounds, ending, destination, everybody)._replace(addresses=size(bounds))]
    total = sum(len(bounds) for bounds, _ in found) // 2
    share, left_out = most, 0
    if total > most:
        kinds = {(ending.verdict, ending.sent_by is None): place for place, (_, ending) in enumerate(found)}
        kept = sorted(range(len(found)), key=lambda place: place not in kinds.values())[:most]
        found = [found[place] for place in kept]
        share, left_out = max(1, most // len(found)), total - sum(len(bounds) for bounds, _ in found) // 2
    answers = list[Outcome]()
    for bounds, ending in found:
        listed = 0
        for part, single in expanded(machine, [(bounds, ending)], share):
            sources = networks(part[: 2 * share], bits)
            answers.append(outcome(machine, part, single, destination, sources[:share])._replace(addresses=size(part)))
            listed += min(len(part) // 2, share)
        if total > most:
            left_out += len(bounds) // 2 - listed
    if answers:
        answers[-1] = answers[-1]._replace(left_out=max(left_out, 0))
    return first + answers


def widest_first(machine: Machine, found: list[tuple[Bounds, Ending]]) -> list[tuple[Bounds, Ending]]:
    """Return the endings, the one of most addresses first; it has one rule."""
    while True:
        widest = max(range(len(found)), key=lambda place: size(found[place][0]))
        parts = expanded(machine, [found[widest]])
        found = [*parts, *found[:widest], *found[widest + 1 :]]
        if len(parts) == 1:
            return found


def reference(machine: Machine, rule: int | None) -> RuleReference | None:
    if rule is None:
        return None
    table, place, known = machine.references[rule]
    assert not isinstance(known, Run)
    if known is None:
        assert place.hook is not None
        return RuleReference(table.family, table.name, place.name, None, f"policy {place.hook.policy}")
    return machine.prepared.once(("rule", id(known)), lambda: quoted(table, place, known))


def quoted(table: Table, place: Chain, rule: Rule) -> RuleReference:
    text = rule.text or spelling.spell(rule, table)
    return RuleReference(table.family, table.name, place.name, rule.handle, text, rule.comment)


def folded(found: list[tuple[Bounds, Ending]], ignored: Bounds) -> list[tuple[Bounds, Ending]]:
    """Give sources that never come the ending of their neighbours, so that they make no difference."""
    if not ignored:
        return found
    kept = [entry for entry in ((subtract(bounds, ignored), ending) for bounds, ending in found) if entry[0]]
    alone: Bounds = []
    for low, end in zip(ignored[::2], ignored[1::2], strict=True):
        ends = (bounds for bounds, _ in kept if (place := bisect_left(bounds, low)) & 1 and bounds[place] == low)
        starts = (bounds for bounds, _ in kept if bounds[(place := bisect_left(bounds, end)) : place + 1] == [end])
        add(next(chain(ends, starts), alone), [low, end])
    if alone:
        kept.append((alone, Ending("drop", how="martian source")))
    return kept
