"""Exit codes, and the errors that become one line for the user."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses: the contract of the man page."""

    OK = 0
    NO_MATCH = 1
    USAGE = 2
    SYSTEM = 3
    INTERNAL = 4
    INTERRUPTED = 130


class PortsockError(Exception):
    """An error whose text is one whole line: what, which value, what to do."""

    exit = Exit.INTERNAL


class UsageError(PortsockError):
    """What was typed, or the listing given, cannot be used."""

    exit = Exit.USAGE


class ReadError(PortsockError):
    """The system could not be read."""

    exit = Exit.SYSTEM


class WriteError(PortsockError):
    """The output could not be written."""

    exit = Exit.SYSTEM


class OutputClosed(Exception):
    """Whoever read the output has gone. No OSError, since Typer would make exit status 1 of a broken pipe."""
