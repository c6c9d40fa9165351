"""Network namespaces of two snapshots of a host: which is which, although their numbers change at every start."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from portsock.change.names import stable_container, stable_unit
from portsock.model import Netns, Snapshot

OWN = "own"
"""The namespace that portsock ran in, and that of a listing which names none."""

_Number = int | None


class Spaces(NamedTuple):
    """The network namespaces of both sides."""

    old: Mapping[_Number, str]
    new: Mapping[_Number, str]
    """The number of each → its name in this comparison, the same on both sides for the same namespace."""


def match_spaces(old: Snapshot, new: Snapshot) -> Spaces:
    """Find out which namespaces of the two snapshots are the same.

    The own one is the own one, a named one goes by its name, the number counts within one boot, else containers and units of
    those who hold its sockets. What is on one side only has a name that the other side does not have.
    """
    sides = (_facts(old), _facts(new))
    names: tuple[dict[_Number, str], dict[_Number, str]] = ({}, {})
    same_boot = old.machine and new.machine and old.machine.boot_id and old.machine.boot_id == new.machine.boot_id
    for signs in (_own, _name, *((_number,) if same_boot else ()), _containers, _units):
        _join(sides, names, signs)
    for side, found, mark in zip(sides, names, ("old", "new"), strict=True):
        for number, facts in side.items():
            found.setdefault(number, f"{mark}:{facts.name or number}")
    return Spaces(*names)


class _Facts(NamedTuple):
    number: _Number
    own: bool
    name: str | None
    containers: frozenset[str]
    units: frozenset[str]


def _own(facts: _Facts) -> Iterable[str]:
    return (OWN,) if facts.own else ()


def _name(facts: _Facts) -> Iterable[str]:
    return (f"name:{facts.name}",) if facts.name else ()


def _number(facts: _Facts) -> Iterable[str]:
    return (f"number:{facts.number}",)


def _containers(facts: _Facts) -> Iterable[str]:
    return [f"container:{name}" for name in sorted(facts.containers)]


def _units(facts: _Facts) -> Iterable[str]:
    return [f"unit:{name}" for name in sorted(facts.units)]


def _join(
    sides: tuple[Mapping[_Number, _Facts], ...],
    names: tuple[dict[_Number, str], ...],
    signs: Callable[[_Facts], Iterable[str]],
) -> None:
    """Name the namespaces that have a sign which one namespace on each side has, and no other there."""
    having: list[dict[str, list[_Number]]] = []
    for side, found in zip(sides, names, strict=True):
        by_sign: dict[str, list[_Number]] = {}
        for number, facts in side.items():
            for sign in signs(facts) if number not in found else ():
                by_sign.setdefault(sign, []).append(number)
        having.append(by_sign)
    for sign in sorted(having[0].keys() & having[1].keys()):
        both = [by_sign[sign] for by_sign in having]
        if [len(numbers) for numbers in both] != [1, 1]:
            continue
        if all(numbers[0] not in found for numbers, found in zip(both, names, strict=True)):
            for numbers, found in zip(both, names, strict=True):
                found[numbers[0]] = sign


def _facts(snapshot: Snapshot) -> dict[_Number, _Facts]:
    """Return what is known of each namespace that a socket is in, or that was read."""
    netns: dict[_Number, Netns | None] = {None: None}
    containers: dict[_Number, set[str]] = {}
    units: dict[_Number, set[str]] = {}
    for each in (snapshot.covers.netns if snapshot.covers else None) or ():
        netns[each.id] = each
    for socket in snapshot.sockets:
        number = socket.netns.id if socket.netns else None
        if number is not None:
            netns[number] = socket.netns
        for owner in socket.owners if number is not None else ():
            process = snapshot.processes.get((socket.host, owner.pid)) if owner.pid is not None else None
            if process is not None:
                containers.setdefault(number, set()).update(filter(None, (stable_container(process.container),)))
                units.setdefault(number, set()).update(filter(None, (stable_unit(process.unit),)))
    own = own_number(snapshot, netns.values())
    if own is not None:
        del netns[None]
    return {
        number: _Facts(
            number,
            number == own,
            each.name if each else None,
            frozenset(containers.get(number, set()) - {"*"}),
            frozenset(units.get(number, ())),
        )
        for number, each in netns.items()
    }


def own_number(snapshot: Snapshot, found: Iterable[Netns | None]) -> _Number:
    """Return the number of the namespace that portsock ran in; None for a listing that has no numbers.

    Where the snapshot does not say, it is the lowest among those without a name: the host's is the first one made.
    """
    if snapshot.machine is not None and snapshot.machine.netns is not None:
        return snapshot.machine.netns
    if snapshot.viewpoint is not None and snapshot.viewpoint.netns is not None:
        return snapshot.viewpoint.netns.id
    known = [each for each in found if each is not None]
    unnamed = [each.id for each in known if not each.name]
    return min(unnamed or [each.id for each in known], default=None)
