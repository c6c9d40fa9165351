"""What the cells of a table need besides their row."""

from collections.abc import Mapping
from typing import NamedTuple

from portsock.model import Processes
from portsock.port_numbers import EMPTY, Services


class Context(NamedTuple):
    """What one run of a command knows and was asked for."""

    services: Services = EMPTY
    numeric: bool = False
    """No service names in cells."""
    processes: Processes = {}  # noqa: RUF012 - never changed
    hostnames: Mapping[str, str] = {}
    """Host names by address, where --resolve asked for them."""
    whole: bool = False
    """For programs: cells have no drawing, and lists in them every item."""
