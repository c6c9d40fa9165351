"""The keys of a match, a set or a map, and which of them a value meets."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from portsock.reach.rules.values import (
    MOST_CHOICES,
    Absent,
    Choice,
    Link,
    Missing,
    Possible,
    Row,
    Split,
    Symbol,
    Value,
    concrete,
)
from portsock.reach.sources import Bounds, add, gathered, inside, intersect, size, subtract
from portsock.rulesets import Key, Name, Range


class Piece(NamedTuple):
    """What is found for some sources."""

    sources: Bounds
    found: Any
    """What the map has for it; True for a set; None where it is certain that nothing matches."""
    cause: str | None = None
    """The value that is not known, where it may be otherwise."""
    certain: bool = True
    """The value meets some key in any case."""


Pieces = list[Piece]


class Keys:
    """Keys ready for search. Payloads are what maps have for each; True in sets."""

    def __init__(self, entries: Iterable[tuple[Key | None, Any]], whole: str | None = None) -> None:
        self.missing = whole
        """Why there may be more keys."""
        self.default: Any = None
        self.names: dict[str, Any] = {}
        self.prefixes: list[tuple[str, Any]] = []
        self.rows: list[tuple[Key, Any]] = []
        ranges: list[tuple[int, int, Any]] = []
        for key, found in entries:
            if key is None:
                self.default = found
            elif len(key) != 1:
                self.rows.append((key, found))
            elif isinstance(part := key[0], Range):
                ranges.append((part.low, part.high, found))
            elif part.prefix:
                self.prefixes.append((part.text, found))
            else:
                self.names[part.text] = found
        ranges.sort(key=lambda entry: entry[:2])
        self.ranges = ranges
        self.lows = [entry[0] for entry in ranges]
        self._bounds: Bounds | None = None
        self._payloads: list[Any] | None = None

    def bounds(self) -> Bounds:
        """Return every number that is a key."""
        if self._bounds is None:
            self._bounds = gathered(entry[:2] for entry in self.ranges)
        return self._bounds

    def payloads(self) -> list[Any]:
        """Return what can be found, each once."""
        if self._payloads is None:
            every = [entry[2] for entry in self.ranges] + [entry[1] for entry in self.rows]
            every += [*self.names.values(), *(found for _, found in self.prefixes)]
            self._payloads = list(dict.fromkeys(every))
        return self._payloads

    def at(self, number: int) -> Any:
        """Return what is found for a number, None where it is no key."""
        place = bisect_right(self.lows, number) - 1
        # Ranges of one set do not overlap; keys in the text of a rule may, and are few.
        while place >= 0:
            if self.ranges[place][1] >= number:
                return self.ranges[place][2]
            if len(self.ranges) > MOST_CHOICES:
                break
            place -= 1
        return None

    def named(self, name: str) -> Any:
        found = self.names.get(name)
        if found is None:
            found = next((payload for prefix, payload in self.prefixes if name.startswith(prefix)), None)
        return found

    def find(self, value: Value, sources: Bounds) -> Pieces:
        """Return what is found for the value. What no piece covers for certain may find nothing."""
        value = concrete(value, sources)
        if isinstance(value, Absent):
            return [Piece(sources, None)]
        if isinstance(value, Split):
            return [
                piece for bounds, one in value.parts if (part := intersect(sources, bounds)) for piece in self.find(one, part)
            ]
        pieces = self._find(value, sources)
        if self.missing:
            rest = uncovered(pieces, sources)
            pieces += [Piece(rest, found, self.missing, False) for found in self.payloads() or [True] if rest]
        if self.default is not None and (rest := uncovered(pieces, sources)):
            doubt = next((piece.cause for piece in pieces if not piece.certain), None)
            pieces = [piece._replace(certain=True) for piece in pieces] + [Piece(rest, self.default, doubt)]
        return pieces

    def _find(self, value: Value, sources: Bounds) -> Pieces:
        found: Any
        if isinstance(value, int):
            found = self.at(value)
            return [] if found is None else [Piece(sources, found)]
        if isinstance(value, Symbol):
            return self._by_source(value, sources)
        if isinstance(value, Link):
            return self._link(value, sources)
        if isinstance(value, Possible):
            return self._possible(value, sources)
        if isinstance(value, Row):
            return find_row(self, value, sources)
        if isinstance(value, Choice):
            return alternatives([self.find(one, sources) for one in value.values], sources, value.text)
        payloads = self.payloads()
        text = value.text if isinstance(value, Missing) else "a value that depends on others"
        return [Piece(sources, found, text, False) for found in payloads]

    def _by_source(self, value: Symbol, sources: Bounds) -> Pieces:
        if len(self.payloads()) == 1 and value.shift == value.flip == 0 and value.plain() == 0:
            whole = sources if len(sources) == 2 and not self.rows and self.at_all(sources) else None
            hit = whole or intersect(sources, self.bounds())
            return [Piece(hit, self.ranges[0][2])] if hit else []
        hits: dict[Any, list[tuple[int, int]]] = {}
        for low, high, found in self.ranges:
            if origin := value.origin(low, high):
                hits.setdefault(found, []).append(origin)
        pieces = [Piece(intersect(sources, gathered(ranges)), found) for found, ranges in hits.items()]
        return [piece for piece in pieces if piece.sources]

    def at_all(self, sources: Bounds) -> bool:
        """Say whether every one of an interval of sources is a key."""
        bounds = self.bounds()
        place = bisect_right(bounds, sources[0])
        return bool(place & 1) and bounds[place] >= sources[1]

    def _link(self, value: Link, sources: Bounds) -> Pieces:
        found = self.named(value.name)
        if found is None and value.ifindex is not None:
            found = self.at(value.ifindex)
        if found is None and value.ifindex is None and self.ranges:
            return [Piece(sources, one, f"index of {value.name}", False) for one in self.payloads()]
        return [] if found is None else [Piece(sources, found)]

    def _possible(self, value: Possible, sources: Bounds) -> Pieces:
        possible = gathered(value.ranges)
        hits: dict[Any, Bounds] = {}
        for low, high in value.ranges:
            last = bisect_right(self.lows, high)
            first = 0 if last <= MOST_CHOICES else max(bisect_left(self.lows, low) - 1, 0)
            for start, end, found in self.ranges[first:last]:
                if end >= low:
                    add(hits.setdefault(found, []), inside(possible, start, end))
        if not hits:
            return []
        covered = sum(map(size, hits.values())) >= size(possible)
        if covered and len(hits) == 1:
            return [Piece(sources, next(iter(hits)))]
        return [Piece(sources, found, value.text, covered) for found in hits]


def uncovered(pieces: Pieces, sources: Bounds) -> Bounds:
    """Return the sources for which it is not certain that something is found."""
    for piece in pieces:
        if piece.certain:
            if piece.sources is sources:
                return []
            sources = subtract(sources, piece.sources)
    return sources


def alternatives(options: Sequence[Pieces], sources: Bounds, text: str) -> Pieces:
    """Join what is found for each of several values of which one is the right one."""
    certain = all(not uncovered(option, sources) for option in options)
    joined: dict[Any, Bounds] = {}
    for option in options:
        for piece in option:
            add(joined.setdefault(piece.found, []), piece.sources)
    if certain and len(joined) == 1:
        return [Piece(sources, next(iter(joined)))]
    return [Piece(bounds, found, text, certain) for found, bounds in joined.items() if found is not None]


def find_row(keys: Keys, row: Row, sources: Bounds) -> Pieces:
    """Return what is found for a concatenation."""
    tests = [_tester(part, sources) for part in row.parts]
    certain: dict[Any, list[tuple[int, int]]] = {}
    doubtful: dict[Any, tuple[list[tuple[int, int]], str]] = {}
    everything = [(sources[0], sources[-1] - 1)] if sources else []
    for key, found in keys.rows:
        ranges, doubt = everything, None
        for test, part in zip(tests, key, strict=False):
            answer = test(part)
            if answer is False:
                break
            if isinstance(answer, str):
                doubt = doubt or answer
            elif answer is not True:
                ranges = _both(ranges, answer)
                if not ranges:
                    break
        else:
            if doubt:
                doubtful.setdefault(found, ([], doubt))[0].extend(ranges)
            else:
                certain.setdefault(found, []).extend(ranges)
    pieces = [Piece(intersect(sources, gathered(ranges)), found) for found, ranges in certain.items()]
    rest = uncovered(pieces, sources)
    for found, (ranges, doubt) in doubtful.items():
        pieces.append(Piece(intersect(rest, gathered(ranges)), found, doubt, False))
    return [piece for piece in pieces if piece.sources]


Answer = bool | str | list[tuple[int, int]]
"""What is known of a part: met, not met, met for these sources; or the text of what is not known."""


def _both(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(max(low, start), min(high, end)) for low, high in a for start, end in b if low <= end and start <= high]


def _tester(value: Value, sources: Bounds) -> Callable[[Range | Name], Answer]:
    """Return what says whether a part of a key is met."""
    value = concrete(value, sources)

    def number(part: Range | Name) -> Answer:
        return type(part) is Range and part.low <= value <= part.high  # type: ignore[operator]

    def symbol(part: Range | Name) -> Answer:
        assert isinstance(value, Symbol)
        origin = value.origin(part.low, part.high) if isinstance(part, Range) else None
        return [origin] if origin else False

    def anything(part: Range | Name) -> Answer:
        pieces = Keys([((part,), True)]).find(value, sources)
        if not pieces:
            return False
        if all(piece.cause is None for piece in pieces):
            return [(low, end - 1) for piece in pieces if piece.found for low, end in _pairs(piece.sources)]
        return next(piece.cause for piece in pieces if piece.cause)

    return number if isinstance(value, int) else symbol if isinstance(value, Symbol) else anything


def _pairs(bounds: Bounds) -> Iterable[tuple[int, int]]:
    return zip(bounds[::2], bounds[1::2], strict=True)
