"""/proc/net/netlink, /proc/net/packet and the host's own addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.model import NetlinkEndpoint, PacketEndpoint, SocketType
from portsock.parse.proc.addresses import parse_fib_trie, parse_if_inet6
from portsock.parse.proc.net_other import parse_netlink_line, parse_packet_line


def test_netlink_row() -> None:
    record = parse_netlink_line("00000000dbad1da9 4   1234       00000011 64       8        0     2        0        1584    ")
    assert record is not None
    assert record.local == NetlinkEndpoint(4, 1234, 0x11)
    assert (record.recv_q, record.send_q, record.inode) == (64, 8, 1584)


def test_netlink_row_of_old_kernels_has_no_inode_and_signed_port_ids() -> None:
    record = parse_netlink_line("ffff880037b1c000 0   -4100  00000111 0        0        (null)   2        0")
    assert record is not None
    assert record.local == NetlinkEndpoint(0, 2**32 - 4100, 0x111)
    assert record.inode is None


def test_packet_row() -> None:
    record = parse_packet_line("00000000b11ba210 3      2    0800   1     1 128    1000   12708 ")
    assert record is not None
    assert record.type is SocketType.DGRAM
    assert record.local == PacketEndpoint(0x800, 1)
    assert (record.recv_q, record.uid, record.inode, record.ifindex) == (128, 1000, 12708, 1)


def test_packet_socket_bound_to_no_interface() -> None:
    record = parse_packet_line("00000000b11ba210 3      3    0003   0     1 0      0      12708")
    assert record is not None
    assert record.local == PacketEndpoint(3, None)
    assert record.uid == 0


@pytest.mark.parametrize("line", ["", "sk               RefCnt Type Proto  Iface R Rmem   User   Inode", "a b c", "1 " * 12])
def test_headers_and_broken_rows_are_not_understood(line: str) -> None:
    assert parse_packet_line(line) is None
    assert parse_netlink_line(line) is None


@given(st.lists(st.text(max_size=9), max_size=12))
def test_no_fields_raise(fields: list[str]) -> None:
    parse_packet_line(" ".join(fields))
    parse_netlink_line(" ".join(fields))


def test_own_addresses_are_the_local_host_routes() -> None:
    trie = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.0.0.0/24 2 0 2
        |-- 10.0.0.7
           /32 host LOCAL
        |-- 10.0.0.255
           /32 link BROADCAST
"""
    assert parse_fib_trie(trie) == {"10.0.0.7"}


def test_own_ipv6_addresses() -> None:
    text = "00000000000000000000000000000001 01 80 10 80       lo\nfe8000000000000000fc00fffe000001 04 40 20 80     eth0\nx\n"
    assert parse_if_inet6(text) == {"::1", "fe80::fc:ff:fe00:1"}
