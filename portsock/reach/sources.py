"""Sets of addresses: sorted points at which membership changes, so that [a, b, c, d] is a to b-1 and c to d-1."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

Bounds = list[int]
FEW = 24
"""So many intervals are looked up one by one; more are merged in one pass."""


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


def _merged(a: Bounds, b: Bounds, wanted: tuple[bool, bool, bool]) -> Bounds:
    """Merge two sets in one pass; `wanted` says whether to keep what is in a only, in b only, in both."""
    only_a, only_b, both = wanted
    # Points at which both change are there twice; a change that is taken back at once is taken out again.
    result: Bounds = []
    others = set(b)
    first = second = state = False
    for point in sorted(a + b):
        if point in others:
            others.discard(point)
            second = not second
        else:
            first = not first
        now = (both if second else only_a) if first else second and only_b
        if now is not state:
            state = now
            if result and result[-1] == point:
                result.pop()
            else:
                result.append(point)
    return result


def intersect(a: Bounds, b: Bounds) -> Bounds:
    if len(a) > len(b):
        a, b = b, a
    if len(a) == 2:
        return inside(b, a[0], a[1] - 1)
    if len(a) <= FEW or len(a) * 16 < len(b):
        found: Bounds = []
        for low, high in intervals(a):
            found += inside(b, low, high)
        return found
    return _merged(a, b, (False, False, True))


def subtract(a: Bounds, b: Bounds) -> Bounds:
    """Return a without b. Neither is changed."""
    if len(b) <= FEW:
        result = a.copy()
        for low, high in intervals(b):
            remove(result, low, high)
        return result
    return _merged(a, b, (True, False, False))


def take(a: Bounds, b: Bounds) -> None:
    """Take b out of a itself."""
    if len(b) <= FEW:
        for low, high in intervals(b):
            remove(a, low, high)
    else:
        a[:] = _merged(a, b, (True, False, False))


def add(a: Bounds, b: Bounds) -> None:
    """Put b into a itself."""
    if len(b) <= FEW:
        for low, high in intervals(b):
            insert(a, low, high)
    else:
        a[:] = _merged(a, b, (True, True, True))


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
