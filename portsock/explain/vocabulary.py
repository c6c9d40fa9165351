"""The words that explain answers as well as targets. Their texts are apart, since each target is looked up here first."""

from enum import StrEnum

from portsock.enums import State, parse_state


class Word(StrEnum):
    """The closed list of terms and errors; the states are words, too."""

    PORT = "port"
    SOCKET = "socket"
    ENDPOINT = "endpoint"
    CONNECTION = "connection"
    PROCESS = "process"
    LISTENER = "listener"
    EPHEMERAL = "ephemeral"
    BACKLOG = "backlog"
    EADDRINUSE = "EADDRINUSE"
    EACCES = "EACCES"
    EADDRNOTAVAIL = "EADDRNOTAVAIL"


_BY_SPELLING = {word.lower(): word for word in Word}


def recognise_word(text: str) -> Word | State | None:
    """Return the word in any letter case, or the state in any tool's spelling; None where the text is neither."""
    return _BY_SPELLING.get(text.lower()) or parse_state(text)
