"""netstat of Solaris and illumos, AIX, OpenBSD, NetBSD, and of systems that print what macOS prints."""

from pathlib import Path

import pytest

from portsock.endpoints import port_of
from portsock.errors import UsageError
from portsock.model import Family, InetEndpoint, SocketType, State, UnixEndpoint
from portsock.parse.listings.capture import Capture
from portsock.port_numbers import EMPTY
from portsock.records import Holder, SocketRecord

FIXTURES = Path(__file__).parents[2] / "fixtures"
MACOS = "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)"


def read(name: str) -> tuple[list[SocketRecord], list[str], str]:
    """Return the sockets of a fixture, which gives no notice, with the formats and the system."""
    return lines(*(FIXTURES / name).read_text("utf-8").split("\n"))


def lines(*rows: str) -> tuple[list[SocketRecord], list[str], str]:
    capture = Capture(EMPTY)
    records = list(capture.read(rows))
    assert capture.notices() == ()
    return records, capture.formats, capture.system


def ends(records: list[SocketRecord]) -> list[tuple[object, object, object]]:
    return [(record.local, record.remote, record.state) for record in records]


@pytest.mark.parametrize(
    ("name", "expected", "system", "sockets"),
    [
        ("solaris/netstat-anu.txt", "netstat-solaris", "SunOS", 17),
        ("solaris/netstat-an.txt", "netstat-solaris", "SunOS", 11),
        ("aix/netstat-an.txt", "netstat-aix", "AIX", 14),
        ("aix/netstat-Aan.txt", "netstat-aix", "AIX", 3),
        ("aix/netstat-Aan-old.txt", "netstat-aix", "AIX", 3),
        ("bsd/openbsd-netstat-an.txt", "netstat-openbsd", "OpenBSD", 8),
        ("bsd/netbsd-netstat-an.txt", "netstat-netbsd", "NetBSD", 6),
    ],
)
def test_each_system_is_recognized_and_every_row_is_read(name: str, expected: str, system: str, sockets: int) -> None:
    records, formats, found = read(name)
    assert (len(records), formats, found) == (sockets, [expected], system)


def test_solaris_sections_give_protocol_and_family() -> None:
    records, _, _ = read("solaris/netstat-anu.txt")
    assert [f"{record.protocol} {record.family}" for record in records] == [
        *["udp ipv4"] * 4, "udp ipv6", *["tcp ipv4"] * 5, *["tcp ipv6"] * 2, *["sctp ipv4"] * 2, *["unix unix"] * 3,
    ]  # fmt: skip


def test_solaris_datagram_sockets_have_a_peer_where_they_are_connected() -> None:
    records, _, _ = read("solaris/netstat-anu.txt")
    assert ends(records[:4]) == [
        (InetEndpoint("0.0.0.0", None), None, State.UNCONN),
        (InetEndpoint("192.0.2.30", 68), None, State.UNCONN),
        (InetEndpoint("0.0.0.0", 123), None, State.UNCONN),
        (InetEndpoint("192.0.2.30", 40123), InetEndpoint("192.0.2.53", 53), State.ESTABLISHED),
    ]
    assert records[3].holders == (Holder(902, None, "named", "root"),)


def test_solaris_tcp_rows_have_queues_and_one_socket_for_all_its_holders() -> None:
    records, _, _ = read("solaris/netstat-anu.txt")
    listening, _, idle, shared, waiting = records[5:10]
    assert (listening.state, listening.holders) == (State.LISTEN, (Holder(118, None, "routed", "root"),))
    assert (idle.local, idle.state) == (InetEndpoint("0.0.0.0", None), State.CLOSED)
    assert (shared.recv_q, shared.send_q) == (36, 12)
    assert shared.holders == (Holder(780, None, "sshd", "root"), Holder(2071, None, "sshd", "alice"))
    assert (waiting.state, waiting.holders) == (State.TIME_WAIT, None)


def test_solaris_interfaces_are_the_zones_of_link_local_addresses() -> None:
    records, _, _ = read("solaris/netstat-anu.txt")
    assert (records[11].local, records[11].state) == (InetEndpoint("fe80::1", 22, "net0"), State.SYN_RECV)


def test_solaris_sctp_associations_may_have_no_port_and_more_addresses() -> None:
    records, _, _ = read("solaris/netstat-anu.txt")
    assert ends(records[12:14]) == [
        (InetEndpoint("0.0.0.0", None), None, State.CLOSED),
        (InetEndpoint("192.0.2.30", 5000), InetEndpoint("198.51.100.8", 5001), State.ESTABLISHED),
    ]


def test_solaris_unix_sockets_have_a_path_on_their_own_or_the_other_side() -> None:
    pair, bound, client = read("solaris/netstat-anu.txt")[0][14:]
    assert (pair.local, pair.remote, pair.state) == (UnixEndpoint(None), None, State.ESTABLISHED)
    assert (bound.local, bound.remote, bound.state) == (UnixEndpoint(b"/system/volatile/inetd.uds"), None, None)
    assert (client.local, client.remote) == (UnixEndpoint(None), UnixEndpoint(b"/var/run/dbus/system_bus_socket"))
    assert (client.type, client.holders) == (SocketType.STREAM, (Holder(884, None, "rmvolmgr", "root"),))


