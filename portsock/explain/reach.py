"""Who can really connect: the packet filter of the sockets' namespaces, in words."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from portsock.explain.subject import Subject
from portsock.explain.texts import reach as texts
from portsock.model import Socket
from portsock.reachability import Reach, Reachable, RuleReference

if TYPE_CHECKING:
    from portsock.reach.ports import Judge

HERE = "lo"
_EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})
_MOST = 3
"""Networks that are named."""


def judge_of(socket: Socket, subject: Subject) -> "Judge | None":
    """Return the packet filter of a socket's network namespace, None where it was not read."""
    return subject.filters.get((socket.host, socket.netns.id if socket.netns else None))


def reaches(subject: Subject) -> Iterator[tuple[Sequence[Socket], Reach]]:
    """Yield the waiting sockets of each port and namespace of the target, with who can connect to them."""
    from portsock.reach.ports import reach_of

    groups: dict[tuple[object, ...], list[Socket]] = {}
    for socket in subject.passive:
        if judge_of(socket, subject) is not None:
            groups.setdefault((socket.host, socket.netns, socket.protocol), []).append(socket)
    for sockets in groups.values():
        found = reach_of(sockets, judge_of(sockets[0], subject), subject.sources)
        if found is not None:
            yield sockets, found


def is_unread(reach: Reach) -> bool:
    """Tell whether the rules could not be read at all."""
    return reach.verdict is Reachable.UNKNOWN and not reach.sources


def reach_sentence(reach: Reach, asked: bool = False) -> str:
    """Return who can connect and what keeps others out, in a sentence without a full stop.

    `asked`: certain sources were asked about, so that nobody is 'else'.
    """
    if is_unread(reach):
        return texts.UNREAD.format(what="; ".join(reach.not_read))
    by_verdict: dict[Reachable, list[str]] = {}
    for source, verdict in reach.sources:
        by_verdict.setdefault(verdict, []).append(source)
    admitted = by_verdict.pop(Reachable.ACCEPT, [])
    parts = [_admitted(admitted, bool(by_verdict), reach)] if admitted or not by_verdict else []
    for verdict, sources in by_verdict.items():
        who = _who(sources, bool(admitted) or len(by_verdict) > 1, asked)
        parts.append(
            texts.KEPT_OUT[verdict].format(
                who=who, rule=rule_text(reach.rule), to=end_of(reach.to), reasons=_reasons(reach), count=len(sources)
            )
        )
    if reach.limits:
        parts.append(texts.LIMITED.format(limits=", ".join(reach.limits)))
    return "; ".join(parts)


def _admitted(sources: Sequence[str], others: bool, reach: Reach) -> str:
    if not sources:
        return texts.NOBODY
    who = _who(sources, False, True)
    if others:
        return who
    return f"{who}; {texts.LET_IN.format(rule=rule_text(reach.rule)) if reach.rule else texts.NO_RULE}"


def _who(sources: Sequence[str], others: bool, asked: bool) -> str:
    """Return networks in words: 'everybody else', '10.0.0.0/8 and this host'."""
    outside = [source for source in sources if source != HERE]
    if any(source in _EVERYBODY for source in outside):
        if len({":" in source for source in outside if source in _EVERYBODY}) == 1 and asked:
            version = "IPv6" if "::/0" in outside else "IPv4"
            return f"{texts.ANYONE} over {version}"
        return texts.EVERYBODY_ELSE if others else texts.EVERYBODY if not asked else texts.ANYONE
    named = [source.removesuffix("/32").removesuffix("/128") for source in outside]
    if len(named) > _MOST:
        named = [texts.MORE_NETWORKS.format(count=len(named), first=named[0])]
    if HERE in sources:
        named.append(texts.THIS_HOST)
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def rule_text(rule: RuleReference | None) -> str:
    """Return the place of a rule and its words: 'inet filter input, handle 12: tcp dport 22 accept'."""
    if rule is None:
        return texts.DROPPED_UNNAMED
    place = texts.RULE.format(family=rule.family, table=rule.table, chain=rule.chain)
    place += texts.HANDLE.format(handle=rule.handle) if rule.handle is not None else ""
    return f"{place}: {rule.text}"


def end_of(end: tuple[str, int] | None) -> str:
    """Return an endpoint as text."""
    if end is None:
        return "elsewhere"
    return f"[{end[0]}]:{end[1]}" if ":" in end[0] else f"{end[0]}:{end[1]}"


def _reasons(reach: Reach) -> str:
    shown = "; ".join(reach.not_read[:2]) or "the rules"
    return f"{shown} {'is' if len(reach.not_read) <= 1 else 'are'} not modelled"
