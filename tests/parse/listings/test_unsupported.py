"""Listings of unsupported tools, which are refused by name."""

import pytest

from portsock.errors import UsageError
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.registry import unsupported
from portsock.port_numbers import EMPTY


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("   Local Address        Remote Address    Swind Send-Q Rwind Recv-Q    State", "Solaris netstat"),
        ("TCP: IPv4", "Solaris netstat"),
        ("PCB/ADDR         Proto Recv-Q Send-Q  Local Address      Foreign Address    (state)", "AIX netstat -A"),
        ("COMMAND           PID   USER ASSOC  XMODE TYPE SOURCE MNTID INODE NAME", "lsfd"),
        ("  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING", None),
        ("Proto Recv-Q Send-Q Local Address           Foreign Address         State", None),
    ],
)
def test_unsupported_tools_are_recognized_by_their_headers(line: str, name: str | None) -> None:
    assert unsupported(line) == name


SOLARIS = """
TCP: IPv4
   Local Address        Remote Address    Swind Send-Q Rwind Recv-Q    State
-------------------- -------------------- ----- ------ ----- ------ -----------
192.0.2.5.22         192.0.2.9.50412      64128      0 49640      0 ESTABLISHED
"""


def test_an_unsupported_listing_is_refused_by_its_name() -> None:
    with pytest.raises(UsageError, match=r"^this is a listing of Solaris netstat, which is not read; --from-format help"):
        list(Capture(EMPTY).read(SOLARIS.split("\n")))


def test_rows_of_an_unsupported_listing_behind_a_supported_one_are_counted() -> None:
    capture = Capture(EMPTY)
    rows = ["State  Recv-Q Send-Q Local Address:Port Peer Address:Port", "LISTEN 0 5 127.0.0.1:80 0.0.0.0:*"]
    assert len(list(capture.read([*rows, *SOLARIS.split("\n")]))) == 1
    assert [(notice.code, notice.amount) for notice in capture.notices()] == [("lines_skipped", 1)]
