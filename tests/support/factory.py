"""Sockets, ports, processes and snapshots made by hand, with defaults for all that a test does not care about."""

from collections.abc import Iterable, Mapping
from typing import Any

from portsock.model import (
    Endpoint,
    Exposure,
    Family,
    Host,
    InetEndpoint,
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

LINUX = Host("Linux", (32768, 60999), False, "web-1")
LIVE = Source("live", "netlink")
PYTHON = Owner(18085, 4, "python3", "dev")


def inet(text: str) -> InetEndpoint:
    """'127.0.0.1:80', '[::1]:80', '*:80', '0.0.0.0:*'."""
    address, _, port = text.rpartition(":")
    return InetEndpoint(address.strip("[]"), None if port == "*" else int(port))


def socket(local: str | Endpoint | None = "127.0.0.1:8080", remote: str | Endpoint | None = None, **changes: Any) -> Socket:
    """A TCP socket held by python3: a listener, or with a remote end an established one."""
    values: dict[str, Any] = dict.fromkeys(Socket._fields) | {
        "family": Family.IPV6 if isinstance(local, str) and "[" in local else Family.IPV4,
        "type": SocketType.STREAM,
        "protocol": "tcp",
        "state": State.ESTABLISHED if remote else State.LISTEN,
        "role": Role.CLIENT if remote else Role.LISTENER,
        "local": inet(local) if isinstance(local, str) else local,
        "remote": inet(remote) if isinstance(remote, str) else remote,
        "recv_q": 0,
        "send_q": 0,
        "uid": 1000,
        "user": "dev",
        "inode": 11251437,
        "cookie": 8197,
        "owner_status": OwnerStatus.KNOWN,
        "owners": (PYTHON,),
    }
    return Socket(**values | changes)


def port(number: int = 8080, **changes: Any) -> Port:
    """A listening TCP port on 127.0.0.1, held by python3."""
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
) -> Snapshot:
    """A live snapshot of a Linux host, taken at 2026-11-21T18:00:00Z."""
    complete = not any(notice.incomplete for notice in notices)
    return Snapshot(source, LINUX, taken_at, list(sockets), processes or {}, notices, complete)
