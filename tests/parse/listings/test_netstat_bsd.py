"""netstat of macOS and FreeBSD."""

from pathlib import Path

import pytest

from portsock.model import Family, InetEndpoint, SocketType, State, UnixEndpoint
from portsock.parse.listings.capture import Capture
from portsock.port_numbers import EMPTY, parse_services
from portsock.records import Holder, SocketRecord

FIXTURES = Path(__file__).parents[2] / "fixtures"
SERVICES = parse_services("ssh 22/tcp\nsyslog 514/udp\nhttps 443/tcp\n")


def read(name: str, expected: str, system: str) -> list[SocketRecord]:
    capture = Capture(SERVICES)
    records = list(capture.read((FIXTURES / name).read_text("utf-8").split("\n")))
    assert (capture.formats, capture.system, capture.notices()) == ([expected], system, ())
    return records


def lines(*rows: str) -> list[SocketRecord]:
    return list(Capture(EMPTY).read(rows))


def macos(name: str) -> list[SocketRecord]:
    return read(f"macos/{name}", "netstat-macos", "Darwin")


def test_macos_separates_ports_with_a_dot() -> None:
    first, second = macos("netstat-an.txt")[:2]
    assert (first.local, first.remote) == (InetEndpoint("192.0.2.6", 49871), InetEndpoint("198.51.100.57", 5223))
    assert (second.family, second.local) == (Family.IPV6, InetEndpoint("fe80::1", 631, "lo0"))
    assert (first.state, first.recv_q, first.send_q, first.holders) == (State.ESTABLISHED, 0, 0, None)


def test_macos_hosts_of_sixteen_characters_may_be_cut() -> None:
    cut = macos("netstat-an.txt")[2]
    assert cut.local == InetEndpoint("2001:db8:85a3:8d", 49872, truncated=True)
    assert cut.remote == InetEndpoint("2001:db8:1::2", 443)


def test_macos_protocol_words_have_the_family_and_v6only() -> None:
    dual, six, four = macos("netstat-an.txt")[3:6]
    assert (dual.family, dual.local, dual.v6only, dual.remote) == (Family.IPV6, InetEndpoint("::", 8080), False, None)
    assert (six.family, six.local, six.v6only) == (Family.IPV6, InetEndpoint("::", 8081), None)
    assert (four.family, four.state) == (Family.IPV4, State.LISTEN)


def test_macos_keeps_an_unknown_state() -> None:
    record = macos("netstat-an.txt")[6]
    assert (record.state, record.state_raw) == (None, "BUSY")


def test_macos_datagram_sockets_have_a_peer_or_none() -> None:
    bound, connected, unbound, icmp = macos("netstat-an.txt")[7:11]
    assert (bound.state, bound.local) == (State.UNCONN, InetEndpoint("0.0.0.0", 5353))
    assert (connected.state, connected.remote) == (State.ESTABLISHED, InetEndpoint("::1", 53))
    assert unbound.local == InetEndpoint("0.0.0.0", None)
    assert (icmp.protocol, icmp.type, icmp.recv_q) == ("icmp", SocketType.RAW, 8136)


def test_macos_unix_section_with_spaces_in_a_path() -> None:
    sockets = [record for record in macos("netstat-an.txt") if record.family is Family.UNIX]
    assert [record.local for record in sockets] == [
        UnixEndpoint(b"/var/run/agent one.sock"),
        UnixEndpoint(None),
        UnixEndpoint(b"/var/run/syslog"),
    ]
    assert [record.state for record in sockets] == [State.ESTABLISHED, State.ESTABLISHED, None]
    assert [record.inode for record in sockets] == [None] * 3


def test_macos_may_cut_ports_next_to_a_column_of_kernel_addresses() -> None:
    first, second, third, fourth = macos("netstat-anA.txt")
    assert (first.local, first.remote) == (
        InetEndpoint("192.0.2.221", 54861),
        InetEndpoint("198.51.100.26", 443),
    )
    assert second.local == InetEndpoint("192.168.100.221", None, label="54…")
    assert second.remote == InetEndpoint("198.51.100.26", 7000)
    assert third.local == InetEndpoint("2001:db8:bab0:de", None, label="5…", truncated=True)
    assert fourth.local == InetEndpoint("0.0.0.0", 9595)


def test_macos_verbose_rows_have_the_process() -> None:
    listener, accepted, udp, waiting = macos("netstat-anv.txt")
    assert listener.holders == (Holder(2415, None, "web"),)
    assert accepted.holders == (Holder(56664, None, "Web Help (Serv"),)
    assert (udp.holders, udp.state) == ((Holder(412, None, "responder"),), State.UNCONN)
    assert waiting.holders == ()


@pytest.mark.parametrize(
    ("name", "format_", "system", "queues"),
    [
        ("macos/netstat-L.txt", "netstat-macos", "Darwin", [(2, 128), (0, 5)]),
        ("freebsd/netstat-Lan.txt", "netstat-freebsd", "FreeBSD", [(0, 128), (3, 511)]),
    ],
)
def test_listen_queues(name: str, format_: str, system: str, queues: list[tuple[int, int]]) -> None:
    records = read(name, format_, system)
    assert [(record.accept_queue, record.accept_limit) for record in records] == queues
    assert {record.state for record in records} == {State.LISTEN}


def test_freebsd_is_recognized_by_its_column_names() -> None:
    records = read("freebsd/netstat-an.txt", "netstat-freebsd", "FreeBSD")
    assert [record.local for record in records[:4]] == [
        InetEndpoint("192.0.2.163", 22),
        InetEndpoint("0.0.0.0", 22),
        InetEndpoint("::", 22),
        InetEndpoint("0.0.0.0", 514),
    ]
    assert (records[4].type, records[4].local) == (SocketType.SEQPACKET, UnixEndpoint(b"/var/run/devd.seqpacket.pipe"))


def test_freebsd_retransmission_columns_are_not_queues() -> None:
    tcp, udp = read("freebsd/netstat-aT.txt", "netstat-freebsd", "FreeBSD")
    assert (tcp.local, tcp.recv_q, tcp.state) == (InetEndpoint("192.0.2.163", 22, label="ssh", guessed=True), None, None)
    assert udp.local == InetEndpoint("0.0.0.0", 514, label="syslog", guessed=True)


def test_names_of_twelve_characters_next_to_kernel_addresses_may_be_cut() -> None:
    (record,) = lines("fffffe0012345678 tcp4 0 0 server.examp.80 10.0.0.1.443 ESTABLISHED")
    assert record.local == InetEndpoint(None, 80, None, "server.examp", truncated=True)


def test_bsd_rows_may_lack_a_header() -> None:
    (record,) = lines("tcp4       0      0  192.0.2.6.49871      198.51.100.57.5223     ESTABLISHED")
    assert (record.local, record.state) == (InetEndpoint("192.0.2.6", 49871), State.ESTABLISHED)


def test_a_unix_row_of_an_unknown_type_is_counted() -> None:
    header = "Address          Type   Recv-Q Send-Q            Inode             Conn             Refs          Nextref Addr"
    row = "fffff80003a0 dgram 0 0 0 fffff80003b0 0 0"
    capture = Capture(EMPTY)
    records = list(capture.read(["Active UNIX domain sockets", header, row, row.replace("dgram", "dgramV")]))
    assert (len(records), [notice.code for notice in capture.notices()]) == (1, ["lines_skipped"])
