"""One match or target of iptables, and what it says."""

from typing import NamedTuple

from portsock.rulesets import Statement


class Extension(NamedTuple):
    """A match or a target as the kernel lists it."""

    name: str
    revision: int
    blob: bytes
    family: str
    """Of the table."""
    hook: str | None
    """Of the base chain; None in other chains."""


Found = list[Statement] | None
"""None where it is not modelled."""
