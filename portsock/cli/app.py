"""The Typer application. A subcommand's module is imported, and its options built, only when that subcommand is called."""

from importlib import import_module
from typing import Annotated, Any

import typer
from typer._click.core import ParameterSource
from typer.core import TyperCommand, TyperGroup

from portsock import __version__
from portsock.cli.commands import COMMANDS
from portsock.cli.declare import flatten

# Imports inside functions here are for what most runs do not need: help, mistakes, the configuration file.


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
