"""Copies of tables in /proc/net."""

import pytest

from portsock.model import Family, InetEndpoint, State
from portsock.parse.listings.capture import Capture
from portsock.port_numbers import EMPTY
from portsock.records import SocketRecord
from tests.support.factory import read

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
COLUMNS = "00000000:00000000 00:00000000 00000000  1000        0"
TCP = f"   0: 0100007F:1F90 00000000:0000 0A {COLUMNS} 71 1 0000000000000000 100 0 0 10 0"
UDP = f"  99: 0100007F:0035 00000000:0000 07 {COLUMNS} 72 2 0000000000000000 0"
RAW = f"   1: 00000000:0001 00000000:0000 07 {COLUMNS} 73 2 0000000000000000 0"


def table(*rows: str) -> list[SocketRecord]:
    return list(read([HEADER, *rows], EMPTY))


def test_the_columns_behind_the_inode_decide_the_table() -> None:
    tcp, udp, raw = table(TCP, UDP, RAW)
    assert (tcp.protocol, tcp.state, tcp.inode) == ("tcp", State.LISTEN, 71)
    assert (udp.protocol, udp.state, udp.local) == ("udp", State.UNCONN, InetEndpoint("127.0.0.1", 53))
    assert (raw.protocol, raw.number, raw.local) == ("raw", 1, InetEndpoint("0.0.0.0", None))


def test_an_address_of_32_digits_is_ipv6() -> None:
    local, remote = "00000000000000000000000001000000:01BB", f"{'0' * 32}:0000"
    (record,) = table(TCP.replace("0100007F:1F90 00000000:0000", f"{local} {remote}"))
    assert (record.family, record.local) == (Family.IPV6, InetEndpoint("::1", 443))


def test_a_loopback_address_shows_a_big_endian_machine() -> None:
    first, second = table(TCP.replace("0100007F", "7F000001"), TCP.replace("0100007F", "0A000001"))
    assert (first.local, second.local) == (InetEndpoint("127.0.0.1", 8080), InetEndpoint("10.0.0.1", 8080))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (" 0A ", f" {'0' * 5000} "),
        ("00000000:00000000 00:", f"{'F' * 18}:{'F' * 18} 00:"), (" 00:00000000", f" 01:{'F' * 60}"),
        ("00000000  1000", f"{'F' * 60}  1000"), ("1000", "9" * 5000), (" 71 ", f" {'9' * 5000} "), ("1F90", "F" * 5000),
    ],
)  # fmt: skip
def test_a_row_with_a_number_of_too_many_digits_is_counted(column: str, value: str) -> None:
    assert column in TCP
    capture = Capture(EMPTY)
    (record,) = capture.read([HEADER, TCP, TCP.replace(column, value, 1)])
    assert (record.inode, [(notice.code, notice.amount) for notice in capture.notices()]) == (71, [("lines_skipped", 1)])


@pytest.mark.parametrize("column", ["ffff8881", "00010000", "123"])
def test_a_unix_row_with_a_number_of_too_many_digits_is_counted(column: str) -> None:
    row = "ffff8881: 00000002 00000000 00010000 0001 01 123"
    capture = Capture(EMPTY)
    records = list(
        capture.read(["Num       RefCount Protocol Flags    Type St Inode Path", row, row.replace(column, "9" * 5000)])
    )
    assert (len(records), [notice.code for notice in capture.notices()]) == (1, ["lines_skipped"])
