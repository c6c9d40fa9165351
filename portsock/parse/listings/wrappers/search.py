"""The search for what a listing is wrapped in: the removal of each wrapper is tried on the first lines."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from portsock.parse.listings.wrappers import markup, wrapping
from portsock.parse.listings.wrappers.doubt import Attempt, is_crowded, is_cut, is_prefixed
from portsock.parse.listings.wrappers.prefix import Prefix, shapes

Step = Callable[[Iterable[str]], Iterator[str]]
"""Removes one wrapper."""


_ENDPOINT = re.compile(r"[*\]]|:\d+$|:\d+ ")
"""What no name of a host has."""
_MOST_QUOTES = 3
"""Prefixes that are tried together with broken lines."""


class Found(NamedTuple):
    """The wrappers of a listing."""

    steps: list[Step]
    prefix: Prefix | None
    """The prefix of its lines, whose removal is the last but one of the steps."""
    hosts: list[str]
    """The names in the prefix, where the lines are listings of several hosts."""
    crowded: int = 0
    """Lines that still have several rows, which are not all read."""
    parted: bool = False
    """Rows of lsof stood on one line: its last column may have any words, so that where a row ends is not certain."""


def find(head: Sequence[str], plain: Attempt, attempt: Callable[[Iterable[str]], Attempt]) -> Found:
    """Return what must be removed from the lines, none where that does not help. `attempt` reads lines for a trial."""
    found = Found([], None, [])
    lines, best = list(head), plain
    lines, best = _clean(found.steps, lines, best, attempt)
    if any(map(wrapping.has_several_rows, lines)):
        after = list(wrapping.split_rows(lines))
        result = attempt(after)
        if _is_better(result, best, False):
            found.steps.append(wrapping.split_rows)
            lines, best = after, result
    if is_prefixed(lines, best):
        prefix, result = _best_prefix(lines, best, attempt)
        if prefix is not None:
            groups = _groups(prefix, lines)
            hosts = [name for name, own in groups.items() if name and attempt(prefix.lines(own)).rows]
            hosts = [] if any(map(_ENDPOINT.search, hosts)) else hosts
            found = Found([*found.steps, prefix.lines], prefix, hosts if len(hosts) > 1 else [])
            lines, best = list(prefix.lines(lines)), result
            lines, best = _clean(found.steps, lines, best, attempt)
    if best.unread or best.broken > 1 or not best.rows or is_cut(lines):
        # Of a quoted mail with broken lines no row is read before both wrappers are removed.
        quotes: list[Prefix | None] = [None] if best.rows else [None, *shapes(lines)[:_MOST_QUOTES]]
        for quote in quotes:
            bare = lines if quote is None else list(quote.lines(lines))
            for joiner, certain in wrapping.joiners(bare):
                after = list(joiner(bare))
                if _is_better(attempt(after), best, certain):
                    steps = [*found.steps, joiner] if quote is None else [*found.steps, quote.lines, joiner]
                    return found._replace(steps=steps, crowded=_crowded(after))
    parted = wrapping.split_rows in found.steps and any(map(wrapping.has_lsof_header, head))
    return found._replace(crowded=_crowded(lines), parted=parted)


def _clean(
    steps: list[Step], lines: list[str], best: Attempt, attempt: Callable[[Iterable[str]], Attempt]
) -> tuple[list[str], Attempt]:
    """Remove the markup of the lines, and add how to the steps."""
    for cleaner, certain in markup.cleaners(lines):
        after = list(cleaner(lines))
        result = attempt(after)
        if _is_better(result, best, certain):
            steps.append(cleaner)
            lines, best = after, result
    return lines, best


def _crowded(lines: Sequence[str]) -> int:
    return sum(map(is_crowded, lines))


def _is_better(result: Attempt, best: Attempt, certain: bool) -> bool:
    """Compare two attempts. `certain`: the wrapper is certainly there, so that it is removed unless less is read then."""
    return result.value > best.value or (certain and 0 < result.rows >= best.rows and result.unread <= best.unread)


def _best_prefix(
    lines: Sequence[str], best: Attempt, attempt: Callable[[Iterable[str]], Attempt]
) -> tuple[Prefix | None, Attempt]:
    """Return the prefix without which more rows are read, or as many where nearly all lines have it."""
    chosen = None
    most = (0, False, 0, 0)
    filled = [line for line in lines if line.strip()]
    for shape in shapes(lines):
        result = attempt(shape.lines(lines))
        rank = (result.rows, any(map(wrapping.is_header, shape.lines(lines))), result.value, -len(shape.pattern))
        if chosen is None:
            more = result.rows > best.rows and result.value > best.value
            better = more or (_is_better(result, best, True) and shape.fits(filled) * 10 >= len(filled) * 9)
        else:
            better = rank > most
        if better:
            chosen, best, most = shape, result, rank
    return chosen, best


def _groups(prefix: Prefix, lines: Iterable[str]) -> dict[str | None, list[str]]:
    groups: dict[str | None, list[str]] = {}
    for line in lines:
        groups.setdefault(prefix.name(line), []).append(line)
    return groups


def parts(found: Found, lines: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Return the lines of each host, without what they are wrapped in. Lines of no host are added to those of the first."""
    assert found.prefix is not None
    at = found.steps.index(found.prefix.lines)
    for step in found.steps[:at]:
        lines = step(lines)
    groups = _groups(found.prefix, lines)
    own = {host: list(found.prefix.lines(groups.pop(host, []))) for host in found.hosts}
    own[found.hosts[0]].extend(line for others in groups.values() for line in others)
    result = []
    for host, rest in own.items():
        for step in found.steps[at + 1 :]:
            rest = list(step(rest))
        result.append((host, rest))
    return result
