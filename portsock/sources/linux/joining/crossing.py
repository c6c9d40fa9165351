"""Find sockets that are joined with none of another network namespace, though one there has their 4-tuple.

Two namespaces may use the same addresses, and they are read one after the other. So where sockets of one namespace are
connected to addresses that sockets of another one have, both namespaces are entered again. A socket is joined with one of
another namespace if it still exists then, and if its remote address is none of its own namespace: packets to such an address
do not leave the namespace. Handshakes are left out, since the other end may be left over from an earlier connection.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from portsock.addresses import scope
from portsock.model import InetEndpoint, Scope, State
from portsock.records import Request, SocketRecord, lasting_number
from portsock.sources.linux.joining import reuse
from portsock.sources.linux.netns import Namespace
from portsock.sources.linux.setns import visit
from portsock.sources.system import addresses_in

_Result = TypeVar("_Result")
_NOT_UNIQUE = frozenset({Scope.LOOPBACK, Scope.LINK, Scope.UNSPECIFIED})


class Place(NamedTuple):
    """The sockets of a network namespace that was read."""

    namespace: Namespace
    sockets: Sequence[SocketRecord]
    backend: str
    pid: int | None
    """The process through which it was read; None where it was entered."""
    apart: frozenset[int] = frozenset()
    """Its sockets that are joined with no other."""


class _Now(NamedTuple):
    """What is in a namespace when it is read again."""

    addresses: frozenset[str]
    numbers: set[int]
    """Of TCP sockets, see lasting_number()."""


def find_apart(places: Sequence[Place], request: Request) -> tuple[frozenset[int], frozenset[int]]:
    """Return the lasting numbers of sockets that are joined with no other, and with none of another namespace."""
    apart = frozenset[int]().union(*(place.apart for place in places))
    linked = _linked(places)
    if not linked:
        return apart, frozenset()
    alone: set[int] = set()
    for place, now in zip(linked, again(linked, partial(_now, request)), strict=True):
        for record in place.sockets:
            if isinstance(record.remote, InetEndpoint) and not (isinstance(now, _Now) and _may_cross(record, now)):
                alone.add(lasting_number(record))
    return apart, frozenset(alone)


def _linked(places: Sequence[Place]) -> list[Place]:
    """Return the namespaces whose sockets are connected to addresses that another one's sockets have, and those."""
    near = [_addresses(record.local for record in place.sockets) for place in places]
    far = [_addresses(record.remote for record in place.sockets) for place in places]
    found: set[int] = set()
    holders: dict[str, list[int]] = {}
    for index, addresses in enumerate(near):
        for address in addresses:
            holders.setdefault(address, []).append(index)
    for index, addresses in enumerate(far):
        others = {other for address in addresses for other in holders.get(address, ())} - {index}
        if others:
            found |= {index, *others}
    return [places[index] for index in sorted(found)]


def _addresses(endpoints: Iterable[object]) -> set[str]:
    """Return the addresses among these endpoints that a namespace may have for itself."""
    found = {endpoint.address for endpoint in endpoints if isinstance(endpoint, InetEndpoint)}
    return {address for address in found if address is not None and scope(address) not in _NOT_UNIQUE}


def again(places: Sequence[Place], function: Callable[[Place, str], _Result]) -> list[_Result | OSError]:
    """Return the function's result for each place, or the error of entering it. The other argument is a process inside."""
    by_namespace = {id(place.namespace): place for place in places}
    entered = [place.namespace for place in places if place.pid is None]
    outcomes = iter(visit(entered, lambda namespace: function(by_namespace[id(namespace)], "thread-self")))
    return [next(outcomes) if place.pid is None else function(place, str(place.pid)) for place in places]


def _now(request: Request, place: Place, process: str) -> _Now | None:
    addresses = addresses_in(process)
    return None if addresses is None else _Now(addresses, reuse.present(request, place.backend, process))


def _may_cross(record: SocketRecord, now: _Now) -> bool:
    """Tell whether the other end of a socket can be in another namespace, and the socket existed after that was read."""
    assert isinstance(record.remote, InetEndpoint)
    if record.remote.address in now.addresses or record.state is State.SYN_SENT:
        return False
    return record.protocol not in reuse.PROTOCOLS or lasting_number(record) in now.numbers
