"""Rows of ss without a header or a state, below other rows, cut off, or with other quotes."""

from pathlib import Path

import pytest

from portsock.model import InetEndpoint, State
from portsock.parse.listings.capture import Capture
from portsock.port_numbers import EMPTY
from portsock.records import Holder
from tests.support.factory import read_fixture, read_without_notices

LINUX = Path(__file__).parents[2] / "fixtures" / "linux"
MODERN = "Netid State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process"


def test_headerless_rows_without_a_state_are_ss_where_holders_follow() -> None:
    capture = Capture(EMPTY)
    ssh, web, name, six = capture.read((LINUX / "ss-tunp-established.out").read_text().split("\n"))
    assert (capture.formats, capture.notices()) == (["ss"], ())
    assert ssh.holders == (Holder(4123, 4, "sshd"), Holder(4100, 4, "sshd"))
    assert (web.holders, web.state, name.state) == ((), None, State.ESTABLISHED)
    assert six.remote == InetEndpoint("2001:db8::99", 60111)


@pytest.mark.parametrize(
    "row",
    [
        "tcp 0 0 10.0.0.1:22 10.0.0.2:5000",
        "0 0 10.0.0.1:22 10.0.0.2:5000",
        '0 0 10.0.0.1:22 10.0.0.2:5000 users:(("sshd",pid=1,fd=3))',
        "u_str 0 0 /run/x 77 * 78",
    ],
)
def test_a_single_row_without_a_state_is_read(row: str) -> None:
    capture = Capture(EMPTY)
    assert len(list(capture.read([row]))) == 1
    assert capture.formats == ["ss"]


def test_a_row_of_netstat_behind_rows_without_states_is_netstats() -> None:
    capture = Capture(EMPTY)
    first, second = capture.read(["tcp 0 0 10.0.0.1:22 10.0.0.2:5000", "tcp 0 0 10.0.0.1:22 10.0.0.2:5001 TIME_WAIT"])
    assert (capture.formats, first.state, second.state) == (["ss", "netstat-linux"], None, State.TIME_WAIT)


def test_associations_of_sctp_stand_below_their_endpoint() -> None:
    listener, connected, closing, tcp = read_fixture("linux/ss-sctp.out")
    assert [r.protocol for r in (listener, connected, closing, tcp)] == ["sctp", "sctp", "sctp", "tcp"]
    assert [r.state for r in (listener, connected, closing)] == [State.LISTEN, State.ESTABLISHED, None]
    assert (connected.local, connected.interface) == (InetEndpoint("192.0.2.10", 3868), None)
    assert (listener.holders, connected.holders) == ((Holder(901, 7, "diameterd"),), (Holder(901, 9, "diameterd"),))
    assert closing.state_raw == "SHUTDOWN_SENT"


def test_associations_show_that_a_listing_without_netid_is_of_sctp() -> None:
    header = "State      Recv-Q Send-Q Local Address:Port  Peer Address:Port"
    rows = ["LISTEN 0 128 0.0.0.0:3868 0.0.0.0:*", "`- ESTAB 0 0 192.0.2.10%eth0:3868 198.51.100.7:40001"]
    assert [(r.protocol, r.type) for r in read_without_notices("\n".join([header, *rows]))] == [("sctp", None)] * 2


@pytest.mark.parametrize(
    "line", ["    tcp ESTAB 0 0 garbage garbage", "    `- ESTAB 0 0", "  TCP  10.0.0.1:80", "   1: 0100007F"]
)
def test_an_indented_row_that_is_not_read_is_counted(line: str) -> None:
    capture = Capture(EMPTY)
    records = list(capture.read([MODERN, "tcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:5000", line]))
    assert (len(records), [notice.code for notice in capture.notices()]) == (1, ["lines_skipped"])


