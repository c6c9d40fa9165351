"""Queries, sockets and snapshots for tests of queries, made by hand or at random."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st

from portsock.model import (
    Family,
    InetEndpoint,
    Owner,
    OwnerStatus,
    Process,
    Role,
    Snapshot,
    Socket,
    SocketType,
    State,
    UnixEndpoint,
)
from portsock.port_numbers import parse_services
from portsock.query.answer import select
from portsock.query.query import Query
from portsock.query.target import InetTarget, ServiceTarget, Target, UnixTarget, parse_socket_end, parse_target
from tests.support import factory
from tests.support.factory import LINUX, unheld_socket

SERVICES = parse_services("http 80/tcp www\nhttps 443/tcp\ndomain 53/tcp\ndomain 53/udp\nsctp-only 9/sctp\n")


def target(text: str) -> Target:
    """Parse a target."""
    return parse_target(text, SERVICES)


def place(text: str) -> InetTarget | ServiceTarget | UnixTarget:
    """Parse a target that is one end of a socket, as --local and --remote take it."""
    return parse_socket_end(text, SERVICES)


def asking(*targets: str, **options: Any) -> Query:
    """Make a query for these targets."""
    return Query(targets=tuple(target(text) for text in targets), **options)


inet = unheld_socket


def udp(local: str, remote: str | None = None, **changes: Any) -> Socket:
    """Make a UDP socket: UNCONN without a remote endpoint and ESTABLISHED with one."""
    state = State.ESTABLISHED if remote else State.UNCONN
    values = {"protocol": "udp", "type": SocketType.DGRAM, "state": state, "role": Role.BOUND} | changes
    return inet(local, remote, **values)


def unix(path: bytes | None, state: State = State.LISTEN, abstract: bool = False, **changes: Any) -> Socket:
    """Make a unix socket without owners."""
    values = {"family": Family.UNIX, "protocol": "unix", "local": UnixEndpoint(path, abstract), "state": state} | changes
    return inet(**values)


def held(socket: Socket, *owners: Owner) -> Socket:
    """Return the socket with these owners."""
    return socket._replace(owners=owners, owner_status=OwnerStatus.KNOWN)


def snapshot(
    sockets: Sequence[Socket],
    addresses: frozenset[str] | None = frozenset({"192.168.1.3", "2001:db8::3"}),
    processes: Mapping[tuple[str | None, int], Process] | None = None,
) -> Snapshot:
    """Make a live snapshot of a host with these addresses."""
    return factory.snapshot(sockets, processes, host=LINUX._replace(addresses=addresses))


def found(query: Query, *sockets: Socket, side: str = "either", **more: Any) -> list[int]:
    """Return the indexes of the selected sockets."""
    numbered = [socket._replace(cookie=index) for index, socket in enumerate(sockets)]
    return [socket.cookie for socket in select(snapshot(numbered, **more), query, side=side) if socket.cookie is not None]


_ADDRESSES = ["0.0.0.0", "::", "*", "127.0.0.1", "::1", "192.168.1.3", "10.0.0.5", "fe80::1"]
_PORTS = [53, 80, 443, 8080, 40000, None]
_PROTOCOLS = ["tcp", "tcp", "tcp", "udp", "udplite", "raw", "icmp", "sctp", "mptcp", "unix", "dccp"]
_UNIX_ENDS = [UnixEndpoint(path, abstract) for path in (b"/run/x.sock", b"name", None) for abstract in (False, True)]
_OWNERS = [(), (Owner(1, 3, "nginx"),), (Owner(2, 3, "sh"), Owner(1, 4, "nginx")), (Owner(None, None, "nginx"),)]


@cache
def many_sockets(seed: int) -> tuple[Socket, ...]:
    """Make 300 sockets of every protocol in any state, possible or not: the same ones for the same seed."""
    pick = Random(seed).choice  # noqa: S311 - no secret
    return tuple(_any_socket(pick) for _ in range(300))


def _any_socket(pick: Callable[[Sequence[Any]], Any]) -> Socket:
    protocol = pick(_PROTOCOLS)
    ends = _UNIX_ENDS if protocol == "unix" else [InetEndpoint(pick(_ADDRESSES), pick(_PORTS)) for _ in range(2)]
    return inet(
        None,
        protocol=protocol,
        family=Family.UNIX if protocol == "unix" else pick([Family.IPV4, Family.IPV6, Family.INET]),
        type=pick([None, *SocketType]),
        state=pick([None, *State]),
        role=Role.UNKNOWN,
        v6only=pick([None, True, False]),
        inode=pick([None, 7, 8]),
        uid=pick([None, 0, 1000]),
        owners=pick(_OWNERS),
    )._replace(local=pick(ends), remote=pick([None, *ends]))


_TARGETS = (
    "80 8000-9000 udp/53 tcp:80 raw/10.0.0.5 http domain service:sctp-only 127.0.0.1:8080 127.0.0.1 [::]:80 [::1]:443 "
    "192.168.1.3:80 10.0.0.0/8 0.0.0.0/0:443 localhost:80 127.0.0.1:80,10.0.0.5:40000 sctp/80 pid:1 fd:2/3 inode:7 proc:ng* "
    "user:0 /run/x.sock @name"
)
_SOME_TARGETS = st.lists(st.sampled_from(_TARGETS.split()), max_size=2).map(
    lambda texts: tuple(target(text) for text in texts)
)
_PLACES = ["80", "http", "127.0.0.1:8080", "10.0.0.5", "/run/x.sock"]
_SOME_PLACES = st.lists(st.sampled_from(_PLACES), max_size=1).map(lambda texts: tuple(place(text) for text in texts))

_FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "exclude": _SOME_TARGETS,
    "listening": st.just(True),
    "established": st.just(True),
    "states": st.frozensets(st.sampled_from(State), min_size=1, max_size=2) | st.just(frozenset(State)),
    "families": st.sampled_from([Family.IPV4, Family.IPV6]).map(lambda family: frozenset({family})),
    "protocols": st.frozensets(st.sampled_from(["tcp", "udp", "unix", "raw"]), min_size=1, max_size=2),
    "all_families": st.just(True),
    "local": _SOME_PLACES,
    "remote": _SOME_PLACES,
    "ports": st.just(((80, 443),)),
    "pids": st.just((1,)),
    "users": st.just(("1000",)),
    "netns": st.just(("all",)),
    "all": st.just(True),
    "exact": st.just(True),
}


@st.composite
def random_queries(draw: st.DrawFn) -> Query:
    """Draw a query of few filters, so that most find something."""
    filters = draw(st.lists(st.sampled_from(sorted(_FILTERS)), unique=True, max_size=2))
    return Query(targets=draw(_SOME_TARGETS), **{name: draw(_FILTERS[name]) for name in filters})
