"""The host that each of several captured listings is labelled with."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count, islice

from portsock.model import Notice
from portsock.records import Collection


def labelled(collections: Sequence[Collection], labels: Sequence[str | None]) -> list[Collection]:
    """Return several collections with the names of their hosts. `labels`: what was typed for each.

    Else the header says the host, else it is the name of the file. Where two have the same name, those without a label get
    the time or the file they are from behind it: their sockets are not one host's at one time.
    """
    names: list[str] = []
    taken: set[str] = set()
    for label, collection in zip(labels, collections, strict=True):
        name = label or short_name(collection)
        if label is None and name in taken and name != _own_name(collection):
            name = _path(collection)
        names.append(name)
        taken.add(name)
    typed = Counter(label for label in labels if label is not None)
    for mark in (_time, _path, None):
        _tell_apart(names, labels, collections, mark)
    named = [with_host(each, name) for each, name in zip(collections, names, strict=True)]
    twice = [
        Notice("host_repeated", number, f"{label} is the label of {number} inputs: what two list is there twice",
               incomplete=False)
        for label, number in typed.items() if number > 1
    ]  # fmt: skip
    named[0] = named[0]._replace(remarks=(*named[0].remarks, *twice))
    return named


def with_host(collection: Collection, name: str) -> Collection:
    """Return a captured listing with this name of its host."""
    inputs = tuple(each._replace(host=name) for each in collection.source.inputs)
    return collection._replace(host=collection.host._replace(name=name), source=collection.source._replace(inputs=inputs))


def _tell_apart(
    names: list[str],
    labels: Sequence[str | None],
    collections: Sequence[Collection],
    mark: Callable[[Collection], str | None] | None,
) -> None:
    """Put a mark behind the names that several have, if it tells all that have one apart; without a mark their number."""
    places: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        places.setdefault(name, []).append(index)
    for name, found in places.items():
        free = [index for index in found if labels[index] is None]
        if len(found) < 2 or not free:
            continue
        if mark is None:
            unused = (f"#{number}" for number in count(1) if f"{name}#{number}" not in places)
            marks = list(islice(unused, len(free)))
        else:
            machines = {_machine_id(collections[index]) for index in found} - {None}
            given = [mark(collections[index]) for index in free]
            if None in given or len(set(given)) < len(given) or (mark is _time and len(machines) > 1):
                continue
            marks = [f"@{text}" for text in given]
        for index, text in zip(free, marks, strict=True):
            names[index] = name + text


def short_name(collection: Collection) -> str:
    """Return the host that the listing names, or else the name of the file."""
    return _own_name(collection) or os.path.basename(_path(collection)) or _path(collection)


def _own_name(collection: Collection) -> str | None:
    """Return the host that the listing itself, or what it is wrapped in, names."""
    return collection.host.name or (collection.snapshot.host.name if collection.snapshot else None)


def _machine_id(collection: Collection) -> str | None:
    machine = collection.snapshot.machine if collection.snapshot else None
    return machine.id if machine else None


def _path(collection: Collection) -> str:
    return collection.source.inputs[0].name


def _time(collection: Collection) -> str | None:
    from time import gmtime, strftime

    taken_at = collection.snapshot.taken_at if collection.snapshot else None
    try:
        return None if taken_at is None else strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(taken_at))
    except (OverflowError, ValueError, OSError):
        return None
