"""Collect the Snapshot that a question needs: from this system, or from captured listings."""

from typing import NamedTuple

from portsock.cli.console import Console
from portsock.cli.options import Collecting
from portsock.enums import Need
from portsock.errors import UsageError
from portsock.model import Snapshot
from portsock.normalize.snapshot import normalize
from portsock.port_numbers import Services
from portsock.query.query import Question
from portsock.records import Collection, Request
from portsock.sources import failures

OWNER_METHODS = ("auto", "none", "walk", "bpf")


class Collected(NamedTuple):
    """A snapshot, and how much of the connected sockets it holds."""

    snapshot: Snapshot
    every_state: bool
    """Connected sockets were collected whatever their state, so that they can be counted."""


def collect_snapshot(
    question: Question, collect: Collecting, services: Services, console: Console, seconds: float | None = None
) -> Collected:
    """Collect what the question needs; after `seconds` enter no further network namespace. Raises UsageError and ReadError."""
    if collect.owners not in OWNER_METHODS:
        raise UsageError(f"--owners {collect.owners}: no such way; there are {', '.join(OWNER_METHODS)}")
    # Explanations and processes name the other ends, rows of ports do not, and those of sockets in one column.
    ends = question.command not in ("ports", "sockets") or Need.PEER in question.needs
    if collect.captures:
        check_captures(collect)
        from portsock.sources.capture import collect as read_captures

        snapshot = normalize(read_captures(collect.captures, collect.from_format, services), ends, spend=True)
        if snapshot.covers is not None and Need.MACHINE in question.needs:
            from portsock.query.coverage import narrowed

            snapshot = snapshot._replace(covers=narrowed(snapshot.covers, question))
        return Collected(snapshot.with_notices(failures.take()), True)
    from portsock.query.plan import plan

    request = plan(question, collect.owners)._replace(seconds=seconds)
    collection = _collect_live(request, collect.backend, console)
    if collect.verbose:
        _say_how(collection, console)
    snapshot = normalize([collection], ends)
    if collection.machine is not None:
        snapshot = _as_record(snapshot, collection, question)
    return Collected(snapshot, request.states is None)


def _as_record(snapshot: Snapshot, collection: Collection, question: Question) -> Snapshot:
    """Add what a record says of its host and of what it covers."""
    from portsock import __version__
    from portsock.query.coverage import coverage

    assert collection.machine is not None
    machine = collection.machine._replace(version=__version__)
    return snapshot._replace(machine=machine, covers=coverage(question, collection.spaces))


def _collect_live(request: Request, backend: str | None, console: Console) -> Collection:
    from portsock.sources.live import collect as collect_live

    if not console.err_is_terminal:
        return collect_live(request, backend)
    from portsock.cli.progress import progress

    with progress(console, "collecting"):
        return collect_live(request, backend)


def check_captures(collect: Collecting) -> None:
    """Raise UsageError for options that say how the live system is read."""
    for option, value, why in (
        ("--netns", collect.netns, "a listing is of the network namespace that it was made in"),
        ("--backend", collect.backend, "a listing is read, and no system asked"),
    ):
        if value:
            raise UsageError(f"{option} with --from: {why}; leave one of them out")


def _say_how(collection: Collection, console: Console) -> None:
    """Say how the sockets and their owners were collected (--verbose)."""
    ownership = collection.ownership
    found = "not looked for" if ownership is None else f"found by {ownership.method}"
    console.say(f"{len(collection.sockets)} sockets by {collection.source.backend}, owners {found}")
