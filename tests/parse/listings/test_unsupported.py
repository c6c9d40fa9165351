"""Listings that are refused by name."""

import pytest

from portsock.errors import UsageError
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.unsupported import unsupported
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
def test_headers_of_tools_that_cannot_be_read(line: str, name: str | None) -> None:
    assert unsupported(line) == name


SOLARIS = """
TCP: IPv4
   Local Address        Remote Address    Swind Send-Q Rwind Recv-Q    State
-------------------- -------------------- ----- ------ ----- ------ -----------
192.0.2.5.22         192.0.2.9.50412      64128      0 49640      0 ESTABLISHED
"""


def test_a_listing_that_cannot_be_read_is_refused_by_its_name() -> None:
    with pytest.raises(UsageError, match=r"^this is a listing of Solaris netstat, which is not read; --from-format help"):
        list(Capture(EMPTY).read(SOLARIS.split("\n")))


def test_one_behind_a_listing_that_is_read_ends_it_without_loss() -> None:
    capture = Capture(EMPTY)
    rows = ["State  Recv-Q Send-Q Local Address:Port Peer Address:Port", "LISTEN 0 5 127.0.0.1:80 0.0.0.0:*"]
    assert len(list(capture.read([*rows, *SOLARIS.split("\n")]))) == 1
    assert [notice.code for notice in capture.notices()] == []
