"""The configuration file: how answers look, never what they hold. Imported only where the file exists."""

from collections.abc import Callable, Mapping
from typing import Any

from portsock.errors import UsageError

_FILTERS = frozenset({
    "listening", "established", "state", "ipv4", "ipv6", "tcp", "udp", "unix", "raw", "all_families", "local", "remote",
    "port", "pid", "process", "user", "exclude", "exact", "all", "netns", "from", "owners",
})  # fmt: skip
_TABLES = ("ports", "sockets", "procs")
_COLORS = ("auto", "always", "never")
_FORMS = ("json", "jsonl", "csv", "counting", "pids")
"""Parameters that ask for another form than a layout."""


def load(path: str, command: str) -> dict[str, Any]:
    """Defaults of the command's parameters, by name. Raises UsageError, which names file and line."""
    text = _read(path)
    import tomllib

    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).partition(" (at line ")
        line = f":{place.partition(',')[0]}" if place else ""
        raise UsageError(f"{path}{line}: no TOML: {what}; mend it, or leave it out by --no-config") from None
    except (ValueError, RecursionError):  # which tomllib lets through, without a line
        raise UsageError(
            f"{path}: a number of thousands of digits, or values nested too deep; mend it, or leave it out by --no-config"
        ) from None

    def refuse(message: str, key: str, table: str | None = None) -> UsageError:
        line = _line_of(text, key, table)
        return UsageError(f"{path}{f':{line}' if line else ''}: {message}")

    found: dict[str, Any] = {}
    for key, value in settings.items():
        if key == "columns":
            columns = _columns(value, command, refuse)
            if columns is not None:
                found["columns"] = columns
        else:
            found[key] = _setting(key, value, refuse)
    return found


def yield_to_flags(parameters: dict[str, Any]) -> None:
    """A layout that only the file asks for gives way to another form of output on the command line."""
    if any(parameters.get(name) for name in _FORMS):
        parameters["format"] = None


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}; make it readable, or use --no-config") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line}: no UTF-8, which TOML is written in") from None


def _setting(key: str, value: Any, refuse: Callable[..., UsageError]) -> Any:
    if key in ("wide", "numeric"):
        if not isinstance(value, bool):
            raise refuse(f"{key} is true or false, not {_toml(value)}", key)
        return value
    if key == "color":
        if value not in _COLORS:
            raise refuse(f"color is one of {', '.join(_COLORS)}, not {_toml(value)}", key)
        return value
    if key == "format":
        if not isinstance(value, str):
            raise refuse(f"format is a layout's name in quotes, not {_toml(value)}", key)
        return _checked(lambda: _layout(value), value, refuse, key)
    raise refuse(_unknown(key), key)


def _unknown(key: str) -> str:
    if key.replace("-", "_") in _FILTERS:
        return f"'{key}' chooses sockets, and a file must not hide any; give it on the command line"
    from difflib import get_close_matches

    known = ("color", "columns", "format", "numeric", "wide")
    near = get_close_matches(key, known, 1, 0.6)
    return f"unknown key '{key}'; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}")


def _columns(value: Any, command: str, refuse: Callable[..., UsageError]) -> str | None:
    if not isinstance(value, Mapping):
        raise refuse(f"columns is a table with a list for each of {', '.join(_TABLES)}", "columns")
    for name, names in value.items():
        if name not in _TABLES:
            raise refuse(f"[columns] has no '{name}'; there are {', '.join(_TABLES)}", name, "columns")
        if not isinstance(names, list) or not names or not all(isinstance(item, str) for item in names):
            raise refuse(f'columns of {name} are a list of names, as in {name} = ["port"]', name, "columns")
    if command not in value:
        return None
    text = ",".join(value[command])
    return _checked(lambda: _parsed_columns(command, text), text, refuse, command, "columns")


def _parsed_columns(command: str, text: str) -> object:
    from importlib import import_module

    from portsock.output.columns import parse_columns

    return parse_columns(import_module(f"portsock.cli.commands.{command}").LISTING.view, text)


def _layout(name: str) -> object:
    from portsock.output.text.renderers import renderer

    return renderer(name)


def _checked(
    check: Callable[[], object], value: str, refuse: Callable[..., UsageError], key: str, table: str | None = None
) -> str:
    """The value, where the check of the command line's option lets it pass."""
    try:
        check()
    except UsageError as error:
        raise refuse(str(error).removeprefix("--format: ").removeprefix("--columns: "), key, table) from None
    return value


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        text = f'"{value}"' if isinstance(value, str) else str(value)
    except ValueError:  # thousands of digits
        return "such a value"
    return text if len(text) <= 60 else text[:57] + "..."


def _line_of(text: str, key: str, table: str | None) -> int | None:
    """The line where the key stands: tomllib does not tell."""
    within: str | None = None
    spelt = {key, f'"{key}"', f"'{key}'"}
    dotted = {f"{table}.{name}" for name in spelt} if table else {f"{name}." for name in spelt}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            within = stripped.strip("[] ").partition("]")[0].strip()
            if table is None and within in spelt:
                return number
            continue
        name = stripped.partition("=")[0].strip()
        if (within == table and name in spelt) or (within is None and (name in dotted or (table and name == table))):
            return number
    return None
