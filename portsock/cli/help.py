"""What --help prints: the options of a command in groups, and examples, on one screen of 80 by 40.

Imported only when help is asked for. Plain ASCII, so that it can be shown anywhere.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from portsock.cli.options import FILTER, OUTPUT, WHAT


class Line(NamedTuple):
    """Options that are shown together, by the names of their parameters."""

    names: tuple[str, ...]
    text: str | None = None
    """What is said of them; None is the option's own help."""


LINES = (
    Line(("info", "timers", "memory"), "TCP details, timers, buffers"),
    Line(("tree",)),
    Line(("netns",)),
    Line(("captures",)),
    Line(("from_format",)),
    Line(("backend",)),
    Line(("owners",)),
    Line(("resolve", "strict", "verbose"), "ask DNS; exit 3 if blind; say how"),
    Line(("listening", "established", "all"), "waiting; connected; whatever uses one"),
    Line(("state",)),
    Line(("ipv4", "ipv6", "all_families"), "address families"),
    Line(("tcp", "udp", "unix", "raw"), "protocols"),
    Line(("local", "remote"), "this local end, this remote end"),
    Line(("port", "pid"), "this port, held by this process"),
    Line(("process", "user"), "held by a process so named, by a user"),
    Line(("exclude", "exact"), "not these; no wildcard for an address"),
    Line(("json", "jsonl", "csv", "format"), "JSON (also by line), CSV, tabulate's"),
    Line(("columns", "sort"), "which columns, in which order of rows"),
    Line(("counting", "pids"), "only how many, only PIDs (for kill)"),
    Line(("no_header", "numeric", "wide"), "no header, no names, never shorten"),
    Line(("color", "no_config"), "auto, always, never; without the file"),
    Line(("help",), "show this help"),
)
"""In the order of the page. An option that stands in none of them gets a line of its own at the end of its group."""

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "ports": (
        ("portsock ports -l", "what is open here, and to whom"),
        ("portsock ports 8080", "who has port 8080"),
        ("portsock ports -l --pids 8080 | xargs kill", "stop what listens"),
    ),
    "sockets": (
        ("portsock sockets --established proc:nginx", "connections of nginx"),
        ("portsock sockets --state close-wait --json", "what programs forgot to close"),
        ("ssh web1 ss -tanp | portsock sockets --from -", "another machine's listing"),
    ),
    "procs": (
        ("portsock procs --established", "which programs talk to whom"),
        ("portsock procs user:www-data -l", "what a user's programs listen on"),
        ("portsock procs 10.0.0.0/8", "which programs talk to that network"),
    ),
    "explain": (
        ("portsock explain 8080", "what is on it, and could I bind it"),
        ("portsock explain 10.0.0.5:443 --brief", "in one sentence"),
        ("portsock explain TIME_WAIT", "what a state means here, now"),
    ),
}
"""Command → (what to type, what it answers)."""

ROOT_EXAMPLES = (
    ("portsock ports --listening", "what is open here, who holds it"),
    ("portsock explain 8080", "what is on port 8080, and why"),
    ("portsock sockets --from netstat.txt 443", "the same of a captured listing"),
)

TARGET_HELP = (
    "TARGET: a port (8080, 8000-8100, 53/udp), service (http), address, endpoint or",
    "network (10.0.0.5, [::1]:631, 10.0.0.0/8:443), connection (A,B), process (pid:N,",
    "proc:GLOB, user:NAME, unit:NAME, container:NAME) or unix socket (/run/x.sock).",
)

_WORDS_HELP = "explain takes words, too: port, socket, backlog, any state, EADDRINUSE, EACCES."
_PANELS = (WHAT, FILTER, OUTPUT)


def command_help(command: Any, name: str, context: Any) -> str:
    """The help of one command, given typer's object and context of it."""
    options, arguments = _split(command, context)
    usage = " ".join(argument.metavar for argument in arguments)
    lines = [f"Usage: portsock {name} [OPTION]... {usage}", "", command.help, "", *TARGET_HELP]
    if name == "explain":
        lines.append(_WORDS_HELP)
    rows = {panel: list(_rows(option for option in options if _panel_of(option) == panel)) for panel in _PANELS}
    width = max(len(left) for found in rows.values() for left, _ in found)
    for panel, found in rows.items():
        if found:
            lines += ["", f"{panel}:", *(f"  {left:{width}}  {right}" for left, right in found)]
    return "\n".join([*lines, "", "Examples:", *_examples(EXAMPLES[name])]) + "\n"


def root_help(group: Any, commands: dict[str, str], context: Any) -> str:
    """The help of the program."""
    options, _ = _split(group, context)
    width = max(map(len, commands))
    listed = [f"  {name:{width}}  {text}" for name, text in commands.items()]
    return "\n".join([
        "Usage: portsock COMMAND [OPTION]... [TARGET]...", "", group.help,
        "", "Commands:", *listed,
        "", "Options:", *(f"  {left:12}  {right}" for left, right in _rows(options)),
        "", "Examples:", *_examples(ROOT_EXAMPLES),
        "", "portsock COMMAND --help shows a command's options; man portsock tells the rest.",
    ]) + "\n"  # fmt: skip


def parameters(name: str) -> tuple[list[Any], list[Any]]:
    """The options and the arguments of a command that are no secret, as typer's objects."""
    from portsock.cli.app import build

    command = build().get_command(None, name)
    return _split(command, command.make_context(name, ["8080"], resilient_parsing=True))


def spelling(option: Any) -> str:
    """An option as it is typed: '-l --listening', '--port N[-M]'."""
    names = sorted(option.opts, key=lambda name: name.startswith("--"))
    metavar = "" if option.is_flag else f" {option.metavar}"
    return " ".join(names) + metavar


def _split(command: Any, context: Any) -> tuple[list[Any], list[Any]]:
    found = [item for item in command.get_params(context) if not getattr(item, "hidden", False)]
    return (
        [item for item in found if item.param_type_name == "option"],
        [item for item in found if item.param_type_name == "argument"],
    )


def _panel_of(option: Any) -> str:
    return getattr(option, "rich_help_panel", None) or OUTPUT


def _rows(options: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """What stands on the left and on the right of each line of a group."""
    waiting = {option.name: option for option in options}
    for line in LINES:
        together = [waiting.pop(name) for name in line.names if name in waiting]
        whole = len(together) == len(line.names)
        if together and whole and line.text:
            yield "  ".join(map(spelling, together)), line.text
        else:
            yield from ((spelling(option), option.help) for option in together)
    yield from ((spelling(option), option.help) for option in waiting.values())


def _examples(examples: Iterable[tuple[str, str]]) -> list[str]:
    pairs = list(examples)
    width = max(len(command) for command, _ in pairs)
    return [f"  {command:{width}}  # {text}" for command, text in pairs]
