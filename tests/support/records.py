"""Short ways to write records down, for tests of what is made of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from portsock.model import Family, Host, InetEndpoint, Netns, Process, SocketType, Source, State
from portsock.records import Collection, Holder, Ownership, SocketRecord, Unreadable

OWN = Netns(4026531840)
LIVE = Source("live", "netlink")
LINUX = Host("Linux", (32768, 60999), False, "box")


def endpoint(text: str | None) -> InetEndpoint | None:
    """'127.0.0.1:80' or '::1:80': the last colon parts the port."""
    if text is None:
        return None
    address, _, port = text.rpartition(":")
    return InetEndpoint(address, int(port))


def tcp(local: str | None, remote: str | None = None, state: State | None = None, **more: Any) -> SocketRecord:
    """A TCP record; LISTEN without a remote end and ESTABLISHED with one, unless told."""
    state = state or (State.ESTABLISHED if remote else State.LISTEN)
    family = Family.IPV6 if local and local.count(":") > 1 else Family.IPV4
    values: dict[str, Any] = {"netns": OWN, "inode": 1, "uid": 0} | more
    return SocketRecord(
        values.pop("family", family),
        values.pop("type", SocketType.STREAM),
        values.pop("protocol", "tcp"),
        None,
        state,
        None,
        endpoint(local),
        endpoint(remote),
        **values,
    )


def udp(local: str, remote: str | None = None, **more: Any) -> SocketRecord:
    state = State.ESTABLISHED if remote else State.UNCONN
    return tcp(local, remote, state, protocol="udp", type=SocketType.DGRAM, **more)


def collection(
    records: Sequence[SocketRecord],
    holders: Mapping[int, Sequence[Holder]] | None = None,
    unreadable: Sequence[Unreadable] = (),
    processes: Mapping[int, Process] | None = None,
    source: Source = LIVE,
    **more: Any,
) -> Collection:
    """A live collection whose owners were looked for, unless `ownership` says otherwise."""
    ownership = Ownership(holders or {}, tuple(unreadable), more.pop("unlisted", None), "walk")
    values: dict[str, Any] = {"host": LINUX, "taken_at": 0.0, "users": {0: "root", 1000: "dev"}, "notices": ()} | more
    return Collection(
        source=source,
        sockets=records,
        ownership=values.pop("ownership", ownership),
        processes=processes or {},
        **values,
    )
