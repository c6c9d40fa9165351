"""The verdict whether a program can bind an address and port now, by the rules of the Linux kernel.

It ignores what no listing shows: a security module (SELinux's name_bind, Landlock), a BPF program on the cgroup or a seccomp
filter may refuse any bind(2). EACCES is therefore no proof of a privileged port, and `ok` no promise: --try asks the kernel.
Nor can the memory of the port's bind bucket be seen: in rare cases sockets that are gone decide whether a new one is let in
(see existing.may_override).
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from portsock.endpoints import bracketed, port_of
from portsock.explain.bind.addresses import (
    BindAddress,
    Objection,
    is_ipv6,
    objections,
    overlaps,
    requested_address,
)
from portsock.explain.bind.existing import MOST_ALIKE, Conflict, Existing, conflict, may_override, sockets_on_port
from portsock.explain.bind.texts import TEXTS, Reason
from portsock.explain.sections.durations import unprivileged_start
from portsock.explain.types import Attempt, Blocker, Way
from portsock.explain.wording import joined
from portsock.model import Host, InetEndpoint, Socket
from portsock.normalize.roles import NO_PEER_STATES
from portsock.records import Identity, LocalAddress, SocketOptions

PORT_PROTOCOLS = ("tcp", "udp")
PORT_ADDRESSES = ("0.0.0.0", "127.0.0.1", "::")
"""Protocols and addresses that are judged for a target that is a bare port."""

_ELSEWHERE = frozenset({Reason.OTHER_DEVICE, Reason.TENTATIVE, Reason.DUPLICATE})
"""Reasons for EADDRNOTAVAIL at an address that this host has."""
_OPTIONS = ((False, False), (True, False), (False, True), (True, True))
"""SO_REUSEADDR and SO_REUSEPORT of each way."""
MOST_DEVICES = 3

_STREAMS = frozenset({"tcp", "mptcp"})
_DATAGRAMS = frozenset({"udp", "udplite"})


class BindRequest(NamedTuple):
    """One way of binding one address, for one user on one host."""

    protocol: str
    address: str
    port: int
    way: Way
    identity: Identity
    host: Host
    asked: LocalAddress | None = None
    """The kernel's answer on the address, where there is one."""

    def attempt(
        self,
        ok: bool | None,
        errno: str | None,
        reason: Reason | None,
        conflicts: Sequence[Conflict] = (),
        doubt: Reason | None = None,
    ) -> Attempt:
        """Return the request with its outcome. The sockets of `conflicts` become its blockers, and the first is named in the
        reason; `doubt` is for Reason.IN_USE_AND."""
        names = (("SO_REUSEADDR", self.way.reuseaddr), ("SO_REUSEPORT", self.way.reuseport))
        return Attempt(
            self.protocol,
            self.address,
            self.port,
            tuple(name for name, is_set in names if is_set),
            self.way.v6only,
            self.identity,
            ok,
            errno,
            tuple(_blocker(found.existing.socket) for found in conflicts[:MOST_ALIKE]),
            self._reason_text(reason, conflicts, doubt) if reason else None,
            elsewhere=reason in _ELSEWHERE,
        )

    def _reason_text(self, reason: Reason, conflicts: Sequence[Conflict], doubt: Reason | None) -> str:
        values: dict[str, object] = {
            "address": self.address,
            "protocol": self.protocol,
            "system": self.host.system,
            "start": unprivileged_start(self.host)[0],
            "uid": self.identity.uid,
            "device": self.way.device,
            "zone": self.address.partition("%")[2],
        }
        if self.asked:
            values |= {"devices": joined(self.asked.devices, MOST_DEVICES), "unready": self.asked.unready}
        if doubt is not None:
            values["doubt"] = TEXTS[doubt].format(**values)
        if conflicts:
            first = conflicts[0]
            values["who"] = _socket_text(first.existing.socket)
            values["uid"] = first.existing.socket.uid
            if doubt is not None:
                values["in_use"] = TEXTS[first.reason].format(**values)
        return TEXTS[reason].format(**values)


def ways(address: str) -> tuple[Way, ...]:
    """Return each way a program might try: plain, SO_REUSEADDR, SO_REUSEPORT, both; for IPv6 each without and with
    IPV6_V6ONLY."""
    kinds: tuple[bool | None, ...] = (False, True) if is_ipv6(address) else (None,)
    return tuple(Way(addr, port, v6only) for v6only in kinds for addr, port in _OPTIONS)


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
    asked: Mapping[str, LocalAddress] = MappingProxyType({}),
) -> tuple[Attempt, ...]:
    """Return the verdict on every way of binding each protocol to each address: see judge().

    `sockets` are all that are listed, or at least those of this port; `options` what is known of their options, by inode;
    `netns` the number of the namespace that the program binds in (None: all the sockets are in it); `asked` the kernel's
    answers on addresses as they are spelt here.
    """
    near = [socket for socket in sockets if port_of(socket.local) == port]
    existing = {protocol: sockets_on_port(near, protocol, port, options, netns) for protocol in protocols}
    return tuple(
        judge(
            existing[protocol],
            protocol,
            address,
            port,
            way,
            identity,
            host,
            bound_unseen=bound_unseen,
            asked=asked.get(address),
        )
        for protocol in protocols
        for address in addresses
        for way in ways(address)
    )


