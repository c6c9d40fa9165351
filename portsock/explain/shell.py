"""Commands to type, made of words that others may have chosen: quoted for the shell, and never taken for options."""

from portsock.explain.types import Command
from portsock.explain.wording import quoted_argument


def command_line(*words: str) -> str | None:
    """Return the words as a line for a POSIX shell; None where one of them cannot be printed as it would have to be typed."""
    return " ".join(map(quoted_argument, words)) if all(word.isprintable() for word in words) else None


def commands(purpose: str, *words: str) -> list[Command]:
    """Return the command, or an empty list where it cannot be typed."""
    line = command_line(*words)
    return [Command(line, purpose)] if line is not None else []


def operand(text: str) -> tuple[str, ...]:
    """Return the words for an operand. Behind '--' portsock, systemctl, docker and podman take nothing for an option."""
    return ("--", text) if text.startswith("-") else (text,)
