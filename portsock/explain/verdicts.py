"""The part BINDING: what the attempts, judged elsewhere, come to."""

from collections.abc import Sequence

from portsock.explain.attempt import Attempt, Blocker
from portsock.explain.show import endpoint_text, listed, short_owner
from portsock.explain.texts import phrases
from portsock.explain.types import Section

MOST_REASONS = 3
"""Different reasons that are told; the attempts in JSON have all."""


def section(attempts: Sequence[Attempt]) -> Section:
    """For whom the verdict is, who is in the way, and why."""
    identity = attempts[0].identity
    who = identity.name or f"uid {identity.uid}"
    if identity.net_bind_service:
        who += " (with CAP_NET_BIND_SERVICE)"
    free = f" {phrases.BINDING_FREE}" if all(attempt.ok for attempt in attempts) else ""
    lines = [phrases.BINDING_FOR.format(who=who) + free]
    blockers = list(dict.fromkeys(_blocker(blocker) for attempt in attempts for blocker in attempt.blockers))
    if blockers:
        lines.append(phrases.BINDING_BLOCKED.format(blockers=listed(blockers, 3)))
    reasons = dict.fromkeys(attempt.reason for attempt in attempts if attempt.reason and attempt.ok is not True)
    lines += [_sentence(reason) for reason in list(reasons)[:MOST_REASONS]]
    if any(attempt.tried for attempt in attempts):
        lines.append(phrases.BINDING_TRIED)
    return Section(tuple(lines), tuple(attempts))


def _sentence(reason: str) -> str:
    """A reason as a sentence of its own."""
    return reason[0].upper() + reason[1:] + ("" if reason.endswith(".") else ".")


def _blocker(blocker: Blocker) -> str:
    holders = ", ".join(dict.fromkeys(short_owner(owner) for owner in blocker.owners))
    words = [endpoint_text(blocker.local), *([str(blocker.state)] if blocker.state else []), *([holders] if holders else [])]
    return " ".join(words)
