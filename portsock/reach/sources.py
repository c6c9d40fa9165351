"""Sets of addresses: sorted points at which membership changes, so that [a, b, c, d] is a to b-1 and c to d-1."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

Bounds = list[int]
FEW = 24
"""So many points are put in or taken out one by one; for more a new list is made."""


def everything(bits: int) -> Bounds:
    return [0, 1 << bits]


def inside(bounds: Bounds, low: int, high: int) -> Bounds:
    """Return what the set has of low to high, both included."""
    first, last = bisect_right(bounds, low), bisect_left(bounds, high + 1)
    if first == last:
        return [low, high + 1] if first & 1 else []
    found = bounds[first:last]
    if first & 1:
        found.insert(0, low)
    if last & 1:
        found.append(high + 1)
    return found


def remove(bounds: Bounds, low: int, high: int) -> None:
    """Take low to high, both included, out of the set itself."""
    first, last = bisect_left(bounds, low), bisect_right(bounds, high + 1)
    bounds[first:last] = [low] * (first & 1) + [high + 1] * (last & 1)


def insert(bounds: Bounds, low: int, high: int) -> None:
    """Put low to high, both included, into the set itself."""
    first, last = bisect_left(bounds, low), bisect_right(bounds, high + 1)
    bounds[first:last] = [low] * (~first & 1) + [high + 1] * (~last & 1)


def intervals(bounds: Bounds) -> Iterator[tuple[int, int]]:
    """Yield the first and the last address of each interval."""
    for place in range(0, len(bounds), 2):
        yield bounds[place], bounds[place + 1] - 1


def gathered(ranges: Iterable[tuple[int, int]]) -> Bounds:
    """Return the union of ranges in any order."""
    bounds: Bounds = []
    end = -1
    for low, high in sorted(ranges):
        if low > end:
            bounds += (low, high + 1)
            end = high + 1
        elif high >= end:
            bounds[-1] = end = high + 1
    return bounds


def _within(small: Bounds, big: Bounds) -> Bounds:
    """Return what both have; there is one step for each interval of the first, and slices of the second."""
    found: Bounds = []
    for low, end in zip(small[::2], small[1::2], strict=True):
        first, last = bisect_right(big, low), bisect_left(big, end)
        if first & 1:
            found.append(low)
        found += big[first:last]
        if last & 1:
            found.append(end)
    return found


def _outside(a: Bounds, b: Bounds) -> Bounds:
    """Return a without b; there is one step for each interval of b, and slices of a."""
    found: Bounds = []
    start = 0
    for low, end in zip(b[::2], b[1::2], strict=True):
        first, last = bisect_left(a, low, start), bisect_right(a, end, start)
        found += a[start:first]
        if first & 1:
            found.append(low)
        if last & 1:
            found.append(end)
        start = last
    found += a[start:]
    return found


def intersect(a: Bounds, b: Bounds) -> Bounds:
    if a == b:
        return a.copy()
    return _within(a, b) if len(a) <= len(b) else _within(b, a)


def subtract(a: Bounds, b: Bounds) -> Bounds:
    """Return a without b. Neither is changed."""
    if len(b) <= len(a):
        return _outside(a, b)
    if not a:
        return []
    # What b does not have, between the first and the last address of a: its points without those at the edges.
    low, end = min(a[0], b[0]), max(a[-1], b[-1])
    rest = b[1:] if b[0] == low else [low, *b]
    if rest[-1] == end:
        rest.pop()
    else:
        rest.append(end)
    return _within(a, rest)


def take(a: Bounds, b: Bounds) -> None:
    """Take b out of a itself."""
    if len(b) <= FEW:
        for low, high in intervals(b):
            remove(a, low, high)
    else:
        a[:] = subtract(a, b)


def add(a: Bounds, b: Bounds) -> None:
    """Put b into a itself."""
    if len(b) <= FEW:
        for low, high in intervals(b):
            insert(a, low, high)
    else:
        a[:] = _united(a, b) if len(b) <= len(a) else _united(b, a)


def _united(a: Bounds, b: Bounds) -> Bounds:
    """Return the union; there is one step for each interval of b, and slices of a."""
    found: Bounds = []
    start = 0
    for low, end in zip(b[::2], b[1::2], strict=True):
        first, last = bisect_left(a, low, start), bisect_right(a, end, start)
        found += a[start:first]
        if not first & 1:
            found.append(low)
        if not last & 1:
            found.append(end)
        start = last
    found += a[start:]
    return found


def size(bounds: Bounds) -> int:
    return sum(bounds[1::2]) - sum(bounds[::2])


def number(address: str) -> int:
    """Return an address, with or without a zone, as a number. Raises OSError where it is none."""
    text = address.partition("%")[0]
    return int.from_bytes(inet_pton(AF_INET6 if ":" in text else AF_INET, text))


def network(text: str) -> tuple[int, int]:
    """Return the first and the last address of '10.0.0.0/8' or of a single address."""
    address, _, length = text.partition("/")
    bits = 128 if ":" in address else 32
    free = bits - int(length) if length else 0
    low = number(address) >> free << free
    return low, low | (1 << free) - 1


def spelled(address: int, bits: int) -> str:
    """Return an address as text."""
    if bits == 32:
        return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"
    return inet_ntop(AF_INET6, address.to_bytes(16))


def _turn(low: int, end: int) -> int:
    """Return the address up to which networks grow, and from which they shrink, where low to end-1 is cut into few."""
    width = (low ^ end).bit_length() - 1
    return end >> width << width


def count(bounds: Bounds) -> int:
    """Return how many networks cover the set."""
    total = 0
    for low, high in intervals(bounds):
        turn = _turn(low, high + 1)
        total += (turn - low).bit_count() + (high + 1 - turn).bit_count()
    return total


def networks(bounds: Bounds, bits: int) -> tuple[str, ...]:
    """Return the fewest networks that cover the set, lowest first."""
    found = []
    for low, high in intervals(bounds):
        turn, end = _turn(low, high + 1), high + 1
        while low < turn:
            step = (turn - low) & (low - turn)
            found.append(f"{spelled(low, bits)}/{bits + 1 - step.bit_length()}")
            low += step
        while low < end:
            width = (end - low).bit_length()
            found.append(f"{spelled(low, bits)}/{bits + 1 - width}")
            low += 1 << width - 1
    return tuple(found)
