"""How rows become text: what every renderer of rows is given."""

from typing import NamedTuple


class Options(NamedTuple):
    """How rows become text."""

    header: bool = True
    width: int | None = None
    """Columns of the terminal, to shorten the last free text to; None where nothing may be shortened."""
    chosen: bool = False
    """The columns are the default ones, of which spare ones may be left out where there is no room."""
    color: bool = False
    ascii_only: bool = False
