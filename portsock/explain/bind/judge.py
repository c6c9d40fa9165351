"""Can a program bind here, and if not, why? Judged from what is seen, by the rules of the Linux kernel.

What no listing shows is left out of account: a security module, a BPF program on the cgroup or a seccomp filter may refuse
any bind(2). Nor can the memory of the port's bind bucket be seen: in rare cases sockets that are gone decide how a new one
fares (see outranks() in bind_conflict).
"""

from collections.abc import Iterable, Mapping, Sequence

from portsock.endpoints import port_of
from portsock.explain.bind.address import Ground, address_ground, is_ipv6, privilege_ground
from portsock.explain.bind.attempts import Question
from portsock.explain.bind.conflict import Clash, Held, clash, outranks
from portsock.explain.bind.held import held_by
from portsock.explain.bind.overlap import BINDERS, Place, overlaps, place_of
from portsock.explain.bind.texts import Why
from portsock.explain.bind.types import Attempt, Way
from portsock.model import Host, Socket
from portsock.records import Identity, SocketOptions

PORT_PROTOCOLS = ("tcp", "udp")
PORT_ADDRESSES = ("0.0.0.0", "127.0.0.1", "::")
"""What is judged where a bare port is asked about."""

_STREAMS = frozenset({"tcp", "mptcp"})
_DATAGRAMS = frozenset({"udp", "udplite"})


def ways(address: str) -> tuple[Way, ...]:
    """Each way a program might try: plain, SO_REUSEADDR, SO_REUSEPORT; for IPv6 each without and with IPV6_V6ONLY."""
    kinds: tuple[bool | None, ...] = (False, True) if is_ipv6(address) else (None,)
    return tuple(Way(addr, port, v6only) for v6only in kinds for addr, port in ((False, False), (True, False), (False, True)))


def attempts_for(
    sockets: Iterable[Socket],
    protocols: Sequence[str],
    addresses: Sequence[str],
    port: int,
    identity: Identity,
    host: Host,
    options: Mapping[int, SocketOptions],
    *,
    netns: int | None = None,
    bound_unseen: bool = False,
) -> tuple[Attempt, ...]:
    """The verdict on every way of binding each protocol to each address: see judge().

    `sockets` are all that are seen, at least those of this port; `options` what is known of their options, by inode; `netns`
    the number of the namespace that the program binds in (None: all the sockets are in it).
    """
    near = [socket for socket in sockets if port_of(socket.local) == port]
    held = {protocol: held_by(near, protocol, port, options, netns) for protocol in protocols}
    return tuple(
        judge(held[protocol], protocol, address, port, way, identity, host, bound_unseen=bound_unseen)
        for protocol in protocols
        for address in addresses
        for way in ways(address)
    )


def judge(
    held: Sequence[Held],
    protocol: str,
    address: str,
    port: int,
    way: Way,
    identity: Identity,
    host: Host,
    *,
    bound_unseen: bool = False,
) -> Attempt:
    """Whether bind(2) and, for TCP, listen(2) would both succeed now.

    `held` are the sockets that have the port, by held_by(); `bound_unseen` tells that the source does not list TCP sockets
    that are bound and idle (Linux before 6.8, /proc, most listings).
    """
    return _decide(_asked(protocol, address, port, way, identity, host), held, bound_unseen)


def tried(asked: Attempt, errno: str | None) -> Attempt:
    """The kernel's own answer (None: it let the socket in) to what was asked, as an Attempt of its own."""
    return asked._replace(ok=errno is None, errno=errno, reason=None, tried=True, blockers=asked.blockers if errno else ())


def _asked(protocol: str, address: str, port: int, way: Way, identity: Identity, host: Host) -> Question:
    if is_ipv6(address) and way.v6only is None:
        way = way._replace(v6only=host.sysctls.get("net.ipv6.bindv6only") == "1")
    if way.device is None and "%" in address:
        way = way._replace(device=address.partition("%")[2])
    return Question(protocol, address, port, way, identity, host)


def _decide(question: Question, held: Sequence[Held], bound_unseen: bool) -> Attempt:
    place = place_of(question.address, question.way.v6only)
    if place is None:
        return question.answer(False, "EINVAL", Why.NO_ADDRESS)
    ground = address_ground(question.protocol, question.address, place, question.way, question.host)
    privilege = privilege_ground(question.port, place, question.identity, question.host)
    doubts = [found for found in ((privilege, ground) if place.version == 6 else (ground, privilege)) if found is not None]
    for found in doubts:
        if found.ok is False:
            # What comes before it in the kernel's order, and is in doubt, would fail with an error of its own.
            return question.answer(False, found.errno if found is doubts[0] else None, found.why)
    if question.port == 0:
        return question.answer(True, None, Why.PICKED)
    if question.host.system != "Linux":
        return _elsewhere(question, place, held, doubts[0] if doubts else None)
    if question.protocol not in _STREAMS | _DATAGRAMS:
        return question.answer(None, None, Why.OTHER_PROTOCOL)
    return _weigh(question, place, held, doubts, bound_unseen)


def _weigh(question: Question, place: Place, held: Sequence[Held], doubts: Sequence[Ground], bound_unseen: bool) -> Attempt:
    """The Linux verdict, once neither the address nor the privilege rules the bind out."""
    tcp = question.protocol in _STREAMS
    way, uid = question.way, question.identity.uid
    clashes = [found for item in held if (found := clash(place, way, uid, item, tcp=tcp))]
    blocking = [found for found in clashes if found.blocks]
    if blocking:
        blockers = {id(found.held) for found in blocking}
        if any(outranks(place, way, uid, item, tcp=tcp) for item in held if id(item) not in blockers):
            return question.answer(None, None, Why.ORDER, blocking)
        if doubts:
            return question.answer(False, None, Why.IN_USE_AND, blocking, doubts[0].why)
        return question.answer(False, "EADDRINUSE", blocking[0].why, blocking)
    if clashes:
        return question.answer(None, None, clashes[0].why, clashes)
    if doubts:
        return question.answer(None, None, doubts[0].why)
    if tcp and bound_unseen:
        return question.answer(None, None, Why.BOUND_UNSEEN)
    assumed = any(item.listener and item.place and overlaps(place, item.place) is not False for item in held)
    return question.answer(True, None, Why.INHERITED if assumed else None)


def _elsewhere(question: Question, place: Place, held: Sequence[Held], doubt: Ground | None) -> Attempt:
    """Another system than Linux. Certain is only that an address that nothing overlaps is free, and that a program cannot
    take the very address that another has bound when neither sets an option."""
    near = [item for item in held if item.place is None or overlaps(place, item.place) is not False]
    around = [Clash(item, None, Why.OTHER_SYSTEM) for item in near]
    if not around:
        return question.answer(None, None, doubt.why) if doubt else question.answer(True, None, None)
    same = [found for found in around if found.held.place and found.held.place[:2] == place[:2]]
    binders = [found for found in same if found.held.socket.state in BINDERS]
    if binders and not question.way.reuseaddr and not question.way.reuseport:
        return question.answer(False, "EADDRINUSE", Why.PLAIN, binders)
    return question.answer(None, None, Why.OTHER_SYSTEM, around)
