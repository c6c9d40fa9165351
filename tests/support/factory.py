"""Records, collections, sockets, ports and snapshots made by hand, with defaults for all that a test does not care about.

Records are what a source reports, sockets and ports are what is made of them. Both name endpoints in the same text form.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from portsock.model import (
    Endpoint,
    Exposure,
    Family,
    Host,
    InetEndpoint,
    Netns,
    Notice,
    Owner,
    OwnerStatus,
    Port,
    Process,
    Role,
    Snapshot,
    Socket,
    SocketType,
    Source,
    State,
)
from portsock.parse.listings.capture import Capture
from portsock.port_numbers import EMPTY, Services
from portsock.records import Collection, Holder, Ownership, SocketRecord, Unreadable

FIXTURES = Path(__file__).parents[1] / "fixtures"
LINUX = Host("Linux", (32768, 60999), False, "web-1")
LIVE = Source("live", "netlink")
OWN = Netns(4026531840)
"""The network namespace that records are in unless a test says otherwise."""
PYTHON = Owner(18085, 4, "python3", "dev")


def endpoint(text: str) -> InetEndpoint:
    """Parse '127.0.0.1:80', '::1:80' or '[::1]:80' (the last colon ends the address), 'fe80::1%eth0:80', '0.0.0.0:*'."""
    host, _, port = text.rpartition(":")
    address, _, zone = host.strip("[]").partition("%")
    return InetEndpoint(address, None if port == "*" else int(port), zone or None)


def _endpoint_of(text: str | Endpoint | None) -> Endpoint | None:
    return endpoint(text) if isinstance(text, str) else text


def _family_of(local: str | Endpoint | None) -> Family:
    return Family.IPV6 if isinstance(local, str) and local.count(":") > 1 else Family.IPV4


def tcp(local: str | None, remote: str | None = None, state: State | None = None, **changes: Any) -> SocketRecord:
    """Make a TCP record: LISTEN without a remote endpoint and ESTABLISHED with one, unless a state is given."""
    values: dict[str, Any] = dict.fromkeys(SocketRecord._fields) | {
        "family": _family_of(local),
        "type": SocketType.STREAM,
        "protocol": "tcp",
        "state": state or (State.ESTABLISHED if remote else State.LISTEN),
        "local": _endpoint_of(local),
        "remote": _endpoint_of(remote),
        "netns": OWN,
        "inode": 1,
        "uid": 0,
    }
    return SocketRecord(**values | changes)


def udp(local: str, remote: str | None = None, **changes: Any) -> SocketRecord:
    """Make a UDP record: UNCONN without a remote endpoint and ESTABLISHED with one."""
    state = State.ESTABLISHED if remote else State.UNCONN
    return tcp(local, remote, state, **{"protocol": "udp", "type": SocketType.DGRAM} | changes)


def collection(
    records: Sequence[SocketRecord],
    holders: Mapping[int, Sequence[Holder]] | None = None,
    unreadable: Sequence[Unreadable] = (),
    processes: Mapping[int, Process] | None = None,
    source: Source = LIVE,
    **changes: Any,
) -> Collection:
    """Make a live collection whose owners were collected, unless `ownership` is given. `holders` are keyed by inode."""
    ownership = Ownership(holders or {}, tuple(unreadable), changes.pop("unlisted", None), "walk")
    values: dict[str, Any] = {"host": LINUX, "taken_at": 0.0, "users": {0: "root", 1000: "dev"}, "notices": ()} | changes
    return Collection(
        source=source,
        sockets=records,
        ownership=values.pop("ownership", ownership),
        processes=processes or {},
        **values,
    )


def read_fixture(name: str) -> list[SocketRecord]:
    """Return the sockets of a file of tests/fixtures, which gives no notice."""
    return read_without_notices((FIXTURES / name).read_text("utf-8"))


def read_without_notices(text: str) -> list[SocketRecord]:
    """Return the sockets of a listing that gives no notice."""
    capture = Capture(EMPTY)
    records = list(capture.read(text.split("\n")))
    assert capture.notices() == ()
    return records


def read_with_notices(text: str) -> tuple[list[SocketRecord], tuple[Notice, ...]]:
    """Return the sockets of a listing and its notices."""
    capture = Capture(EMPTY)
    return list(capture.read(text.split("\n"))), capture.notices()


def read(lines: Iterable[str], services: Services, only: str | None = None) -> Iterator[SocketRecord]:
    """Read the records of a captured listing, of any format or of the format `only`."""
    return Capture(services, only).read(lines)


def unheld_socket(local: str | Endpoint | None, remote: str | Endpoint | None = None, **changes: Any) -> Socket:
    """Make a TCP socket without owners, uid or inode: LISTEN without a remote endpoint and ESTABLISHED with one."""
    values: dict[str, Any] = dict.fromkeys(Socket._fields) | {
        "family": _family_of(local),
        "type": SocketType.STREAM,
        "protocol": "tcp",
        "state": State.ESTABLISHED if remote else State.LISTEN,
        "role": Role.CLIENT if remote else Role.LISTENER,
        "local": _endpoint_of(local),
        "remote": _endpoint_of(remote),
        "owner_status": OwnerStatus.UNHELD,
        "owners": (),
    }
    return Socket(**values | changes)


def socket(local: str | Endpoint | None = "127.0.0.1:8080", remote: str | Endpoint | None = None, **changes: Any) -> Socket:
    """Make the same socket as `unheld_socket`, held by python3 and with everything that a source usually reports."""
    values: dict[str, Any] = {
        "recv_q": 0,
        "send_q": 0,
        "uid": 1000,
        "user": "dev",
        "inode": 11251437,
        "cookie": 8197,
        "owner_status": OwnerStatus.KNOWN,
        "owners": (PYTHON,),
    }
    return unheld_socket(local, remote, **values | changes)


def port(number: int = 8080, **changes: Any) -> Port:
    """Make a listening TCP port on 127.0.0.1, held by python3."""
    values: dict[str, Any] = dict.fromkeys(Port._fields) | {
        "protocol": "tcp",
        "port": number,
        "range": "user",
        "state": State.LISTEN,
        "addresses": ("127.0.0.1",),
        "exposure": Exposure.LOOPBACK,
        "sockets": (socket(f"127.0.0.1:{number}"),),
        "connections": 0,
        "owner_status": OwnerStatus.KNOWN,
        "owners": (PYTHON,),
    }
    return Port(**values | changes)


def snapshot(
    sockets: Iterable[Socket] = (),
    processes: Mapping[tuple[str | None, int], Process] | None = None,
    notices: tuple[Notice, ...] = (),
    source: Source = LIVE,
    taken_at: float | None = 1795284000.0,
    host: Host = LINUX,
) -> Snapshot:
    """Make a live snapshot of a Linux host, taken at 2026-11-21T18:00:00Z."""
    complete = not any(notice.incomplete for notice in notices)
    return Snapshot(source, host, taken_at, list(sockets), processes or {}, notices, complete)
