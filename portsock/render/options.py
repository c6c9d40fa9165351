"""What every text renderer is told."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


class Each(Protocol):
    """Applies a function to parts, as map() does. A function may be applied in another process: its results are plain data
    (what marshal can write), and nothing else of what it does can be relied upon."""

    def __call__(self, function: Callable[[Part], Result], parts: Sequence[Part], /) -> Iterable[Result]:
        """The results, in the order of the parts."""
        ...


def each_here(function: Callable[[Part], Result], parts: Sequence[Part], /) -> Iterable[Result]:
    """In this process, one after the other, when they are asked for."""
    return map(function, parts)


def parts_of(rows: Sequence[Part], size: int) -> Sequence[Sequence[Part]]:
    """The rows in parts of that size."""
    return [rows[begin : begin + size] for begin in range(0, len(rows), size)]


class Options(NamedTuple):
    """How rows become text."""

    header: bool = True
    width: int | None = None
    """Columns of the terminal, to shorten the last free text to; None where nothing may be shortened."""
    chosen: bool = False
    """The columns are the default ones, of which spare ones may be left out where there is no room."""
    color: bool = False
    ascii_only: bool = False
    each: Each = each_here
    """How parts of many rows are worked at."""
