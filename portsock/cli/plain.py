"""Read a plain command line without Typer, whose import takes half of the start of a run.

The options are the same declarations that Typer gets. Whatever is not plain is declined, and Typer reads it: help, mistakes,
and runs with a configuration file. A test holds the two against each other.
"""

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from portsock.cli.commands import COMMANDS
from portsock.cli.console import Console
from portsock.cli.declare import Option, declared
from portsock.cli.options import GROUPS


def read(arguments: Sequence[str], console: Console) -> Callable[[], int] | None:
    """Return the call that the arguments ask for, or None where Typer must read them."""
    if not arguments or arguments[0] not in COMMANDS:
        return None
    function = import_module(f"portsock.cli.commands.{arguments[0]}").command
    hints = {name: hint for name, hint in function.__annotations__.items() if name != "return"}
    groups = {name: hint for name, hint in hints.items() if hint in GROUPS}
    spelled: dict[str, tuple[str, Option, bool]] = {}
    for group in groups.values():
        for field, option in declared(group).items():
            repeated = group.__annotations__[field].__origin__ == list[str] | None
            spelled |= dict.fromkeys(option.names, (field, option, repeated))
    given: dict[str, Any] = {}
    operands = _read_options(list(arguments[1:]), spelled, given)
    if operands is None or _has_configuration(given, console):
        return None
    if not operands and function.__defaults__ is None:  # explain takes one at least
        return None
    values = {name: group(**{key: given[key] for key in group._fields if key in given}) for name, group in groups.items()}
    rest = next(name for name, hint in hints.items() if name not in groups and hint is not Console)
    return partial(function, console, **values, **{rest: operands or None})


def _read_options(rest: list[str], spelled: dict[str, tuple[str, Option, bool]], given: dict[str, Any]) -> list[str] | None:
    """Put the options into `given`, by field; return the other arguments, or None for what Typer must read.

    The rules are those of getopt_long(3), without abbreviations.
    """
    operands: list[str] = []
    while rest:
        word = rest.pop(0)
        if word == "--":
            return operands + rest
        if word == "-" or not word.startswith("-"):
            operands.append(word)
            continue
        name, value = word, None
        if word.startswith("--"):
            name, sign, text = word.partition("=")
            value = text if sign else None
        elif len(word) > 2:  # -tln, or -Nweb
            name, value = word[:2], word[2:]
        if name not in spelled:
            return None
        field, option, repeated = spelled[name]
        if option.metavar is None:
            if value is not None and word.startswith("--"):
                return None
            if value is not None:
                rest.insert(0, f"-{value}")
            given[field] = True
            continue
        if value is None:
            if not rest:
                return None
            value = rest.pop(0)
        given[field] = [*given.get(field, ()), value] if repeated else value
    return operands


def _has_configuration(given: dict[str, Any], console: Console) -> bool:
    """Tell whether there are defaults in a configuration file to be taken."""
    if given.get("no_config"):
        return False
    from portsock.sources.system import find_configuration

    return find_configuration(console.environ) is not None
