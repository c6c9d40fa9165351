"""One row of ss, whatever its columns: [Netid] [State] Recv-Q Send-Q Local Peer, and what follows them.

The columns are told from the row itself, since headers may be absent or glued ('Address:PortProcess').
"""

from typing import NamedTuple

from portsock.enums import parse_state
from portsock.model import Endpoint, Family, InetEndpoint, SocketType, State, UnixEndpoint
from portsock.parse.ip_protocols import ip_protocol
from portsock.parse.listings.endpoint_text import address_of, is_nobody, port_of
from portsock.parse.listings.ss.other_families import netlink_endpoint, packet_endpoint, vsock_endpoint
from portsock.parse.listings.ss.users import split_users
from portsock.port_numbers import Services
from portsock.records import SocketRecord

NETIDS: dict[str, tuple[str, SocketType | None]] = {
    "tcp": ("tcp", SocketType.STREAM),
    "udp": ("udp", SocketType.DGRAM),
    "raw": ("raw", SocketType.RAW),
    "mptcp": ("mptcp", SocketType.STREAM),
    "sctp": ("sctp", None),
    "dccp": ("dccp", SocketType.DCCP),
    "icmp": ("icmp", SocketType.DGRAM),
    "icmp6": ("icmp", SocketType.DGRAM),
    "u_str": ("unix", SocketType.STREAM),
    "u_dgr": ("unix", SocketType.DGRAM),
    "u_seq": ("unix", SocketType.SEQPACKET),
    "nl": ("netlink", None),
    "p_raw": ("packet", SocketType.RAW),
    "p_dgr": ("packet", SocketType.DGRAM),
    "v_str": ("vsock", SocketType.STREAM),
    "v_dgr": ("vsock", SocketType.DGRAM),
}
"""The Netid column: ss.c sock_name() and proto_name()."""

_QUEUED = frozenset({"tcp", "mptcp", "sctp", "dccp", "unix", "vsock"})
"""Protocols whose LISTEN sockets show the accept queue and its limit as Recv-Q and Send-Q."""


class Row(NamedTuple):
    """A row's record, and what the section must know to judge it."""

    record: SocketRecord
    rest: str
    """What follows addresses and holders."""
    told: bool
    """Whether the row itself told its protocol."""
    open: bool
    """Whether a name in it may go on in the next line."""


class Columns(NamedTuple):
    """The front of a row."""

    netid: str | None
    state: str | None
    recv_q: int
    send_q: int
    rest: str


def columns(line: str) -> Columns | None:
    """The columns before the addresses, or None where this is no row."""
    words = line.split(None, 4)
    if len(words) < 3:
        return None
    at, netid, state = 0, None, None
    if words[0] in NETIDS:
        netid, at = words[0], 1
    if not words[at].isdecimal():
        state, at = words[at], at + 1
        if netid is None and parse_state(state) is None:
            return None
    if len(words) < at + 3 or not (_is_count(words[at]) and _is_count(words[at + 1])):
        return None
    return Columns(netid, state, int(words[at]), int(words[at + 1]), " ".join(words[at + 2 :]) if at < 2 else words[4])


def _is_count(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) <= 20


