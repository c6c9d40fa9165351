"""Limits, quotas, counters and log statements, in nft's words."""

from typing import Any

from portsock.parse.rulesets.meaning.describe import described
from portsock.rulesets import Limit

_LOG_ORDER = ("prefix", "level", "group", "snaplen", "queue-threshold", "flags")


def _over(value: dict[str, Any]) -> bool:
    return bool(value.get("inv"))


def limit_of(value: dict[str, Any]) -> Limit:
    """Return the limit of {"rate": 10, "per": "second", "burst": 5}. A burst that nft does not print is left out."""
    unit, burst = value.get("rate_unit"), value.get("burst")
    rate = f"{described(value.get('rate'))}{f' {unit}' if isinstance(unit, str) and unit != 'packets' else ''}"
    words = f"limit rate {'over ' if _over(value) else ''}{rate}/{described(value.get('per'))}"
    usual = (0, None) if unit not in (None, "packets") else (5, 0, None)
    if burst not in usual:
        words += f" burst {described(burst)} {described(value.get('burst_unit') or 'packets')}"
    return Limit(words, _over(value))


def quota_of(value: dict[str, Any]) -> Limit:
    """Return the quota of {"val": 10, "val_unit": "mbytes"}."""
    over = _over(value)
    unit = described(value.get("val_unit") or "bytes")
    return Limit(f"quota {'over ' if over else ''}{described(value.get('val'))} {unit}", over)


def counter_text(value: Any) -> str:
    """Return 'counter', or the counter's name. Its numbers change all the time and decide nothing."""
    return f'counter name "{value}"' if isinstance(value, str) else "counter"


def log_text(value: Any) -> str:
    """Return the words of {"prefix": "x", "level": "info"}."""
    words = ["log"]
    for name in _LOG_ORDER if isinstance(value, dict) else ():
        found = value.get(name)
        if found is not None:
            words += [
                name,
                f'"{found}"' if name == "prefix" else ",".join(map(str, found)) if isinstance(found, list) else str(found),
            ]
    return " ".join(words)
