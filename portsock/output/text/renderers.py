"""The renderers of --format by name. Those of tabulate and of CSV are imported only when they are chosen, to save start-up."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from portsock.output.columns import Column
from portsock.output.context import Context, Options
from portsock.output.text.table import table

Row = TypeVar("Row")


class Renderer(Protocol):
    """Rows into chunks of text."""

    def __call__(
        self, rows: Iterable[Row], columns: Sequence[Column[Row]], context: Context, options: Options
    ) -> Iterator[str]:
        """Yield chunks of text; the caller writes them."""
        ...


def renderer(name: str, terminal: bool = False) -> Renderer:
    """Return the renderer of a layout: 'table', 'csv', or one of tabulate's names. Raises UsageError.

    `terminal`: the table must fit one.
    """
    if name == "table" and terminal:
        from portsock.output.text.terminal import fitted

        return fitted
    if name == "table":
        return table
    if name == "csv":
        from portsock.output.text.csv import csv

        return csv
    from portsock.output.text.formats import check_name, tabulated

    check_name(name)
    return partial(tabulated, name)
