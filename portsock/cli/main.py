"""Run the program: Typer's application, which imports a subcommand only when it is called. Every error becomes one line."""

import os
import sys
from collections.abc import Sequence
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
from portsock.cli.console import Console, system_console
from portsock.cli.declare import flatten
from portsock.errors import Exit, OutputClosed, PortsockError, WriteError


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Run the program with these arguments and return the exit status. Raises nothing but KeyboardInterrupt."""
    console = console or system_console()
    try:
        return int(_invoke(arguments, console))
    except PortsockError as error:
        console.say(str(error))
        if isinstance(error, WriteError):
            _abandon_output()
        return error.exit
    except OutputClosed:
        _abandon_output()
        return Exit.OK
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except OSError as error:
        console.say(f"the system refused: {error.strerror or error}{_about(error)}; try again, or report it if it stays so")
        return Exit.SYSTEM
    except MemoryError:
        console.say("there is not enough memory for this; ask for less, as by a port or a filter")
        return Exit.SYSTEM
    except Exception as error:  # noqa: BLE001 - no traceback ever reaches a user
        return _internal(error, console)


def _invoke(typed: Sequence[str], console: Console) -> int:
    printed = StringIO()
    arguments = typed
    if typed and typed[0] not in COMMANDS and typed[0] not in _ROOT_OPTIONS:
        from portsock.cli.explaining.asked import with_explain

        arguments = with_explain(typed)
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
    return Exit.OK if status is None else status


def _abandon_output() -> None:
    """Forget standard output, so that the last flush does not fail again. No file takes its place: /dev may be missing."""
    sys.stdout = None  # Python's own value where standard output is closed


def _about(error: OSError) -> str:
    return f" ({error.filename})" if isinstance(error.filename, str) else ""


def _internal(error: Exception, console: Console) -> int:
    if console.environ.get("PORTSOCK_TRACEBACK") and console.err:
        import traceback

        console.err.write("".join(traceback.format_exception(error)))
    where = ""
    if error.__traceback__:
        last = error.__traceback__
        while last.tb_next:
            last = last.tb_next
        where = f" at {os.path.basename(last.tb_frame.f_code.co_filename)}:{last.tb_lineno}"
    console.say(f"internal error{where}: {type(error).__name__}: {error}; PORTSOCK_TRACEBACK=1 shows more for a report")
    return Exit.INTERNAL


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
_ROOT_OPTIONS = frozenset({"-h", "--help", "-V", "--version"})


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
