"""Sockets of processes that the kernel's tables do not list, since they have neither address nor port yet.

socket(2) alone makes one. The kernel names its protocol as an attribute of the descriptor: sockfs_xattr_get() in net/socket.c.
"""

import os
from collections.abc import Mapping

from portsock.model import Family, State
from portsock.parse.linux_codes import PROTOCOL_TYPES
from portsock.records import Request, SocketRecord
from portsock.sources.failures import note
from portsock.sources.linux.namespaces.by_socket import held_socket
from portsock.sources.linux.netns import Via

_PROTOCOLS: dict[bytes, tuple[str, Family]] = {
    b"TCP": ("tcp", Family.IPV4), b"TCPv6": ("tcp", Family.IPV6),
    b"MPTCP": ("mptcp", Family.IPV4), b"MPTCPv6": ("mptcp", Family.IPV6),
    b"UDP": ("udp", Family.IPV4), b"UDPv6": ("udp", Family.IPV6),
    b"UDP-Lite": ("udplite", Family.IPV4), b"UDPLITEv6": ("udplite", Family.IPV6),
    b"PING": ("icmp", Family.IPV4), b"PINGv6": ("icmp", Family.IPV6),
}  # fmt: skip
"""`name` of struct proto. Raw, unix, netlink and packet sockets are listed from their first moment on."""


def unbound(request: Request, sockets: Mapping[int, tuple[int, int]], bound_listed: bool) -> list[SocketRecord]:
    """Return those of the sockets, by inode with pid and descriptor, that the request wants and no table lists.

    `bound_listed`: the tables have bound TCP sockets that do not listen. Where they have not, the state is not known.
    """
    from portsock.sources.linux.blocking import patience

    def record_of(inode: int) -> SocketRecord | None:
        return _record(request, Via(*sockets[inode], inode), bound_listed)

    # Opening a descriptor of another process ends at its file system, which may be slow to answer.
    found = patience().call_each(record_of, sockets).results
    return [record for record in found.values() if record is not None]


def _record(request: Request, via: Via, bound_listed: bool) -> SocketRecord | None:
    try:
        with held_socket(via) as path:
            name, uid = os.getxattr(path, "system.sockprotoname"), os.stat(path).st_uid
    except PermissionError:
        return None
    except OSError as error:
        note("socket of process", via.pid, error)
        return None
    protocol, family = _PROTOCOLS.get(name.rstrip(b"\0"), (None, None))
    if protocol is None or family is None or protocol not in request.protocols or family not in request.families:
        return None
    state = State.UNCONN if protocol not in ("tcp", "mptcp") else State.CLOSED if bound_listed else None
    if request.states is not None and state not in request.states and protocol in ("tcp", "mptcp"):
        return None
    return SocketRecord(
        family, PROTOCOL_TYPES.get(protocol), protocol, None, state, None, None, None, uid=uid, inode=via.inode
    )  # fmt: skip
