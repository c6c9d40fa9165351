"""Address columns of ss for families other than internet and unix: ss.c netlink_show_one, packet_show_line, vsock."""

from portsock.model import Endpoint, Family, NetlinkEndpoint, PacketEndpoint, VsockEndpoint
from portsock.parse.listings.numbers import is_number

Ends = tuple[Family, Endpoint | None, Endpoint | None, str | None]
"""(family, local, remote, bound device)."""

_NETLINK = {
    "rtnl": 0, "fw": 3, "tcpdiag": 4, "nflog": 5, "xfrm": 6, "selinux": 7, "iscsi": 8, "audit": 9, "fiblookup": 10,
    "connector": 11, "nft": 12, "ip6fw": 13, "dec-rt": 14, "uevent": 15, "genl": 16, "scsi-trans": 18, "ecryptfs": 19,
    "rdma": 20, "crypto": 21, "smc": 22,
}  # fmt: skip
"""NETLINK_ numbers by iproute2's short names, lib/nl_proto.c."""

_ETHERTYPES = {"*": 3, "loop": 0x60, "ip": 0x0800, "arp": 0x0806, "rarp": 0x8035, "802.1Q": 0x8100, "ipv6": 0x86DD}
"""iproute2 lib/ll_proto.c, only those that packet sockets use. 3 is ETH_P_ALL, which ss prints as '*'."""

_ANY = 0xFFFFFFFF
"""VMADDR_CID_ANY and VMADDR_PORT_ANY, also the largest number of 32 bits."""


def netlink_endpoint(local: str, peer: str) -> Ends | None:
    """Parse 'rtnl:NetworkManager/878', 'genl:kernel', '4:9363'. The number behind a name is the port id."""
    name, colon, port = local.partition(":")
    protocol = _number(name) if name.isdecimal() else _NETLINK.get(name)
    portid = 0 if port == "kernel" else _number(port.rpartition("/")[2])
    if not colon or protocol is None or portid is None:
        return None
    return Family.NETLINK, NetlinkEndpoint(protocol, portid), None if peer == "*" else _netlink_peer(protocol, peer), None


def _netlink_peer(protocol: int, peer: str) -> NetlinkEndpoint | None:
    """Parse 'port id:group', the peer of a connected netlink socket."""
    portid, _, groups = peer.partition(":")
    number, group = _number(portid), _number(groups)
    return NetlinkEndpoint(protocol, number, group) if number is not None else None


def packet_endpoint(local: str, _peer: str) -> Ends | None:
    """Parse '*:eth0', 'arp:*', '[2054]:eth0'."""
    name, colon, interface = local.rpartition(":")
    if not colon:
        return None
    ethertype = _ETHERTYPES.get(name)
    if ethertype is None and name[:1] == "[":
        ethertype = _number(name.strip("[]"))
    return Family.PACKET, PacketEndpoint(ethertype, None), None, None if interface == "*" else interface


def vsock_endpoint(local: str, peer: str) -> Ends | None:
    """Parse '*:1234', '2:1023'. '*' means any."""
    ours, theirs = _vsock(local), _vsock(peer)
    if ours is None or theirs is None:
        return None
    return Family.VSOCK, ours, None if theirs == (_ANY, _ANY) else theirs, None


def _vsock(text: str) -> VsockEndpoint | None:
    cid, colon, port = text.partition(":")
    numbers = [_ANY if part == "*" else _number(part) for part in (cid, port)]
    return VsockEndpoint(*numbers) if colon and None not in numbers else None  # type: ignore[arg-type]


def _number(text: str) -> int | None:
    """Return a number of 32 bits, or None for other text. ss prints some port ids signed."""
    return int(text) & _ANY if is_number(text.removeprefix("-"), 10) else None
