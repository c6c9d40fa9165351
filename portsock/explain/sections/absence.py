"""The part of section PORT about a port that nothing has: the answer that a client would get."""

from portsock.addresses import WILDCARDS, scope
from portsock.explain.bind.addresses import is_local
from portsock.explain.subject import Subject
from portsock.explain.texts import phrases
from portsock.model import Scope
from portsock.query.target import InetTarget, ServiceTarget

_STREAMS = frozenset({"tcp", "mptcp"})
_DATAGRAMS = frozenset({"udp", "udplite"})


def paragraphs(subject: Subject) -> list[str]:
    """Return the paragraphs, one or none."""
    if subject.captured:
        return [phrases.CAPTURE_NO_PROOF]
    if subject.port == 0:
        return []
    addresses = _addresses(subject)
    if addresses and all(local is False for _, local in addresses):
        return [phrases.FOREIGN_ADDRESS.format(address=addresses[0][0])]
    protocols = _protocols(subject)
    sentences = []
    if not addresses or any(local for _, local in addresses):  # this host would answer
        sentences += [phrases.REFUSED] if protocols & _STREAMS else []
        sentences += [phrases.UNREACHABLE] if protocols & _DATAGRAMS else []
    if subject.snapshot.host.system == "Linux":
        sentences += [phrases.BOUND_IDLE] if protocols & _STREAMS else []
        sentences.append(phrases.NETFILTER)
    return [" ".join(sentences)] if sentences else []


def _protocols(subject: Subject) -> set[str]:
    """Return the target's protocols; a bare number is assumed to be TCP's."""
    target = subject.target
    if isinstance(target, ServiceTarget):
        return {protocol for protocol, _ in target.pairs}
    return {target.protocol or "tcp"} if isinstance(target, InetTarget) else set()


def _addresses(subject: Subject) -> list[tuple[str, bool | None]]:
    """Return the target's addresses, each with True where this host has it, None where that is not known."""
    target = subject.target
    if not isinstance(target, InetTarget):
        return []
    host = subject.snapshot.host
    found: list[tuple[str, bool | None]] = []
    for network in target.networks:
        kind = scope(network.address)
        if network.address in WILDCARDS and network.single:
            found.append((network.address, True))
        elif not network.single or kind in (Scope.MULTICAST, Scope.BROADCAST) or target.zone is not None:
            found.append((network.address, None))  # no address of one host, or on a link that is not looked up
        else:
            found.append((network.address, is_local(network.address, kind, host)))
    return found
