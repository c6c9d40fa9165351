"""Compare two sides, host by host."""

from collections.abc import Mapping, Sequence

from portsock.change.connections import compare_connections, connection_holders
from portsock.change.coverage import incomplete, notices_of_move, sight, uncovered
from portsock.change.holdings import Held
from portsock.change.ports import compare_ports, port_holders
from portsock.change.spaces import match_spaces
from portsock.change.tally import Tally
from portsock.change.types import NEW, OLD, Blind, Comparison, Kind, Place, Side
from portsock.change.words import message, owners_unseen, text_of_facts, text_outside
from portsock.model import Notice, Snapshot

_ORDER = tuple(Kind)


def compare(old: Side, new: Side, protocols: frozenset[str], listeners: bool, connections: bool, programs: bool) -> Comparison:
    """Return what changed on one host.

    `protocols`: those that are asked about. `listeners`, `connections`: what is compared. Without `programs` nobody asks who
    holds what.
    """
    spaces = match_spaces(old.snapshot, new.snapshot)
    seen = (sight(old, spaces.old, protocols), sight(new, spaces.new, protocols))
    tally = Tally.empty()
    places: list[dict[Place, Held]] = [{}, {}]
    changes = []
    if listeners:
        held = [port_holders(side, names, programs) for side, names in zip((old, new), spaces, strict=True)]
        changes += compare_ports(held[0], held[1], seen[0].sees, seen[1].sees, tally)
        places = [{**all_places, **some} for all_places, some in zip(places, held, strict=True)]
    if connections:
        held = [connection_holders(side, names, programs) for side, names in zip((old, new), spaces, strict=True)]
        changes += compare_connections(held[0], held[1], seen, tally)
        places = [{**all_places, **some} for all_places, some in zip(places, held, strict=True)]
    present: Mapping[str, dict[Place, Held]] = dict(zip((OLD, NEW), places, strict=True))
    blind = uncovered(*seen, present, protocols, connections)
    blind += [*incomplete(OLD, old.snapshot), *incomplete(NEW, new.snapshot)]
    blind += [Blind("filters", which, None, text) for which, side in ((OLD, old), (NEW, new)) for text in side.remarks]
    blind += _counted(old, new, tally, [each.code for each in blind])
    host = host_name(new.snapshot) or host_name(old.snapshot)
    ordered = sorted(changes, key=lambda change: (change.place.direction is not None, _ORDER.index(change.kind)))
    return Comparison(
        host,
        old.snapshot,
        new.snapshot,
        tuple(change._replace(message=message(change), host=host) for change in ordered),
        tuple(each._replace(host=host) for each in blind),
        notices_of_move(tally.moved[None], tally.on_demand[None]),
        seen[0].listening & seen[1].listening if listeners else seen[0].connected & seen[1].connected,
    )


def _counted(old: Side, new: Side, tally: Tally, said: Sequence[str]) -> list[Blind]:
    """Return what was counted while places were compared, one entry a cause."""
    found = []
    for which, side in ((OLD, old), (NEW, new)):
        whys = {why: number for (of, why), number in tally.owners.items() if of == which}
        if whys:
            number = sum(whys.values())
            status, reason = max(whys, key=lambda why: (whys[why], str(why)))
            text, advice = owners_unseen(which, side.snapshot, number, status, reason)
            found.append(Blind("owners", which, number, text, advice))
        facts = {fact: number for (of, fact), number in tally.facts.items() if of == which}
        if facts:
            found.append(Blind("facts", which, max(facts.values()), *text_of_facts(which, sorted(facts))))
        if tally.outside[which] and (not side.unlimited or "protocol" not in said):
            code = "netns" if side.unlimited else "filters"
            found.append(Blind(code, which, tally.outside[which], *text_outside(which, side, tally.outside[which])))
    return found


def host_name(snapshot: Snapshot) -> str | None:
    """Return the name of a snapshot's host."""
    return snapshot.host.name


def pair_hosts(old: Sequence[Side], new: Sequence[Side]) -> tuple[list[tuple[Side, Side]], list[Blind], list[Notice]]:
    """Return the hosts of both sides, what is on one side only, and remarks.

    A host goes by its machine id, else by its name. One host on each side is compared with the other,
    even if their names differ.
    """
    if len(old) == 1 and len(new) == 1:
        return [(old[0], new[0])], [], _other_host(old[0].snapshot, new[0].snapshot)
    pairs = []
    left = list(new)
    lost = []
    for side in old:
        other = next((each for each in left if _is_same(side.snapshot, each.snapshot)), None)
        if other is None:
            lost.append((NEW, side))
            continue
        pairs.append((side, other))
        left = [each for each in left if each is not other]
    lost += [(OLD, side) for side in left]
    blind = []
    for which, side in lost:
        name = host_name(side.snapshot)
        there = "old" if which == NEW else "new"
        text = f"host {name or 'without a name'} is on the {there} side only"
        blind.append(Blind("host", which, None, text, "record it, too: portsock sockets --json", name))
    return pairs, blind, []


def _is_same(old: Snapshot, new: Snapshot) -> bool:
    ids = [snapshot.machine.id if snapshot.machine else None for snapshot in (old, new)]
    if None not in ids:
        return ids[0] == ids[1]
    return host_name(old) is not None and host_name(old) == host_name(new)


def _other_host(old: Snapshot, new: Snapshot) -> list[Notice]:
    """Return a remark where two different hosts are compared with each other."""
    names = [host_name(snapshot) for snapshot in (old, new)]
    if _is_same(old, new) or None in names:
        return []
    text = f"two hosts are compared: {names[0]} before, {names[1]} after"
    if names[0] == names[1]:
        text = f"two hosts that are called {names[0]} are compared"
    return [Notice("hosts_differ", None, text, False)]
