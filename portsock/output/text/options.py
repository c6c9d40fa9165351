"""What every text renderer is told."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


class Wire(NamedTuple, Generic[Result]):
    """How results get from one process to another."""

    pack: Callable[[Result], Any]
    """Into plain data, which marshal can write."""
    unpack: Callable[[Any], Result]


class Each(Protocol):
    """Applies a function to parts, as map() does. It may be applied in another process: nothing but its results, which go over
    the wire, can be relied upon."""

    def __call__(
        self, function: Callable[[Part], Result], parts: Sequence[Part], wire: Wire[Result] | None = None, /
    ) -> Iterable[Result]:
        """The results, in the order of the parts. Without a wire they are plain data themselves."""
        ...


def each_here(
    function: Callable[[Part], Result], parts: Sequence[Part], wire: Wire[Result] | None = None, /  # noqa: ARG001
) -> Iterable[Result]:
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
