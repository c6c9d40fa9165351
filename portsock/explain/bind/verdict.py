"""The verdict on all attempts to bind, in one line."""

from collections.abc import Sequence
from typing import NamedTuple

from portsock.explain.types import Attempt
from portsock.explain.wording import end_text, joined
from portsock.model import InetEndpoint

_MEANS = {
    "EADDRINUSE": "in use (EADDRINUSE)",
    "EACCES": "not permitted (EACCES)",
    "EADDRNOTAVAIL": "no address of this host (EADDRNOTAVAIL)",
    "ENODEV": "no such device (ENODEV)",
}
_NOT_THERE = "not available there (EADDRNOTAVAIL)"
"""An address of this host that is on another device, or not ready."""
_WHATEVER, _FREEBIND = ", whatever options are set", " without IP_FREEBIND"


class _Place(NamedTuple):
    """An address to bind, as the verdict names it."""

    name: str
    v6_alone: bool
    """The wildcard of both versions with IPV6_V6ONLY, which few programs set."""


def verdict_line(attempts: Sequence[Attempt]) -> str:
    """Return 'free', or 'in use (EADDRINUSE) on 0.0.0.0 and 127.0.0.1; free on ::1', and the same for each protocol."""
    judged = [attempt for attempt in attempts if not attempt.tried] or list(attempts)
    protocols: dict[str, dict[str, list[_Place]]] = {}
    for protocol, place, outcome in _outcomes(judged):
        protocols.setdefault(protocol, {}).setdefault(outcome, []).append(place)
    lines: dict[str, list[str]] = {}
    for protocol, outcomes in protocols.items():
        lines.setdefault(_line(outcomes), []).append(protocol)
    if len(lines) == 1:
        return next(iter(lines))
    return "; ".join(f"{' and '.join(named)}: {line}" for line, named in lines.items())


def _line(outcomes: dict[str, list[_Place]]) -> str:
    """Return the outcomes of one protocol. IPv6 alone is named only where all else has one outcome."""
    names = {outcome: [place.name for place in places if not place.v6_alone] for outcome, places in outcomes.items()}
    usual = {outcome: named for outcome, named in names.items() if named}
    if len(outcomes) == 1:
        return next(iter(outcomes))
    if len(usual) <= 1:
        most, *others = sorted(outcomes, key=lambda outcome: outcome not in usual)
        return "; ".join([most, *(f"IPv6 alone is {outcome}" for outcome in others)])
    return "; ".join(f"{outcome.removesuffix(_WHATEVER)} on {joined(named, 3)}" for outcome, named in usual.items())


def _outcomes(attempts: Sequence[Attempt]) -> list[tuple[str, _Place, str]]:
    """Return protocol, address and outcome of each address."""
    groups: dict[tuple[str, str, bool | None], list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault((attempt.protocol, attempt.address, attempt.v6only), []).append(attempt)
    both = {(protocol, address) for protocol, address, v6only in groups if v6only is False}
    found = []
    for (protocol, address, v6only), group in groups.items():
        name = end_text(InetEndpoint(address, None)).removesuffix(":*")
        found.append((protocol, _Place(name, v6only is True and (protocol, address) in both), _outcome(group)))
    return found


def _outcome(attempts: Sequence[Attempt]) -> str:
    """Return what the ways to bind one address have in common, or which of them succeed."""
    free = [attempt for attempt in attempts if attempt.ok]
    if len(free) == len(attempts):
        return "free"
    first = next(attempt for attempt in attempts if not attempt.ok)
    why = _NOT_THERE if first.elsewhere else _MEANS.get(first.errno or "", first.errno or "not certain")
    if free:
        plainest = min(free, key=lambda attempt: len(attempt.options))
        return f"{why}, but free with {' and '.join(plainest.options)}" if plainest.options else f"free, {why} with options"
    if any(attempt.ok is None for attempt in attempts):
        doubt = next(attempt for attempt in attempts if attempt.ok is None)
        with_options = f"; with {' and '.join(doubt.options)} perhaps not" if doubt.options and first.ok is False else ""
        return why + with_options
    if first.errno == "EADDRNOTAVAIL":
        return why + _FREEBIND
    return why if len(attempts) == 1 else why + _WHATEVER
