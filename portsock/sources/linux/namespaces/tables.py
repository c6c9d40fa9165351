"""The tables of sockets of the calling thread's namespace: from netlink, or from /proc where there is no diag module."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portsock.errors import ReadError
from portsock.model import Netns, Notice
from portsock.records import Dumped, Request
from portsock.sources import system

if TYPE_CHECKING:
    from portsock.sources.linux.netlink import Dump

_DIAG_ONLY = {"vsock": "AF_VSOCK", "sctp": "SCTP", "mptcp": "MPTCP"}
"""Protocols that are read with netlink only, and their names in /proc/net/protocols."""


def read_tables(request: Request, backend: str | None, netns: Netns | None) -> Dumped:
    """Return sockets, notices and backend for the calling thread's namespace."""
    refused: list[Notice] = []
    if backend != "procfs":
        from portsock.sources.linux import netlink

        try:
            dump = netlink.dump(request, netns)
        except netlink.NetlinkRefused as error:
            if backend == "netlink":
                raise ReadError(f"netlink is refused here: {error}; --backend procfs reads /proc instead") from error
            text = (
                f"netlink is refused here ({error}), /proc is read instead: unix peers and details of connections are missing"
            )
            refused.append(Notice("netlink_refused", None, text))
        else:
            if dump.missing:
                return _add_tables(request, netns, dump, backend)
            return Dumped(dump.sockets, dump.notices, "netlink")
    from portsock.sources.linux import procfs

    tables = procfs.dump(request, pid="thread-self", netns=netns)
    missing = _missing_notice(request.protocols & _DIAG_ONLY.keys())
    return Dumped(list(tables.sockets), [*refused, *tables.notices, *missing], "procfs")


def _add_tables(request: Request, netns: Netns | None, dump: "Dump", backend: str | None) -> Dumped:
    """Add from /proc what this kernel has no diag module for; where netlink is forced, add a notice instead."""
    names = {protocol for protocol, _ in dump.missing}
    if backend == "netlink":
        return Dumped(dump.sockets, [*dump.notices, *_missing_notice(names)], "netlink")
    from portsock.sources.linux import procfs

    tables = procfs.dump(request, pid="thread-self", netns=netns, only=dump.missing)
    return Dumped(
        [*dump.sockets, *tables.sockets],
        [*dump.notices, *tables.notices, *_missing_notice(names & _DIAG_ONLY.keys())],
        "netlink",
    )


def _missing_notice(protocols: Iterable[str]) -> list[Notice]:
    """Return the notice about protocols that this kernel has, but does not report to the backends that were tried.

    MPTCP needs none: its TCP subflows are listed with the same owners.
    """
    table = system.read_text("/proc/thread-self/net/protocols")
    in_kernel = _DIAG_ONLY.values() if table is None else {line.partition(" ")[0] for line in table.split("\n")}
    names = sorted(name for name in protocols if name != "mptcp" and _DIAG_ONLY.get(name, "TCP") in in_kernel)
    if not names:
        return []
    text = f"this kernel does not tell of {', '.join(names)} sockets here: they are missing"
    return [Notice("families_missing", None, text)]
