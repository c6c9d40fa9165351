"""Failures of the system that an answer survives: they are noted where they happen, and become notices of the collection.

Nothing that is merely absent is noted: a process has ended, or this kernel has no such file.
"""

import errno

from portsock.model import Notice

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ESRCH, errno.ENXIO}
_NAMED = 100
"""Things that a notice names; it says how many more there are."""

_noted: dict[tuple[str, str], dict[object, None]] = {}
"""What could not be read and the reason → which of them."""


def is_absent(error: OSError) -> bool:
    """Tell whether the file or process does not exist, or no longer."""
    return error.errno in _ABSENT


def note(what: str, which: object, error: OSError) -> None:
    """Note that something could not be read, as in ('process', 12, error), unless it is absent."""
    if not is_absent(error):
        note_reason(what, which, error.strerror or str(error) or type(error).__name__)


def note_reason(what: str, which: object, reason: str) -> None:
    """Note that something could not be read for this reason."""
    _noted.setdefault((what, reason), {})[which] = None


def take() -> tuple[Notice, ...]:
    """Return a notice for each reason that was noted since the last call."""
    notices = tuple(_notice(what, reason, list(noted)) for (what, reason), noted in _noted.items())
    _noted.clear()
    return notices


def _notice(what: str, reason: str, noted: list[object]) -> Notice:
    more = f" and {len(noted) - _NAMED} more" if len(noted) > _NAMED else ""
    named = ", ".join(map(str, noted[:_NAMED]))
    return Notice("read_failed", len(noted), f"{what} {named}{more} could not be read ({reason})")
