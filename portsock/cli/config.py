"""The configuration file: how answers look, never what they hold. Imported only if the file exists."""

import tomllib
from collections.abc import Callable, Mapping, Set
from typing import Any

from portsock.errors import UsageError
from portsock.sources.system import read_configuration

_KEYS = ("color", "columns", "format", "numeric", "wide")
_TABLES = ("ports", "sockets", "procs")
_COLORS = ("auto", "always", "never")
_FORMS = ("json", "jsonl", "csv", "counting", "pids")
"""Parameters that request another form of output than a layout."""


class _Refused(Exception):
    """A setting that cannot be used: a message, and the keys that lead to the setting."""


def load(path: str, command: str, filters: Set[str]) -> dict[str, Any]:
    """Return defaults of the command's parameters, by name. Raises UsageError, which names file and line.

    `filters` are the parameters that choose sockets, which a file must not set.
    """
    text = read_configuration(path)
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).partition(" (at line ")
        line = f":{place.partition(',')[0]}" if place else ""
        raise UsageError(f"{path}{line}: no TOML: {what}; mend it, or leave it out by --no-config") from None
    except (ValueError, RecursionError):  # tomllib lets these through, without a line
        raise UsageError(
            f"{path}: a number of thousands of digits, or values nested too deep; mend it, or leave it out by --no-config"
        ) from None
    try:
        return {key: _setting(key, value, command, filters) for key, value in settings.items()}
    except _Refused as refused:
        message, *keys = refused.args
        raise UsageError(f"{path}:{_line_of(text, keys)}: {message}") from None


def yield_to_flags(parameters: dict[str, Any]) -> None:
    """Drop the file's layout if the command line requests another form of output."""
    if any(parameters.get(name) for name in _FORMS):
        parameters["format"] = None


def _setting(key: str, value: Any, command: str, filters: Set[str]) -> Any:
    """Return the value of a parameter; None, its default, if the setting is not for this command."""
    if key == "columns":
        return _columns(value, command)
    if key in ("wide", "numeric"):
        if not isinstance(value, bool):
            raise _Refused(f"{key} is true or false, not {_toml(value)}", key)
    elif key == "color":
        if value not in _COLORS:
            raise _Refused(f"color is one of {', '.join(_COLORS)}, not {_toml(value)}", key)
    elif key == "format":
        if not isinstance(value, str):
            raise _Refused(f"format is a layout's name in quotes, not {_toml(value)}", key)
        from portsock.output.text.renderers import renderer

        _check(lambda: renderer(value), key)
    else:
        raise _Refused(_unknown(key, filters), key)
    return value


def _unknown(key: str, filters: Set[str]) -> str:
    if key.replace("-", "_") in filters:
        return f"'{key}' chooses sockets, and a file must not hide any; give it on the command line"
    from difflib import get_close_matches

    near = get_close_matches(key, _KEYS, 1, 0.6)
    return f"unknown key '{key}'; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(_KEYS)}")


def _columns(value: Any, command: str) -> str | None:
    if not isinstance(value, Mapping):
        raise _Refused(f"columns is a table with a list for each of {', '.join(_TABLES)}", "columns")
    for name, names in value.items():
        if name not in _TABLES:
            raise _Refused(f"[columns] has no '{name}'; there are {', '.join(_TABLES)}", "columns", name)
        if not isinstance(names, list) or not names or not all(isinstance(item, str) for item in names):
            raise _Refused(f'columns of {name} are a list of names, as in {name} = ["port"]', "columns", name)
    if command not in value:
        return None
    from importlib import import_module

    from portsock.output.columns import parse_columns

    text = ",".join(value[command])
    view = import_module(f"portsock.cli.commands.{command}").LISTING.view
    _check(lambda: parse_columns(view, text), "columns", command)
    return text


def _check(parse: Callable[[], object], *keys: str) -> None:
    """Refuse a value that the parser of the command line's option refuses."""
    try:
        parse()
    except UsageError as error:
        raise _Refused(str(error).removeprefix("--format: ").removeprefix("--columns: "), *keys) from None


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        text = f'"{value}"' if isinstance(value, str) else str(value)
    except ValueError:  # thousands of digits
        return "such a value"
    return text if len(text) <= 60 else text[:57] + "..."


def _line_of(text: str, keys: list[str]) -> int:
    """Return the number of the line where a setting begins. tomllib does not report it, so read the text up to each line."""
    begin = 1
    lines = text.split("\n")
    for number in range(1, len(lines)):
        try:
            found = tomllib.loads("\n".join(lines[:number]))
        except (ValueError, RecursionError):
            continue  # the setting that begins there is of several lines
        if keys[0] in found and (len(keys) == 1 or keys[1] in found[keys[0]]):
            break
        begin = number + 1
    return begin
