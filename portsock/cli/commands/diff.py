"""The subcommand `diff`."""

from portsock.cli.console import Console
from portsock.cli.options import Comparing, Selecting, Sides
from portsock.errors import Exit, UsageError


def command(console: Console, sides: Sides, select: Selecting, comparing: Comparing) -> int:
    """Say what changed between two captures, or since one was made."""
    from portsock.change.compare import compare, pair_hosts
    from portsock.cli.comparing.sides import asked, captured, collected_now
    from portsock.sources.system import services as system_services

    if not sides or len(sides) > 2:
        raise UsageError("diff takes one capture, or two: OLD and NEW; see portsock diff --help")
    if list(sides).count("-") > 1:
        raise UsageError("diff - -: stdin is one capture; name a file for the other one")
    services = system_services()
    question = asked(select, comparing, services, len(sides) == 1)
    old = captured(sides[0], question)
    question = question.adopting(old)
    new = captured(sides[1], question) if len(sides) == 2 else [collected_now(question, old, console)]
    console.keep((old, new))
    pairs, blind, notices = pair_hosts(*question.sides(old, new))
    comparisons = [
        compare(before, after, question.protocols(old), question.listeners, question.connections, comparing.owners != "none")
        for before, after in pairs
    ]
    status = _status(any(each.changes for each in comparisons), bool(blind) or any(each.blind for each in comparisons))
    if comparing.json:
        from portsock.output.json.changes import changes_json

        console.write(changes_json(comparisons, blind, notices, new))
    else:
        from portsock.output.text.changes import Answer, render
        from portsock.output.text.color import use_color

        answer = Answer(comparisons, blind, notices, None if comparing.numeric else services)
        color = use_color(comparing.color, console.out_is_terminal, console.environ)
        console.write([render(answer, console.ascii_only, color)])
        for notice in (*notices, *(notice for each in comparisons for notice in each.notices)):
            console.say(notice.message)
    return Exit.SYSTEM if comparing.strict and status and (blind or any(each.blind for each in comparisons)) else status


def _status(changed: bool, blind: bool) -> int:
    """Return the exit status: what changed for certain outranks what cannot be told."""
    return Exit.NO_MATCH if changed else Exit.SYSTEM if blind else Exit.OK
