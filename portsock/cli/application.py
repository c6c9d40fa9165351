"""Typer's application: help, mistakes, the configuration file, and whatever a plain reading of the command line declines.

A subcommand is imported only when it is called.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from typing import Annotated, Any

import typer
from typer._click.core import ParameterSource
from typer._click.exceptions import ClickException  # typer vendors click, and 0.26 exports no common base class
from typer.core import TyperCommand, TyperGroup

from portsock import __version__
from portsock.cli.commands import COMMANDS
from portsock.cli.console import Console
from portsock.cli.declare import Option
from portsock.cli.options import GROUPS
from portsock.errors import Exit

# Imports inside functions here are for what most of these runs do not need: help, mistakes, the configuration file.


def invoke(arguments: Sequence[str], typed: Sequence[str], console: Console) -> int:
    """Run the command line and return the exit status. `typed`: the arguments as the user wrote them, for messages."""
    printed = StringIO()
    try:
        # Typer prints help and version itself, and would exit with 1 if that output were a closed pipe.
        with redirect_stdout(printed):
            status = build()(args=list(arguments), prog_name="portsock", standalone_mode=False, obj=console)
    except ClickException as error:
        from portsock.cli.mistakes import usage_line

        console.say(usage_line(error, typed))
        return Exit.USAGE
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        return Exit.INTERRUPTED
    if printed.getvalue():
        console.write([printed.getvalue()])
    return Exit.OK if status is None else int(status)


def flatten(command: Callable[..., int]) -> Callable[..., int]:
    """Return the command as Typer needs it: options in place of the option groups, and a context in place of the console."""
    hints = {name: hint for name, hint in command.__annotations__.items() if name != "return"}
    parameters = [inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
    for name, hint in hints.items():
        if hint in GROUPS:
            parameters += [_parameter(each, *_of(hint, each)) for each in hint._fields]
        elif hint is not Console:
            default = inspect.signature(command).parameters[name].default
            parameters.append(_parameter(name, hint, default))

    def call(**values: Any) -> int:
        console = values.pop("ctx").obj
        for name, hint in hints.items():
            if hint in GROUPS:
                values[name] = hint(**{field: values.pop(field) for field in hint._fields})
        return command(console, **values)

    call.__name__ = command.__name__
    call.__doc__ = command.__doc__
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call


def _of(group: Any, field: str) -> Iterator[Any]:
    """Yield the type and the default of an option group's field."""
    yield group.__annotations__[field]
    yield group._field_defaults[field]


def _parameter(name: str, hint: Any, default: Any) -> inspect.Parameter:
    """Return a parameter with Typer's object in place of ours."""
    ours: Option = hint.__metadata__[0]
    theirs: Any
    if ours.names:
        theirs = typer.Option(
            *ours.names, metavar=ours.metavar, help=ours.help, rich_help_panel=ours.panel, hidden=ours.hidden,
            callback=ours.first, is_eager=ours.first is not None,
        )  # fmt: skip
    else:
        theirs = typer.Argument(metavar=ours.metavar, help=ours.help)
    annotation = Annotated[hint.__origin__, theirs]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


class _Command(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        rest: list[str] = super().parse_args(ctx, args)
        if ctx.default_map and ctx.get_parameter_source("format") is ParameterSource.DEFAULT_MAP:
            from portsock.cli.config import yield_to_flags

            yield_to_flags(ctx.params)
        return rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from portsock.cli.help import command_help

        formatter.write(command_help(self, ctx))


class _Commands(TyperGroup):
    def _main_shell_completion(self, *_: Any, **__: Any) -> None:
        """Do nothing: by an environment variable, typer would complete in place of running. Completions here are files."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from portsock.cli.help import root_help

        formatter.write(root_help(self, ctx))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the interface of a group
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            from portsock.cli.mistakes import unknown_command

            raise unknown_command(cmd_name)
        function = import_module(f"portsock.cli.commands.{cmd_name}").command
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name, cls=_Command, help=COMMANDS[cmd_name], context_settings=_HELP)(flatten(function))
        return typer.main.get_command(single)


_HELP = {"help_option_names": ["-h", "--help"]}


def _show_version(requested: bool) -> None:
    if requested:
        typer.echo(f"portsock {__version__}")
        raise typer.Exit


def _root(
    ctx: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("-V", "--version", is_eager=True, callback=_show_version, help="show the version")
    ] = False,
) -> None:
    """Which process owns which socket on which port, and why."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def build() -> Any:
    """Return Typer's command object of the whole program."""
    app = typer.Typer(cls=_Commands, add_completion=False, rich_markup_mode=None, context_settings=_HELP)
    app.callback(invoke_without_command=True)(_root)
    return typer.main.get_command(app)


def parameters(name: str) -> list[Any]:
    """Return Typer's objects of a command's parameters that are not hidden, --help included."""
    from portsock.cli.help import visible

    command = build().get_command(None, name)
    return visible(command, command.make_context(name, ["8080"], resilient_parsing=True))
