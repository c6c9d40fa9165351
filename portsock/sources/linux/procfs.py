"""Sockets from the tables under /proc/PID/net, which every Linux has, with and without diag modules."""

import os
from collections.abc import Callable, Iterable
from typing import NamedTuple

from portsock.enums import Need
from portsock.errors import ReadError
from portsock.model import Family, Netns, Notice
from portsock.parse.proc.net_inet import TABLES, parse_inet_line
from portsock.parse.proc.net_other import parse_netlink_line, parse_packet_line
from portsock.parse.proc.net_unix import parse_unix
from portsock.records import Request, SocketRecord

Rows = Iterable[SocketRecord | None]

_ALWAYS = frozenset({"tcp", "udp"})
"""Tables that every kernel with IPv4 has; the others may be missing."""
_OTHERS: dict[str, Family] = {"unix": Family.UNIX, "netlink": Family.NETLINK, "packet": Family.PACKET}


class Dump(NamedTuple):
    """The sockets of one network namespace from its tables."""

    sockets: list[SocketRecord]
    notices: tuple[Notice, ...]
    missing: frozenset[tuple[str, Family]]
    """Requested, but this kernel has no such table (IPv6 switched off, a module not loaded)."""


def dump(
    request: Request,
    root: str = "/proc",
    pid: str = "self",
    netns: Netns | None = None,
    only: frozenset[tuple[str, Family]] | None = None,
) -> Dump:
    """Read the tables that the request needs in the network namespace of process `pid`.

    `pid` is 'thread-self' in a thread that entered a namespace. `only` limits the tables to these protocols and families.
    `netns` is the namespace to record. Raises ReadError where there are no tables at all.
    """
    sockets: dict[tuple[object, ...], SocketRecord] = {}
    notices: list[Notice] = []
    missing = set()
    for name, protocol, family in _wanted(request, only):
        path = f"{root}/{pid}/net/{name}"
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                missing.add((protocol, family))
                if name not in _ALWAYS:
                    continue
            text = f"{path} could not be read ({error.strerror}): its sockets are missing"
            notices.append(Notice("table_unreadable", 1, text))
            continue
        skipped = 0
        for record in _parser(name, protocol, family, Need.TIMERS in request.needs, netns)(data):
            if record is None:
                skipped += 1
            else:
                sockets[_identity(record, len(sockets))] = record
        if skipped:
            text = f"{path}: {skipped} line{'s' if skipped > 1 else ''} not understood"
            notices.append(Notice("rows_skipped", skipped, text))
    if not sockets:
        _require_tables(root, pid)
    return Dump(list(sockets.values()), tuple(notices), frozenset(missing))


def _identity(record: SocketRecord, row: int) -> tuple[object, ...]:
    """Return the identity of a socket: the kernel reads a table page by page, so that a changing table may list one twice.

    Each row without inode and peer (unix sockets not yet accepted) is a socket.
    """
    if record.inode is None and record.remote is None:
        return (row,)
    return (record.protocol, record.family, record.inode, record.local, record.remote)


def _wanted(request: Request, only: frozenset[tuple[str, Family]] | None) -> list[tuple[str, str, Family]]:
    inet = {Family.IPV4, Family.IPV6} if Family.INET in request.families else set()
    families = request.families | inet
    tables = [(name, *about) for name, about in TABLES.items()] + [(name, name, family) for name, family in _OTHERS.items()]
    return [
        (name, protocol, family)
        for name, protocol, family in tables
        if protocol in request.protocols and family in families and (only is None or (protocol, family) in only)
    ]


def _parser(name: str, protocol: str, family: Family, timers: bool, netns: Netns | None) -> Callable[[bytes], Rows]:
    if name == "unix":
        return lambda data: parse_unix(data, netns)
    if name == "netlink":
        return lambda data: (parse_netlink_line(line, netns) for line in _rows(data))
    if name == "packet":
        return lambda data: (parse_packet_line(line, netns) for line in _rows(data))
    return lambda data: (parse_inet_line(line, protocol, family, timers=timers, netns=netns) for line in _rows(data))


def _rows(data: bytes) -> list[str]:
    """Return the lines below the header."""
    return data.decode("ascii", "replace").split("\n")[1 : -1 if data.endswith(b"\n") else None]


def _require_tables(root: str, pid: str) -> None:
    """Distinguish 'no sockets' from 'no tables'. Raises ReadError where there are no tables."""
    try:
        os.stat(f"{root}/{pid}/net")
    except OSError as error:
        raise ReadError(f"cannot read {root}/{pid}/net ({error.strerror}): is /proc mounted?") from error
