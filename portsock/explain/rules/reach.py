"""Rules about the packet filter: ports whose packets go elsewhere."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from portsock.addresses import WILDCARDS
from portsock.explain.rules.finding import make_finding
from portsock.explain.subject import Subject
from portsock.explain.texts.findings import BYPASS, LISTENER_PASSED, NOTHING_LISTENS, Code
from portsock.explain.texts.reach import HERE
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text, rule_text
from portsock.model import InetEndpoint
from portsock.query.target import InetTarget

if TYPE_CHECKING:
    from portsock.reach.types import Outcome


def destinations(subject: Subject) -> "Iterator[tuple[str, Outcome]]":
    """Yield the protocol and the outcome of each translation that sends packets for the target's port elsewhere."""
    target = subject.target
    if not subject.filters or not isinstance(target, InetTarget) or not subject.port:
        return
    from portsock.reach.ports import redirections

    point = subject.snapshot.viewpoint
    own = subject.filters.get((None, point.netns.id if point and point.netns else None))
    address = target.networks[0].address if len(target.networks) == 1 and target.kind == "endpoint" else None
    address = None if address in WILDCARDS else address
    if own is None or (address and address not in (subject.snapshot.host.addresses or ())):
        return
    for protocol in (target.protocol,) if target.protocol in ("tcp", "udp") else ("tcp", "udp"):
        for outcome in redirections(subject.port, address, (protocol,), own):
            yield protocol, outcome


def redirected(subject: Subject) -> Iterator[Finding]:
    """Find a port of this host whose packets a rule sends to another address or port."""
    seen = set()
    for protocol, outcome in destinations(subject):
        rule = outcome.to_rule
        if rule is None or outcome.to is None:
            continue
        to = end_text(InetEndpoint(*outcome.to)) if outcome.forwarded else HERE.format(port=outcome.to[1])
        if (protocol, to) in seen:
            continue
        seen.add((protocol, to))
        listens = any(socket.protocol == protocol for socket in subject.passive)
        yield make_finding(
            Code.PORT_REDIRECTED,
            (rule_text(rule),),
            Severity.INFO if listens else Severity.NOTICE,
            what=f"{subject.port}/{protocol}",
            to=to,
            instead=LISTENER_PASSED if listens else NOTHING_LISTENS,
            rule=f"A rule of {rule.family} {rule.table} {rule.chain}",
            bypass=BYPASS if outcome.forwarded else "",
            chain=f"{rule.family} {rule.table} {rule.chain}",
        )
