"""What is said of a port that nothing has: where that was looked for, who is near, and what a client would get."""

from collections.abc import Sequence

from portsock.addresses import WILDCARDS, scope
from portsock.endpoints import address_of
from portsock.explain.bind.addresses import is_local
from portsock.explain.subject import Subject, namespace_apart
from portsock.explain.texts import phrases
from portsock.explain.wording import end_text, holders, holders_text, joined, plural
from portsock.model import Scope, Socket, State
from portsock.normalize.roles import NO_PEER_STATES
from portsock.query.target import InetTarget, ServiceTarget, UnixTarget

_STREAMS = frozenset({"tcp", "mptcp"})
_DATAGRAMS = frozenset({"udp", "udplite"})
_LOOPBACKS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
MOST_NEARBY = 2
"""Other sockets of the port that the first line names."""


def paragraphs(subject: Subject) -> list[str]:
    """Return the paragraphs, one or none."""
    if subject.captured:
        return [_no_proof(subject)]
    if subject.port == 0:
        return []
    addresses = _addresses(subject)
    if addresses and all(local is False for _, local in addresses):
        return [phrases.FOREIGN_ADDRESS.format(address=addresses[0][0])]
    protocols = _protocols(subject)
    wildcards = [address for address, _ in addresses if address in _LOOPBACKS]
    sentences = [phrases.CONNECT_WILDCARD.format(address=each, loopback=_LOOPBACKS[each]) for each in wildcards]
    if not addresses or any(local for _, local in addresses):  # this host would answer
        sentences += [phrases.REFUSED] if protocols & _STREAMS else []
        sentences += [phrases.UNREACHABLE] if protocols & _DATAGRAMS else []
    if subject.snapshot.host.system == "Linux":
        sentences += [phrases.BOUND_IDLE] if protocols & _STREAMS else []
        sentences.append(phrases.NETFILTER)
    return [" ".join(sentences)] if sentences else []


def absence_line(subject: Subject) -> str | None:
    """Return what a client gets, in one sentence; None where the first line of the answer says it."""
    addresses = _addresses(subject)
    protocols = _protocols(subject)
    if subject.captured:
        return _no_proof(subject)
    if subject.port in (None, 0) or any(local is not True for _, local in addresses) or not protocols:
        return None
    wildcard = next((address for address, _ in addresses if address in _LOOPBACKS), None)
    what = f"{_LOOPBACKS[wildcard]}, which {wildcard} stands for," if wildcard else "it"
    return (phrases.REFUSED_SHORT if protocols & _STREAMS else phrases.UNREACHABLE_SHORT).format(what=what)


def _no_proof(subject: Subject) -> str:
    """Return why a listing does not show what there is not."""
    linux = subject.snapshot.host.system in ("Linux", "unknown")
    return phrases.CAPTURE_NO_PROOF.format(examples=phrases.NO_PROOF_LINUX if linux else phrases.NO_PROOF_ELSEWHERE)


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


def nothing_text(subject: Subject, what: str, template: str) -> str:
    """Return the sentence that nothing matches: where that was looked for, who is nearby, and what was not looked into."""
    text = template.format(here=_here(subject), what=what, nearby=_nearby(subject), beyond=_beyond(subject))
    foreign = foreign_address(subject)
    return phrases.NO_ADDRESS.format(address=foreign) + text if foreign else text


def foreign_address(subject: Subject) -> str | None:
    """Return the one address of the target where this host does not have it."""
    addresses = [] if subject.captured else _addresses(subject)
    return addresses[0][0] if len(addresses) == 1 and addresses[0][1] is False else None


