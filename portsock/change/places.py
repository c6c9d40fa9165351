"""The changes at one place, once it is known which programs are the same."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from portsock.change.bound import agree, difference, exposed, is_covered, shown
from portsock.change.holdings import NOBODY, Held, Holding, Matched, merged
from portsock.change.names import stable_container, stable_unit
from portsock.change.tally import Tally
from portsock.change.types import Change, Facts, Kind, Place
from portsock.model import Netns
from portsock.normalize.offers import Program


class At(NamedTuple):
    """A place, and the namespace that it is in."""

    place: Place
    netns: Netns | None
    tally: Tally

    def change(self, kind: Kind, before: Facts | None, after: Facts | None, programs: Sequence[Program] = ()) -> Change:
        """Return a change here."""
        shown_programs = tuple(programs) or (after.programs if after else ()) or (before.programs if before else ())
        return Change(kind, self.place, self.netns, shown_programs, before, after)


def facts(addresses: Iterable[str], programs: tuple[Program, ...], connections: int | None = None) -> Facts:
    """Return one side of a change."""
    texts = shown(addresses)
    return Facts(texts, exposed(texts), programs, connections)


def changes_of(at: At, matched: Matched[Holding]) -> list[Change]:
    """Return the changes of programs that were matched at a place, and of those left over there."""
    moved: list[Change] = []
    others: list[Change] = []
    for old, new in matched.pairs:
        moved += address_changes(at, old, new)
        others += _fact_changes(at, old, new)
    replaced = _replaced(matched)
    for old, new in replaced:
        others.append(at.change(Kind.PROGRAM, facts(old.addresses, old.programs), facts(new.addresses, new.programs)))
        moved += address_changes(at, old, new)
    paired = {id(holding) for pair in replaced for holding in pair}
    left_old, left_new = ([each for each in side if id(each) not in paired] for side in (matched.old, matched.new))
    known = (merged(old.programs for old, _ in matched.pairs), merged(new.programs for _, new in matched.pairs))
    left = _further(at, matched, left_old, left_new, known)
    return [*_joined(moved), *left, *others]


def _replaced(matched: Matched[Holding]) -> list[tuple[Holding, Holding]]:
    """Return the programs without a counterpart that have their addresses in common with one on the other side."""
    pairs = []
    left = list(matched.new)
    for old in matched.old if left else ():
        place = next((at for at, new in enumerate(left[:_MOST_TRIED]) if _overlap(old.addresses, new.addresses)), None)
        if place is not None:
            pairs.append((old, left.pop(place)))
    return pairs


_MOST_TRIED = 100
"""Programs at one place that are tried as the other one's successor."""


def address_changes(at: At, old: Holding, new: Holding) -> list[Change]:
    """Return what became of one program's addresses."""
    before, after = agree(old.addresses, new.addresses)
    changes = []
    for kind in difference(before, after):
        if kind is Kind.CLOSED:
            changes.append(at.change(kind, facts(before - after, old.programs), None))
        elif kind is Kind.OPENED:
            changes.append(at.change(kind, None, facts(after - before, new.programs)))
        else:
            changes.append(at.change(kind, facts(before, old.programs), facts(after, new.programs)))
    return changes


def appeared(at: At, held: Iterable[Holding], kind: Kind) -> list[Change]:
    """Return the changes of what is on one side only: one for each set of addresses, whoever holds it together."""
    before = kind is Kind.CLOSED
    found = []
    for holding in held:
        here = facts(holding.addresses, holding.programs)
        found.append(at.change(kind, here if before else None, None if before else here))
    return _joined(found)


def whole(held: Held) -> Holding:
    """Return all that is held at a place as if one program held it, for places where programs are not compared."""
    return Holding(NOBODY, held.programs, held.addresses, amount=held.amount)


def _overlap(old: frozenset[str], new: frozenset[str]) -> bool:
    before, after = agree(old, new)
    return any(is_covered(text, after) for text in before) or any(is_covered(text, before) for text in after)


