"""The keys around the rows of a JSON answer."""

from portsock.model import Coverage, Machine, Notice, Snapshot
from portsock.output.json.processes import Object
from portsock.output.json.strings import encodable
from portsock.output.timestamps import iso

SCHEMA = "portsock/1"


def envelope(command: str, snapshot: Snapshot) -> Object:
    """Return all keys of the document but the rows and processes."""
    inputs = snapshot.source.inputs
    source: Object = {"kind": snapshot.source.kind}
    if snapshot.source.kind == "live":
        source["backend"] = snapshot.source.backend
    else:
        formats = {item.format for item in inputs}
        source["format"] = formats.pop() if len(formats) == 1 else None
        source["inputs"] = [
            {"name": encodable(item.name), "host": item.host and encodable(item.host), "format": item.format}
            for item in inputs
        ]
    name = snapshot.host.name if len(inputs) < 2 else None
    return {
        "schema": SCHEMA,
        "command": command,
        "host": name and encodable(name),
        "taken_at": iso(snapshot.taken_at),
        "source": source,
        "machine": snapshot.machine and machine_object(snapshot.machine),
        "covers": snapshot.covers and _covers_object(snapshot.covers),
        "complete": snapshot.complete,
        "notices": [notice_object(notice) for notice in snapshot.notices],
    }


def machine_object(machine: Machine) -> Object:
    """Return the object of a host."""
    interfaces = machine.interfaces
    found = {
        name: value and encodable(value) if isinstance(value, str) else value for name, value in machine._asdict().items()
    }
    found["interfaces"] = interfaces and [
        {
            "name": encodable(each.name),
            "netns": each.netns,
            "addresses": [encodable(address) for address in each.addresses],
            "internal": each.internal,
        }
        for each in interfaces
    ]
    return found


def _covers_object(covers: Coverage) -> Object:
    return {
        "protocols": sorted(map(encodable, covers.protocols)),
        "states": None if covers.states is None else sorted(covers.states),
        "netns": covers.netns and [{"id": each.id, "name": each.name and encodable(each.name)} for each in covers.netns],
        "filters": [encodable(text) for text in covers.filters],
    }


def notice_object(notice: Notice) -> Object:
    """Return the object of a notice."""
    return {"code": notice.code, "count": notice.amount, "message": encodable(notice.message)}
