"""What each program holds at a place, and which programs of two sides are the same."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar, cast

from portsock.change.names import stable_container, stable_unit
from portsock.model import Netns, OwnerReason, OwnerStatus
from portsock.normalize.offers import Program

UNSEEN = frozenset({OwnerStatus.HIDDEN, OwnerStatus.PARTIAL, OwnerStatus.UNREPORTED, OwnerStatus.ELSEWHERE})
"""Where owners have one of these, nothing is said of programs."""

_SHORTEST_CUT = 15
"""Characters of a name that the kernel keeps."""
_MOST_TRIED = 50
"""Programs of nearly one name that are tried."""


Item = TypeVar("Item")


class Identity(NamedTuple):
    """A program, whatever its process: what is the same after a restart."""

    container: str | None
    unit: str | None
    exe: str | None
    name: str | None


def identity(program: Program) -> Identity:
    """Return what a program goes by. The name counts only where the executable is not known."""
    return Identity(
        stable_container(program.container), stable_unit(program.unit), program.exe, None if program.exe else program.name
    )


NOBODY = Identity(None, None, None, None)
"""No program: what the kernel holds, and whoever it is where programs are not compared."""


class Holding(NamedTuple):
    """One program at a place, on all its addresses, or with all its connections."""

    identity: Identity
    programs: tuple[Program, ...]
    """Its processes' facts: of one program as root and as another user there are two."""
    addresses: frozenset[str]
    company: frozenset[Identity] = frozenset()
    """All that hold one of its sockets."""
    amount: int = 0
    """Of connections: their number."""


class Held(NamedTuple):
    """All that is held at a place."""

    netns: Netns | None
    holdings: tuple[Holding, ...]
    addresses: frozenset[str]
    unseen: tuple[OwnerStatus, OwnerReason | None] | None = None
    """Why not all programs are known; None where they are."""
    amount: int = 0
    by_system: bool = False
    """What is there may have been put on a port that the system picked."""

    @property
    def programs(self) -> tuple[Program, ...]:
        """Return all programs that are known."""
        return merged(holding.programs for holding in self.holdings)


def merged(programs: Iterable[Iterable[Program]]) -> tuple[Program, ...]:
    """Return all these programs, each once, sorted."""
    found = {program for each in programs for program in each}
    return tuple(sorted(found, key=lambda program: tuple(str(value or "") for value in program)))


def join(holdings: Iterable[Holding], reduce: Callable[[Iterable[str]], frozenset[str]] = frozenset) -> tuple[Holding, ...]:
    """Join the holdings of one program. `reduce` leaves out addresses that others cover."""
    found: dict[Identity, list[Holding]] = {}
    for holding in holdings:
        found.setdefault(holding.identity, []).append(holding)
    return tuple(
        Holding(
            key,
            merged(each.programs for each in found[key]),
            reduce(text for each in found[key] for text in each.addresses),
            _union({each.company for each in found[key]}),
            sum(each.amount for each in found[key]),
        )
        for key in sorted(found, key=_order)
    )


def _union(companies: set[frozenset[Identity]]) -> frozenset[Identity]:
    """Return all of them together. Programs that share one socket share one set, too, however many they are."""
    return next(iter(companies)) if len(companies) == 1 else frozenset().union(*companies)


def _order(key: Identity) -> tuple[str, ...]:
    return tuple(value or "" for value in key)


_SIGNS: tuple[Callable[[Holding], object], ...] = (
    lambda holding: (holding.identity, holding.addresses),
    lambda holding: holding.identity,
    lambda holding: _both(holding.identity.container, holding.identity.exe),
    lambda holding: _both(holding.identity.unit, holding.identity.exe),
    lambda holding: holding.identity.container,
    lambda holding: None if holding.identity.container else holding.identity.unit,
    lambda holding: holding.identity.exe,
)
"""What the same program has on both sides, the surest first; None where it has no such thing."""


def _both(one: str | None, other: str | None) -> tuple[str, str] | None:
    return (one, other) if one and other else None


class Matched(NamedTuple, Generic[Item]):
    """The programs of two sides."""

    pairs: list[tuple[Item, Item]]
    old: list[Item]
    """Those without a counterpart."""
    new: list[Item]


def match(old: Iterable[Item], new: Iterable[Item], key: Callable[[Item], Holding]) -> Matched[Item]:
    """Match the programs of two sides: by container, else by unit, else by executable, else by name."""
    found: Matched[Item] = Matched([], list(old), list(new))
    for sign in _SIGNS:
        by_sign: dict[object, list[Item]] = {}
        for item in reversed(found.new):
            by_sign.setdefault(sign(key(item)), []).append(item)
        by_sign.pop(None, None)
        if by_sign and found.old:
            _take(found, lambda item, sign=sign, by_sign=by_sign: by_sign.get(sign(key(item)), ()))  # type: ignore[misc]
    if found.old and found.new:
        _match_names(found, key)
    return found


def _take(found: Matched[Item], candidates: Callable[[Item], Sequence[Item]]) -> None:
    """Pair each old item with the last of its candidates, a list that shrinks by that."""
    paired = set()
    for item in found.old:
        others = candidates(item)
        if others:
            other = cast("list[Item]", others).pop()
            found.pairs.append((item, other))
            paired |= {id(item), id(other)}
    for items in (found.old, found.new):
        items[:] = [item for item in items if id(item) not in paired]


def _match_names(found: Matched[Item], key: Callable[[Item], Holding]) -> None:
    """Match by name what has no executable on one side. Names that were cut are found by what the kernel keeps of them."""
    bare: dict[str, list[Item]] = {}
    every: dict[str, list[Item]] = {}
    for item in found.new:
        for name in {text[:_SHORTEST_CUT] for text in _names(key(item))}:
            every.setdefault(name, []).append(item)
            if not key(item).identity.exe:
                bare.setdefault(name, []).append(item)
    taken: set[int] = set()

    def candidates(item: Item) -> Sequence[Item]:
        holding = key(item)
        index = bare if holding.identity.exe else every
        for name in sorted({text[:_SHORTEST_CUT] for text in _names(holding)}):
            for other in index.get(name, ())[:_MOST_TRIED]:
                if id(other) not in taken and _same_name(holding, key(other)):
                    taken.add(id(other))
                    return [other]
        return ()

    _take(found, candidates)


def match_holdings(old: Iterable[Holding], new: Iterable[Holding]) -> Matched[Holding]:
    """Match the programs that hold something at one place."""
    return match(old, new, lambda holding: holding)


def _same_name(old: Holding, new: Holding) -> bool:
    """Tell whether two programs, of which one has no executable, may be one by their names."""
    mine, others = (_names(holding) for holding in (old, new))
    if mine & others:
        return True
    return any(
        len(short) >= _SHORTEST_CUT and long.startswith(short)
        for some, rest in ((mine, others), (others, mine))
        for short in some
        for long in rest
    )


def _names(holding: Holding) -> set[str]:
    """Return the names that a listing may give a program: that shown, the kernel's, the base name of its executable."""
    found = {program.name for program in holding.programs} | {program.comm for program in holding.programs}
    found |= {program.exe.rpartition("/")[2] for program in holding.programs if program.exe}
    return {name for name in found if name}
