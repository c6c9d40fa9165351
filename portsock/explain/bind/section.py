"""The part BINDING: what the attempts, judged elsewhere, come to."""

from collections.abc import Sequence

from portsock.explain.bind.types import Attempt, Blocker
from portsock.explain.picture import owners_text
from portsock.explain.show import end_text, listed
from portsock.explain.texts import phrases
from portsock.explain.types import Section
from portsock.model import InetEndpoint, State
from portsock.port_numbers import PRIVILEGED_END

MOST_REASONS = 2
"""Different reasons that are told; the attempts in JSON have all."""
MOST_BLOCKERS = 2

_CONNECTIONLESS = frozenset({State.LISTEN, State.BOUND, State.UNCONN, None})


def section(attempts: Sequence[Attempt]) -> Section:
    """For whom the verdict is and who is in the way; then why, and what the kernel said itself."""
    judged = [attempt for attempt in attempts if not attempt.tried] or attempts
    identity = attempts[0].identity
    who = identity.name or f"uid {identity.uid}"
    if identity.net_bind_service and attempts[0].port < PRIVILEGED_END:
        who += " (with CAP_NET_BIND_SERVICE)"
    lines = [_opening(judged).format(who=who, blockers=_blockers(judged), errno=judged[0].errno or "it fails")]
    lines += [_sentence(reason) for reason in _reasons(judged)]
    lines += [_said(attempt, judged) for attempt in attempts if attempt.tried]
    return Section(tuple(lines), tuple(attempts))


def fare_alike(attempts: Sequence[Attempt]) -> bool:
    """Whether one verdict holds for all, which then needs no table."""
    return len({verdict(attempt) for attempt in attempts}) <= 1


def _opening(attempts: Sequence[Attempt]) -> str:
    if not fare_alike(attempts):
        return phrases.BINDING_FOR
    if attempts[0].ok is None:
        return phrases.BINDING_UNCERTAIN
    return phrases.BINDING_FREE if attempts[0].ok else phrases.BINDING_REFUSED


def _reasons(attempts: Sequence[Attempt]) -> list[str]:
    """One for each way: what it depends on, then why not, by the way that asks for most first."""
    telling = [attempt for attempt in attempts if attempt.reason and attempt.ok is not True]
    telling.sort(key=lambda attempt: (attempt.ok is not None, "SO_REUSEPORT" not in attempt.options, not attempt.options))
    by_way: dict[tuple[str, ...], str] = {}
    for attempt in telling:
        by_way.setdefault(attempt.options, attempt.reason or "")
    return list(dict.fromkeys(by_way.values()))[:MOST_REASONS]


def _sentence(reason: str) -> str:
    """A reason as a sentence of its own."""
    return reason[0].upper() + reason[1:] + ("" if reason.endswith(".") else ".")


def _blockers(attempts: Sequence[Attempt]) -> str:
    """'; in the way: 127.0.0.1:80 LISTEN nginx[5], with connections', or nothing where nobody is."""
    found = list(dict.fromkeys(blocker for attempt in attempts for blocker in attempt.blockers))
    passive = [blocker for blocker in found if blocker.state in _CONNECTIONLESS]
    texts = list(dict.fromkeys(_blocker(blocker) for blocker in passive or found))
    also = phrases.BINDING_CONNECTIONS if passive and len(passive) < len(found) else ""
    return phrases.BINDING_BLOCKED.format(blockers=listed(texts, MOST_BLOCKERS) + also) if texts else ""


def _blocker(blocker: Blocker) -> str:
    return " ".join(filter(None, (end_text(blocker.local), blocker.state, owners_text(blocker.owners))))


def _said(trial: Attempt, judged: Sequence[Attempt]) -> str:
    """The kernel's own answer beside the verdict on the same attempt."""
    same = next(attempt for attempt in judged if _asked(attempt) == _asked(trial))
    where = end_text(InetEndpoint(trial.address, trial.port))
    options = [*trial.options, *(["IPV6_V6ONLY"] if trial.v6only else [])]
    what = f"{trial.protocol} {where} with {' and '.join(options) or 'no option'}"
    return phrases.BINDING_TRIED.format(what=what, answer=verdict(trial), verdict=verdict(same))


def _asked(attempt: Attempt) -> tuple[object, ...]:
    return attempt.protocol, attempt.address, attempt.port, attempt.options, attempt.v6only


def verdict(attempt: Attempt) -> str:
    """'yes', 'no EADDRINUSE', 'depends'."""
    return {True: "yes", False: f"no {attempt.errno or ''}".rstrip(), None: "depends"}[attempt.ok]
