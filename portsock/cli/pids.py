"""`--pids`: bare process ids that may be handed to kill or xargs."""

from collections.abc import Sequence
from typing import NamedTuple

from portsock.model import Socket

INIT = 1


class Pids(NamedTuple):
    """What to print, and what a person must be told."""

    pids: tuple[int, ...]
    remarks: tuple[str, ...]
    unknown: int
    """Sockets that matched and whose process is not known."""


def pids_of(sockets: Sequence[Socket]) -> Pids:
    """The holders of these sockets, each once, ascending. Never 1: ending init ends the system."""
    found = {owner.pid for socket in sockets for owner in socket.owners if owner.pid is not None}
    remarks = []
    if INIT in found:
        remarks.append(
            "PID 1 is left out: init holds a listener for a service (systemctl list-sockets names the .socket unit to stop)"
        )
    unknown = sum(1 for socket in sockets if not any(owner.pid for owner in socket.owners))
    return Pids(tuple(sorted(found - {INIT, 0})), tuple(remarks), unknown)