def covered_text(subject: Subject, what: str) -> str:
    """Return the sentence about a wildcard that no socket is bound to, and what it covers is in its way."""
    sockets = subject.passive or subject.local_sockets
    socket = sockets[0]
    values = {"what": what, **_waiting(sockets)}
    if subject.captured or subject.snapshot.host.system != "Linux":
        return phrases.WILDCARD_COVERS.format(here=_here(subject), **values)
    unless = ""
    wanted = subject.target.networks if isinstance(subject.target, InetTarget) else ()
    if any(":" in network.address for network in wanted) and "." in (address_of(socket.local) or ""):
        unless = phrases.UNLESS_V6ONLY
    elif socket.state is not State.LISTEN:
        unless = phrases.UNLESS_REUSEADDR
    if socket.protocol != "tcp" and isinstance(subject.target, InetTarget) and subject.target.protocol is None:
        values["what"] = f"{socket.protocol} {what}"
    return phrases.WILDCARD_BLOCKED.format(unless=unless, **values)


def apart_text(subject: Subject, sentence: str) -> str:
    """Return the sentence, behind the network namespaces that it is about where nothing matches in our own."""
    point = subject.snapshot.viewpoint
    if point is None or not (point.counted or point.followed) or not subject.sockets:
        return sentence
    path = isinstance(subject.target, UnixTarget) and not subject.target.abstract
    # Of a path, the server matters: what it accepts is in its client's namespace.
    names = [namespace_apart(socket, subject) for socket in (subject.passive if path else []) or subject.sockets]
    if None in names:
        return sentence
    spaces = list(dict.fromkeys(filter(None, names)))
    if path and subject.path is not None and any(socket.vfs == subject.path.inode for socket in subject.passive):
        return phrases.APART_BY_PATH.format(s="s" if len(spaces) > 1 else "", list=joined(spaces, 3), sentence=sentence[:-1])
    return phrases.APART.format(s="s" if len(spaces) > 1 else "", list=joined(spaces, 3), sentence=sentence)


def _here(subject: Subject) -> str:
    """Return where it was looked for, and no more."""
    if subject.captured:
        return phrases.IN_LISTING
    point = subject.snapshot.viewpoint
    if point is None:
        return phrases.ON_HOST
    if not point.counted:
        return phrases.IN_NAMESPACES_READ if point.others or point.unseen else phrases.IN_THIS_NAMESPACE
    if point.whole and not point.unseen and not point.unnamed:
        return phrases.ON_HOST
    return phrases.IN_NAMESPACES_READ if point.others else phrases.IN_THIS_NAMESPACE


def _beyond(subject: Subject) -> str:
    """Return which network namespaces were not looked into."""
    point = subject.snapshot.viewpoint
    if subject.captured or point is None or not point.counted:
        return ""
    unseen = list(point.unseen)
    if point.unnamed:
        unseen.append(plural(point.unnamed, "unnamed network namespace"))
    if unseen:
        return phrases.NOT_SEEN.format(list=joined(unseen, 3)) + (phrases.TAKES_ROOT if point.uid else "")
    return "" if point.whole or point.others else phrases.NO_OTHER_SEEN


def _nearby(subject: Subject) -> str:
    """Return who waits on the same port at other addresses or under another protocol."""
    groups: dict[object, list[Socket]] = {}
    for socket in subject.nearby:
        groups.setdefault((socket.protocol, holders_text([socket]), socket.state), []).append(socket)
    found = [phrases.NEARBY_ONE.format(**_waiting(group)) for group in groups.values()]
    return phrases.NEARBY.format(list=joined(found, MOST_NEARBY)) if found else ""


def _where(socket: Socket) -> str:
    only = phrases.IPV6_ONLY if address_of(socket.local) == "::" and socket.v6only else ""
    return end_text(socket.local) + only


def _waiting(sockets: Sequence[Socket]) -> dict[str, str]:
    """Return who has these sockets, and how, where."""
    socket = sockets[0]
    same = [each for each in sockets if each.protocol == socket.protocol and each.state == socket.state]
    where = joined(list(dict.fromkeys(map(_where, same))), 2)
    one = len(holders(same)) < 2
    verb = ("listens on" if one else "listen on") if socket.state is State.LISTEN else ("has" if one else "have")
    state = f" in {socket.state}" if socket.state not in NO_PEER_STATES and socket.state is not None else ""
    who = holders_text(same, 2) or f"a socket{state} without a known process"
    protocol = "" if socket.protocol == "tcp" else f"{socket.protocol} "
    return {"who": who, "verb": verb, "addresses": protocol + where}
