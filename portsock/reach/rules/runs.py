"""Long chains in short: the rules that a packet can meet, and runs of rules that compare its source and end there."""

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from portsock.reach.rules.branches import Branch, Final
from portsock.reach.rules.packet import Group, Packet
from portsock.reach.sources import Bounds, gathered, intersect, subtract
from portsock.rulesets import Assign, Chain, Key, Masked, Match, Meta, Payload, Range, Remark, Rule, Ruleset, Verdict

if TYPE_CHECKING:
    from portsock.reach.rules.keys import Keys
    from portsock.reach.rules.machine import Machine

T = TypeVar("T")
SHORTEST = 4
"""Fewer rules are taken one by one."""
DESTINATION_PORT = Payload("transport", 16, 16)
SOURCE_OFFSET = {32: 96, 128: 64}
Piece = tuple[int, int, int]
"""First and last source, and the place of the rule that is the first to have them."""


class Run(NamedTuple):
    """Rules one after the other that each drop or accept some sources, whatever else the packet is."""

    rules: tuple[Rule, ...]
    pieces: tuple[Piece, ...]
    dropped: Bounds
    accepted: Bounds
    covered: Bounds


class Line(NamedTuple):
    """A rule that packets of one IP version and protocol may meet."""

    place: int
    rule: Rule
    ports: tuple[Range, ...] | None
    """The destination ports that it is for; None: every port."""
    sources: tuple[Range, ...] | None
    """What it drops or accepts, where it looks at nothing but the source; else None."""


