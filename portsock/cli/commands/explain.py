"""The subcommand `explain`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from portsock.cli.collection import collect_snapshot
from portsock.cli.console import Console
from portsock.cli.declare import arguments
from portsock.cli.explaining.asked import annotated, read_questions
from portsock.cli.options import Collecting, Explaining, Reaching
from portsock.cli.outcome import has_unanswerable_filter, say_notices
from portsock.cli.reaching import Filters, check
from portsock.enums import Need
from portsock.errors import Exit, UsageError
from portsock.model import Notice, Snapshot
from portsock.port_numbers import Services
from portsock.query.answer import possible_sockets, with_notices
from portsock.query.query import Query, Question
from portsock.sources import failures

if TYPE_CHECKING:
    from portsock.explain.types import Attempt, Explanation, Remote
    from portsock.query.target import Target

NEEDS = frozenset(
    {Need.OWNERS, Need.PROCESSES, Need.COMMANDS, Need.CONTEXT, Need.PEER, Need.CONNECTIONS, Need.PARENTS}
    | {Need.TIMERS, Need.MEMORY, Need.INFO}
)


def command(
    console: Console,
    collect: Collecting,
    reaching: Reaching,
    explaining: Explaining,
    targets: Annotated[list[str], arguments("TARGET...", help="a port, endpoint, pid:N, path or word")],
) -> int:
    """Run `explain`."""
    from portsock.sources.system import services as system_services

    services = system_services()
    asked = read_questions(targets, services, collect)
    parsed = [each.subject for each in asked]
    _check(parsed, explaining, collect)
    check(reaching, collect)
    filters = Filters(reaching, collect)
    named = tuple(target for target in parsed if not isinstance(target, str))
    needs = NEEDS | {Need.MACHINE} if explaining.json else NEEDS
    question = Question(Query(targets=named, netns=tuple(collect.netns or ())), "explain", needs)
    snapshot = collect_snapshot(question, collect, services, console).snapshot
    if not collect.captures:
        snapshot = _with_named_processes(snapshot, named)
    answers = [_answer(target, snapshot, services, explaining, filters) for target in parsed]
    snapshot = _look_further(parsed, answers, snapshot, services, filters, console)
    answers = [annotated(each, answer, live=not collect.captures) for each, answer in zip(asked, answers, strict=True)]
    snapshot = with_notices(question, snapshot, [socket for answer in answers for socket in answer.sockets])
    snapshot = snapshot.with_notices((*_unseen_servers(answers), *filters.notices(), *failures.take()))
    _print(answers, snapshot, services, explaining, console)
    return _status(parsed, answers, snapshot, collect, console)


def _check(targets: "Sequence[Target | str]", explaining: Explaining, collect: Collecting) -> None:
    """Raise UsageError for options that exclude each other."""
    _check_connect(targets, explaining, collect)
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
    from portsock.cli.explaining.binding import check_trial

    check_trial(targets, explaining.attempt, explaining.v6only)


def _check_connect(targets: "Sequence[Target | str]", explaining: Explaining, collect: Collecting) -> None:
    if not explaining.connect and explaining.timeout is None:
        return
    from portsock.cli.explaining.remote import check_connect, timeout_of

    timeout_of(explaining.timeout, explaining.connect)
    if collect.captures:
        raise UsageError("--connect with --from: a listing is another machine's; leave one of them out")
    if collect.netns:
        raise UsageError("--connect with --netns: it connects from the namespace that portsock runs in; leave one of them out")
    check_connect(targets)


def _with_named_processes(snapshot: Snapshot, targets: "Sequence[Target]") -> Snapshot:
    """Add the processes that pid:N names, though they hold no socket that was found. Linux only."""
    from portsock.query.target import NumberTarget

    pids = [target.number for target in targets if isinstance(target, NumberTarget) and target.kind == "pid"]
    pids = [pid for pid in pids if (None, pid) not in snapshot.processes]
    if not pids or snapshot.host.system != "Linux":
        return snapshot
    from portsock.sources.linux.processes import facts
    from portsock.sources.linux.visibility import shows_our_namespace

    if not shows_our_namespace():
        return snapshot
    named = [process for process in facts(pids, parents=True, context=True).values() if process.comm is not None]
    return snapshot._replace(processes={**{(process.host, process.pid): process for process in named}, **snapshot.processes})


def _answer(
    target: "Target | str", snapshot: Snapshot, services: Services, explaining: Explaining, filters: Filters
) -> "Explanation":
    if isinstance(target, str):
        from portsock.explain.words import explain_word

        answer = explain_word(target, snapshot, services)
        assert answer is not None
        return answer
    collect = filters.collect
    if collect.captures:
        from portsock.explain.engine import explain

        return explain(target, snapshot, services, filters=filters.of(snapshot), sources=filters.sources)
    from portsock.cli.explaining.binding import attempts_of
    from portsock.sources.identity import effective_uid

    # The bind verdict is about portsock's own namespace, which --netns may leave out.
    own = not collect.netns or "all" in collect.netns
    attempts = attempts_of(target, snapshot, explaining.identity, explaining.attempt, explaining.v6only) if own else ()
    remote = filters.with_rules(_remote(target, snapshot, explaining), snapshot, effective_uid()) if own else None
    return _explain_live(target, snapshot, services, attempts, remote, filters)


def _remote(target: "Target", snapshot: Snapshot, explaining: Explaining) -> "Remote | None":
    """Return the way to an endpoint that is not this host's, with --connect what an attempt met with."""
    if target.kind != "endpoint":
        return None
    from portsock.cli.explaining.remote import remote_of, timeout_of

    return remote_of(target, snapshot, timeout_of(explaining.timeout, True) if explaining.connect else None)


