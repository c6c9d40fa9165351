"""Run the program. Here every error becomes one line and an exit status."""

import os
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO

import typer
from typer._click.exceptions import ClickException  # typer vendors click, and 0.26 exports no common base class

from portsock.cli.app import build
from portsock.cli.console import Console, system_console
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
    except Exception as error:  # noqa: BLE001 - no traceback ever reaches a user
        return _internal(error, console)


def _invoke(arguments: Sequence[str], console: Console) -> int:
    printed = StringIO()
    try:
        # Typer prints help and version itself, and would exit with 1 if that output were a closed pipe.
        with redirect_stdout(printed):
            status = build()(args=list(arguments), prog_name="portsock", standalone_mode=False, obj=console)
    except ClickException as error:
        from portsock.cli.mistakes import usage_line

        console.say(usage_line(error, arguments))
        return Exit.USAGE
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        return Exit.INTERRUPTED
    if printed.getvalue():
        console.write([printed.getvalue()])
    return Exit.OK if status is None else status


def _abandon_output() -> None:
    """Redirect standard output to the null device, so that the interpreter's last flush does not fail again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


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
