"""Run the program. Every error becomes one line."""

import os
import sys
from collections.abc import Sequence

from portsock.cli import plain
from portsock.cli.commands import COMMANDS
from portsock.cli.console import Console, system_console
from portsock.errors import Exit, OutputClosed, PortsockError, WriteError

_ROOT_OPTIONS = frozenset({"-h", "--help", "-V", "--version"})


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
    arguments = typed
    if typed and typed[0] not in COMMANDS and typed[0] not in _ROOT_OPTIONS:
        from portsock.cli.explaining.asked import with_explain

        arguments = with_explain(typed)
    call = plain.read(arguments, console)
    if call is not None:
        return call()
    from portsock.cli.application import invoke

    return invoke(arguments, typed, console)


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
