"""The verdict on all attempts to bind, in one line."""

from collections.abc import Sequence

from portsock.explain.bind.texts import TEXTS, Reason
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
_ONLY_V6, _WITH_V4 = " (IPv6 only)", " (with IPv4)"
_WHATEVER, _FREEBIND = ", whatever options are set", " without IP_FREEBIND"


def verdict_line(attempts: Sequence[Attempt]) -> str:
    """Return 'free', or 'in use (EADDRINUSE) on 0.0.0.0 and 127.0.0.1; free on ::1', and the same for each protocol."""
    judged = [attempt for attempt in attempts if not attempt.tried] or list(attempts)
    protocols: dict[str, dict[str, list[str]]] = {}
    for protocol, address, outcome in _outcomes(judged):
        protocols.setdefault(protocol, {}).setdefault(outcome, []).append(address)
    lines: dict[str, list[str]] = {}
    for protocol, outcomes in protocols.items():
        lines.setdefault(_places(outcomes), []).append(protocol)
    if len(lines) == 1:
        return next(iter(lines))
    return "; ".join(f"{' and '.join(named)}: {line}" for line, named in lines.items())


def _places(outcomes: dict[str, list[str]]) -> str:
    if len(outcomes) == 1:
        return next(iter(outcomes))
    most, *others = sorted(outcomes, key=lambda outcome: -len(outcomes[outcome]))
    if all(_all_v6(outcomes[outcome]) for outcome in others):
        return "; ".join([most, *(f"IPv6 alone is {outcome}" for outcome in others)])
    return "; ".join(_on(outcome, addresses) for outcome, addresses in outcomes.items() if not _all_v6(addresses))


def _on(outcome: str, addresses: Sequence[str]) -> str:
    """Return 'in use (EADDRINUSE) on 0.0.0.0 and [::]': what binds IPv6 alone is left out, since few programs do."""
    names = [address.removesuffix(_WITH_V4) for address in addresses if not address.endswith(_ONLY_V6)]
    return f"{outcome.removesuffix(_WHATEVER)} on {joined(names, 3)}"


def _all_v6(addresses: Sequence[str]) -> bool:
    return all(address.endswith(_ONLY_V6) for address in addresses)


def _outcomes(attempts: Sequence[Attempt]) -> list[tuple[str, str, str]]:
    """Return protocol, address and outcome of each address."""
    groups: dict[tuple[str, str, bool | None], list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault((attempt.protocol, attempt.address, attempt.v6only), []).append(attempt)
    several = {protocol for protocol, address, v6only in groups if v6only and (protocol, address, False) in groups}
    found = []
    for (protocol, address, v6only), group in groups.items():
        name = end_text(InetEndpoint(address, None)).removesuffix(":*")
        if protocol in several and v6only is not None:
            name += _ONLY_V6 if v6only else _WITH_V4
        found.append((protocol, name, _outcome(group)))
    return found


def _outcome(attempts: Sequence[Attempt]) -> str:
    """Return what the ways to bind one address have in common, or which of them succeed."""
    free = [attempt for attempt in attempts if attempt.ok]
    if len(free) == len(attempts):
        return "free"
    first = next(attempt for attempt in attempts if not attempt.ok)
    why = _MEANS.get(first.errno or "", first.errno or "not certain")
    if (
        first.errno == "EADDRNOTAVAIL"
        and first.reason
        and first.reason != TEXTS[Reason.NOT_LOCAL].format(address=first.address)
    ):
        why = _NOT_THERE
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
