"""Recorded answers of a kernel, and the sockets that were open when they were recorded."""

import json
from typing import Any

from portsock.enums import DETAILS
from portsock.model import Family, InetEndpoint
from portsock.records import Request, SocketRecord
from portsock.sources.linux import netlink
from tests.support.netlink_replay import FIXTURES, recorded

FACTS: dict[str, Any] = json.loads((FIXTURES / "sockets.json").read_text("utf-8"))


SOCKETS: dict[str, Any] = FACTS["sockets"]


def answer(protocol: str, family: Family, detailed: bool = False) -> list[SocketRecord]:
    name = f"{protocol}-{family}" + ("-detailed" if detailed else "")
    request = Request(frozenset({protocol}), frozenset({family}), needs=DETAILS if detailed else frozenset())
    return netlink.dump(request, None, recorded(name)).sockets


def by_name(records: list[SocketRecord]) -> dict[str, SocketRecord]:
    inodes = {record.inode: record for record in records if record.inode}
    return {name: inodes[known["inode"]] for name, known in SOCKETS.items() if known["inode"] in inodes}


def inet(address: list[Any] | None) -> InetEndpoint | None:
    """Return the endpoint of an address as Python's socket module has it."""
    if address is None:
        return None
    zone = "d0" if len(address) == 4 and address[3] else None
    return InetEndpoint(address[0].removeprefix("::ffff:"), address[1], zone)
