"""Rows of /proc/net/netlink and /proc/net/packet: net/netlink/af_netlink.c, net/packet/af_packet.c."""

from portsock.model import Family, NetlinkEndpoint, Netns, PacketEndpoint, SocketType
from portsock.records import SocketRecord

_PACKET_TYPES = {"2": SocketType.DGRAM, "3": SocketType.RAW}


def parse_netlink_line(line: str, netns: Netns | None = None) -> SocketRecord | None:
    """The socket of one row 'sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode'; None for anything else.

    Kernels before 2.6.38 have no Inode column: the record then has no inode. The table does not tell the type (raw or dgram).
    """
    fields = line.split()
    if not 8 <= len(fields) <= 10:
        return None
    try:
        protocol, portid, received, sent = (_decimal(fields[at]) for at in (1, 2, 4, 5))
        groups = _hexadecimal(fields[3])
        inode = _decimal(fields[9]) if len(fields) == 10 else 0
    except ValueError:
        return None
    return SocketRecord(
        Family.NETLINK,
        None,
        "netlink",
        None,
        None,
        None,
        NetlinkEndpoint(protocol, portid & 0xFFFFFFFF, groups),
        None,
        received,
        sent,
        inode=inode or None,
        netns=netns,
    )


def parse_packet_line(line: str, netns: Netns | None = None) -> SocketRecord | None:
    """The socket of one row 'sk RefCnt Type Proto Iface R Rmem User Inode'; None for anything else."""
    fields = line.split()
    if len(fields) != 9:
        return None
    try:
        ethertype = _hexadecimal(fields[3])
        interface, received, uid, inode = (_decimal(fields[at]) for at in (4, 6, 7, 8))
    except ValueError:
        return None
    return SocketRecord(
        Family.PACKET,
        _PACKET_TYPES.get(fields[2]),
        "packet",
        None,
        None,
        None,
        PacketEndpoint(ethertype, interface or None),
        None,
        received,
        uid=uid if inode else None,
        inode=inode or None,
        netns=netns,
        ifindex=interface or None,
    )


def _decimal(text: str) -> int:
    """A number of ASCII digits, with a sign where old kernels print port ids signed. Raises ValueError."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(text)
    return int(text)


def _hexadecimal(text: str) -> int:
    return int.from_bytes(bytes.fromhex(text))
