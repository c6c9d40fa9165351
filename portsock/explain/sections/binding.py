"""Section BINDING: a summary of the bind attempts, which are judged elsewhere."""

from collections.abc import Sequence

from portsock.explain.picture import short_owners_text
from portsock.explain.texts import phrases
from portsock.explain.types import Attempt, Blocker, Section
from portsock.explain.wording import end_text, joined
from portsock.model import InetEndpoint
from portsock.normalize.roles import NO_PEER_STATES
from portsock.port_numbers import PRIVILEGED_END

MOST_REASONS = 2
"""Different reasons that are shown; the attempts in JSON have all."""
MOST_BLOCKERS = 2
_POLICY_ERRORS = frozenset({"EACCES", "EPERM"})
"""Security modules and Landlock give the first, BPF_CGROUP_INET4_BIND and its like by default the second."""


def section(attempts: Sequence[Attempt]) -> Section:
    """Return the section: the user and the blockers, then the reasons, then the kernel's own answers."""
    judged = [attempt for attempt in attempts if not attempt.tried] or attempts
    identity = attempts[0].identity
    who = identity.name or f"uid {identity.uid}"
    if identity.net_bind_service and attempts[0].port < PRIVILEGED_END:
        who += " (with CAP_NET_BIND_SERVICE)"
    lines = [_opening(judged).format(who=who, blockers=_blockers(judged), errno=judged[0].errno or "it fails")]
    lines += [_sentence(reason) for reason in _reasons(judged)]
    lines += [_kernel_answer(attempt, judged) for attempt in attempts if attempt.tried]
    return Section(tuple(lines), tuple(attempts))


def have_one_verdict(attempts: Sequence[Attempt]) -> bool:
    """Tell whether all attempts have the same verdict, so that no table is needed."""
    return len({verdict_text(attempt) for attempt in attempts}) <= 1


def _opening(attempts: Sequence[Attempt]) -> str:
    if not have_one_verdict(attempts):
        return phrases.BINDING_FOR
    if attempts[0].ok is None:
        return phrases.BINDING_UNCERTAIN
    return phrases.BINDING_FREE if attempts[0].ok else phrases.BINDING_REFUSED


def _reasons(attempts: Sequence[Attempt]) -> list[str]:
    """Return one reason for each way: open verdicts first, then refusals; SO_REUSEPORT, SO_REUSEADDR, none, both together."""
    refused_or_open = [attempt for attempt in attempts if attempt.reason and attempt.ok is not True]
    refused_or_open.sort(
        key=lambda attempt: (
            attempt.ok is not None,
            len(attempt.options) > 1,
            "SO_REUSEPORT" not in attempt.options,
            not attempt.options,
        )
    )
    by_way: dict[tuple[str, ...], str] = {}
    for attempt in refused_or_open:
        by_way.setdefault(attempt.options, attempt.reason or "")
    return list(dict.fromkeys(by_way.values()))[:MOST_REASONS]


def _sentence(reason: str) -> str:
    """Return a reason as a sentence of its own. An address at its start stays as it is spelt."""
    first = reason[0] if ":" in reason.partition(" ")[0] else reason[0].upper()
    return first + reason[1:] + ("" if reason.endswith(".") else ".")


def _blockers(attempts: Sequence[Attempt]) -> str:
    """Return ' (in the way: 127.0.0.1:80 LISTEN nginx[5], with connections)', or '' where nothing is in the way."""
    found = list(dict.fromkeys(blocker for attempt in attempts for blocker in attempt.blockers))
    passive = [blocker for blocker in found if blocker.state is None or blocker.state in NO_PEER_STATES]
    texts = list(dict.fromkeys(_blocker(blocker) for blocker in passive or found))
    also = phrases.BINDING_CONNECTIONS if passive and len(passive) < len(found) else ""
    return phrases.BINDING_BLOCKED.format(blockers=joined(texts, MOST_BLOCKERS) + also) if texts else ""


def _blocker(blocker: Blocker) -> str:
    return " ".join(filter(None, (end_text(blocker.local), blocker.state, short_owners_text(blocker.owners))))


def _kernel_answer(trial: Attempt, judged: Sequence[Attempt]) -> str:
    """Return the kernel's own answer with the verdict on the same attempt."""
    same = next(attempt for attempt in judged if _key(attempt) == _key(trial))
    where = end_text(InetEndpoint(trial.address, trial.port))
    options = [*trial.options, *(["IPV6_V6ONLY"] if trial.v6only else [])]
    what = f"{trial.protocol} {where} with {' and '.join(options) or 'no option'}"
    text = phrases.BINDING_TRIED.format(what=what, answer=verdict_text(trial), verdict=verdict_text(same))
    by_policy = same.ok is True and trial.errno in _POLICY_ERRORS
    return f"{text} {phrases.BINDING_POLICY}" if by_policy else text


def _key(attempt: Attempt) -> tuple[object, ...]:
    return attempt.protocol, attempt.address, attempt.port, attempt.options, attempt.v6only


def verdict_text(attempt: Attempt) -> str:
    """Return 'free', 'EADDRINUSE' or 'depends'."""
    return {True: "free", False: attempt.errno or "refused", None: "depends"}[attempt.ok]
