"""netstat of macOS, FreeBSD and Windows, and sockstat."""

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


def windows(name: str) -> list[SocketRecord]:
    return read(f"windows/{name}", "netstat-windows", "Windows")


def test_macos_ports_stand_behind_a_dot() -> None:
    first, second = macos("netstat-an.txt")[:2]
    assert (first.local, first.remote) == (InetEndpoint("192.0.2.6", 49871), InetEndpoint("198.51.100.57", 5223))
    assert (second.family, second.local) == (Family.IPV6, InetEndpoint("fe80::1", 631, "lo0"))
    assert (first.state, first.recv_q, first.send_q, first.holders) == (State.ESTABLISHED, 0, 0, None)


def test_macos_hosts_of_sixteen_characters_may_be_cut() -> None:
    cut = macos("netstat-an.txt")[2]
    assert cut.local == InetEndpoint("2001:db8:85a3:8d", 49872, truncated=True)
    assert cut.remote == InetEndpoint("2001:db8:1::2", 443)


def test_macos_protocol_words_tell_the_family_and_v6only() -> None:
    dual, six, four = macos("netstat-an.txt")[3:6]
    assert (dual.family, dual.local, dual.v6only, dual.remote) == (Family.IPV6, InetEndpoint("::", 8080), False, None)
    assert (six.family, six.local, six.v6only) == (Family.IPV6, InetEndpoint("::", 8081), None)
    assert (four.family, four.state) == (Family.IPV4, State.LISTEN)


def test_macos_keeps_a_state_that_nobody_knows() -> None:
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


def test_macos_with_a_column_of_addresses_ports_too_may_be_cut() -> None:
    first, second, third, fourth = macos("netstat-anA.txt")
    assert (first.local, first.remote) == (
        InetEndpoint("192.0.2.221", 54861),
        InetEndpoint("198.51.100.26", 443),
    )
    assert second.local == InetEndpoint("192.168.100.221", None, label="54…")
    assert second.remote == InetEndpoint("198.51.100.26", 7000)
    assert third.local == InetEndpoint("2001:db8:bab0:de", None, label="5…", truncated=True)
    assert fourth.local == InetEndpoint("0.0.0.0", 9595)


def test_macos_verbose_names_the_process() -> None:
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


def test_freebsd_is_told_from_macos_by_its_column_names() -> None:
    records = read("freebsd/netstat-an.txt", "netstat-freebsd", "FreeBSD")
    assert [record.local for record in records[:4]] == [
        InetEndpoint("192.0.2.163", 22),
        InetEndpoint("0.0.0.0", 22),
        InetEndpoint("::", 22),
        InetEndpoint("0.0.0.0", 514),
    ]
    assert (records[4].type, records[4].local) == (SocketType.SEQPACKET, UnixEndpoint(b"/var/run/devd.seqpacket.pipe"))


def test_freebsd_retransmission_columns_are_no_queues() -> None:
    tcp, udp = read("freebsd/netstat-aT.txt", "netstat-freebsd", "FreeBSD")
    assert (tcp.local, tcp.recv_q, tcp.state) == (InetEndpoint("192.0.2.163", 22, label="ssh", guessed=True), None, None)
    assert udp.local == InetEndpoint("0.0.0.0", 514, label="syslog", guessed=True)


def test_bsd_rows_without_a_header() -> None:
    (record,) = lines("tcp4       0      0  192.0.2.6.49871      198.51.100.57.5223     ESTABLISHED")
    assert (record.local, record.state) == (InetEndpoint("192.0.2.6", 49871), State.ESTABLISHED)


def test_sockstat_rows() -> None:
    records = read("freebsd/sockstat.txt", "sockstat", "FreeBSD")
    assert records[0].holders == (Holder(812, 6, "nginx", "www"),)
    assert (records[0].state, records[1].v6only) == (State.LISTEN, False)
    assert (records[2].local, records[2].holders) == (InetEndpoint("fe80::1", 123, "lo0"), (Holder(77, 20, "ntpd", "_ntp"),))
    unix = [record for record in records if record.family is Family.UNIX]
    assert [record.local for record in unix] == [
        UnixEndpoint(b"/var/run/log"),
        UnixEndpoint(None),
        UnixEndpoint(b"/var/run/odd name.pipe"),
    ]
    assert (unix[1].remote, unix[1].holders) == (UnixEndpoint(b"/var/run/devd.pipe"), (Holder(501, 9, "two words", "root"),))


def test_sockstat_joins_the_rows_of_a_connected_socket_and_no_others() -> None:
    records = read("freebsd/sockstat.txt", "sockstat", "FreeBSD")
    connected = [record for record in records if record.remote and record.protocol == "tcp"]
    assert [record.holders for record in connected] == [
        (Holder(4321, 4, "sshd", "root"), Holder(4323, 4, "sshd", "alice")),
        (),
    ]


def test_windows_rows() -> None:
    records = windows("netstat-ano.txt")
    assert [(record.local, record.remote) for record in records[3:6]] == [
        (InetEndpoint("::", 445), None),
        (InetEndpoint("fe80::1", 50000, "12"), InetEndpoint("fe80::2", 445, "12")),
        (InetEndpoint("0.0.0.0", 123), None),
    ]
    assert [record.state for record in records[:3]] == [State.LISTEN, State.SYN_SENT, State.TIME_WAIT]
    assert [record.holders for record in records[:4]] == [(Holder(1712, None),), (Holder(4120, None),), (), (Holder(4, None),)]


def test_windows_executables_below_their_rows() -> None:
    records = windows("netstat-anob.txt")
    assert [record.holders for record in records] == [
        (Holder(1712, None, "svchost.exe"),),
        (Holder(4, None),),
        (),
        (Holder(3120, None, "web browser.exe"),),
    ]


def test_windows_executables_without_pids() -> None:
    records = lines(
        "  TCP    0.0.0.0:135   0.0.0.0:0   LISTENING", "  RpcSs", " [svchost.exe]", "  UDP    0.0.0.0:53   *:*", " Unbekannt"
    )
    assert [record.holders for record in records] == [(Holder(None, None, "svchost.exe"),), ()]


def test_windows_in_another_language() -> None:
    listener, connected, udp = windows("netstat-ano-german.txt")
    assert (listener.state, listener.state_raw, listener.remote) == (State.LISTEN, "ABHÖREN", None)
    assert (connected.state, connected.state_raw) == (None, "HERGESTELLT")
    assert udp.holders == (Holder(1200, None),)


def test_a_windows_fragment_without_header_or_owners() -> None:
    (record,) = lines("  TCP    192.0.2.3:63240        198.51.100.236:80       SYN_SENT")
    assert (record.state, record.holders) == (State.SYN_SENT, None)


def test_windows_offload_column_is_no_state() -> None:
    first, second = lines(
        "  TCP  0.0.0.0:1  0.0.0.0:0  LISTENING  InHost", "  TCP  0.0.0.0:2  0.0.0.0:0  À L’ÉCOUTE  77  InHost"
    )
    assert (first.state, first.holders) == (State.LISTEN, None)
    assert (second.state_raw, second.holders) == ("À L’ÉCOUTE", (Holder(77, None),))
