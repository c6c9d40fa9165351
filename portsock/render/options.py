"""What every text renderer is told."""

from typing import NamedTuple


class Options(NamedTuple):
    """How rows become text."""

    header: bool = True
    width: int | None = None
    """Columns of the terminal, to shorten the last free text to; None where nothing may be shortened."""
    color: bool = False
    ascii_only: bool = False
