"""The rows of the short answer, and the section at length, about the way to an endpoint of another host."""

from collections.abc import Iterator

from portsock.endpoints import address_of, port_of
from portsock.explain.remote.causes import cause_of, hop_text
from portsock.explain.rules.exhaustion import ports_left
from portsock.explain.subject import Subject
from portsock.explain.texts import remote as texts
from portsock.explain.texts import rows as labels
from portsock.explain.types import Remote, Row, Section
from portsock.explain.wording import end_text, holders_text, plural, rule_text
from portsock.model import InetEndpoint, Socket, State
from portsock.network import Path
from portsock.records import Contact

_ENDING = frozenset({State.TIME_WAIT, State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK})
"""States of connections that this end has closed, as --connect does."""


def headline(subject: Subject) -> str:
    """Return the first line: what is in the way, or where packets go if nothing is known to be; '' where others say more."""
    remote = subject.remote
    cause = cause_of(subject)
    if cause is not None:
        return cause.head
    path = remote.path if remote is not None else None
    if path is None or path.errno is not None or subject.sockets:
        return ""
    gateway = texts.BY_GATEWAY.format(hop=hop_text(path)) if path.gateway else texts.ON_LINK
    return texts.REACHABLE.format(what=subject.target.text, device=path.device or "a device without a name", gateway=gateway)


def rows(subject: Subject) -> list[Row]:
    """Return the rows about the way."""
    remote = subject.remote
    if remote is None:
        return []
    cause = cause_of(subject)
    found = [(labels.MEANS, cause.means), (labels.DO, cause.do)] if cause is not None else []
    if remote.contact is not None and _left_host(remote, remote.contact):
        found.append((labels.NOTE, texts.SEEN[remote.protocol]))
    found += [(labels.ROUTE, text) for text in _route(remote)]
    if remote.outcome is not None and (cause is None or cause.means != _rule(remote)):
        found.append((labels.RULES, _rule(remote)))
    if remote.path is not None:
        found += [(labels.NOW, _now(subject)), (labels.PORTS, _ports(subject))]
    return [Row(label, text) for label, text in found if text]


def section(subject: Subject, remote: Remote) -> Section:
    """Return the same at length."""
    texts_of_rows = tuple(f"{row.text[:1].upper()}{row.text[1:].removesuffix('.')}." for row in rows(subject))
    return Section(texts_of_rows, remote=remote, ports=_left(subject))


def _left_host(remote: Remote, contact: Contact) -> bool:
    """Tell whether packets of an attempt that did not succeed have left this host."""
    if remote.path is None or contact.result not in ("silence", "reset", "icmp") or contact.reporter == contact.source:
        return False
    if remote.outcome is not None and remote.outcome.verdict in ("drop", "reject"):
        return False
    return remote.neighbour is None or not remote.neighbour.silent


def _route(remote: Remote) -> Iterator[str]:
    path = remote.path
    if path is None or path.errno is not None:
        return
    yield texts.ROUTE_ROW.format(
        source=f"from {path.source} " if path.source else "",
        device=path.device or "a device without a name",
        gateway=texts.BY_GATEWAY.format(hop=hop_text(path)) if path.gateway else texts.ON_LINK,
        state=f" ({remote.neighbour.state})" if remote.neighbour is not None else "",
        mtu=f", MTU {path.mtu}" if path.mtu else "",
    )


def _rule(remote: Remote) -> str:
    outcome = remote.outcome
    if outcome is None:
        return ""
    if outcome.verdict == "unknown":
        return texts.UNKNOWN_RULE.format(reasons="; ".join(outcome.reasons) or "?")
    if outcome.verdict != "accept":
        return rule_text(outcome.rule) if outcome.rule is not None else ""
    if outcome.to is None:
        return texts.NO_RULE
    rule = f": {rule_text(outcome.to_rule)}" if outcome.to_rule is not None else ""
    address, port = outcome.to
    return texts.SENT_TO.format(to=end_text(InetEndpoint(address, port))) + rule


def _now(subject: Subject) -> str:
    """Return the connections and attempts to the endpoint: 'curl (pid 5): 1 connection; 2 attempts, resent up to 3 times'."""
    mine = [socket for socket in subject.remote_sockets if socket.state not in _ENDING]
    trying = [socket for socket in mine if socket.state is State.SYN_SENT]
    open_ones = [socket for socket in mine if socket.state is not State.SYN_SENT]
    parts = [plural(len(open_ones), "connection")] if open_ones else []
    if trying:
        resent = max((socket.timer.retransmits or 0 for socket in trying if socket.timer), default=0)
        again = f", resent {'' if len(trying) == 1 else 'up to '}{plural(resent, 'time')}" if resent else ", not resent yet"
        parts.append(f"{plural(len(trying), 'attempt')} under way (SYN_SENT{again})")
    holder = holders_text(mine, 2)
    return " and ".join(parts) + (f", of {holder}" if holder else "") if parts else texts.NO_ATTEMPT


def _left(subject: Subject) -> tuple[int, int] | None:
    """Return the ephemeral ports left towards the endpoint, and all of them."""
    remote = subject.remote
    path: Path | None = remote.path if remote is not None else None
    if remote is None or path is None or path.errno is not None:
        return None

    def goes_there(socket: Socket) -> bool:
        return (
            socket.protocol == remote.protocol
            and port_of(socket.remote) == remote.port
            and address_of(socket.remote) == remote.address
            and path.source in (None, address_of(socket.local))
        )

    return ports_left(subject.snapshot.host, filter(goes_there, subject.snapshot.sockets))


def _ports(subject: Subject) -> str:
    found = _left(subject)
    return "" if found is None or found[0] == found[1] else texts.PORTS_ROW.format(left=found[0], size=found[1])
