"""What is wrong with a text that holds no rules."""

from portsock.errors import UsageError


class InputError(UsageError):
    """A text that holds no rules that can be read."""
