"""The console script, and `python -m portsock`."""

import gc
import os
import sys


def main() -> None:
    """Run the command line and leave with its exit status.

    Nothing else is imported before the interrupt handler is in place: Ctrl-C during start-up must end in one quiet exit, too.
    """
    # A run makes few cycles and soon ends; collecting takes a tenth of a start and a fifth of 50,000 sockets.
    gc.disable()
    try:
        from portsock.sources.interrupts import watch_interrupts

        watch_interrupts()
        if sys.argv[1:2] == ["--complete"]:
            from portsock.cli.complete import run as complete

            status = complete(sys.argv[2:])
        else:
            from portsock.cli.console import system_console
            from portsock.cli.main import run

            console = system_console()  # held here, with what it keeps until the end
            status = run(sys.argv[1:], console)
    except KeyboardInterrupt:
        status = 130
    except Exception as error:  # noqa: BLE001 - an import: a module that is damaged, missing or, at EMFILE, out of reach
        status = _unable(error)
    _leave(status)


def _unable(error: Exception) -> int:
    """Say in one line why the program cannot start, without what may not be importable either; return the exit status."""
    if sys.stderr is not None:
        sys.stderr.write(ascii(f"portsock: cannot start: {type(error).__name__}: {error}")[1:-1] + "\n")
    return 3 if isinstance(error, OSError) else 4


def _leave(status: int) -> None:
    """Write what is left in the streams and end at once: taking all objects down takes another tenth of a start."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):  # closed or full: the interpreter says what is to be said
        sys.exit(status)
    except KeyboardInterrupt:
        status = 130
    os._exit(status)


if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # the working directory, where anybody may have put a typer.py
    main()
