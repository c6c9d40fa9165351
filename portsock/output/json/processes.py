"""Process objects of the JSON contract, and the collection of the processes that an answer names."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from portsock.model import Owner, Process, Processes, Socket
from portsock.normalize.processes import process_of
from portsock.output.json.strings import encodable
from portsock.output.timestamps import iso

if TYPE_CHECKING:
    from portsock.normalize.offers import Program

Object = dict[str, Any]
_RARE = Process._fields[Process._fields.index("state") :]
"""Keys that stand only where they are known, under the names of the fields."""


def process_object(process: Process) -> Object:
    """Return the object of a process."""
    result: Object = {
        "pid": process.pid,
        "name": process.name and encodable(process.name),
        "exe": process.exe and encodable(process.exe),
        "cmdline": None if process.cmdline is None else [encodable(word) for word in process.cmdline],
        "user": process.user and encodable(process.user),
        "uid": process.uid,
        "ppid": process.ppid,
        "started_at": iso(process.started_at),
        "unit": process.unit and encodable(process.unit),
        "container": process.container and encodable(process.container),
    }
    if process.comm is not None:
        result["comm"] = encodable(process.comm)
    if process.exe_deleted:
        result["exe_deleted"] = True
    if process.forwards_to is not None:
        result["forwards_to"] = encodable(process.forwards_to)
    if process.host is not None:
        result["host"] = encodable(process.host)
    for name in _RARE:
        if (value := getattr(process, name)) is not None:
            result[name] = encodable(value) if isinstance(value, str) else value
    return result


Named = dict[tuple[str | None, int], Owner]
"""The owners that name processes, by host and pid; of several owners of one process the first."""


def add_named(named: Named, socket: Socket) -> None:
    """Add the processes that the socket or its peer names."""
    host, peer = socket.host, socket.peer
    for owner in socket.owners:
        if (pid := owner.pid) is not None:
            named.setdefault((host, pid), owner)
    if peer is not None:
        for owner in peer.owners:
            if (pid := owner.pid) is not None:
                named.setdefault((peer.host or host, pid), owner)


def named_processes(named: Named, processes: Processes) -> Iterator[Process]:
    """Yield the named processes in order of host and pid."""
    return (process_of(key, named[key], processes) for key in sorted(named, key=lambda key: (key[0] or "", key[1])))


def program_object(program: "Program") -> Object:
    """Return the object of what holds a port, whatever its process."""
    return {
        "name": program.name and encodable(program.name),
        "exe": program.exe and encodable(program.exe),
        "replaced": program.replaced,
        "user": program.user and encodable(program.user),
        "unit": program.unit and encodable(program.unit),
        "container": program.container and encodable(program.container),
    }
