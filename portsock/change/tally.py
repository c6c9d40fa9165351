"""Counts of what could not be compared, made while places are compared."""

from collections import Counter
from typing import NamedTuple

from portsock.change.types import NEW, OLD
from portsock.model import OwnerReason, OwnerStatus

Unseen = tuple[OwnerStatus, OwnerReason | None]


class Tally(NamedTuple):
    """Numbers of ports, or of connections' places."""

    owners: "Counter[tuple[str, Unseen]]"
    """Programs were not compared: by side and why."""
    facts: "Counter[tuple[str, str]]"
    """Programs were compared without a fact: by the side that lacks it, and the fact."""
    outside: "Counter[str]"
    """By side: what the other side has, and this one was not asked for or did not read."""
    moved: "Counter[None]"
    """Ports that the system picked, which have another number."""
    on_demand: "Counter[None]"
    """Sockets of systemd whose service runs on one side only."""

    @classmethod
    def empty(cls) -> "Tally":
        """Return one in which nothing is counted."""
        return cls(Counter(), Counter(), Counter(), Counter(), Counter())

    def unseen(self, old: Unseen | None, new: Unseen | None) -> None:
        """Count a place whose programs one side or both did not see."""
        for side, why in ((OLD, old), (NEW, new)):
            if why is not None:
                self.owners[side, why] += 1

    def lacking(self, fact: str, old: bool, new: bool) -> None:
        """Count a fact that one side has and the other does not."""
        if old != new:
            self.facts[NEW if old else OLD, fact] += 1
