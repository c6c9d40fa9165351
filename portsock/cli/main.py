"""The one place where errors become one line and an exit status."""

import os
from collections.abc import Sequence

from portsock.cli.console import Console, system_console
from portsock.errors import Exit, PortsockError


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Run the program with these arguments; returns the exit status and raises nothing but KeyboardInterrupt."""
    console = console or system_console()
    try:
        return int(_invoke(arguments, console))
    except PortsockError as error:
        console.say(str(error))
        return error.exit
    except BrokenPipeError:
        _abandon_output()
        return Exit.OK
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - no traceback ever reaches a user
        return _internal(error, console)


def _invoke(arguments: Sequence[str], console: Console) -> int:
    import typer
    from typer._click.exceptions import ClickException  # typer vendors click, and 0.26 exports no common base class

    from portsock.cli.app import build

    try:
        status = build()(args=list(arguments), prog_name="portsock", standalone_mode=False, obj=console)
    except ClickException as error:
        console.say(_usage(error, arguments))
        return Exit.USAGE
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        return Exit.INTERRUPTED
    return Exit.OK if status is None else status


def _usage(error: Exception, arguments: Sequence[str]) -> str:
    """One line out of typer's message, and the command that shows what there is."""
    from typer._click.exceptions import ClickException

    assert isinstance(error, ClickException)
    text = " ".join(error.format_message().split()).rstrip(".")
    command = next((word for word in arguments if word in {"ports", "sockets", "procs", "explain"}), None)
    return f"{text}; see portsock {command + ' ' if command else ''}--help"


def _abandon_output() -> None:
    """Point standard output at nothing, so that the interpreter's last flush does not fail on the closed pipe."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def _internal(error: Exception, console: Console) -> int:
    if console.environ.get("PORTSOCK_TRACEBACK"):
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
