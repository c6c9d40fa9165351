"""Colors by meaning. Only the eight basic colors, without yellow, white and black, and without faint text: each terminal's
own palette makes those readable on its background, light or dark."""

from collections.abc import Mapping

from portsock.errors import UsageError
from portsock.model import Exposure, OwnerStatus, State

_RED, _GREEN, _MAGENTA, _CYAN = "31", "32", "35", "36"
_RESET = "\x1b[0m"

HEADER = "1"
"""Bold."""

MEANINGS: Mapping[str, str] = {
    Exposure.LOOPBACK: _GREEN,
    Exposure.LINK: _CYAN,
    Exposure.PRIVATE: _CYAN,
    Exposure.SHARED: _CYAN,
    Exposure.PUBLIC: _MAGENTA,
    Exposure.ALL: _MAGENTA,
    State.LISTEN: "1",
    State.ESTABLISHED: _GREEN,
    State.SYN_SENT: _MAGENTA,
    State.SYN_RECV: _MAGENTA,
    State.CLOSE_WAIT: _RED,
    OwnerStatus.HIDDEN: _MAGENTA,
    OwnerStatus.UNHELD: _MAGENTA,
    "notice": _CYAN,
    "warning": _RED,
}
"""Enum members, and severities of findings, to SGR parameters (ECMA-48). What is missing is not colored."""


def paint(text: str, meaning: str | None) -> str:
    """The text in the color of its meaning."""
    parameter = MEANINGS.get(meaning) if meaning else None
    return f"\x1b[{parameter}m{text}{_RESET}" if parameter else text


def bold(text: str) -> str:
    """A heading."""
    return f"\x1b[{HEADER}m{text}{_RESET}"


def use_color(when: str, terminal: bool, environ: Mapping[str, str]) -> bool:
    """Whether to color: --color wins, then NO_COLOR (not empty; no-color.org), then whether it is a terminal that can.

    Raises UsageError where `when` is none of auto, always, never.
    """
    if when in ("always", "never"):
        return when == "always"
    if when != "auto":
        raise UsageError(f"--color: '{when}' is none of auto, always, never")
    return terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
