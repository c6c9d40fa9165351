"""The console script, and `python -m portsock`."""

import sys


def main() -> None:
    """Run the command line and leave with its exit status.

    Nothing is imported before the interrupt handler is in place: Ctrl-C during start-up must end in one quiet exit, too.
    """
    try:
        if sys.argv[1:2] == ["--complete"]:
            from portsock.cli.complete import run as complete

            status = complete(sys.argv[2:])
        else:
            from portsock.cli.main import run

            status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
