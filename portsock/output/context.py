"""What the cells of a table need besides their row."""

from collections.abc import Mapping
from typing import NamedTuple

from portsock.model import Process
from portsock.services import EMPTY, Services

Processes = Mapping[tuple[str | None, int], Process]
"""By (host label, pid), as in Snapshot."""


class Context(NamedTuple):
    """What one run of a command knows and was asked for."""

    services: Services = EMPTY
    numeric: bool = False
    """No service names in cells."""
    processes: Mapping[tuple[str | None, int], Process] = {}
    hostnames: Mapping[str, str] = {}
    """Host names by address, where --resolve asked for them."""
    whole: bool = False
    """For programs: cells have no drawing, and lists in them every item."""
