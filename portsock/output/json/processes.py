"""Processes as objects of the JSON contract, and which of them an answer names."""

from operator import itemgetter
from typing import Any

from portsock.model import Owner, Process, Processes, Socket
from portsock.normalize.processes import process_of
from portsock.output.json.strings import sound
from portsock.output.timestamps import iso

Object = dict[str, Any]

_HOLDING = itemgetter(*map(Socket._fields.index, ("host", "owners", "peer")))


def process_object(process: Process) -> Object:
    """What is known of a process."""
    result: Object = {
        "pid": process.pid,
        "name": process.name and sound(process.name),
        "exe": process.exe and sound(process.exe),
        "cmdline": None if process.cmdline is None else [sound(word) for word in process.cmdline],
        "user": process.user and sound(process.user),
        "uid": process.uid,
        "ppid": process.ppid,
        "started_at": iso(process.started_at),
        "unit": process.unit and sound(process.unit),
        "container": process.container and sound(process.container),
    }
    if process.comm is not None:
        result["comm"] = sound(process.comm)
    if process.exe_deleted:
        result["exe_deleted"] = True
    if process.forwards_to is not None:
        result["forwards_to"] = sound(process.forwards_to)
    if process.host is not None:
        result["host"] = sound(process.host)
    return result


Named = dict[tuple[str | None, int], Owner]
"""What names a process, by its host and pid; of several owners the first."""


def add_named(named: Named, socket: Socket) -> None:
    """Add the processes that the socket or its peer names."""
    host, owners, peer = _HOLDING(socket)
    for owner in owners:
        if owner[0] is not None:
            named.setdefault((host, owner[0]), owner)
    if peer is not None:
        for owner in peer.owners:
            if owner[0] is not None:
                named.setdefault((peer.host or host, owner[0]), owner)


def named_processes(named: Named, processes: Processes) -> list[Process]:
    """What is known of these processes, by host and pid."""
    return [process_of(key, named[key], processes) for key in sorted(named, key=lambda key: (key[0] or "", key[1]))]