def _explain_live(
    target: "Target",
    snapshot: Snapshot,
    services: Services,
    attempts: "Sequence[Attempt]",
    remote: "Remote | None",
    filters: Filters,
) -> "Explanation":
    from portsock.explain.engine import explain
    from portsock.sources.identity import effective_uid

    path = None
    if target.kind == "unix":
        from portsock.cli.explaining.paths import path_facts

        path = path_facts(target, snapshot)
    judges = filters.of(snapshot)
    return explain(target, snapshot, services, attempts, path, effective_uid(), remote, judges, filters.sources)


def _look_further(
    targets: "Sequence[Target | str]",
    answers: "list[Explanation]",
    snapshot: Snapshot,
    services: Services,
    filters: Filters,
    console: Console,
) -> Snapshot:
    """Answer again, from all network namespaces, what matches nothing in this one; return the snapshot with what they add."""
    lost = [
        (index, target)
        for index, target in enumerate(targets)
        if not isinstance(target, str) and _may_be_apart(answers[index])
    ]
    if not lost:
        return snapshot
    from portsock.cli.explaining import namespaces
    from portsock.explain.types import Part

    collect = filters.collect
    if not namespaces.is_possible(snapshot, collect):
        return snapshot
    question = Question(Query(targets=tuple(target for _, target in lost)), "explain", NEEDS)
    wide = namespaces.look_further(question, snapshot, collect, services, console)
    wide = wide._replace(processes={**wide.processes, **snapshot.processes})
    for index, target in lost:
        binding, way = (answers[index].sections.get(part) for part in (Part.BINDING, Part.PATH))
        attempts = binding.attempts if binding else ()
        answers[index] = _explain_live(target, wide, services, attempts, way.remote if way else None, filters)
    return snapshot._replace(processes=wide.processes)


def _may_be_apart(answer: "Explanation") -> bool:
    """Tell whether another network namespace may have what the answer lacks: any socket, or the server of a path."""
    from portsock.explain.texts.findings import Code

    codes = {finding.code for finding in answer.findings}
    if codes & {Code.STALE_UNIX_PATH, Code.PORT_REDIRECTED}:
        return False
    return not answer.sockets or Code.UNSEEN_UNIX_SERVER in codes


def _unseen_servers(answers: "Sequence[Explanation]") -> tuple[Notice, ...]:
    """Return a notice for each unix path whose server is in no list that was read."""
    from portsock.explain.texts.findings import Code

    names = [
        answer.target_input for answer in answers if any(each.code == Code.UNSEEN_UNIX_SERVER for each in answer.findings)
    ]
    return tuple(Notice("unix_server_unseen", 1, f"what is bound to {name} was not seen") for name in names)


def _print(
    answers: "Sequence[Explanation]", snapshot: Snapshot, services: Services, explaining: Explaining, console: Console
) -> None:
    if explaining.json:
        from portsock.output.context import Context
        from portsock.output.json.document import explanations

        console.write(explanations(answers, snapshot, Context(services, False, snapshot.processes)))
        return
    from portsock.output.text.color import use_color

    color = use_color(explaining.color, console.out_is_terminal, console.environ)
    gap = "" if explaining.brief else "\n"
    console.write([gap.join(_text(each, explaining, console.ascii_only, color) for each in answers)])


def _text(answer: "Explanation", explaining: Explaining, ascii_only: bool, color: bool) -> str:
    if explaining.brief:
        from portsock.output.text.escape import escape

        return escape(answer.headline or answer.summary, ascii_only) + "\n"
    if explaining.long or explaining.attempt or explaining.identity:  # these two ask about binding
        from portsock.output.text.explanation import render_explanation

        return render_explanation(answer, ascii_only=ascii_only, color=color)
    from portsock.output.text.short_answer import render_short

    return render_short(answer, ascii_only=ascii_only, color=color)


def _status(
    targets: "Sequence[Target | str]",
    answers: "Sequence[Explanation]",
    snapshot: Snapshot,
    collect: Collecting,
    console: Console,
) -> int:
    say_notices(snapshot, console)
    if collect.strict and not snapshot.complete:
        return Exit.SYSTEM
    lost = [target for target, answer in zip(targets, answers, strict=True) if not answer.found]
    if not lost:
        return Exit.OK
    unsure = has_unanswerable_filter(snapshot) or any(_may_have_sockets(target, snapshot, console) for target in lost)
    return Exit.SYSTEM if unsure else Exit.NO_MATCH


def _may_have_sockets(target: "Target | str", snapshot: Snapshot, console: Console) -> bool:
    """Tell, and say, whether a target that nothing was found for may still have sockets, whose owners could not be seen."""
    if isinstance(target, str):
        return False
    number = len(possible_sockets(Question(Query(targets=(target,)), "explain", NEEDS), snapshot, ()))
    if number:
        sockets = "1 socket" if number == 1 else f"{number} sockets"
        console.say(f"{target.text} was not found, but {sockets} may have owners that could not be seen")
    return bool(number)
