"""Find TCP sockets whose other end is not certain, because their 4-tuples are used again while sockets are read.

The kernel lists sockets one after the other. So one end of a connection may be read, and then the other end of the next
connection with the same 4-tuple. They look like a pair. What tells that they are none:

* In a network namespace a 4-tuple belongs to one socket at a time. Two ends that exist at the same time are one connection.
* Otherwise the end that was read later is of a connection that began meanwhile. The kernel counts those: PassiveOpens.

So nothing more is read where no connection began. Where one did, the sockets are read again: what is there both times existed
between the two. A connection is counted once its handshake is over. So handshakes within this host have the sockets read
again, too. And a client can begin while the other end of an earlier connection is left over, as in TIME_WAIT.
"""

from collections.abc import Sequence

from portsock.addresses import scope
from portsock.model import Endpoint, InetEndpoint, Scope, State
from portsock.records import Request, SocketRecord, lasting_number
from portsock.sources.system import addresses_in, passive_opens

PROTOCOLS = frozenset({"tcp", "mptcp"})
_SYN_SENT = State.SYN_SENT
_EARLY = (State.SYN_SENT, State.SYN_RECV)
_Pair = tuple[str | None, int | None]


def find_apart(
    records: Sequence[SocketRecord], before: int | None, request: Request, backend: str, process: str = "thread-self"
) -> frozenset[int]:
    """Return the numbers of the TCP sockets of a process's namespace whose other end is not certain; see lasting_number().

    `before`: passive_opens() before the sockets were read.
    """
    early = [record for record in records if record.state in _EARLY]
    doubtful = early if before is not None and before == passive_opens(process) else records
    if not _is_within_host(doubtful, process):
        return frozenset()
    numbers = {lasting_number(record) for record in records if record.protocol in PROTOCOLS}
    return frozenset((numbers - present(request, backend, process)) | _beside_left_over(early, records))


def _is_within_host(records: Sequence[SocketRecord], process: str) -> bool:
    """Tell whether one of these sockets is connected to an address of its own namespace."""
    remotes = {record.remote.address for record in records if isinstance(record.remote, InetEndpoint)}
    if not remotes:
        return False
    own = addresses_in(process)
    return own is None or any(address in own or scope(address) is Scope.LOOPBACK for address in remotes if address)


def present(request: Request, backend: str, process: str = "thread-self") -> set[int]:
    """Return the numbers of the TCP sockets that exist now. `process` is in the namespace, where /proc is read."""
    again = request._replace(protocols=request.protocols & PROTOCOLS, needs=frozenset(), listeners=False)
    if backend == "netlink":
        from portsock.sources.linux import netlink

        try:
            return netlink.cookies(again)
        except netlink.NetlinkRefused:
            return set()
    from portsock.sources.linux import procfs

    # TIME_WAIT has neither cookie nor inode there: its number is 0.
    return set(map(lasting_number, procfs.dump(again, pid=process).sockets)) - {0}


def _beside_left_over(early: Sequence[SocketRecord], records: Sequence[SocketRecord]) -> set[int]:
    """Return the numbers of sockets in SYN_SENT whose other end is past the handshake, which an earlier client made."""
    sent = {
        (_pair(record.remote), _pair(record.local)): lasting_number(record) for record in early if record.state is _SYN_SENT
    }
    ends = ((_pair(record.local), _pair(record.remote)) for record in records if sent and record.state not in _EARLY)
    return {sent[end] for end in ends if end in sent}


def _pair(endpoint: Endpoint | None) -> _Pair | None:
    return (endpoint.address, endpoint.port) if isinstance(endpoint, InetEndpoint) else None
