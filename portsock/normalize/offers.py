"""What a host offers: its ports and the programs behind them, whatever their pids. A restart changes nothing here."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from portsock.addresses import widest
from portsock.model import Exposure, Netns, Owner, OwnerReason, OwnerStatus, Port, Processes


class Program(NamedTuple):
    """What holds a port, without what every start changes. None: not known."""

    name: str | None = None
    exe: str | None = None
    replaced: bool = False
    """Its executable file has been deleted or replaced since it started."""
    user: str | None = None
    unit: str | None = None
    container: str | None = None
    comm: str | None = None
    """The kernel's name of it, where it is another one: what ss and netstat print."""


class Offer(NamedTuple):
    """One (host, namespace, protocol, port, set of programs), on all its addresses."""

    host: str | None
    netns: Netns | None
    protocol: str
    port: int
    addresses: tuple[str, ...]
    """As in Port: '*' is every address of both families."""
    exposure: Exposure | None
    programs: tuple[Program, ...]
    """Empty where none is known: `owner_status` says why."""
    owner_status: OwnerStatus
    owner_reason: OwnerReason | None
    ports: tuple[Port, ...]
    """The rows of `ports` that it stands for: workers with a socket each make a row each."""


def offers(ports: Iterable[Port], processes: Processes) -> list[Offer]:
    """Return what these ports offer, in their order. Ports that only connections use offer nothing, and are left out."""
    found: dict[object, tuple[tuple[Program, ...], list[Port]]] = {}
    known: dict[tuple[str | None, Owner], tuple[Program, ...]] = {}
    for port in ports:
        if all(socket.remote is not None for socket in port.sockets):
            continue
        if len(port.owners) == 1:  # most programs have many ports, and most ports one process
            key = (port.host, port.owners[0]._replace(fd=None))
            programs = known.get(key) or known.setdefault(key, programs_of(port.owners, port.host, processes))
        else:
            programs = programs_of(port.owners, port.host, processes)
        place = (port.host, port.netns, port.protocol, port.port, programs, None if programs else port.owner_status)
        found.setdefault(place, (programs, []))[1].append(port)
    return [_of_one(rows[0], programs) if len(rows) == 1 else _joined(rows, programs) for programs, rows in found.values()]


def programs_of(owners: Iterable[Owner], host: str | None, processes: Processes) -> tuple[Program, ...]:
    """Return the programs of these processes, each once, sorted."""
    found = {_program(owner, host, processes) for owner in owners}
    return tuple(found) if len(found) < 2 else tuple(sorted(found, key=_order))


def _program(owner: Owner, host: str | None, processes: Processes) -> Program:
    process = processes.get((host, owner.pid)) if owner.pid is not None else None
    if process is None:
        return Program(owner.name, user=owner.user)
    return Program(
        process.name or owner.name,
        process.exe,
        process.exe_deleted,
        process.user or owner.user,
        process.unit,
        process.container,
        process.comm if process.comm != process.name else None,
    )


def _order(program: Program) -> tuple[str, ...]:
    return tuple(str(value or "") for value in program)


def _of_one(port: Port, programs: tuple[Program, ...]) -> Offer:
    return Offer(
        port.host, port.netns, port.protocol, port.port, port.addresses, port.exposure, programs, port.owner_status,
        port.owner_reason, (port,),
    )  # fmt: skip


def _joined(rows: Sequence[Port], programs: tuple[Program, ...]) -> Offer:
    first = rows[0]
    addresses = dict.fromkeys(address for row in rows for address in row.addresses)
    if {"0.0.0.0", "::"} <= addresses.keys() or "*" in addresses:
        addresses = {"*": None} | {text: None for text in addresses if text not in ("0.0.0.0", "::", "*")}
    return Offer(
        first.host,
        first.netns,
        first.protocol,
        first.port,
        tuple(sorted(addresses, key=lambda text: (":" in text, text))),
        widest([row.exposure for row in rows]),
        programs,
        next((row.owner_status for row in rows if row.owner_status is not OwnerStatus.KNOWN), OwnerStatus.KNOWN),
        next((row.owner_reason for row in rows if row.owner_reason), None),
        tuple(rows),
    )
