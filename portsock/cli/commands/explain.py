"""portsock explain"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from portsock.cli.console import Console
from portsock.cli.options import OUTPUT, WHAT, Collecting, Color, flag, value
from portsock.errors import Exit, UsageError
from portsock.model import Snapshot
from portsock.port_numbers import Services
from portsock.query.selection import Query

if TYPE_CHECKING:
    from portsock.explain.types import Explanation
    from portsock.query.target import Target

NEEDS = frozenset({"owners", "processes", "peer", "connections", "parents", "timers", "memory"})


class Explaining(NamedTuple):
    """What is `explain`'s own."""

    identity: Annotated[str | None, value("--as", metavar="USER", help="judge binding for this user", panel=WHAT)] = None
    attempt: Annotated[
        str | None, value("--try", metavar="WAY", help="ask the kernel: plain, reuseaddr, reuseport", panel=WHAT)
    ] = None
    v6only: Annotated[bool, flag("--v6only", help="with --try: set IPV6_V6ONLY", panel=WHAT)] = False
    brief: Annotated[bool, flag("--brief", help="only the first sentence", panel=OUTPUT)] = False
    json: Annotated[bool, flag("--json", help="JSON, schema portsock/1", panel=OUTPUT)] = False
    color: Color = "auto"


def command(
    ctx: typer.Context,
    collect: Collecting,
    explaining: Explaining,
    targets: Annotated[list[str], typer.Argument(metavar="TARGET...", help="a port, endpoint, pid:N, path or word")],
) -> int:
    """Run `explain`."""
    from portsock.sources.system import services as system_services

    console: Console = ctx.obj
    services = system_services()
    parsed = [_parse(text, services, collect) for text in targets]
    _check(parsed, explaining, collect)
    snapshot = _snapshot([target for target in parsed if not isinstance(target, str)], collect, services, console)
    answers = [_answer(target, snapshot, services, explaining, collect) for target in parsed]
    snapshot = _with_sight(snapshot, answers)
    _print(answers, snapshot, services, explaining, console)
    return _status(parsed, answers, snapshot, collect, console)


def _check(targets: "Sequence[Target | str]", explaining: Explaining, collect: Collecting) -> None:
    """Raise UsageError for options that do not go together."""
    if explaining.identity is not None and collect.captures:
        raise UsageError("--as with --from: what a listing's host would let a user bind is not known; leave one of them out")
    if explaining.attempt is None:
        if explaining.v6only:
            raise UsageError("--v6only says how to try; give --try plain, --try reuseaddr or --try reuseport with it")
        return
    if collect.captures:
        raise UsageError("--try with --from: a listing is another machine's; leave one of them out")
    if collect.netns:
        raise UsageError("--try with --netns: it binds in the namespace that portsock runs in; leave one of them out")
    from portsock.cli.binding import check_trial

    check_trial(targets, explaining.attempt, explaining.v6only)


def _parse(text: str, services: Services, collect: Collecting) -> "Target | str":
    """The target, or the text itself where it is one of explain's words."""
    from portsock.explain.vocabulary import recognise_word

    if recognise_word(text) is not None:
        return text
    from portsock.cli.asking import resolver
    from portsock.query.target import parse_target

    return parse_target(text, services, resolve=resolver(collect))


def _snapshot(targets: "Sequence[Target]", collect: Collecting, services: Services, console: Console) -> Snapshot:
    from portsock.cli.obtain import obtain

    query = Query(targets=tuple(targets), netns=tuple(collect.netns or ()))
    snapshot = obtain("explain", query, NEEDS, collect, services, console)[0]
    return snapshot if collect.captures else _with_named(snapshot, targets)


def _with_named(snapshot: Snapshot, targets: "Sequence[Target]") -> Snapshot:
    """The snapshot with the processes that pid:N names although they hold no socket that was found. Linux only."""
    from portsock.query.target import NumberTarget

    pids = [target.number for target in targets if isinstance(target, NumberTarget) and target.kind == "pid"]
    pids = [pid for pid in pids if (None, pid) not in snapshot.processes]
    if not pids or snapshot.host.system != "Linux":
        return snapshot
    from portsock.sources.linux.processes import facts

    named = [process for process in facts(pids, parents=True).values() if process.comm is not None]
    return snapshot._replace(processes={**{(process.host, process.pid): process for process in named}, **snapshot.processes})


def _answer(
    target: "Target | str", snapshot: Snapshot, services: Services, explaining: Explaining, collect: Collecting
) -> "Explanation":
    if isinstance(target, str):
        from portsock.explain.words import explain_word

        answer = explain_word(target, snapshot, services)
        assert answer is not None
        return answer
    from portsock.explain.engine import explain

    if collect.captures:
        return explain(target, snapshot, services)
    from portsock.cli.binding import attempts_of
    from portsock.cli.paths import path_facts

    # Whether a program could bind is asked of the namespace it runs in, which --netns may leave out.
    own = not collect.netns or "all" in collect.netns
    attempts = attempts_of(target, snapshot, explaining.identity, explaining.attempt, explaining.v6only) if own else ()
    return explain(target, snapshot, services, attempts, path_facts(target, snapshot))


def _with_sight(snapshot: Snapshot, answers: "Sequence[Explanation]") -> Snapshot:
    from portsock.normalize.visibility import with_sight

    return with_sight(snapshot, [socket for answer in answers for socket in answer.sockets])


def _print(
    answers: "Sequence[Explanation]", snapshot: Snapshot, services: Services, explaining: Explaining, console: Console
) -> None:
    if explaining.json:
        from portsock.output.context import Context
        from portsock.output.json.document import explanations

        console.write(explanations(answers, snapshot, Context(services, False, snapshot.processes)))
        return
    from portsock.output.text.color import use_color
    from portsock.output.text.explanation import render_explanations

    color = use_color(explaining.color, console.out_is_terminal, console.environ)
    text = render_explanations(answers, brief=explaining.brief, ascii_only=console.ascii_only, color=color)
    console.write([text])


def _status(
    targets: "Sequence[Target | str]",
    answers: "Sequence[Explanation]",
    snapshot: Snapshot,
    collect: Collecting,
    console: Console,
) -> int:
    from portsock.cli.outcome import say_notices

    say_notices(snapshot, console)
    if collect.strict and not snapshot.complete:
        return Exit.SYSTEM
    lost = [target for target, answer in zip(targets, answers, strict=True) if not answer.found]
    if not lost:
        return Exit.OK
    return Exit.SYSTEM if any(_maybe(target, snapshot, console) for target in lost) else Exit.NO_MATCH


def _maybe(target: "Target | str", snapshot: Snapshot, console: Console) -> bool:
    """Whether a target that nothing was found for may still have sockets, since their owners could not be seen."""
    if isinstance(target, str):
        return False
    from portsock.cli.outcome import unseen

    maybe = len(unseen(snapshot, Query(targets=(target,)), "either", ()))
    if maybe:
        sockets = "1 socket" if maybe == 1 else f"{maybe} sockets"
        console.say(f"{target.text} was not found, but {sockets} may have owners that could not be seen")
    return bool(maybe)
