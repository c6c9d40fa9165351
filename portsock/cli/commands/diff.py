"""The subcommand `diff`."""

from typing import TYPE_CHECKING

from portsock.cli.console import Console
from portsock.cli.options import Comparing, Selecting, Sides
from portsock.errors import Exit, UsageError

if TYPE_CHECKING:
    from portsock.output.text.changes import Answer


def command(console: Console, sides: Sides, select: Selecting, comparing: Comparing) -> int:
    """Say what changed between two captures, or since one was made."""
    from portsock.change.compare import compare, pair_hosts
    from portsock.change.types import NEW, OLD
    from portsock.cli.comparing.sides import Captured, asked, captured, collected_now
    from portsock.sources.system import services as system_services

    if not sides or len(sides) > 2:
        raise UsageError("diff takes one capture, or two: OLD and NEW; see portsock diff --help")
    if list(sides).count("-") > 1:
        raise UsageError("diff - -: stdin is one capture; name a file for the other one")
    services = system_services()
    question = asked(select, comparing, services, len(sides) == 1)
    before = captured(sides[0], question)
    old = before.snapshots
    question = question.adopting(old)
    after = captured(sides[1], question) if len(sides) == 2 else Captured([collected_now(question, old, console)])
    new = after.snapshots
    console.keep((before, after))
    pairs, lost, notices = pair_hosts(*question.sides(old, new))
    blind = [*before.blind(OLD), *after.blind(NEW), *lost]
    notices += [each for each in (*before.remarks, *after.remarks) if not each.incomplete]
    comparisons = [
        compare(mine, other, question.protocols(old), question.listeners, question.connections, comparing.owners != "none")
        for mine, other in pairs
    ]
    is_blind = bool(blind) or any(each.blind for each in comparisons)
    if comparing.json:
        from portsock.output.json.changes import changes_json

        console.write(changes_json(comparisons, blind, notices, new))
    else:
        from portsock.output.text.changes import Answer

        _print(Answer(comparisons, blind, notices, None if comparing.numeric else services), comparing, console)
    if is_blind and (comparing.strict or not any(each.changes for each in comparisons)):
        return Exit.SYSTEM
    return Exit.NO_MATCH if any(each.changes for each in comparisons) else Exit.OK


def _print(answer: "Answer", comparing: Comparing, console: Console) -> None:
    from portsock.output.text.changes import render
    from portsock.output.text.color import use_color

    color = use_color(comparing.color, console.out_is_terminal, console.environ)
    console.write([render(answer, console.ascii_only, color)])
    for notice in (*answer.notices, *(notice for each in answer.comparisons for notice in each.notices)):
        console.say(notice.message)