class Rows:
    """Turns rows into records."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.modern: bool | None = None
        """Whether '*' means the dual-stack wildcard here; None as long as no address has shown it."""
        self._hosts: dict[str, tuple[str | None, str | None, str | None, str | None, Family]] = {}
        self.stateful: bool | None = None
        """Whether the section has a State column; a row without one is another tool's then."""
        self.shape = (-1, False, False)
        """Of the last internet row: its number of columns, whether Netid and State are among them."""

    def read(self, line: str, protocol: str = "tcp") -> Row | None:
        """The record of a row; None for what is none. `protocol`: the section's, where the row does not tell."""
        front = columns(line)
        if front is None or (self.stateful and front.state is None):
            return None
        kind, socket_type = NETIDS[front.netid] if front.netid else (_guess(front, protocol), None)
        if kind == "unix":
            return self._unix(front, socket_type)
        words = front.rest.split(None, 2)
        if len(words) < 2:
            return None
        local, peer = words[:2]
        rest = words[2] if len(words) > 2 else ""
        if kind in _OTHERS:
            found = _OTHERS[kind](local, peer)
            if found is None:
                return None
            family, ours, theirs, interface = found
            record = _record(front, family, socket_type, kind, None, ours, theirs, interface)
        else:
            inet = self._inet(front, kind, socket_type, local, peer)
            if inet is None:
                return None
            record = inet
        if not rest:
            return Row(record, "", front.netid is not None, False)
        head, holders, tail = split_users(rest)
        if holders is not None:
            record = record._replace(holders=holders)
        return Row(record, head + tail, front.netid is not None, holders is None and "users:((" in rest)

    def _inet(
        self, front: Columns, protocol: str, socket_type: SocketType | None, local: str, peer: str
    ) -> SocketRecord | None:
        ours = self.endpoint(local, protocol)
        theirs = self.endpoint(peer, protocol)
        if ours is None or theirs is None:
            return None
        endpoint, interface, family = ours
        remote, _, other_family = theirs
        if self.modern is None:
            self._note_style(local, peer, family)
        if family is Family.INET:
            family = other_family
        number = None
        if protocol == "raw":
            number = ip_protocol(local.rpartition(":")[2])
            endpoint = endpoint._replace(port=None, label=None, guessed=False)
        if protocol == "icmp":  # no port, but the identifier of its echo requests
            endpoint = endpoint._replace(port=None, label=str(endpoint.port) if endpoint.port else None, guessed=False)
        if socket_type is None:
            socket_type = NETIDS[protocol][1] if protocol in NETIDS else None
        has_netid, has_state = front.netid is not None, front.state is not None
        self.shape = (4 + has_netid + has_state, has_netid, has_state)
        peer_endpoint = None if is_nobody(remote) else remote
        record = _record(front, family, socket_type, protocol, number, endpoint, peer_endpoint, interface)
        if self.modern and peer_endpoint is None and local.startswith("[::]:"):
            return record._replace(v6only=True)
        return record

    def _note_style(self, local: str, peer: str, family: Family) -> None:
        """iproute2 since 4.15 writes the IPv4 wildcard '0.0.0.0' and keeps '*' for IPv6 that takes IPv4, too; before, '*' was
        the IPv4 wildcard, and IPv6 came without brackets at first."""
        if local.startswith("0.0.0.0:") or peer.startswith("0.0.0.0:"):
            self.modern = True
        elif local.startswith("::") or (family is Family.IPV4 and peer.startswith("*:")):
            self.modern = False

    def endpoint(self, text: str, protocol: str) -> tuple[InetEndpoint, str | None, Family] | None:
        """(endpoint, bound device, family) of '127.0.0.53%lo:53', '[::1]:631', ':::80', '*:80', '*%eth0:68', 'web:http'."""
        host, _, port = text.rpartition(":")
        known = self._hosts.get(host)
        if known is None:
            known = self.host(host)
            if known is None:
                return None
            self._hosts[host] = known
        address, zone, hostname, interface, family = known
        if port.isdecimal() and len(port) <= 5 and port.isascii() and (number := int(port)) <= 65535:
            return InetEndpoint(address, number, zone, hostname), interface, family
        named = port_of(port, protocol, self._services)
        if named is None:
            return None
        return InetEndpoint(address, named[0], zone, hostname, named[1], False, named[2]), interface, family

    def host(self, host: str) -> tuple[str | None, str | None, str | None, str | None, Family] | None:
        """(address, zone, host name, bound device, family) of the text before a port's colon; None where it is neither."""
        found = address_of(host)
        if found is None:
            bare = host.partition("%")[0]
            if not bare or not bare.replace("-", "").replace(".", "").replace("_", "").isalnum():
                return None
            return None, None, bare, host.partition("%")[2] or None, Family.INET
        address, device = found
        family = Family.IPV6 if ":" in host else Family.INET if address == "*" else Family.IPV4
        zone = device if address.startswith(("fe8", "fe9", "fea", "feb", "ff")) else None
        return address, zone, None, device, family

    def _unix(self, front: Columns, socket_type: SocketType | None) -> Row | None:
        """'PATH INODE PEER PEER_INODE …', where paths may hold spaces and line breaks, and the peer's path is '*'."""
        head, holders, tail = split_users(front.rest)
        found = unix_columns(head)
        if found is None:
            path = UnixEndpoint(*_path(front.rest.rstrip()), True)
            record = _record(front, Family.UNIX, socket_type, "unix", None, path, None, None)
            return Row(record, "", front.netid is not None, True)
        path_text, inode, peer_text, peer_inode, extras = found
        local = UnixEndpoint(None) if path_text == "*" else UnixEndpoint(*_path(path_text))
        remote = None if peer_text == "*" else UnixEndpoint(*_path(peer_text))
        record = _record(front, Family.UNIX, socket_type, "unix", None, local, remote, None)
        record = record._replace(inode=inode or None, peer_inode=peer_inode or None, holders=holders)
        return Row(record, extras + tail, front.netid is not None, holders is None and "users:((" in head)


