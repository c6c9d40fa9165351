"""One row of ss: [Netid] [State] Recv-Q Send-Q Local Peer, and more columns.

The columns are inferred from the row, since the header may be missing or without spaces ('Address:PortProcess').
"""

from typing import NamedTuple

from portsock.enums import parse_state
from portsock.model import Endpoint, Family, InetEndpoint, SocketType, State, UnixEndpoint
from portsock.parse.listings.endpoint_text import (
    is_host_name,
    is_no_peer,
    parse_address,
    parse_port,
    split_identifier,
    unix_endpoint,
)
from portsock.parse.listings.numbers import MOST_PORT, is_number
from portsock.parse.listings.ss.other_families import netlink_endpoint, packet_endpoint, vsock_endpoint
from portsock.parse.listings.ss.users import split_users
from portsock.port_numbers import Services
from portsock.records import SocketRecord

NETIDS: dict[str, tuple[str, SocketType | None]] = {
    "tcp": ("tcp", SocketType.STREAM), "udp": ("udp", SocketType.DGRAM), "raw": ("raw", SocketType.RAW),
    "mptcp": ("mptcp", SocketType.STREAM), "sctp": ("sctp", None), "dccp": ("dccp", SocketType.DCCP),
    "icmp": ("icmp", SocketType.DGRAM), "icmp6": ("icmp", SocketType.DGRAM),
    "u_str": ("unix", SocketType.STREAM), "u_dgr": ("unix", SocketType.DGRAM), "u_seq": ("unix", SocketType.SEQPACKET),
    "nl": ("netlink", None), "p_raw": ("packet", SocketType.RAW), "p_dgr": ("packet", SocketType.DGRAM),
    "v_str": ("vsock", SocketType.STREAM), "v_dgr": ("vsock", SocketType.DGRAM),
}  # fmt: skip
"""The Netid column: ss.c sock_name() and proto_name()."""

_DIGITS = 20
"""The most digits of a queue or an inode: those of 64 bits."""
_QUEUED = frozenset({"tcp", "mptcp", "sctp", "dccp", "unix", "vsock"})
"""Protocols whose LISTEN sockets show the accept queue and its limit as Recv-Q and Send-Q."""


class Row(NamedTuple):
    """A parsed row."""

    record: SocketRecord
    rest: str
    """The text behind addresses and holders."""
    has_protocol: bool
    """True if the row has a Netid column."""
    unfinished: bool
    """True if a name in it may continue in the next line."""


class Columns(NamedTuple):
    """The columns before the addresses."""

    netid: str | None
    state: str | None
    recv_q: int
    send_q: int
    rest: str


def columns(line: str) -> Columns | None:
    """Return the columns before the addresses, or None where this is no row."""
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
    if len(words) < at + 3 or not (is_number(words[at], _DIGITS) and is_number(words[at + 1], _DIGITS)):
        return None
    return Columns(netid, state, int(words[at]), int(words[at + 1]), " ".join(words[at + 2 :]))


