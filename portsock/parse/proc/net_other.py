"""Rows of /proc/net/netlink and /proc/net/packet: net/netlink/af_netlink.c, net/packet/af_packet.c."""

from portsock.model import Family, NetlinkEndpoint, Netns, PacketEndpoint
from portsock.parse.linux_codes import SOCKET_TYPES
from portsock.records import SocketRecord

_PACKET_TYPES = {str(code): kind for code, kind in SOCKET_TYPES.items()}
_UNSIGNED = 0xFFFFFFFF
_DIGITS = 20
"""The most digits of a number of 64 bits. int() refuses thousands."""


def parse_netlink_line(line: str, netns: Netns | None = None) -> SocketRecord | None:
    """Return the socket of one row 'sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode', or None for anything else.

    Kernels before 2.6.38 have no Inode column: the record then has no inode. The table has no type (raw or dgram).
    """
    fields = line.split()
    if not 8 <= len(fields) <= 10:
        return None
    _, protocol_text, portid_text, groups_text, received_text, sent_text, *rest = fields
    try:
        protocol, received, sent = map(_decimal, (protocol_text, received_text, sent_text))
        portid = _decimal(portid_text.removeprefix("-")) * (-1 if portid_text[0] == "-" else 1)  # old kernels print it signed
        groups = _hexadecimal(groups_text)
        inode = _decimal(rest[-1]) if len(fields) == 10 else 0
    except ValueError:
        return None
    local = NetlinkEndpoint(protocol, portid & _UNSIGNED, groups)
    return SocketRecord(
        Family.NETLINK, None, "netlink", None, None, None, local, None, received, sent, inode=inode or None, netns=netns
    )


def parse_packet_line(line: str, netns: Netns | None = None) -> SocketRecord | None:
    """Return the socket of one row 'sk RefCnt Type Proto Iface R Rmem User Inode', or None for anything else."""
    fields = line.split()
    if len(fields) != 9:
        return None
    _, _, kind, ethertype_text, interface_text, _, received_text, uid_text, inode_text = fields
    try:
        ethertype = _hexadecimal(ethertype_text)
        interface, received, uid, inode = map(_decimal, (interface_text, received_text, uid_text, inode_text))
    except ValueError:
        return None
    return SocketRecord(
        Family.PACKET, _PACKET_TYPES.get(kind), "packet", None, None, None, PacketEndpoint(ethertype, interface or None), None,
        received, uid=uid if inode else None, inode=inode or None, netns=netns, ifindex=interface or None,
    )  # fmt: skip


def _decimal(text: str) -> int:
    """Return a number of ASCII digits. Raises ValueError for anything else."""
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        raise ValueError(text)
    return int(text)


def _hexadecimal(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(text)
    return int.from_bytes(bytes.fromhex(text))