def judge(
    existing: Sequence[Existing],
    protocol: str,
    address: str,
    port: int,
    way: Way,
    identity: Identity,
    host: Host,
    *,
    bound_unseen: bool = False,
    asked: LocalAddress | None = None,
) -> Attempt:
    """Tell whether bind(2) and, for TCP, listen(2) would both succeed now.

    `existing` are the sockets that have the port, by sockets_on_port(). `bound_unseen`: the source does not list TCP sockets
    that are bound and idle (Linux before 6.8, /proc, most listings). `asked` is the kernel's answer on the address.
    """
    return _decide(_request(protocol, address, port, way, identity, host, asked), existing, bound_unseen)


def with_kernel_answer(attempt: Attempt, errno: str | None) -> Attempt:
    """Return the attempt with the kernel's answer (None: it let the socket in) instead of the verdict."""
    return attempt._replace(ok=errno is None, errno=errno, reason=None, tried=True, blockers=attempt.blockers if errno else ())


def _request(
    protocol: str, address: str, port: int, way: Way, identity: Identity, host: Host, asked: LocalAddress | None
) -> BindRequest:
    """Return the request with the defaults of its way filled in."""
    if is_ipv6(address) and way.v6only is None:
        way = way._replace(v6only=host.sysctls.get("net.ipv6.bindv6only") == "1")
    if way.device is None and "%" in address:
        way = way._replace(device=(asked and asked.device) or address.partition("%")[2])
    return BindRequest(protocol, address, port, way, identity, host, asked)


def _decide(request: BindRequest, existing: Sequence[Existing], bound_unseen: bool) -> Attempt:
    address = requested_address(request.address, request.way.v6only)
    if address is None:
        return request.attempt(False, "EINVAL", Reason.NO_ADDRESS)
    doubts = objections(
        request.protocol, request.address, request.port, address, request.way, request.identity, request.host, request.asked
    )
    for found in doubts:
        if found.ok is False:
            # A doubt that comes before it in the kernel's order would fail with an error of its own.
            return request.attempt(False, found.errno if found is doubts[0] else None, found.reason)
    if request.port == 0:
        return request.attempt(None, None, doubts[0].reason) if doubts else request.attempt(True, None, Reason.PICKED)
    if request.host.system != "Linux":
        return _other_system(request, address, existing, doubts[0] if doubts else None)
    if request.protocol not in _STREAMS | _DATAGRAMS:
        return request.attempt(None, None, Reason.OTHER_PROTOCOL)
    return _linux(request, address, existing, doubts, bound_unseen)


def _linux(
    request: BindRequest, address: BindAddress, existing: Sequence[Existing], doubts: Sequence[Objection], bound_unseen: bool
) -> Attempt:
    """Return the verdict of Linux, once neither the address nor the privilege rules the bind out."""
    tcp = request.protocol in _STREAMS
    way, uid = request.way, request.identity.uid
    conflicts = [found for item in existing if (found := conflict(address, way, uid, item, tcp=tcp))]
    blocking = [found for found in conflicts if found.blocks]
    if blocking:
        blockers = [found.existing for found in blocking]
        others = [item for item in existing if not any(item is blocker for blocker in blockers)]
        if any(may_override(address, way, uid, item, blockers, tcp=tcp) for item in others):
            return request.attempt(None, None, Reason.ORDER, blocking)
        if doubts:
            return request.attempt(False, None, Reason.IN_USE_AND, blocking, doubts[0].reason)
        return request.attempt(False, "EADDRINUSE", blocking[0].reason, blocking)
    if conflicts:
        return request.attempt(None, None, conflicts[0].reason, conflicts)
    if doubts:
        return request.attempt(None, None, doubts[0].reason)
    if tcp and bound_unseen:
        return request.attempt(None, None, Reason.BOUND_UNSEEN)
    assumed = any(item.listener and item.address and overlaps(address, item.address) is not False for item in existing)
    return request.attempt(True, None, Reason.INHERITED if assumed else None)


def _other_system(
    request: BindRequest, address: BindAddress, existing: Sequence[Existing], doubt: Objection | None
) -> Attempt:
    """Return the verdict for another system than Linux.

    Certain is only that an address that nothing overlaps is free, and that a program cannot take the very address that another
    has bound when neither sets an option.
    """
    near = [item for item in existing if item.address is None or overlaps(address, item.address) is not False]
    conflicts = [Conflict(item, None, Reason.OTHER_SYSTEM) for item in near]
    if not conflicts:
        return request.attempt(None, None, doubt.reason) if doubt else request.attempt(True, None, None)
    same = [found for found in conflicts if _same_address(found.existing.address, address)]
    bound = [found for found in same if found.existing.socket.state in NO_PEER_STATES]
    if bound and not request.way.reuseaddr and not request.way.reuseport:
        return request.attempt(False, "EADDRINUSE", Reason.PLAIN, bound)
    return request.attempt(None, None, Reason.OTHER_SYSTEM, conflicts)


def _same_address(held: BindAddress | None, new: BindAddress) -> bool:
    return held is not None and (held.version, held.number) == (new.version, new.number)


def _blocker(socket: Socket) -> Blocker:
    local = socket.local if isinstance(socket.local, InetEndpoint) else InetEndpoint(None, None)
    return Blocker(socket.inode, local, socket.state, socket.owners)


def _socket_text(socket: Socket) -> str:
    """Return the name of a socket in the way: 'the LISTEN socket 127.0.0.1:80'."""
    state = f"the {socket.state} socket" if socket.state else "the socket"
    local = socket.local
    if not isinstance(local, InetEndpoint) or local.address is None:
        return state
    return f"{state} {bracketed(local.address)}:{local.port}"
