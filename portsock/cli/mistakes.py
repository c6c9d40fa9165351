"""One line for a command line that is refused, with what was probably meant. Imported only for a mistake."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from typer._click.exceptions import MissingParameter, NoSuchOption

from portsock.cli.commands import COMMANDS
from portsock.errors import UsageError
from portsock.explain.vocabulary import recognise_word
from portsock.explain.wording import command_line
from portsock.query.target import parse_target
from portsock.sources.system import services


def unknown_command(word: str) -> UsageError:
    """Return the error for a first word that is no command: it names a similar command, or where a target belongs."""
    near = get_close_matches(word.lower(), COMMANDS, 1, 0.6)
    if near:
        return UsageError(f"no command '{word}'; did you mean portsock {near[0]}?")
    if word == "help":
        return UsageError("no command 'help'; did you mean portsock --help?")
    ports, explain = command_line("portsock", "ports", word), command_line("portsock", "explain", word)
    if recognise_word(word) is not None and explain is not None:
        return UsageError(f"no command '{word}'; did you mean {explain}?")
    if explain is not None and _is_target(word):
        return UsageError(f"no command '{word}'; did you mean {ports} or {explain}?")
    return UsageError(f"no command '{word}'; there are {', '.join(COMMANDS)}; see portsock --help")


def _is_target(word: str) -> bool:
    try:
        parse_target(word, services())
    except UsageError:
        return False
    return True


def usage_line(error: Any, arguments: Sequence[str]) -> str:
    """Return one line for an exception of Typer's, with the command that shows the help."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    name = f"portsock {command}" if command in COMMANDS else "portsock"
    see = f"see {name} --help"
    if isinstance(error, NoSuchOption):
        return f"no option {error.option_name}; {_suggestion(error, name, arguments)}{see}"
    if isinstance(error, MissingParameter) and command == "explain":
        return f"explain what? Name a port, an endpoint, a process or a word, as in portsock explain 8080; {see}"
    text = " ".join(error.format_message().split()).rstrip(".")
    return f"{text}; {see}"


def _suggestion(error: Any, name: str, arguments: Sequence[str]) -> str:
    if name == "portsock":
        line = command_line("portsock", "ports", *arguments)
        return f"options follow a command, as in {line}; " if line is not None else ""
    near = _similar(error.option_name, error.ctx.command.get_params(error.ctx) if error.ctx else ())
    return f"did you mean {near}? " if near else ""


def _similar(typed: str, parameters: Iterable[Any]) -> str | None:
    """Return the option that begins with what was typed, or else one that is spelt like it."""
    names = [name for item in parameters for name in item.opts if name.startswith("--")]
    word = typed.lower().replace("_", "-")
    begun = [name for name in names if len(word) > 3 and name.startswith(word)]
    close = begun[:1] or get_close_matches(word, names, 1, 0.6)
    return close[0] if close else None
