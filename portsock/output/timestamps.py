"""Timestamps as text."""


def iso(seconds: float | None) -> str | None:
    """Return ISO 8601 in UTC to the second, '2026-11-20T18:00:00Z', from seconds since the epoch; None if out of range."""
    from time import gmtime, strftime

    if seconds is None:
        return None
    try:
        time = gmtime(seconds)
        return f"{time.tm_year:04}{strftime('-%m-%dT%H:%M:%SZ', time)}"  # %Y alone pads years before 1000 on some systems only
    except (ValueError, OverflowError, OSError):
        return None
