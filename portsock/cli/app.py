"""The Typer application. A subcommand's module is imported, and its options built, only when it is the one asked for."""

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from portsock import __version__
from portsock.cli.options import flatten

COMMANDS = {
    "ports": "What is open here, who holds it, who can reach it.",
    "sockets": "Every socket with all its owners, queues, state and peer.",
    "procs": "What each program listens on and talks to.",
    "explain": "What a port, endpoint, connection, socket, process or state is, why it is so, and what follows.",
}
"""Name → what it answers. Each has a module of its name here, with a function `command`."""


class _Commands(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the interface of a group
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        function = import_module(f"portsock.cli.{cmd_name}").command
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name, help=COMMANDS[cmd_name], context_settings=_HELP)(flatten(function))
        return typer.main.get_command(single)


_HELP = {"help_option_names": ["--help", "-h"]}


def _show_version(given: bool) -> None:
    if given:
        typer.echo(f"portsock {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", "-V", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    """Which process owns which socket on which port, and why."""


def build() -> Any:
    """The command line as a callable: Typer's command object."""
    app = typer.Typer(cls=_Commands, add_completion=False, rich_markup_mode=None, context_settings=_HELP)
    app.callback(invoke_without_command=False, no_args_is_help=True)(_root)
    return typer.main.get_command(app)
