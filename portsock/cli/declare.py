"""Declare options in groups, and give Typer the single options of the groups that a command takes."""

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import typer


def flag(*names: str, help: str, panel: str, hidden: bool = False, first: Callable[..., None] | None = None) -> Any:
    """Declare an option without a value. `first` is called before the other options are read."""
    option = typer.Option(*names, help=help, rich_help_panel=panel, hidden=hidden, callback=first, is_eager=first is not None)
    option.names = names
    return option


def value(*names: str, metavar: str, help: str, panel: str, completes: str = "") -> Any:
    """Declare an option with a value. `completes` names what TAB offers for it, see completions/generate.py."""
    option = typer.Option(*names, metavar=metavar, help=help, rich_help_panel=panel)
    option.names, option.completes = names, completes
    return option


def declared(group: Any) -> dict[str, Any]:
    """Return what flag() and value() returned for the fields of an option group."""
    return {name: hint.__metadata__[0] for name, hint in get_type_hints(group, include_extras=True).items()}


def flatten(command: Callable[..., int]) -> Callable[..., int]:
    """Return the command as Typer needs it: each parameter that is an option group is replaced by the options in it."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, type] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        group = hints[name]
        if isinstance(group, type) and hasattr(group, "_fields"):
            groups[name] = group
            parameters += _parameters(group)
        else:
            parameters.append(parameter.replace(annotation=group, kind=inspect.Parameter.KEYWORD_ONLY))

    def call(**values: Any) -> int:
        for name, group in groups.items():
            values[name] = group(**{field: values.pop(field) for field in group._fields})  # type: ignore[attr-defined]
        return command(**values)

    call.__name__ = command.__name__
    call.__doc__ = command.__doc__
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call


def _parameters(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    defaults = group._field_defaults
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=hints[name])
        for name in group._fields
    ]
