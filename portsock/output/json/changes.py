"""The answer of `diff` as JSON."""

from collections.abc import Iterator, Sequence

from portsock.change.types import Blind, Change, Comparison, Facts
from portsock.change.words import name_of
from portsock.model import Notice, Snapshot, Source
from portsock.output.json.document import document, dumps
from portsock.output.json.envelope import envelope
from portsock.output.json.objects import netns_object
from portsock.output.json.processes import Object, program_object
from portsock.output.json.strings import encodable


def changes_json(
    comparisons: Sequence[Comparison], blind: Sequence[Blind], notices: Sequence[Notice], new: Sequence[Snapshot]
) -> Iterator[str]:
    """Yield the document. `blind`, `notices`: what concerns no single comparison. `new`: every snapshot of the new side."""
    all_blind = [*blind, *(each for comparison in comparisons for each in comparison.blind)]
    remarks = (*notices, *(each for comparison in comparisons for each in comparison.notices))
    whole = new[0]._replace(notices=tuple(remarks), complete=not all_blind)
    if len(new) > 1:
        inputs = tuple(dict.fromkeys(item for each in new for item in each.source.inputs))
        whole = whole._replace(source=Source(whole.source.kind, whole.source.backend, inputs), taken_at=None)
    head = envelope("diff", whole)
    if len(new) > 1:
        head["host"] = None
    changes = (change for comparison in comparisons for change in comparison.changes)
    return document(
        head,
        {
            "compared": (dumps(_compared(each)) for each in comparisons),
            "changes": (dumps(_change(each)) for each in changes),
            "blind": (dumps(_blind(each)) for each in all_blind),
            "processes": (),
        },
    )


def _compared(comparison: Comparison) -> Object:
    ends = {
        name: {key: value for key, value in envelope("diff", snapshot).items() if key in ("host", "taken_at", "source")}
        for name, snapshot in (("old", comparison.old), ("new", comparison.new))
    }
    return {"host": _text(comparison.host), "protocols": sorted(map(encodable, comparison.protocols)), **ends}


def _change(change: Change) -> Object:
    place = change.place
    first = change.programs[0] if change.programs else None
    shown = change.after if change.after and change.after.addresses else change.before
    subject: Object = {
        "host": _text(change.host),
        "netns": change.netns and netns_object(change.netns),
        "protocol": encodable(place.protocol),
        "address": _text(place.network if place.direction else _one(shown.addresses if shown else ())),
        "port": place.port,
        "program": _text(first and name_of(first)),
        "unit": _text(first and first.unit),
        "container": _text(first and first.container),
    }
    if place.direction is not None:
        subject["direction"] = place.direction
    return {
        "kind": change.kind,
        "subject": subject,
        "before": change.before and _facts(change.before),
        "after": change.after and _facts(change.after),
        "message": encodable(change.message),
    }


def _one(addresses: Sequence[str]) -> str | None:
    return addresses[0] if addresses else None


def _facts(facts: Facts) -> Object:
    result: Object = {
        "addresses": [encodable(address) for address in facts.addresses],
        "exposure": facts.exposure,
        "programs": list(map(program_object, facts.programs)),
    }
    return result if facts.connections is None else result | {"connections": facts.connections}


def _blind(blind: Blind) -> Object:
    return {
        "code": blind.code,
        "side": blind.side,
        "host": _text(blind.host),
        "count": blind.amount,
        "message": encodable(blind.message),
        "advice": _text(blind.advice),
    }


def _text(value: str | None) -> str | None:
    return value and encodable(value)
