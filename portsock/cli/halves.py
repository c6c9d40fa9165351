"""Much output is made by two processes, where there are two cores."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from portsock.output.text.options import Each, Part, Result, Wire, each_here
from portsock.sources.linux.beside import Beside, possible

_WORTH_A_PROCESS = 10_000
"""Rows from which half of the work is more than starting a process for it and taking over its results."""
_TURN = 8
"""Neighbours lie in the same pages of memory, which are copied where both processes touch them."""


def each_for(rows: int) -> Each:
    """How parts of so many rows are to be worked at."""
    return alternately if rows >= _WORTH_A_PROCESS and possible() else each_here


def alternately(
    function: Callable[[Part], Result], parts: Sequence[Part], wire: Wire[Result] | None = None, /
) -> Iterable[Result]:
    """By turns of _TURN parts here and in a process beside this one, which is a megabyte of results ahead at most; what it
    does not give is made here."""
    pack, unpack = wire or (_as_it_is, _as_it_is)
    told = Beside(lambda: (pack(function(part)) for index, part in enumerate(parts) if index // _TURN % 2)).results()
    for index, part in enumerate(parts):
        result = next(told, None) if index // _TURN % 2 else None
        yield function(part) if result is None else unpack(result)
    for _ in told:  # until it has ended
        pass


def _as_it_is(result: Any) -> Any:
    return result
