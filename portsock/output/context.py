"""Arguments of cells and renderers besides the rows."""

from collections.abc import Mapping
from typing import NamedTuple

from portsock.model import Processes
from portsock.port_numbers import EMPTY, Services


class Context(NamedTuple):
    """Facts and choices that the cells of one answer share."""

    services: Services = EMPTY
    numeric: bool = False
    """No service names in cells."""
    processes: Processes = {}  # noqa: RUF012 - never changed
    hostnames: Mapping[str, str] = {}
    """Host names by address, with --resolve only."""
    whole: bool = False
    """For programs: cells have no drawing, and lists in them every item."""


class Options(NamedTuple):
    """The layout of the text."""

    header: bool = True
    width: int | None = None
    """Columns of the terminal, which no line may exceed; None where nothing may be shortened."""
    chosen: bool = False
    """The columns are the default ones, some of which may be left out where there is no room."""
    color: bool = False
    ascii_only: bool = False
