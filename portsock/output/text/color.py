"""Colors by meaning. Only the eight basic colors, without yellow, white and black: each terminal's own palette makes those
readable on its background, light or dark. Faint text, which some palettes make hard to read, is for remarks on the layout."""

from collections.abc import Mapping

from portsock.errors import UsageError
from portsock.model import Exposure, OwnerStatus, State

_BOLD, _FAINT, _RED, _GREEN, _MAGENTA, _CYAN = "1", "2", "31", "32", "35", "36"
_RESET = "\x1b[0m"

MEANINGS: Mapping[str, str] = {
    Exposure.LOOPBACK: _GREEN,
    Exposure.LINK: _CYAN,
    Exposure.PRIVATE: _CYAN,
    Exposure.SHARED: _CYAN,
    Exposure.PUBLIC: _MAGENTA,
    Exposure.ALL: _MAGENTA,
    State.LISTEN: _BOLD,
    State.ESTABLISHED: _GREEN,
    State.SYN_SENT: _MAGENTA,
    State.SYN_RECV: _MAGENTA,
    State.CLOSE_WAIT: _RED,
    OwnerStatus.HIDDEN: _MAGENTA,
    OwnerStatus.UNHELD: _MAGENTA,
    "notice": _CYAN,
    "warning": _RED,
    "+": _GREEN,
    "-": _RED,
    "~": _CYAN,
}
"""SGR parameters (ECMA-48) by enum member, severity of a finding or sign of a change. Others are not colored."""


def paint(text: str, meaning: str | None) -> str:
    """Return the text in the color of its meaning."""
    parameter = MEANINGS.get(meaning) if meaning else None
    return f"\x1b[{parameter}m{text}{_RESET}" if parameter else text


def bold(text: str) -> str:
    """Return the text as a bold heading."""
    return f"\x1b[{_BOLD}m{text}{_RESET}"


def faint(text: str) -> str:
    """Return the text as a remark that can be missed."""
    return f"\x1b[{_FAINT}m{text}{_RESET}"


def use_color(when: str, terminal: bool, environ: Mapping[str, str]) -> bool:
    """Tell whether to color: --color wins, then NO_COLOR (not empty; no-color.org), then the terminal.

    Raises UsageError where `when` is none of auto, always, never.
    """
    if when in ("always", "never"):
        return when == "always"
    if when != "auto":
        raise UsageError(f"--color: '{when}' is none of auto, always, never")
    return terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
