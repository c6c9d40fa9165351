"""The end of a run: lines on standard error, and the exit status. Status 2 comes as an exception; 3 goes before 1."""

from collections.abc import Sequence
from typing import Any

from portsock.cli.console import Console
from portsock.errors import Exit
from portsock.model import OwnerStatus, Snapshot, Socket
from portsock.query.answer import Answer
from portsock.query.query import UNANSWERABLE, Query, is_selective


def report(answer: Answer[Any], strict: bool, console: Console) -> int:
    """Say what could not be seen and why nothing was found, and return the exit status of a listing."""
    snapshot, query = answer.snapshot, answer.question.query
    say_notices(snapshot, console)
    if strict and not snapshot.complete:
        return Exit.SYSTEM
    if answer.rows:
        return Exit.OK
    if _has_notice(snapshot, "netns_denied") and (is_selective(query) or "all" not in query.netns):
        console.say("nothing was found, but not every network namespace could be entered")
        return Exit.SYSTEM
    if not is_selective(query):
        if answer.possible and _are_unreported(answer.possible):
            console.say(f"no process is known: {_count(answer.possible)} listed without their owners")
        return Exit.OK
    if has_unanswerable_filter(snapshot):
        return Exit.SYSTEM
    if answer.possible:
        why = "not told here" if _are_unreported(answer.possible) else "not all seen"
        absent = _absent(query) if snapshot.source.kind == "live" else None
        console.say(
            f"nothing matches for certain; {_count(answer.possible)} that might, whose owners are {why}"
            + (f"; {absent}" if absent is not None else "")
        )
        return Exit.SYSTEM
    console.say(_nothing_matches(query, snapshot.source.kind == "live"))
    return Exit.NO_MATCH


def say_notices(snapshot: Snapshot, console: Console) -> None:
    """Say what could not be seen, in one line for programs, and each other notice in a line of its own."""
    notices = [notice for notice in snapshot.notices if not notice.silent]
    missing = [notice.message for notice in notices if notice.incomplete]
    if not console.err_is_terminal:
        missing = ["; ".join(missing)]
    for line in [*missing, *(notice.message for notice in notices if not notice.incomplete)]:
        if line:
            console.say(line)


def has_unanswerable_filter(snapshot: Snapshot) -> bool:
    """Tell whether a filter needs a fact that the source does not report."""
    return _has_notice(snapshot, UNANSWERABLE)


def _has_notice(snapshot: Snapshot, code: str) -> bool:
    return any(notice.code == code for notice in snapshot.notices)


def _count(sockets: Sequence[Socket]) -> str:
    return "there is 1 socket" if len(sockets) == 1 else f"there are {len(sockets)} sockets"


def _are_unreported(sockets: Sequence[Socket]) -> bool:
    """Tell whether the source does not report owners at all."""
    return all(socket.owner_status is OwnerStatus.UNREPORTED for socket in sockets)


def _nothing_matches(query: Query, live: bool) -> str:
    """Return the line for targets or filters that match nothing: whether what they name exists, or what may say more."""
    absent = _absent(query) if live else None
    if absent is not None:
        return absent
    if query.targets:
        named = " or ".join(target.text for target in query.targets)
        from portsock.explain.wording import command_line, operand

        line = command_line("portsock", "explain", *operand(query.targets[0].text))
        return f"nothing matches {named} here" + (f"; {line} says what can be said of it" if line is not None else "")
    return "no socket matches these filters"


def _absent(query: Query) -> str | None:
    """Say of each process, user, unit and container that was named whether it exists; None where something else was."""
    from portsock.cli.explaining.asked import absence_text
    from portsock.query.target import NameTarget, NumberTarget

    named: list[Any] = [*query.targets, *(NumberTarget("", "pid", pid) for pid in query.pids)]
    named += [NameTarget("", "proc", name) for name in query.processes] + [
        NameTarget("", "user", name) for name in query.users
    ]
    sentences = [absence_text(each) for each in named[:_MOST_NAMED]]
    return "; ".join(filter(None, sentences)) if sentences and None not in sentences else None


_MOST_NAMED = 3
"""Names of which it is said whether they exist."""
