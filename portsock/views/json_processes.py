"""Processes as objects of the JSON contract, and which of them an answer names."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from portsock.model import Owner, Process, Socket
from portsock.views.context import Processes
from portsock.views.json_text import sound
from portsock.views.moment import iso
from portsock.views.procs import process_of

Object = dict[str, Any]


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


def named_processes(sockets: Iterable[Socket], processes: Processes) -> list[Process]:
    """Every process that the sockets or their peers name, once, by host and pid."""
    hosts: defaultdict[str | None, dict[int | None, Owner]] = defaultdict(dict)
    for socket in sockets:
        host, owners, peer = socket.host, socket.owners, socket.peer
        here = hosts[host]
        for owner in owners:
            if owner[0] not in here:
                here[owner[0]] = owner
        if peer is not None and peer.owners:
            here = hosts[peer.host or host]
            for owner in peer.owners:
                if owner[0] not in here:
                    here[owner[0]] = owner
    found = {(host, pid): owner for host, here in hosts.items() for pid, owner in here.items() if pid is not None}
    return [process_of(key, found[key], processes) for key in sorted(found, key=lambda key: (key[0] or "", key[1]))]
