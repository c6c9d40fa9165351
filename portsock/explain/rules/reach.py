"""Rules about the packet filter: ports whose packets go elsewhere."""

from collections.abc import Iterator

from portsock.addresses import WILDCARDS
from portsock.explain.rules.finding import make_finding
from portsock.explain.subject import Subject
from portsock.explain.texts.findings import BYPASS, LISTENER_PASSED, NOTHING_LISTENS, Code
from portsock.explain.texts.reach import HERE
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text, rule_text
from portsock.model import InetEndpoint
from portsock.query.target import InetTarget


def redirected(subject: Subject) -> Iterator[Finding]:
    """Find a port of this host whose packets a rule sends to another address or port."""
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
    protocols = (target.protocol,) if target.protocol in ("tcp", "udp") else ("tcp", "udp")
    seen = set()
    for protocol in protocols:
        for outcome in redirections(subject.port, address, (protocol,), own):
            rule = outcome.to_rule
            to = (
                end_text(InetEndpoint(*outcome.to))
                if outcome.forwarded and outcome.to
                else HERE.format(port=outcome.to[1])
                if outcome.to
                else ""
            )
            if rule is None or (protocol, to) in seen:
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