class Prepared:
    """What is worked out once of a ruleset for all that is asked about it."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.keys: dict[tuple[int, str], Keys] = {}
        self._known: dict[object, Any] = {}
        self._lines: dict[tuple[int, int, int], tuple[list[Line], list[Line]]] = {}
        self._steps: dict[tuple[int, int, int, int], list[Rule | Run]] = {}
        self.rewrites = any(
            isinstance(statement, Assign) and isinstance(statement.target, Payload)
            for table in ruleset.tables
            for chain in table.chains.values()
            for rule in chain.rules
            for statement in rule.statements
        )

    def once(self, name: object, work: Callable[[], T]) -> T:
        """Return what is worked out once by this name."""
        if name not in self._known:
            self._known[name] = work()
        found: T = self._known[name]
        return found

    def steps(self, chain: Chain, packet: Packet, groups: Sequence[Group]) -> Iterable[Rule | Run]:
        """Return the rules of a chain that packets may meet; their groups have one destination port."""
        port = groups[0].environment.port if groups else None
        if port is None or self.rewrites or not all(one.environment.own_source for one in groups):
            return chain.rules
        key = (id(chain), packet.version, packet.protocol, port)
        found = self._steps.get(key)
        if found is None:
            always, sometimes = self._lines_of(chain, packet)
            some = [line for line in sometimes if any(low <= port <= high for low, high in line.ports or ())]
            found = self._steps[key] = joined(sorted([*always, *some], key=_place) if some else always)
        return found

    def _lines_of(self, chain: Chain, packet: Packet) -> tuple[list[Line], list[Line]]:
        """Return the lines for every port, and those for some."""
        key = (id(chain), packet.version, packet.protocol)
        found = self._lines.get(key)
        if found is None:
            lines = [line_of(place, rule, packet) for place, rule in enumerate(chain.rules)]
            known = [line for line in lines if line is not None]
            found = [line for line in known if line.ports is None], [line for line in known if line.ports is not None]
            self._lines[key] = found
        return found


def _place(line: Line) -> int:
    return line.place


def line_of(place: int, rule: Rule, packet: Packet) -> Line | None:
    """Return what a rule looks at; None where a packet cannot meet it."""
    ports: tuple[Range, ...] | None = None
    sources: tuple[Range, ...] | None = None
    simple = True
    for statement in rule.statements:
        kind = type(statement)
        if kind is Remark:
            continue
        if kind is not Match:
            ends = kind is Verdict and statement.kind in ("drop", "accept")  # type: ignore[union-attr]
            return Line(place, rule, ports, sources if simple and ends else None)
        left, keys, negated = statement  # type: ignore[misc]
        ranges = _ranges(keys)
        if ranges is not None and type(left) is Meta and left.key in ("nfproto", "l4proto"):
            value = packet.protocol if left.key == "l4proto" else 10 if packet.version == 6 else 2
            if any(low <= value <= high for low, high in ranges) is negated:
                return None
        elif ranges is not None and not negated and ports is None and left == DESTINATION_PORT:
            ports = ranges
        elif ranges is not None and not negated and sources is None and (found := sources_of(left, ranges, packet.bits)):
            sources = found
        else:
            simple = False
    return Line(place, rule, ports, None)


def sources_of(left: Any, ranges: tuple[Range, ...], bits: int) -> tuple[Range, ...] | None:
    """Return the sources of which the first bits are compared; None where something else is."""
    low_bits = 0
    if type(left) is Masked:
        # 'ip saddr 10.0.0.0/10': the bits behind the prefix are zero in what is compared.
        payload, mask = left.source, left.mask
        low_bits = (mask & -mask).bit_length() - 1
        if type(payload) is not Payload or left.flip or mask + (1 << low_bits) != 1 << payload.length:
            return None
        if any(low != high or low & (1 << low_bits) - 1 for low, high in ranges):
            return None
        left = payload
    if type(left) is not Payload or left.base != "network" or left.offset != SOURCE_OFFSET[bits] or left.length > bits:
        return None
    free, rest = bits - left.length, (1 << low_bits) - 1
    return tuple(Range(low << free, (high + rest + 1 << free) - 1) for low, high in ranges)


def _ranges(keys: tuple[Key, ...] | str) -> tuple[Range, ...] | None:
    """Return the keys as ranges, None where they are others."""
    if isinstance(keys, str) or any(len(key) != 1 or type(key[0]) is not Range for key in keys):
        return None
    return tuple(key[0] for key in keys)  # type: ignore[misc]


def joined(lines: Sequence[Line]) -> list[Rule | Run]:
    """Return rules and runs in order."""
    found: list[Rule | Run] = []
    simple: list[Line] = []
    for line in lines:
        if line.sources is not None:
            simple.append(line)
            continue
        if simple:
            found += _run(simple)
            simple = []
        found.append(line.rule)
    return [*found, *_run(simple)] if simple else found


def _run(lines: Sequence[Line]) -> Sequence[Rule | Run]:
    rules = tuple(line.rule for line in lines)
    if len(lines) < SHORTEST:
        return rules
    every = sorted((low, high, place) for place, line in enumerate(lines) for low, high in line.sources or ())
    pieces = every if all(before[1] < after[0] for before, after in pairwise(every)) else flat(every)
    drops = [rule.statements[-1].kind == "drop" for rule in rules]  # type: ignore[union-attr]
    dropped = gathered((low, high) for low, high, place in pieces if drops[place])
    accepted = gathered((low, high) for low, high, place in pieces if not drops[place])
    return [Run(rules, tuple(pieces), dropped, accepted, gathered((low, high) for low, high, _ in pieces))]


def flat(ranges: Sequence[Piece]) -> list[Piece]:
    """Return sorted ranges cut so that they do not overlap: each address is its first rule's."""
    found: list[Piece] = []
    active: list[tuple[int, int]] = []
    start = place = 0
    while place < len(ranges) or active:
        if not active:
            start = max(start, ranges[place][0])
        while place < len(ranges) and ranges[place][0] <= start:
            heappush(active, (ranges[place][2], ranges[place][1]))
            place += 1
        while active and active[0][1] < start:
            heappop(active)
        if active:
            rule, last = active[0]
            if place < len(ranges):
                last = min(last, ranges[place][0] - 1)
            found.append((start, last, rule))
            start = last + 1
    return found


def pass_run(machine: "Machine", run: Run, group: Group) -> None:
    """Take the sources that a run has out of a group."""
    environment, causes = group.environment, group.causes
    if hit := intersect(group.sources, run.dropped):
        machine.finals.append(Final(hit, "drop", environment, causes, machine.refer(run)))
    if hit := intersect(group.sources, run.accepted):
        machine.accept(Branch(hit, environment, causes), run)
    group.sources = subtract(group.sources, run.covered)


def by_port(groups: Sequence[Group]) -> list[list[Group]]:
    """Return the groups of each destination port."""
    found: dict[int | None, list[Group]] = {}
    for group in groups:
        found.setdefault(group.environment.port, []).append(group)
    return list(found.values())
