"""lsof: the table in many layouts, fields, JSON. The fixtures are two processes that share all their sockets."""

from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.model import Family, InetEndpoint, PacketEndpoint, State, UnixEndpoint
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.lsof.socket import unescape
from portsock.port_numbers import EMPTY, parse_services
from portsock.records import Holder, SocketRecord
from tests.support.factory import read_with_notices

FIXTURES = Path(__file__).parents[2] / "fixtures" / "lsof"
SERVICES = parse_services("https 443/tcp\n")


def read(text: str) -> list[SocketRecord]:
    capture = Capture(SERVICES)
    records = list(capture.read(text.split("\n")))
    assert capture.notices() == ()
    return records


def fixture(name: str) -> list[SocketRecord]:
    return read((FIXTURES / name).read_text("utf-8"))


def without_extras(records: list[SocketRecord]) -> list[SocketRecord]:
    """Return the records with only the fields that every layout has, and with names cut as in the table."""
    return [
        record._replace(
            recv_q=None,
            send_q=None,
            peer_inode=None,
            holders=tuple(holder._replace(name=(holder.name or "")[:6]) for holder in record.holders or ()),
        )
        for record in records
    ]


@pytest.mark.parametrize("name", ["lsof-nPE.txt", "lsof-F.txt", "lsof-F0.bin"])
def test_every_layout_has_the_same_sockets(name: str) -> None:
    assert without_extras(fixture(name)) == without_extras(fixture("lsof-nP.txt"))


def test_a_table_may_lack_its_header() -> None:
    rows = (FIXTURES / "lsof-nP.txt").read_text("utf-8").split("\n")[1:]
    assert read("\n".join(rows)) == fixture("lsof-nP.txt")


def test_a_socket_has_all_its_holders() -> None:
    assert {len(record.holders or ()) for record in fixture("lsof-nP.txt")} == {2}


def test_rows_of_threads_add_no_holders() -> None:
    """lsof -K lists only the first of the two processes, and its second thread."""
    rows = (FIXTURES / "lsof-nPKRg-Tqs.txt").read_text("utf-8").split("\n")
    assert len(rows) > 2 * len(fixture("lsof-nP.txt"))
    first = [record._replace(holders=(record.holders or ())[:1]) for record in without_extras(fixture("lsof-nP.txt"))]
    assert without_extras(fixture("lsof-nPKRg-Tqs.txt")) == first


def test_internet_rows() -> None:
    listener, client, accepted, udp, connected = fixture("lsof-nP.txt")[:5]
    assert (listener.state, listener.local, listener.remote) == (State.LISTEN, InetEndpoint("127.0.0.1", 18080), None)
    assert (client.remote, accepted.local) == (InetEndpoint("127.0.0.1", 18080), InetEndpoint("127.0.0.1", 18080))
    assert (udp.family, udp.local, udp.state) == (Family.IPV4, InetEndpoint("0.0.0.0", 18053), State.UNCONN)
    assert (connected.state, connected.remote) == (State.ESTABLISHED, InetEndpoint("::1", 9))
    assert listener.inode is not None
    assert (listener.holders or ())[0][1:4] == (3, "odd (n", "root")


def test_other_families() -> None:
    others = {(record.family, record.protocol): record for record in fixture("lsof-nP.txt") if record.remote is None}
    assert others[Family.PACKET, "packet"].local == PacketEndpoint(3, None)
    assert others[Family.IPV4, "raw"].number == 1
    assert others[Family.NETLINK, "netlink"].inode is not None
    idle = [record for record in fixture("lsof-nP.txt") if record.protocol == "tcp" and record.local is None]
    assert [(record.family, record.state) for record in idle] == [(Family.IPV4, None)]


def test_unix_rows() -> None:
    unix = [record for record in fixture("lsof-nP.txt") if record.family is Family.UNIX]
    assert [(record.local, record.state) for record in unix[:3]] == [
        (UnixEndpoint(b"portsock-fixture.sock"), State.LISTEN),
        (UnixEndpoint(b"fixture", True), State.UNCONN),
        (UnixEndpoint(None), State.ESTABLISHED),
    ]


def test_option_e_reports_the_inode_of_the_peer() -> None:
    pair = [record for record in fixture("lsof-nPE.txt") if record.family is Family.UNIX][-2:]
    assert [record.peer_inode for record in pair] == [pair[1].inode, pair[0].inode]


def test_queues() -> None:
    assert (fixture("lsof-nPKRg-Tqs.txt")[0].recv_q, fixture("lsof-F.txt")[0].send_q) == (0, 0)