class RowParser:
    """Parses the rows of one section."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.modern: bool | None = None
        """True if '*' means the dual-stack wildcard here; None until an address shows it."""
        self._hosts: dict[str, tuple[str | None, str | None, str | None, str | None, Family]] = {}
        self.stateful: bool | None = None
        """True if the section has a State column. A row without one is then another tool's."""
        self.shape = (-1, False, False)
        """(number of columns, has Netid, has State) of the last internet row."""

    def parse(self, line: str, protocol: str = "tcp") -> Row | None:
        """Parse a row. Returns None where this is none. `protocol`: the section's, for rows without Netid."""
        front = columns(line)
        if front is None or (self.stateful and front.state is None):
            return None
        kind, socket_type = NETIDS[front.netid] if front.netid else (_guess_protocol(front, protocol), None)
        if kind == "unix":
            return self._unix(front, socket_type)
        words = front.rest.split(None, 2)
        if len(words) < 2:
            return None
        local, peer, *rest = words
        parse = _parse_other if kind in _OTHERS else self._inet
        record = parse(front, kind, socket_type, local, peer)
        if record is None:
            return None
        if not rest:
            return Row(record, "", front.netid is not None, False)
        if front.state is None and parse_state(rest[0].split(None, 1)[0]) is not None:
            return None  # a row of netstat
        head, holders, tail = split_users(rest[0])
        if holders is not None:
            record = record._replace(holders=holders)
        return Row(record, head + tail, front.netid is not None, holders is None and "users:((" in rest[0])

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
        endpoint, number = split_identifier(endpoint, protocol, local.rpartition(":")[2])
        if socket_type is None:
            socket_type = NETIDS[protocol][1] if protocol in NETIDS else None
        has_netid, has_state = front.netid is not None, front.state is not None
        self.shape = (4 + has_netid + has_state, has_netid, has_state)
        # An unconnected socket may keep the address of its last peer, without a port.
        left = front.state == "UNCONN" and remote.port is None and protocol != "sctp"
        peer_endpoint = None if left or is_no_peer(remote) else remote
        record = _record(front, family, socket_type, protocol, number, endpoint, peer_endpoint, interface)
        if self.modern and peer_endpoint is None and local.startswith("[::]:"):
            return record._replace(v6only=True)
        return record

    def _note_style(self, local: str, peer: str, family: Family) -> None:
        """Find out what '*' means here.

        iproute2 4.15 prints the IPv4 wildcard as '0.0.0.0' and the dual-stack one as '*'. Before, '*' was the IPv4 wildcard,
        and early versions print IPv6 addresses without brackets.
        """
        if local.startswith("0.0.0.0:") or peer.startswith("0.0.0.0:"):
            self.modern = True
        elif local.startswith("::") or (family is Family.IPV4 and peer.startswith("*:")):
            self.modern = False

    def endpoint(self, text: str, protocol: str) -> tuple[InetEndpoint, str | None, Family] | None:
        """Return (endpoint, bound device, family) of '127.0.0.53%lo:53', '[::1]:631', ':::80', '*%eth0:68', 'web:http'."""
        host, _, port = text.rpartition(":")
        known = self._hosts.get(host)
        if known is None:
            known = self.parse_host(host)
            if known is None:
                return None
            self._hosts[host] = known
        address, zone, hostname, interface, family = known
        if port.isdecimal() and len(port) <= 5 and port.isascii() and (number := int(port)) <= MOST_PORT:
            return InetEndpoint(address, number, zone, hostname), interface, family
        parsed = parse_port(port, protocol, self._services)
        if parsed is None:
            return None
        known_port, label, guessed = parsed
        return InetEndpoint(address, known_port, zone, hostname, label, False, guessed), interface, family

    def parse_host(self, host: str) -> tuple[str | None, str | None, str | None, str | None, Family] | None:
        """Return (address, zone, host name, bound device, family) of the text before a port, or None for neither."""
        found = parse_address(host)
        if found is None:
            name, _, interface = host.partition("%")
            if not name or not is_host_name(name, True):
                return None
            return None, None, name, interface or None, Family.INET
        address, device = found
        family = Family.IPV6 if ":" in host else Family.INET if address == "*" else Family.IPV4
        zone = device if address.startswith(("fe8", "fe9", "fea", "feb", "ff")) else None
        return address, zone, None, device, family

    def _unix(self, front: Columns, socket_type: SocketType | None) -> Row | None:
        """Parse 'PATH INODE PEER PEER_INODE …'. Paths may contain spaces and line breaks; the peer's path is '*'."""
        head, holders, tail = split_users(front.rest)
        found = unix_columns(head)
        if found is None:
            path = unix_endpoint(front.rest.rstrip(), truncated=True)
            record = _record(front, Family.UNIX, socket_type, "unix", None, path, None, None)
            return Row(record, "", front.netid is not None, True)
        path_text, inode, peer_text, peer_inode, extras = found
        local = UnixEndpoint(None) if path_text == "*" else unix_endpoint(path_text)
        remote = None if peer_text == "*" else unix_endpoint(peer_text)
        record = _record(front, Family.UNIX, socket_type, "unix", None, local, remote, None)
        record = record._replace(inode=inode or None, peer_inode=peer_inode or None, holders=holders)
        return Row(record, extras + tail, front.netid is not None, holders is None and "users:((" in head)


def unix_columns(text: str) -> tuple[str, int, str, int, str] | None:
    """Return (path, inode, peer's path, peer's inode, rest) of a unix row behind its queues. It is read from the right."""
    words = text.split(" ")
    end = len(words)
    while end and not is_number(words[end - 1], _DIGITS):
        end -= 1
    at = end - 2
    while at >= 0 and not words[at]:
        at -= 1
    while at >= 0 and not is_number(words[at], _DIGITS):
        at -= 1
    if at < 1:
        return None
    path = " ".join(words[:at]).rstrip()
    peer = " ".join(words[at + 1 : end - 1]).strip()
    if not path or not peer:
        return None
    return path, int(words[at]), peer, int(words[end - 1]), " ".join(words[end:])


def _guess_protocol(front: Columns, protocol: str) -> str:
    """Return the protocol of a row without Netid by the shape of its addresses, else the section's."""
    words = front.rest.split(None, 4)
    if len(words) >= 2 and words[1] == "*":
        return "packet" if words[0][:2] == "*:" else "netlink"
    if len(words) >= 4 and ":" not in words[2] and unix_columns(split_users(front.rest)[0]) and words[0][:1] in "*/@":
        return "unix"
    if front.state == "UNCONN" and protocol == "tcp":
        return "udp"
    return protocol


_OTHERS = {"netlink": netlink_endpoint, "packet": packet_endpoint, "vsock": vsock_endpoint}


def _parse_other(
    front: Columns, protocol: str, socket_type: SocketType | None, local_text: str, peer_text: str
) -> SocketRecord | None:
    found = _OTHERS[protocol](local_text, peer_text)
    if found is None:
        return None
    family, local, remote, interface = found
    return _record(front, family, socket_type, protocol, None, local, remote, interface)


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
        family, socket_type, protocol, number, state, raw, local, remote,
        front.recv_q, front.send_q, queue, limit, interface=interface,
    )  # fmt: skip
