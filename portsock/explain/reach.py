"""Who can really connect: the packet filter of the sockets' namespaces, in words."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from portsock.explain.subject import Subject, filter_place
from portsock.explain.texts import reach as texts
from portsock.explain.wording import end_text, rule_text
from portsock.model import InetEndpoint, Socket
from portsock.reachability import Reach, Reachable, Verdict

if TYPE_CHECKING:
    from portsock.reach.ports import Judge

HERE = "lo"
_EVERYBODY = {"0.0.0.0/0": "IPv4", "::/0": "IPv6"}
_MOST = 3
"""Networks that are named."""
_MOST_FATES = 4
"""Parts of a sentence, each for the networks about which one rule decides; everybody else is the last."""


def judge_of(socket: Socket, subject: Subject) -> "Judge | None":
    """Return the packet filter of a socket's network namespace, None where it was not read."""
    return subject.filters.get(filter_place(socket))


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
    fates: dict[tuple[object, ...], list[Verdict]] = {}
    for each in reach.sources:
        decided = () if each.verdict is Reachable.ACCEPT else (each.rule, each.to, each.how)
        fates.setdefault((each.verdict, *decided), []).append(each)
    groups = sorted(fates.values(), key=lambda group: any(each.source in _EVERYBODY for each in group))
    parts = [_fate(group, len(fates) > 1, asked, reach) for group in groups]
    if len(parts) > _MOST_FATES:
        parts = [*parts[: _MOST_FATES - 2], texts.MORE_RULES.format(count=len(parts) - _MOST_FATES + 1), parts[-1]]
    if len(fates) == 1 and reach.verdict is Reachable.ACCEPT:
        parts[0] += texts.LET_IN.format(rule=rule_text(reach.rule)) if reach.rule is not None else texts.NO_RULE
    if reach.limits:
        parts.append(texts.LIMITED.format(limits=", ".join(reach.limits)))
    return "; ".join(parts)


def _fate(group: Sequence[Verdict], others: bool, asked: bool, reach: Reach) -> str:
    """Return whose packets, and what becomes of them."""
    first = group[0]
    sources = [each.source for each in group]
    named = [_network(source) for source in sources if source != HERE and source not in _EVERYBODY]
    if len(named) > _MOST:
        named = [texts.MORE_NETWORKS.format(count=len(named), first=named[0])]
    everybody = _everybody(sources, others, reach) if not asked else []
    here = [texts.THIS_HOST] if HERE in sources and (others or not named + everybody) else []
    words = [*named, *here, *everybody] if others else [*named, *everybody, *here]
    who = " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
    rule = rule_text(first.rule) if first.rule is not None else texts.KERNEL.format(why=first.how or texts.ROUTING)
    return texts.FATES[first.verdict].format(
        who=who, rule=rule, to=end_text(InetEndpoint(*first.to)) if first.to else "", reasons=_reasons(reach)
    )


def _everybody(sources: Sequence[str], others: bool, reach: Reach) -> list[str]:
    """Return 'anyone', 'everybody else' or the IP version of those that are meant; empty where not everybody is."""
    found = [_EVERYBODY[source] for source in sources if source in _EVERYBODY]
    if not found:
        return []
    if len(found) < sum(each.source in _EVERYBODY for each in reach.sources):
        return [texts.OVER.format(version=found[0])]
    return [texts.EVERYBODY_ELSE if others else texts.ANYONE]


def _network(source: str) -> str:
    """Return a network, or everybody, with the device in words."""
    network, _, device = source.partition("%")
    who = texts.EVERYBODY if network in _EVERYBODY else network.removesuffix("/32").removesuffix("/128")
    return texts.THROUGH.format(who=who, device=device) if device else who


def _reasons(reach: Reach) -> str:
    shown = "; ".join(reach.not_read[:2])
    return texts.NOT_MODELLED.format(expressions=shown) if shown else texts.RULES
