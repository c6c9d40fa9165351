"""The page of --help: options in two columns under their headings, and examples, on one screen of 80 by 40.

Imported only when help is requested. Plain ASCII, so that every terminal can show it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from portsock.cli.commands import COMMANDS, EXAMPLES
from portsock.cli.options import OUTPUT, PANELS

SPELLING, TEXT = 16, 20
"""Widths of an option and of its help in one of the two columns. What is longer gets a line of its own."""

ROOT_EXAMPLES = (
    ("portsock ports --listening", "what is open here, and who holds it"),
    ("portsock explain 8080", "what uses port 8080, and why"),
    ("portsock sockets --from netstat.txt 443", "port 443 in a saved listing"),
)

TARGET_HELP = (
    "TARGET: a port (8080, 8000-8100, 53/udp), service (http), address, endpoint or",
    "network (10.0.0.5, [::1]:631, 10.0.0.0/8:443), connection (A,B), process (pid:N,",
    "proc:GLOB, user:NAME, unit:NAME, container:NAME) or unix socket (/run/x.sock).",
)
SIDES_HELP = (
    "OLD, NEW: captures of any format, as files, directories or patterns, with HOST=",
    "before one that does not name its host; - is standard input. Without NEW, OLD is",
    "compared with this system. A restart is no change.",
)
WORDS_HELP = "explain also takes words (port, a state, EADDRINUSE), URLs and error messages."


def command_help(command: Any, context: Any) -> str:
    """Return the help page of one command, given Typer's objects of it."""
    options, arguments = split(visible(command, context))
    usage = " ".join(argument.metavar for argument in arguments)
    lines = [f"Usage: portsock {command.name} [OPTION]... {usage}", command.help, ""]
    if command.name == "diff":
        lines += SIDES_HELP
    elif "TARGET" in usage:
        lines += TARGET_HELP
    if command.name == "explain":
        lines.append(WORDS_HELP)
    if lines[-1]:
        lines.append("")
    for panel, found in in_panels(options).items():
        lines += [f"{panel}:", *_columns(found)]
    return "\n".join([*lines, "Examples:", *_examples(EXAMPLES.get(command.name, ()))]) + "\n"


def root_help(group: Any, context: Any) -> str:
    """Return the help page of the program."""
    options, _ = split(visible(group, context))
    return "\n".join([
        "Usage: portsock COMMAND [OPTION]... [TARGET]...",
        "       portsock TARGET...                          as portsock explain TARGET", "", group.help,
        "", "Commands:", *(f"  {name:9}{text}" for name, text in COMMANDS.items()),
        "", "Options:", *_columns(options),
        "", "Examples:", *_examples(ROOT_EXAMPLES),
        "", "portsock COMMAND --help shows a command's options; man portsock is the manual.",
    ]) + "\n"  # fmt: skip


def visible(command: Any, context: Any) -> list[Any]:
    """Return Typer's objects of a command's parameters that are not hidden."""
    found = [item for item in command.get_params(context) if not getattr(item, "hidden", False)]
    for item in found:
        if item.name == "help":
            item.help = "show this help"
    return found


def split(parameters: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Return the options, and the arguments."""
    both: dict[str, list[Any]] = {"option": [], "argument": []}
    for item in parameters:
        both[item.param_type_name].append(item)
    return both["option"], both["argument"]


def in_panels(options: Iterable[Any]) -> dict[str, list[Any]]:
    """Return the options under their headings, in the order of PANELS; --help is the last one."""
    panels: dict[str, list[Any]] = {panel: [] for panel in PANELS}
    for option in options:
        panels[getattr(option, "rich_help_panel", None) or OUTPUT].append(option)
    return {panel: found for panel, found in panels.items() if found}


def spellings(option: Any) -> list[str]:
    """Return the spellings of an option, the short one first."""
    return sorted(option.opts, key=lambda name: name.startswith("--"))


def _columns(options: Iterable[Any]) -> Iterator[str]:
    """Yield the lines of a panel: two options a line, then those that need a line of their own."""
    short: list[tuple[str, str]] = []
    long: list[tuple[str, str]] = []
    for option in options:
        pair = (" ".join([*spellings(option), *([] if option.is_flag else [option.metavar])]), option.help)
        (short if len(pair[0]) <= SPELLING and len(pair[1]) <= TEXT else long).append(pair)
    cells = [f"  {spelling:{SPELLING}}  {text:{TEXT}}" for spelling, text in short]
    yield from ("".join(cells[place : place + 2]).rstrip() for place in range(0, len(cells), 2))
    width = max((len(spelling) for spelling, _ in long), default=0)
    yield from (f"  {spelling:{width}}  {text}" for spelling, text in long)


def _examples(examples: Iterable[tuple[str, str]]) -> list[str]:
    pairs = list(examples)
    width = max(len(command) for command, _ in pairs)
    return [f"  {command:{width}}  # {text}" for command, text in pairs]