def _joined(changes: Iterable[Change]) -> list[Change]:
    """Join equal changes of programs that share a socket."""
    found: dict[object, list[Change]] = {}
    for change in changes:
        ends = [end and end.addresses for end in (change.before, change.after)]
        found.setdefault((change.kind, *ends), []).append(change)
    return [_one(each) for each in found.values()]


def _one(changes: Sequence[Change]) -> Change:
    first = changes[0]
    if len(changes) == 1:
        return first
    before, after = (
        ends[0]._replace(programs=merged(end.programs for end in ends)) if ends else None
        for ends in ([each.before for each in changes if each.before], [each.after for each in changes if each.after])
    )
    return first._replace(before=before, after=after, programs=merged(each.programs for each in changes))


def _further(
    at: At,
    matched: Matched[Holding],
    old: list[Holding],
    new: list[Holding],
    known: tuple[tuple[Program, ...], tuple[Program, ...]],
) -> list[Change]:
    """Return the changes of programs without a counterpart: further or fewer holders of a socket, or sockets of their own."""
    olds, news = [pair[0] for pair in matched.pairs], [pair[1] for pair in matched.pairs]
    changes: list[Change] = []
    alone: list[list[Holding]] = [[], []]
    with_others: list[list[Holding]] = [[], []]
    for side, (left, mates) in enumerate(((old, olds), (new, news))):
        for holding in left:
            shared = [mate for mate in mates if mate.identity in holding.company]
            if any(_keeps(mate) for mate in shared):
                at.tally.on_demand[None] += 1
            else:
                (with_others if shared else alone)[side].append(holding)
    if any(with_others):
        addresses = frozenset().union(*(each.addresses for side in with_others for each in side))
        ends = [
            facts(addresses, merged([programs, *(each.programs for each in side)]))
            for programs, side in zip(known, with_others, strict=True)
        ]
        programs = merged(each.programs for side in with_others for each in side)
        changes.append(at.change(Kind.OWNERS, ends[0], ends[1], programs))
    return [*changes, *appeared(at, alone[0], Kind.CLOSED), *appeared(at, alone[1], Kind.OPENED)]


def _keeps(holding: Holding) -> bool:
    """Tell whether this is systemd, which keeps a socket for a service that it starts on demand."""
    return any(
        program.name == "systemd" and (program.exe is None or program.exe.endswith("/systemd")) for program in holding.programs
    )


_Fact = Callable[[Program], object]


def _fact_changes(at: At, old: Holding, new: Holding) -> list[Change]:
    """Return what became of one program's executable, users and unit."""
    if not old.programs or not new.programs:
        return []
    before, after = facts(old.addresses, old.programs), facts(new.addresses, new.programs)
    changes = []
    for kind, fact, seen in _FACTS:
        mine, others = ({fact(program) for program in holding.programs} for holding in (old, new))
        has_mine, has_others = (any(map(seen, holding.programs)) for holding in (old, new))
        if has_mine and has_others:
            if mine != others:
                changes.append(at.change(kind, before, after, new.programs))
        elif has_mine or has_others:
            at.tally.lacking(_NAMES[kind], has_mine, has_others)
    return changes


def _has_details(program: Program) -> bool:
    return bool(program.exe or program.unit or program.container)


_FACTS: tuple[tuple[Kind, _Fact, Callable[[Program], bool]], ...] = (
    (Kind.PROGRAM, lambda program: (program.exe, program.replaced), lambda program: program.exe is not None),
    (Kind.USER, lambda program: program.user, lambda program: program.user is not None),
    (Kind.UNIT, lambda program: _place_of(program), _has_details),
)
"""What is compared of a program, and whether a side has the fact at all."""
_NAMES = {Kind.PROGRAM: "executables", Kind.USER: "users", Kind.UNIT: "units"}


def _place_of(program: Program) -> tuple[str | None, str | None]:
    """Return the container, else the unit: in a container the unit is named after it."""
    container = stable_container(program.container)
    return (container, None) if container else (None, stable_unit(program.unit))
