"""Why an endpoint cannot be reached from here, as far as this host knows it: the first line of the answer."""

from collections.abc import Mapping

from portsock.addresses import needs_zone
from portsock.explain.remote.contacts import contact_cause
from portsock.explain.subject import Subject
from portsock.explain.texts import remote as texts
from portsock.explain.texts.remote import Cause
from portsock.explain.types import Remote
from portsock.explain.wording import place_text, rule_text
from portsock.network import Path
from portsock.reach.types import Outcome

_HOST_UNREACHABLE = ((3, 1), (1, 3))
"""ICMP types and codes, of IPv4 and IPv6, that this host reports to itself where a neighbour does not answer."""


def cause_of(subject: Subject) -> Cause | None:
    """Return what an attempt met with, or else what is in the way; None where nothing is known to be."""
    remote = subject.remote
    if remote is None:
        return None
    values = {"what": subject.target.text, "address": remote.address}
    if remote.contact is None or remote.contact.result not in ("accepted", "answered"):
        for found in (_route(remote, remote.path), _rule(remote, remote.outcome), _neighbour(remote, remote.path)):
            if found is not None and _agrees(remote, found[0]):
                return filled(found[1], {**values, **found[2]})
    if remote.contact is None:
        return None
    cause, more = contact_cause(subject, remote.contact)
    return filled(cause, {**values, **more})


_Found = tuple[str, Cause, dict[str, str]]
"""The error number of an attempt with this cause, or '' for silence; the cause; values of its braces."""


def _agrees(remote: Remote, number: str) -> bool:
    """Tell whether an attempt, if one was made, met with what this cause lets expect."""
    contact = remote.contact
    if contact is None:
        return True
    if contact.result == "silence":
        return number in ("", "ETIMEDOUT")
    if contact.result == "icmp" and contact.reporter != contact.source:
        return False
    return contact.errno == number


def _route(remote: Remote, path: Path | None) -> _Found | None:
    if path is not None and path.kind == "broadcast":
        number = texts.BROADCAST_ERRNOS[remote.protocol]
        values = {"device": path.device or "a device", "call": texts.CALLS[remote.protocol], "errno": number}
        return number, texts.BROADCAST, values
    if path is None or path.errno is None or path.errno not in texts.ROUTES:
        return None
    kind, barrier = texts.KINDS.get(path.errno, ""), remote.barrier
    text = texts.ROUTE_UNKNOWN if barrier is None else texts.ROUTE_KNOWN
    route = text.format(kind=kind, network=barrier.destination if barrier is not None else "")
    advice = texts.FIND_RULE
    if barrier is not None:
        advice = texts.DELETE_ROUTE.format(kind=kind, network=barrier.destination, table=barrier.table)
    values = {"route": route, "call": texts.CALLS[remote.protocol], "errno": path.errno, "advice": advice}
    cause = texts.ZONE if path.errno == "EINVAL" and needs_zone(remote.address) else texts.ROUTES[path.errno]
    return path.errno, cause, values


def _neighbour(remote: Remote, path: Path | None) -> _Found | None:
    neighbour = remote.neighbour
    if neighbour is None or not neighbour.silent or path is None:
        return None
    if remote.contact is not None and remote.contact.icmp not in (None, *_HOST_UNREACHABLE):
        return None
    values = {
        "hop": hop_text(path),
        "device": path.device or "its device",
        "state": neighbour.state,
        "outcome": texts.NEIGHBOUR_FAILS[remote.protocol],
    }
    waits = remote.contact is not None and remote.contact.result == "silence"  # not even three requests have failed yet
    return "" if waits else "EHOSTUNREACH", texts.NEIGHBOUR, values


def hop_text(path: Path) -> str:
    """Return 'the gateway 192.0.2.1', or 'the host'."""
    return texts.GATEWAY.format(address=path.gateway) if path.gateway else texts.HOST


def _rule(remote: Remote, outcome: Outcome | None) -> _Found | None:
    if outcome is None or outcome.verdict not in ("drop", "reject"):
        return None
    refusal = texts.DROP
    if outcome.verdict == "reject":
        found = texts.REFUSALS.get(_how(outcome.how or "", ":" in remote.address))
        if found is None:
            return None
        refusal = found
    number = (refusal.tcp if remote.protocol == "tcp" else refusal.udp) or ""
    way = "reset" if outcome.how == "tcp reset" else outcome.verdict
    effect = texts.EFFECTS[remote.protocol, way if remote.protocol == "tcp" else outcome.verdict].format(errno=number)
    rule = outcome.rule
    values = {
        "verb": texts.DROPS if outcome.verdict == "drop" else texts.REJECTS,
        "effect": effect,
        "rule": rule_text(rule) if rule is not None else "",
        "place": place_text(rule) if rule is not None else "",
    }
    return number, texts.RULE, values


def _how(how: str, six: bool) -> str:
    """Return what a rule rejects with, in the words of one IP version."""
    kind, _, code = how.partition(" ")
    return f"{'icmpv6' if six else 'icmp'} {texts.ICMPX[code][six]}" if kind == "icmpx" and code in texts.ICMPX else how


def filled(cause: Cause, values: Mapping[str, str]) -> Cause:
    """Fill the braces of a cause."""
    return Cause(*(text.format_map(values) for text in cause))
