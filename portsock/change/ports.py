"""Compare what is offered: place by place, and of ports that the system picked program by program."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from portsock.change.bound import bound_addresses, widest_only
from portsock.change.holdings import NOBODY, UNSEEN, Held, Holding, Matched, identity, join, match, match_holdings
from portsock.change.places import At, address_changes, appeared, changes_of, whole
from portsock.change.tally import Tally, Unseen
from portsock.change.types import NEW, OLD, Change, Kind, Place, Side
from portsock.normalize.offers import Offer, offers
from portsock.normalize.ports import group_ports
from portsock.port_numbers import EMPTY

_WITHOUT_LISTENERS = frozenset({"udp", "udplite"})

Sees = Callable[[Place], bool]
"""Tells whether a side would have what is at a place."""


def port_holders(side: Side, spaces: Mapping[int | None, str], programs: bool) -> dict[Place, Held]:
    """Return who holds what on this side. Without `programs` only addresses are compared."""
    first, last = side.snapshot.host.ephemeral
    found: dict[Place, list[Offer]] = {}
    for offer in offers(group_ports(side.sockets, EMPTY, False, False), side.snapshot.processes):
        place = Place(spaces[offer.netns.id if offer.netns else None], offer.protocol, offer.port)
        found.setdefault(place, []).append(offer)
    return {place: _held(rows, programs, first <= rows[0].port <= last) for place, rows in found.items()}


def _held(rows: Sequence[Offer], programs: bool, by_system: bool) -> Held:
    addresses = bound_addresses(port for row in rows for port in row.ports)
    if not programs:
        return Held(rows[0].netns, (Holding(NOBODY, (), addresses),), addresses, by_system=by_system)
    holdings = join((each for row in rows for each in _holdings(row)), widest_only)
    unseen: Unseen | None = next(((row.owner_status, row.owner_reason) for row in rows if row.owner_status in UNSEEN), None)
    return Held(rows[0].netns, holdings, addresses, unseen, by_system=by_system)


def _holdings(offer: Offer) -> list[Holding]:
    addresses = bound_addresses(offer.ports)
    if not offer.programs:
        return [] if offer.owner_status in UNSEEN else [Holding(NOBODY, (), addresses)]
    company = frozenset(map(identity, offer.programs))
    return [Holding(identity(program), (program,), addresses, company) for program in offer.programs]


class _Here(NamedTuple):
    """A place of either side, with its programs matched."""

    at: At
    old: Held | None
    new: Held | None
    matched: Matched[Holding]


def compare_ports(
    old: Mapping[Place, Held], new: Mapping[Place, Held], sees_old: Sees, sees_new: Sees, tally: Tally
) -> list[Change]:
    """Return the changes of all ports."""
    changes: list[Change] = []
    open_questions: list[_Here] = []
    for place in sorted(old.keys() | new.keys(), key=_order):
        before, after = old.get(place), new.get(place)
        held = after or before
        assert held is not None
        at = At(place, held.netns, tally)
        if before is None and not sees_old(place):
            tally.outside[OLD] += 1
        elif after is None and not sees_new(place):
            tally.outside[NEW] += 1
        elif before and after and (before.unseen or after.unseen):
            tally.unseen(before.unseen, after.unseen)
            changes += address_changes(at, whole(before), whole(after))
        else:
            matched = match_holdings(before.holdings if before else (), after.holdings if after else ())
            open_questions.append(_Here(at, before, after, matched))
    changes += _moved(open_questions, old, new, tally)
    for here in open_questions:
        changes += _changes(here)
    return changes


def _order(place: Place) -> tuple[object, ...]:
    return (place.space, place.port or 0, place.protocol, place.direction or "", place.network or "")


def _changes(here: _Here) -> list[Change]:
    if here.old and here.new:
        return changes_of(here.at, here.matched)
    held = here.old or here.new
    assert held is not None
    kind = Kind.CLOSED if here.old else Kind.OPENED
    if held.unseen:
        return appeared(here.at, [whole(held)], kind)
    return appeared(here.at, here.matched.old or here.matched.new, kind)


class _Left(NamedTuple):
    """What one side has, and the other has not at the same number."""

    holding: Holding
    here: _Here
    among: list[Holding]
    """The list that it is taken from once its counterpart is found under another number."""


def _moved(found: list[_Here], old: Mapping[Place, Held], new: Mapping[Place, Held], tally: Tally) -> list[Change]:
    """Take out what a program has again under another number that the system picked; return what changed in it besides."""
    changes: list[Change] = []
    groups: dict[tuple[str, str], list[_Here]] = {}
    for here in found:
        held = here.old or here.new
        if held is not None and held.by_system:
            groups.setdefault((here.at.place.space, here.at.place.protocol), []).append(here)
    for key, group in groups.items():
        changes += _moved_by_program(group, tally)
        if key[1] in _WITHOUT_LISTENERS:
            _drop_further(group, _by_system(old, key), _by_system(new, key), tally)
        dropped = _drop_unseen(group, tally)
        if dropped:
            found[:] = [here for here in found if id(here) not in dropped]
    return changes


def _moved_by_program(group: Iterable[_Here], tally: Tally) -> list[Change]:
    lefts: tuple[list[_Left], list[_Left]] = ([], [])
    for here in group:
        for side, among in zip(lefts, (here.matched.old, here.matched.new), strict=True):
            side.extend(_Left(holding, here, among) for holding in among)
    changes = []
    for before, after in match(*lefts, key=lambda left: left.holding).pairs:
        for left in (before, after):
            left.among.remove(left.holding)
        changes += address_changes(after.here.at, before.holding, after.holding)
        tally.moved[None] += 1
    return changes


def _by_system(side: Mapping[Place, Held], key: tuple[str, str]) -> tuple[Holding, ...]:
    here = [held for place, held in side.items() if held.by_system and (place.space, place.protocol) == key]
    return join(holding for held in here for holding in held.holdings)


def _drop_further(group: Iterable[_Here], old: Sequence[Holding], new: Sequence[Holding], tally: Tally) -> None:
    """Take out further ports of a program that has some on both sides: of UDP their number changes with every question."""
    both = {holding.identity for pair in match_holdings(old, new).pairs for holding in pair}
    for here in group:
        for among in (here.matched.old, here.matched.new):
            for holding in [each for each in among if each.identity in both]:
                among.remove(holding)
                tally.moved[None] += 1


def _drop_unseen(group: Sequence[_Here], tally: Tally) -> set[int]:
    """Return, by id(), what may be the same program under another number since one side did not see the owners; count it."""
    olds = [here for here in group if here.new is None and here.old and (here.old.unseen or here.matched.old)]
    news = [here for here in group if here.old is None and here.new and (here.new.unseen or here.matched.new)]
    unseen_olds, known_olds = _parted(olds)
    unseen_news, known_news = _parted(news)
    pairs = list(zip(unseen_olds, [*unseen_news, *known_news], strict=False))
    pairs += zip(known_olds, unseen_news[len(unseen_olds) :], strict=False)
    for old, new in pairs:
        tally.unseen(old.old and old.old.unseen, new.new and new.new.unseen)
    return {id(here) for pair in pairs for here in pair}


def _parted(found: Iterable[_Here]) -> tuple[list[_Here], list[_Here]]:
    unseen: list[_Here] = []
    known: list[_Here] = []
    for here in found:
        held = here.old or here.new
        (unseen if held and held.unseen else known).append(here)
    return unseen, known