def test_solaris_rows_that_grep_left_are_read() -> None:
    records, formats, _ = lines(
        "      *.22                 *.*                0      0 49152      0 LISTEN",
        "192.0.2.30.22        198.51.100.7.50412   64128      0 49640      0 ESTABLISHED",
        "      *.22                                Idle",
    )
    assert ([port_of(record.local) for record in records], formats) == ([22, 22, 22], ["netstat-solaris"])
    assert [record.protocol for record in records] == ["tcp", "tcp", "udp"]
    alone, _, _ = lines("      *.123                               _ntp        851 ntpd           Idle     57344  0  57344  0")
    assert (alone[0].protocol, alone[0].holders) == ("udp", (Holder(851, None, "ntpd", "_ntp"),))


def test_a_solaris_row_that_cannot_be_read_is_counted() -> None:
    capture = Capture(EMPTY)
    rows = ["TCP: IPv4", "*.22 *.* 0 0 49152 0 LISTEN", "192.0.2.30.22 198.51.100.7 1 2 3 4 ESTABLISHED", "*.23 *.* 0 LISTEN"]
    assert len(list(capture.read(rows))) == 1
    assert [notice.amount for notice in capture.notices()] == [2]


def test_a_verbose_solaris_listing_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"^this is a verbose listing of Solaris"):
        list(
            Capture(EMPTY).read(["Local/Remote Address Swind  Snext     Suna   Rwind  Rnext     Rack    Rto   Mss     State"])
        )


def test_aix_protocols_without_a_family_take_it_from_the_address() -> None:
    records, _, _ = read("aix/netstat-an.txt")
    assert [record.family for record in records[:5]] == [Family.INET, Family.IPV6, Family.IPV4, Family.INET, Family.IPV4]
    assert (records[4].send_q, records[5].state) == (280, State.SYN_SENT)


def test_aix_unix_sockets_take_two_lines() -> None:
    first, second, third = read("aix/netstat-an.txt")[0][11:]
    assert (first.type, first.state, second.local) == (SocketType.DGRAM, State.ESTABLISHED, UnixEndpoint(b"/tmp/app_sock"))
    assert (third.local, third.state) == (UnixEndpoint(None), State.ESTABLISHED)


def test_aix_cuts_addresses_only_where_its_columns_are_narrow() -> None:
    wide, narrow = read("aix/netstat-Aan.txt")[0][1], read("aix/netstat-Aan-old.txt")[0][1]
    assert wide.local == InetEndpoint("198.51.100.142", 220)
    assert narrow.local == InetEndpoint("198.51.100.142", None, label="327…")


def test_rows_under_macos_header_without_any_family_are_another_systems() -> None:
    records, formats, system = lines(
        MACOS, "tcp        0      0  *.135                  *.*                    LISTEN",
        "udp        0      0  192.0.2.9.161          *.*",
    )  # fmt: skip
    assert (len(records), formats, system) == (2, ["netstat-bsd"], "unknown")


def test_openbsd_queues_are_read_between_more_columns() -> None:
    records, formats, _ = lines(
        "Proto   Recv-Q Send-Q Recv-W Send-W Cgst-W  Local Address          Foreign Address        TCP-State",
        "tcp          3      5  16384  16384  14480  192.0.2.111.22         198.51.100.1.41218     ESTABLISHED",
    )
    assert (records[0].recv_q, records[0].send_q, records[0].state) == (3, 5, State.ESTABLISHED)
    assert formats == ["netstat-openbsd"]


@pytest.mark.parametrize("name", ["bsd/openbsd-netstat-an.txt", "bsd/netbsd-netstat-an.txt"])
def test_protocols_without_a_digit_are_of_ipv4_where_those_of_ipv6_have_one(name: str) -> None:
    listening = [record for record in read(name)[0] if record.state is State.LISTEN]
    assert [record.family for record in listening] == [Family.IPV4, Family.IPV6]
    assert listening[0].local == InetEndpoint("0.0.0.0", 22)


def test_openbsd_addresses_of_unix_sockets_begin_with_0x() -> None:
    bound, connected = read("bsd/openbsd-netstat-an.txt")[0][6:]
    assert (bound.local, bound.state) == (UnixEndpoint(b"/var/www/run/app.sock"), None)
    assert (connected.type, connected.state) == (SocketType.DGRAM, State.ESTABLISHED)


def test_netbsd_shortens_states_where_addresses_of_control_blocks_are_listed() -> None:
    records, formats, _ = lines(
        "PCB      Proto Recv-Q Send-Q Local Address         Foreign Address       State",
        "c2f1b000 tcp        0      0 192.0.2.61.22         198.51.100.2.51022    CLWAIT",
    )
    assert ([record.state for record in records], formats) == ([State.CLOSE_WAIT], ["netstat-netbsd"])


def test_a_header_of_openbsd_is_not_taken_for_linux() -> None:
    header = "Proto   Recv-Q Send-Q  Local Address          Foreign Address        TCP-State"
    assert lines("Active Internet connections (only servers)", header) == ([], ["netstat-openbsd"], "OpenBSD")


def test_long_rows_of_one_character_take_no_time() -> None:
    rows = [
        "TCP: IPv4",
        *(letter * 1_000_000 for letter in (" ", "a", "0", ".", "a ", "0 ", "f" * 16 + " ")),
        "*.1 *.* 0 0 1 0 LISTEN",
    ]
    assert len(list(Capture(EMPTY).read(rows))) == 1
