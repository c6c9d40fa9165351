"""A Snapshot for a query: from this system, or from captured listings."""

from portsock.cli.console import Console
from portsock.cli.options import Collecting
from portsock.cli.progress import progress
from portsock.errors import UsageError
from portsock.model import Snapshot
from portsock.output.columns import DETAILS
from portsock.port_numbers import Services
from portsock.query.plan import plan
from portsock.query.selection import Query
from portsock.records import Collection

OWNING = frozenset({"owners", "processes", "peer", "parents"})
"""Needs that only the holders of sockets can fill."""
OWNER_METHODS = ("auto", "none", "walk", "bpf")


def tell_formats(collect: Collecting, console: Console) -> bool:
    """Answer --from-format help; whether that was asked."""
    if collect.from_format != "help":
        return False
    from portsock.parse.listings.registry import formats

    known = formats()
    width = max(len(name) for name, _ in known)
    console.write(["Formats of --from-format, each detected by itself without it:\n"])
    console.write(f"  {name:{width}}  {title}\n" for name, title in known)
    return True


def obtain(
    command: str, query: Query, needs: frozenset[str], collect: Collecting, services: Services, console: Console
) -> tuple[Snapshot, bool]:
    """The snapshot, and whether connected sockets were collected. Raises UsageError and ReadError."""
    from portsock.normalize.snapshot import normalize

    if collect.owners not in OWNER_METHODS:
        raise UsageError(f"--owners {collect.owners}: no such way; there are {', '.join(OWNER_METHODS)}")
    if collect.captures:
        _check_listing(collect)
        from portsock.sources.capture import collect as read_captures

        snapshot = normalize(read_captures(collect.captures, collect.from_format, services))
        return _with_untold(snapshot, command, needs), True
    request = plan(
        query,
        command=command,
        needs_owners=bool(needs & OWNING),
        needs_connections="connections" in needs and not query.listening,
        owners=collect.owners,
        info="info" in needs,
        timers="timers" in needs,
        memory="memory" in needs,
        parents="parents" in needs,
    )
    from portsock.sources.live import collect as collect_live

    with progress(console, "collecting"):
        collection = collect_live(request, collect.backend)
    if collect.verbose:
        _tell(collection, console)
    return _with_untold(normalize([collection]), command, needs), request.states is None


def _check_listing(collect: Collecting) -> None:
    """Raise UsageError for options that say how this system is asked."""
    for option, value, why in (
        ("--netns", collect.netns, "a listing is of the network namespace that it was made in"),
        ("--backend", collect.backend, "a listing is read, and no system asked"),
    ):
        if value:
            raise UsageError(f"{option} with --from: {why}; leave one of them out")


def _with_untold(snapshot: Snapshot, command: str, needs: frozenset[str]) -> Snapshot:
    """With a notice about details that were asked for and are not told; `explain` takes what there is."""
    if command == "explain" or needs.isdisjoint(DETAILS):
        return snapshot
    from portsock.cli.details import with_untold

    return with_untold(snapshot, needs)


def _tell(collection: Collection, console: Console) -> None:
    """--verbose: how it was collected."""
    ownership = collection.ownership
    found = "not looked for" if ownership is None else f"found by {ownership.method}"
    console.say(f"{len(collection.sockets)} sockets by {collection.source.backend}, owners {found}")
