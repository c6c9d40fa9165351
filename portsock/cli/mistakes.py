"""One line for a command line that typer refuses, with what was probably meant."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from portsock.errors import UsageError


def unknown_command(word: str, commands: Mapping[str, str]) -> UsageError:
    """What to say of a first word that is no command: a near command, or where a target belongs."""
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), commands, 1, 0.6)
    if near:
        return UsageError(f"no command '{word}'; did you mean portsock {near[0]}?")
    if word == "help":
        return UsageError("no command 'help'; did you mean portsock --help?")
    from portsock.explain.vocabulary import recognise_word

    if recognise_word(word) is not None:
        return UsageError(f"no command '{word}'; did you mean portsock explain {word}?")
    if _is_target(word):
        return UsageError(f"no command '{word}'; did you mean portsock ports {word} or portsock explain {word}?")
    return UsageError(f"no command '{word}'; there are {', '.join(commands)}; see portsock --help")


def _is_target(word: str) -> bool:
    from portsock.query.target import parse_target
    from portsock.sources.system import services

    try:
        parse_target(word, services())
    except UsageError:
        return False
    return True


def usage_line(error: Any, arguments: Sequence[str]) -> str:
    """One line out of typer's exception, and the command that shows what there is."""
    from typer._click.exceptions import MissingParameter, NoSuchOption

    from portsock.cli.app import COMMANDS

    command = next((word for word in arguments if not word.startswith("-")), "")
    name = f"portsock {command}" if command in COMMANDS else "portsock"
    see = f"see {name} --help"
    if isinstance(error, NoSuchOption):
        return f"no option {error.option_name}; {_meant(error, name, arguments)}{see}"
    if isinstance(error, MissingParameter) and command == "explain":
        return f"explain what? Name a port, an endpoint, a process or a word, as in portsock explain 8080; {see}"
    text = " ".join(error.format_message().split()).rstrip(".")
    return f"{text}; {see}"


def _meant(error: Any, name: str, arguments: Sequence[str]) -> str:
    if name == "portsock":
        return f"options follow a command, as in portsock ports {' '.join(arguments)}; "
    near = _near(error.option_name, error.ctx.command.get_params(error.ctx) if error.ctx else ())
    return f"did you mean {near}? " if near else ""


def _near(typed: str, parameters: Iterable[Any]) -> str | None:
    from difflib import get_close_matches

    names = [name for item in parameters for name in item.opts if name.startswith("--") and not getattr(item, "hidden", False)]
    word = typed.lower().replace("_", "-")
    begun = [name for name in names if len(word) > 3 and name.startswith(word)]
    close = begun[:1] or get_close_matches(word, names, 1, 0.6)
    return close[0] if close else None
