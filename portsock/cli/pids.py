"""`--pids`: bare process ids for kill or xargs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from portsock.model import Process, Socket

INIT = 1
_SYSTEMD = "systemd holds it for a service; systemctl list-sockets names the .socket unit to stop"


class Pids(NamedTuple):
    """The process ids to print, and remarks for standard error."""

    pids: tuple[int, ...]
    remarks: tuple[str, ...]


def pids_of(sockets: Sequence[Socket], processes: Mapping[tuple[str | None, int], Process]) -> Pids:
    """Return the owners of these sockets, each once, ascending. Never 1: ending it ends the system or the container."""
    found = {owner.pid for socket in sockets for owner in socket.owners if owner.pid}
    remarks = []
    if INIT in found:
        name = (processes.get((None, INIT)) or Process(INIT)).name
        why = _SYSTEMD if name == "systemd" else "ending it would end the system or container whose first process it is"
        remarks.append(f"PID 1 is left out: {why}")
    unknown = sum(not any(owner.pid for owner in socket.owners) for socket in sockets)
    if unknown:
        several = f"{unknown} matching sockets have" if unknown > 1 else "1 matching socket has"
        remarks.append(f"{several} no process that could be found; portsock sockets says why")
    return Pids(tuple(sorted(found - {INIT})), tuple(remarks))
