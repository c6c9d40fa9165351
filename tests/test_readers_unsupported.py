"""Listings that are refused by name."""

import pytest

from portsock.parse.unsupported import unsupported


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