def unix_columns(text: str) -> tuple[str, int, str, int, str] | None:
    """(path, inode, peer's path, peer's inode, what follows) of a unix row's end, read from the right."""
    words = text.split(" ")
    end = len(words)
    while end and not _is_count(words[end - 1]):
        end -= 1
    at = end - 2
    while at >= 0 and not words[at]:
        at -= 1
    while at >= 0 and not _is_count(words[at]):
        at -= 1
    if at < 1:
        return None
    path = " ".join(words[:at]).rstrip()
    peer = " ".join(words[at + 1 : end - 1]).strip()
    if not path or not peer:
        return None
    return path, int(words[at]), peer, int(words[end - 1]), " ".join(words[end:])


def _path(text: str) -> tuple[bytes, bool]:
    """(bytes, whether abstract). ss writes every NUL of an abstract name as '@'."""
    data = text.encode("utf-8", "surrogateescape")
    return (data[1:], True) if data[:1] == b"@" else (data, False)


def _guess(front: Columns, protocol: str) -> str:
    """The protocol of a row without Netid, by the shape of its addresses, else what the section is taken for."""
    words = front.rest.split(None, 4)
    if len(words) >= 2 and words[1] == "*":
        return "packet" if words[0][:2] == "*:" else "netlink"
    if len(words) >= 4 and ":" not in words[2] and unix_columns(split_users(front.rest)[0]) and words[0][:1] in "*/@":
        return "unix"
    if front.state == "UNCONN" and protocol == "tcp":
        return "udp"
    return protocol


_OTHERS = {"netlink": netlink_endpoint, "packet": packet_endpoint, "vsock": vsock_endpoint}


def _record(
    front: Columns,
    family: Family,
    socket_type: SocketType | None,
    protocol: str,
    number: int | None,
    local: Endpoint | None,
    remote: Endpoint | None,
    interface: str | None,
) -> SocketRecord:
    state = parse_state(front.state) if front.state else None
    raw = front.state if state is None else None
    if state is State.UNCONN and protocol in ("tcp", "mptcp"):
        bound = isinstance(local, InetEndpoint) and local.port
        state = State.BOUND if bound else State.CLOSED
    listening = state is State.LISTEN and protocol in _QUEUED
    queue, limit = (front.recv_q, front.send_q) if listening else (None, None)
    return SocketRecord(
        family,
        socket_type,
        protocol,
        number,
        state,
        raw,
        local,
        remote,
        front.recv_q,
        front.send_q,
        queue,
        limit,
        interface=interface,
    )
