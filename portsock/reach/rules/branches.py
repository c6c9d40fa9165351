"""Branches on the way through a rule, groups that go on from one rule to the next, and how both are joined."""

from typing import NamedTuple

from portsock.reach.rules.keys import Piece, Pieces, uncovered
from portsock.reach.rules.packet import Environment, Group
from portsock.reach.sources import Bounds, add, intersect, subtract, take
from portsock.rulesets import Key, Range, Rule

MOST_CAUSES = 5
NEVER = ("-m rt", "-m frag", "-m hbh", "-m dst", "-m ah", "-m esp", "-m mh")
"""Matches of headers that stand before TCP and UDP. A client's first packet has none."""


class Branch(NamedTuple):
    """Sources for which a rule goes on."""

    sources: Bounds
    environment: Environment
    causes: tuple[str, ...]
    certain: bool = True
    """They all leave the way on which they do not match."""
    doubt: bool = False
    """Something that is not known decided on the way through the rule."""


class Way(NamedTuple):
    """Where a rule is run."""

    rule: Rule
    group: Group
    fresh: list[Group]
    """Groups that go on after the rule, and were not there before it."""
    back: list[Group]
    """Groups that leave the chain."""
    depth: int


class Final(NamedTuple):
    """The end of the way for some sources."""

    sources: Bounds
    verdict: str
    environment: Environment
    causes: tuple[str, ...]
    rule: int | None
    how: str | None = None
    forwarded: bool = False


class Claim(NamedTuple):
    """Sources that a base chain accepted."""

    sources: Bounds
    environment: Environment
    doubtful: bool
    rule: int
    rank: tuple[int, ...]


def met(value: int, keys: tuple[Key, ...] | str) -> bool | None:
    """Say whether a number is in the one range of a match; None where it is more than one."""
    if type(keys) is tuple and len(keys) == 1 and len(keys[0]) == 1:
        only = keys[0][0]
        if type(only) is Range:
            return only.low <= value <= only.high
    return None


def negated(pieces: Pieces, sources: Bounds) -> Pieces:
    """Return for which sources nothing is found."""
    rest = uncovered(pieces, sources)
    doubtful = [piece for piece in pieces if not piece.certain]
    if not doubtful or not rest:
        return [Piece(rest, True)] if rest else []
    maybe: Bounds = []
    for piece in doubtful:
        add(maybe, piece.sources)
    maybe = intersect(rest, maybe)
    sure = subtract(rest, maybe)
    found = [Piece(sure, True)] if sure else []
    return [*found, Piece(maybe, True, doubtful[0].cause, False)] if maybe else found


def part(branch: Branch, piece: Piece) -> Branch:
    """Return the part of a branch for which a key is met."""
    if piece.cause is None:
        return branch if piece.sources is branch.sources else branch._replace(sources=piece.sources)
    _, environment, causes, certain, _ = branch
    return Branch(piece.sources, environment, because(causes, piece.cause), certain and piece.certain, True)


def doubted(branch: Branch, cause: str) -> Branch:
    return branch._replace(causes=because(branch.causes, cause), doubt=True)


def apart(branches: list[Branch], group: Group) -> list[Branch]:
    """Return branches that stay as they are when another one leaves the group."""
    return [one._replace(sources=one.sources.copy()) if one.sources is group.sources else one for one in branches]


def because(causes: tuple[str, ...], cause: str | None) -> tuple[str, ...]:
    """Return the causes with one more."""
    if cause is None or cause in causes or len(causes) >= MOST_CAUSES:
        return causes
    return (*causes, cause)


def merged(groups: list[Group]) -> list[Group]:
    """Join groups whose packets are alike."""
    if len(groups) < 2:
        return groups
    found: dict[Environment, Group] = {}
    for group in groups:
        known = found.setdefault(group.environment, group)
        if known is not group:
            join(known, group)
    for environment in [environment for environment in found if environment.exceeded]:
        # Where the way above a limit is the same again, the limit changed nothing.
        same = found.get(environment._replace(exceeded=False))
        if same is not None:
            take(found[environment].sources, same.sources)
            if not found[environment].sources:
                del found[environment]
    return list(found.values())


def join(known: Group, other: Group) -> None:
    """Add the sources of a group to another one, and what is not known of both."""
    if known.causes != other.causes:
        # A way that is there anyhow needs no further cause.
        if not subtract(other.sources, known.sources):
            if len(other.causes) < len(known.causes) and other.sources == known.sources:
                known.causes = other.causes
            return
        if not subtract(known.sources, other.sources):
            known.causes = other.causes
        else:
            known.causes = tuple(dict.fromkeys(known.causes + other.causes))[:MOST_CAUSES]
    add(known.sources, other.sources)
