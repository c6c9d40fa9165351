"""Sentences about changes, and about what could not be compared."""

from collections.abc import Iterable

from portsock.change.types import OLD, Change, Facts, Kind, Place, Side
from portsock.model import OwnerReason, OwnerStatus, Snapshot
from portsock.normalize.offers import Program


def name_of(program: Program) -> str:
    """Return what a person would call a program."""
    return program.name or (program.exe.rpartition("/")[2] if program.exe else None) or "?"


def names_of(programs: tuple[Program, ...]) -> str:
    """Return the names of programs, each once; empty where none is known."""
    return ", ".join(dict.fromkeys(map(name_of, programs)))


def place_text(place: Place) -> str:
    """Return protocol and port, as a TARGET may be typed."""
    return f"{place.protocol}/{'*' if place.port is None else place.port}"


def parts(change: Change) -> tuple[str, str]:
    """Return what was and what is: addresses, executables, users, units, programs or numbers, by the kind of the change."""
    before, after = (_part(change.kind, end) if end else "" for end in (change.before, change.after))
    return before, after


def _part(kind: Kind, end: Facts) -> str:
    if kind in (Kind.CONNECTED, Kind.DISCONNECTED):
        return str(end.connections)
    if kind is Kind.PROGRAM:
        return _joined(
            (program.exe or program.name or "?") + (" (replaced)" if program.replaced else "") for program in end.programs
        )
    if kind is Kind.USER:
        return _joined(program.user or "?" for program in end.programs)
    if kind is Kind.UNIT:
        return _joined(program.container or program.unit or "none" for program in end.programs)
    if kind is Kind.OWNERS:
        return names_of(end.programs) or "nobody"
    return _joined(end.addresses)


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(texts))


def message(change: Change) -> str:
    """Return the change in a sentence."""
    before, after = parts(change)
    where, who = place_text(change.place), names_of(change.programs)
    of = f" of {who}" if who else ""
    by = f" by {who}" if who else ""
    if change.place.direction is not None:
        way = "from" if change.place.direction == "in" else "to"
        to = "on" if change.place.direction == "in" else "port"
        return f"{who or 'somebody'}: connections {way} {change.place.network}, {to} {where}: {before} before, {after} now"
    match change.kind:
        case Kind.OPENED:
            return f"{where} was opened on {after}{by}"
        case Kind.CLOSED:
            return f"{where} was closed on {before}{by}"
        case Kind.WIDENED:
            return f"{where}{of} can be reached by more: {before} before, {after} now"
        case Kind.NARROWED:
            return f"{where}{of} can be reached by fewer: {before} before, {after} now"
        case Kind.PROGRAM:
            return f"{where} is held by another executable: {before} before, {after} now"
        case Kind.USER:
            return f"{where}{of} runs as another user: {before} before, {after} now"
        case Kind.UNIT:
            return f"{where}{of} belongs to another unit: {before} before, {after} now"
        case _:
            return f"{where} has other holders: {before} before, {after} now"


_NOT_FOR_ROOT: dict[OwnerReason | None, str] = {
    OwnerReason.RACED: "run it again",
    OwnerReason.FAILED: "run it again when the system has more to spare",
    OwnerReason.DENIED: "the system denies it even to root",
    OwnerReason.NO_PROC: "mount /proc, or enter the PID namespace that it is of",
}
"""What to do where sudo does not help."""


def owners_unseen(
    which: str, snapshot: Snapshot, number: int, status: OwnerStatus, reason: OwnerReason | None
) -> tuple[str, str | None]:
    """Return why programs could not be compared at some places, and what to do."""
    places = "1 port" if number == 1 else f"{number} ports"
    live = snapshot.source.kind == "live"
    side = "now" if live else f"on the {which} side"
    if status is OwnerStatus.UNREPORTED:
        return f"who holds {places} is not said {side}", "record it as root: sudo portsock sockets --json, or ss -tulpn"
    text = f"who holds {places} was not all seen {side}"
    if status is OwnerStatus.ELSEWHERE or reason is OwnerReason.PIDNS:
        return text, "look from the host's PID namespace"
    if reason in _NOT_FOR_ROOT:
        return text, _NOT_FOR_ROOT[reason]
    return text, "sudo portsock diff …" if live else "record it as root: sudo portsock sockets --json"


def text_of_facts(which: str, facts: list[str]) -> tuple[str, str]:
    """Return which facts of programs one side lacks, and what to do."""
    return f"{' and '.join(facts)} of programs are not said on the {which} side", "record it by portsock sockets --json"


def text_outside(which: str, side: Side, number: int) -> tuple[str, str | None]:
    """Return that one side could not have what the other has, and what to do."""
    other = "new" if which == OLD else "old"
    places = "1 port" if number == 1 else f"{number} ports"
    filters = ", ".join(side.snapshot.covers.filters) if side.snapshot.covers and not side.unlimited else ""
    if filters:
        return f"{places} of the {other} side may have been left out of the {which} one, which was made with {filters}", None
    advice = (
        "portsock sockets -N all --json records every network namespace" if which == OLD else "sudo portsock diff -N all …"
    )
    return f"{places} of the {other} side: the {which} one does not cover where they are", advice