def test_fields_without_types_have_an_unknown_protocol() -> None:
    records = fixture("lsof-Fpcn.txt")
    assert [(record.protocol, record.number) for record in records if record.protocol != "unknown"] == [("raw", 1)]
    assert InetEndpoint("127.0.0.1", 18080) in [record.local for record in records]


def test_kernel_addresses_join_rows_but_are_no_inodes() -> None:
    records = fixture("lsof-macos-i.txt")
    assert records[0].holders == (Holder(4321, 23, "Web Bro", "alice"), Holder(4322, 11, "Web Bro", "alice"))
    assert records[0].remote == InetEndpoint("198.51.100.57", 443, label="https", guessed=True)
    assert [record.inode for record in records] == [None] * 4
    assert (records[1].family, records[1].local) == (Family.IPV6, InetEndpoint("::", 22))
    assert [(record.local, record.state) for record in records[2:]] == [
        (UnixEndpoint(b"/var/run/agent one.sock"), None),
        (UnixEndpoint(None), State.ESTABLISHED),
    ]


def test_json() -> None:
    (record,) = fixture("lsof-J.json")
    assert (record.state, record.local, record.holders) == (
        State.LISTEN,
        InetEndpoint("0.0.0.0", 8080),
        (Holder(812, 6, "web", "www-data"),),
    )


@pytest.mark.parametrize(
    ("shown", "name"),
    [(r"web\x20se", "web se"), (r"n\xc3\xa4", "nä"), (r"a\\nb", r"a\nb"), (r"cut\x2", r"cut\x2"), ("^A", "\x01")],
)
def test_escapes(shown: str, name: str) -> None:
    assert unescape(shown) == name


def test_a_listing_of_other_files_only_says_so() -> None:
    capture = Capture(EMPTY)
    header, row = (
        "COMMAND PID USER   FD   TYPE DEVICE SIZE/OFF NODE NAME",
        "bash    812 root  cwd    DIR    8,1     4096    2 /root",
    )
    assert list(capture.read([header, row])) == []
    assert [(notice.code, notice.incomplete) for notice in capture.notices()] == [("files_only", False)]


@pytest.mark.parametrize(
    ("node", "ethertype"), [("2054", 0x0806), ("ARP", 0x0806), ("35020", 35020), ("99999", None), ("X25", None)]
)
def test_a_packet_socket_has_a_named_or_numbered_protocol(node: str, ethertype: int | None) -> None:
    (record,) = read(f"tcpdump 1234 root 3u pack 56789 0t0 {node} type=SOCK_RAW")
    assert (record.local, record.inode) == (PacketEndpoint(ethertype, None), 56789)


@pytest.mark.parametrize(
    ("name", "sockets"), [("*:https", 1), ("[::1]:ipp", 1), ("web-1:https", 1), ("anon_inode:inotify", 0), ("pipe:[7]", 0)]
)
def test_without_types_a_host_and_a_service_are_a_socket(name: str, sockets: int) -> None:
    assert len(read(f"p7\ncnginx\nf6\nn{name}")) == sockets


def test_a_listener_shared_with_workers_is_one_socket_where_lsof_shows_that() -> None:
    row = "nginx 710 root 6u IPv4 0x1a2b3c4d5e6f7a8b 0t0 TCP *:80 (LISTEN)"
    (record,) = read(f"{row}\n{row.replace('710 root', '711 www')}")
    assert record.holders == (Holder(710, 6, "nginx", "root"), Holder(711, 6, "nginx", "www"))
    assert len(read("p710\nf6\nn*:80\np711\nf6\nn*:80")) == 2  # without the device it may be two sockets


def test_json_counts_objects_that_are_no_files() -> None:
    file = '{"pid":1,"command":"x","fd":"3","type":"IPv4","protocol":"TCP","name":"*:80"}'
    (record,), (notice,) = read_with_notices(f'{file}\n{{"pid":1,"command":"x","fd":"4"}}\n')
    assert record.local == InetEndpoint("0.0.0.0", 80)
    assert (notice.code, notice.amount) == ("sockets_skipped", 1)


def test_json_without_files_is_refused() -> None:
    with pytest.raises(UsageError, match="none of its 1 objects is a socket"):
        read_with_notices('{"pid":1,"command":"x","fd":"4"}')


def test_a_protocol_that_is_only_a_family_survives_as_it_is() -> None:
    (record,) = read("p5\ncweb\nf3\ntIPv4\nd1099867\nPv6\nn\n")
    assert (record.protocol, record.inode) == ("v6", 1099867)
