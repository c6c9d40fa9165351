"""How a run ends: what is said on standard error, and the exit status. 2 comes as an exception; 3 goes before 1."""

from collections.abc import Sequence

from portsock.cli.console import Console
from portsock.errors import Exit
from portsock.model import OwnerStatus, Snapshot, Socket
from portsock.query.selection import Query, filters_owners, names_something, select, without_owners

_UNSEEN = frozenset({OwnerStatus.HIDDEN, OwnerStatus.PARTIAL, OwnerStatus.UNREPORTED, OwnerStatus.ELSEWHERE})


def unseen(snapshot: Snapshot, query: Query, side: str, shown: Sequence[Socket]) -> list[Socket]:
    """Sockets that pass all but a query's conditions on owners, and whose owners were not all seen: each could be an answer,
    too, beside those shown.

    None where the query has no such conditions, or only asks for processes that could be read and hold none.
    """
    if not filters_owners(query) or _all_readable(snapshot, query):
        return []
    candidates = select(snapshot, without_owners(query), side=side)
    known = set(map(id, shown))
    return [socket for socket in candidates if socket.owner_status in _UNSEEN and id(socket) not in known]


def ownerless(sockets: Sequence[Socket]) -> list[Socket]:
    """Those that somebody may hold, though nobody was seen to."""
    return [socket for socket in sockets if socket.owner_status in _UNSEEN and not socket.owners]


def _all_readable(snapshot: Snapshot, query: Query) -> bool:
    """Whether only processes by number are asked for, none of which is among those that could not be read."""
    numbers = set(query.pids)
    for target in query.targets:
        if target.kind not in ("pid", "fd"):
            return False
        numbers.add(getattr(target, "number", 0))
    if query.processes or query.users or snapshot.source.kind != "live" or snapshot.unlisted is not None:
        return False
    return numbers.isdisjoint(snapshot.unreadable)


def say_notices(snapshot: Snapshot, console: Console) -> None:
    """One line for what could not be seen, and one for each other remark."""
    missing = "; ".join(notice.message for notice in snapshot.notices if notice.incomplete)
    for line in [missing, *(notice.message for notice in snapshot.notices if not notice.incomplete)]:
        if line:
            console.say(line)


def status(found: bool, maybe: Sequence[Socket], snapshot: Snapshot, query: Query, strict: bool, console: Console) -> int:
    """The exit status of a listing, with the line that says why nothing was found. `maybe`: see unseen()."""
    if strict and not snapshot.complete:
        return Exit.SYSTEM
    if found:
        return Exit.OK
    denied = any(notice.code == "netns_denied" for notice in snapshot.notices)
    if denied and (names_something(query) or "all" not in query.netns):
        console.say("nothing was found, but not every network namespace could be entered")
        return Exit.SYSTEM
    if not names_something(query):
        if maybe and _untold(maybe):
            console.say(f"no process is known: {_number(maybe)} listed without their owners")
        return Exit.OK
    if maybe:
        why = "not told here" if _untold(maybe) else "not all seen"
        console.say(f"nothing matches for certain; {_number(maybe)} that might, whose owners are {why}")
        return Exit.SYSTEM
    console.say(nothing_text(query))
    return Exit.NO_MATCH


def _number(sockets: Sequence[Socket]) -> str:
    return "there is 1 socket" if len(sockets) == 1 else f"there are {len(sockets)} sockets"


def _untold(sockets: Sequence[Socket]) -> bool:
    """Whether it is the source that does not tell owners."""
    return all(socket.owner_status is OwnerStatus.UNREPORTED for socket in sockets)


def nothing_text(query: Query) -> str:
    """What to say where a target or filter matched nothing, and the command that may tell more."""
    if query.targets:
        named = " or ".join(target.text for target in query.targets)
        return f"nothing matches {named} here; portsock explain {query.targets[0].text} says what can be said of it"
    return "no socket matches these filters"
