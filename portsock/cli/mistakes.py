"""One line for a command line that is refused, with what was probably meant. Imported only for a mistake."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from typer._click.exceptions import MissingParameter, NoSuchOption

from portsock.cli.commands import COMMANDS
from portsock.cli.declare import declared
from portsock.cli.explaining.asked import operands, similar_names
from portsock.cli.options import (
    Arranging,
    Checking,
    Collecting,
    Comparing,
    Details,
    Explaining,
    Printing,
    Reaching,
    Selecting,
)
from portsock.errors import UsageError
from portsock.explain.wording import command_line
from portsock.query.pasted import masked
from portsock.query.similar import nearest

_GROUPS: Mapping[str, Sequence[Any]] = {
    "ports": (Selecting, Collecting, Reaching, Printing),
    "sockets": (Selecting, Collecting, Details, Printing),
    "procs": (Selecting, Collecting, Arranging, Printing),
    "explain": (Collecting, Reaching, Explaining),
    "diff": (Selecting, Comparing),
    "check": (Collecting, Checking),
}
"""Command → the groups of its options."""

_ALIKE = {
    "--inet": "--ipv4", "--inet4": "--ipv4", "--inet6": "--ipv6", "--program": "--process", "--name": "--process",
    "--comm": "--process", "--owner": "--user", "--uid": "--user", "--sport": "--port", "--lport": "--port",
    "--src": "--local", "--dst": "--remote", "--dport": "--remote", "--host": "--remote", "--peer": "--remote",
    "--dns": "--resolve", "--namespace": "--netns", "--file": "--from", "--input": "--from", "--output": "--format",
    "--fields": "--columns", "--short": "--brief", "--quiet": "--brief",
}  # fmt: skip
"""Options of other tools → the one of the same meaning here."""

_KILL = frozenset({"--kill", "-k", "-K", "-9", "--signal", "--terminate", "--stop", "--end", "--free", "--close"})
_WATCH = frozenset({"--watch", "-w", "-f", "--follow", "--continuous", "--interval", "--refresh", "--repeat", "--monitor"})
_COUNTERS = frozenset({"--stats", "--statistics", "--summary"})
_PROTOCOL = frozenset({"--proto", "--protocol"})


def unknown_command(word: str) -> UsageError:
    """Return the error for a first word that is neither a command nor what explain understands: it names what is similar."""
    shown = masked(word)
    near = nearest(word.lower(), COMMANDS)
    if near:
        return UsageError(f"no command '{shown}'; did you mean portsock {near}?")
    if word == "help":
        return UsageError("no command 'help'; did you mean portsock --help?")
    alike = [line for name in similar_names(word) if (line := command_line("portsock", name)) is not None]
    if alike:
        return UsageError(f"no command '{shown}'; did you mean {' or '.join(alike)}?")
    return UsageError(f"no command '{shown}'; there are {', '.join(COMMANDS)}; see portsock --help")


def usage_line(error: Any, arguments: Sequence[str]) -> str:
    """Return one line for an exception of Typer's, with the command that shows the help."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    name = f"portsock {command}" if command in COMMANDS else "portsock"
    see = f"see {name} --help"
    if isinstance(error, NoSuchOption):
        return f"no option {error.option_name}; {_suggestion(error.option_name, command, arguments)}{see}"
    if isinstance(error, MissingParameter) and command == "explain":
        return f"explain what? Name a port, an endpoint, a process or a word, as in portsock explain 8080; {see}"
    if isinstance(error, MissingParameter) and command == "diff":
        return f"diff what? Name a capture, as made by portsock sockets --json > monday.json; {see}"
    text = " ".join(error.format_message().split()).rstrip(".")
    return f"{masked(text)}; {see}"


def _suggestion(option: str, command: str, arguments: Sequence[str]) -> str:
    """Return what to type instead, with '; ' or '? ' behind it; empty where nothing near is known."""
    asked = [word for word in operands(arguments) if word not in COMMANDS]
    meant = _by_meaning(option, command, asked)
    if meant:
        return f"{meant}; "
    if command not in COMMANDS:
        has = next((name for name in COMMANDS if option in _options(name)), None)
        line = command_line("portsock", has, *arguments) if (has and not asked) or has in ("ports", "sockets") else None
        if line is not None:
            return f"options follow a command, as in {masked(line)}; "
        near = _similar(option, {each for name in COMMANDS for each in _options(name)})
        return f"did you mean {near}? " if near else ""
    near = _similar(option, _options(command))
    if near:
        return f"did you mean {near}? "
    other = next((name for name in COMMANDS if option in _options(name)), None)
    return f"portsock {other} has it; " if other else ""


def _by_meaning(option: str, command: str, asked: Sequence[str]) -> str | None:
    """Return what does what other tools' options of this name do, None where nothing is known."""
    if option in _KILL:
        line = command_line("portsock", "explain", *asked) if asked else "portsock explain 8080"
        return f"portsock ends nothing: {masked(line or 'portsock explain')} says what to stop, and how"
    if option in _WATCH:
        plain = [word for word in asked if word.isascii() and word.replace(":", "").replace(".", "").isalnum()]
        line = f"portsock {command} {' '.join(plain)}".rstrip() if command in COMMANDS and plain else "portsock ports -l"
        return f"to see it again every second: watch -n1 {line}"
    if option in _COUNTERS:
        return "nstat -az shows the kernel's counters, portsock ports --count a number"
    if option in _PROTOCOL:
        return "name the protocol: --tcp, --udp, --unix, --raw, or a target such as 53/udp"
    if option == "--format" and command == "explain":
        return "explain answers in sentences or --json; portsock sockets --format mermaid draws, portsock ports has tables"
    if option == "-i":
        return "a port is written alone, as in portsock ports 8080"
    same = _ALIKE.get(option)
    return f"here it is {same}" if same is not None and (command not in COMMANDS or same in _options(command)) else None


def _options(command: str) -> list[str]:
    """Return the spellings of a command's options."""
    return [name for group in _GROUPS[command] for option in declared(group).values() for name in option.names] + ["--help"]


def _similar(typed: str, names: Iterable[str]) -> str | None:
    """Return the long option that begins with what was typed, or else one that is spelt nearly like it."""
    long = sorted(name for name in names if name.startswith("--"))
    word = typed.lower().replace("_", "-")
    begun = [name for name in long if len(word) > 4 and name.startswith(word)]
    return begun[0] if begun else nearest(word, long) if word.startswith("--") else None
