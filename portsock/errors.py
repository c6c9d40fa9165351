"""Exit statuses, and errors that are shown to the user as one line."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses, as the man page promises them."""

    OK = 0
    NO_MATCH = 1
    USAGE = 2
    SYSTEM = 3
    INTERNAL = 4
    INTERRUPTED = 130


class PortsockError(Exception):
    """An error whose text is one whole line: the problem, the value, the remedy."""

    exit = Exit.INTERNAL


class UsageError(PortsockError):
    """The command line or the given listing cannot be used."""

    exit = Exit.USAGE


class ReadError(PortsockError):
    """The system could not be read."""

    exit = Exit.SYSTEM


class WriteError(PortsockError):
    """The output could not be written."""

    exit = Exit.SYSTEM


class OutputClosed(Exception):
    """The reader of the output has closed it. This is no OSError: Typer would turn a broken pipe into exit status 1."""