@pytest.mark.parametrize(
    "holders",
    [
        "users:((“sshd”,pid=71,fd=4),(“x y”,pid=9,fd=5))",
        "users:((&quot;sshd&quot;,pid=71,fd=4),(&quot;x y&quot;,pid=9,fd=5))",
        'users:((""sshd"",pid=71,fd=4),(""x y"",pid=9,fd=5))', "users:((sshd,pid=71,fd=4),(x y,pid=9,fd=5))",
        "users:(('sshd',pid=71,fd=4),('x y',pid=9,fd=5))", 'users:((\\"sshd\\",pid=71,fd=4),(\\"x y\\",pid=9,fd=5))',
        "users:((«sshd»,pid=71,fd=4),(«x y»,pid=9,fd=5))",
    ],
)  # fmt: skip
def test_other_quotes_around_names_are_understood(holders: str) -> None:
    (record,) = read_without_notices(f"tcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:5000 {holders}")
    assert record.holders == (Holder(71, 4, "sshd"), Holder(9, 5, "x y"))


def test_plain_quotes_leave_other_quotes_in_names() -> None:
    (record,) = read_without_notices('tcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:5000 users:(("a“b",pid=71,fd=4),("",pid=9,fd=5))')
    assert record.holders == (Holder(71, 4, "a“b"), Holder(9, 5, ""))


def test_owners_that_are_cut_off_are_reported() -> None:
    cut = 'tcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:5000 users:(("nginx",pid=71,fd=4),("nginx",pi'
    capture = Capture(EMPTY)
    first, second, third = capture.read(
        [MODERN, cut, cut.replace(":5000", ":5001"), "tcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:5002"]
    )
    assert first.holders == second.holders == (Holder(71, 4, "nginx"),)
    assert third.holders == ()
    assert [(notice.code, notice.amount, notice.incomplete) for notice in capture.notices()] == [("owners_cut", 2, True)]


def test_text_behind_owners_that_are_cut_off_is_not_swallowed() -> None:
    cut = 'tcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:5000 users:(("nginx",pid=71,fd=4),("nginx",pi'
    row = "tcp        0      0 127.0.0.1:631           0.0.0.0:*               LISTEN      99/cupsd"
    capture = Capture(EMPTY)
    assert [r.local.port for r in capture.read([MODERN, cut, row]) if isinstance(r.local, InetEndpoint)] == [22, 631]
    assert capture.formats == ["ss", "netstat-linux"]


def test_what_a_row_without_a_state_does_not_prove_is_left_open() -> None:
    capture = Capture(EMPTY)
    tcp, udp = capture.read(["tcp 0 0 0.0.0.0:22 0.0.0.0:*", "udp 0 0 0.0.0.0:68 0.0.0.0:*"])
    assert (tcp.state, tcp.accept_limit, udp.state) == (None, None, State.UNCONN)  # bound, or listening with a limit of 0
    capture = Capture(EMPTY)
    list(capture.read(["udp 0 0 0.0.0.0:68 0.0.0.0:*"]))
    assert capture.formats == ["netstat-linux"]


NO_STATE = "Recv-Q Send-Q Local Address:Port Peer Address:Port"


@pytest.mark.parametrize(
    ("row", "protocol", "state"),
    [
        ("0 0 10.0.0.1:5000 10.0.0.2:53", "udp", State.ESTABLISHED),
        ("0 0 0.0.0.0:68 0.0.0.0:*", "udp", State.UNCONN),
        ("0 128 0.0.0.0:22 0.0.0.0:*", "tcp", State.LISTEN),
        ("0 0 10.0.0.1:5000 10.0.0.2:443", "tcp", None),
    ],
)
def test_without_netid_and_state_ports_and_queues_show_the_protocol(row: str, protocol: str, state: State | None) -> None:
    (record,) = Capture(EMPTY).read([NO_STATE, row])
    assert (record.protocol, record.state) == (protocol, state)


def test_a_name_that_goes_over_the_end_of_a_line_is_named() -> None:
    capture = Capture(EMPTY)
    (record,) = capture.read(["u_str LISTEN 0 3 /run/with", "newline.sock 344653 * 0 "])
    assert record.inode == 344653
    assert [(notice.code, notice.amount, notice.incomplete) for notice in capture.notices()] == [
        ("names_over_lines", 1, False)
    ]
