"""Timestamps as text."""


def iso(seconds: float | None) -> str | None:
    """Return ISO 8601 in UTC to the second, '2026-11-20T18:00:00Z', from seconds since the epoch; None if out of range."""
    from time import gmtime, strftime

    if seconds is None:
        return None
    try:
        return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return None
