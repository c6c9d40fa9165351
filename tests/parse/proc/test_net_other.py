"""Rows of /proc/net/netlink and /proc/net/packet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.model import NetlinkEndpoint, PacketEndpoint, SocketType
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
def test_headers_and_broken_rows_are_refused(line: str) -> None:
    assert parse_packet_line(line) is None
    assert parse_netlink_line(line) is None


@given(st.lists(st.text(max_size=9), max_size=12))
def test_any_fields_are_parsed_without_an_error(fields: list[str]) -> None:
    parse_packet_line(" ".join(fields))
    parse_netlink_line(" ".join(fields))


@pytest.mark.parametrize(
    "line",
    [
        "dbad1da9 4 1234 00000011 -64 8 0 2 0 1584",
        "dbad1da9 4 1234 00000011 64 8 0 2 0 -1584",
        "dbad1da9 4 - 0 64 8 0 2 0 1584",
    ],
)
def test_only_port_ids_are_signed(line: str) -> None:
    assert parse_netlink_line(line) is None
