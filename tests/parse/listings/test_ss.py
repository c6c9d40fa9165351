"""Listings of ss."""

from pathlib import Path

import pytest

from portsock.model import (
    Family,
    InetEndpoint,
    NetlinkEndpoint,
    PacketEndpoint,
    SocketMemory,
    SocketType,
    State,
    Timer,
    UnixEndpoint,
    VsockEndpoint,
)
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.ss.extras import milliseconds, read_extras
from portsock.parse.listings.ss.info import read_info
from portsock.parse.listings.ss.users import split_users
from portsock.port_numbers import EMPTY, parse_services
from portsock.records import Holder, SocketRecord
from tests.support.factory import read

LINUX = Path(__file__).parents[2] / "fixtures" / "linux"
HEADER = "Netid State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process"


def listing(name: str) -> list[SocketRecord]:
    return list(read((LINUX / name).read_text().split("\n"), EMPTY))


def rows(*lines: str) -> list[SocketRecord]:
    return list(read([HEADER, *lines], EMPTY))


def by_port(records: list[SocketRecord]) -> dict[int, SocketRecord]:
    return {r.local.port: r for r in records if isinstance(r.local, InetEndpoint) and r.local.port and not r.remote}


def test_odd_process_names_are_complete() -> None:
    names = [holder.name for record in listing("ss-tuanp.out") for holder in record.holders or ()]
    assert {"web server", 'q"uo,te=1', "naïve-✓", "1234/5678"} <= set(names)


def test_unix_paths_with_spaces_and_names_with_line_breaks() -> None:
    records = {r.local.path: r for r in listing("ss-xanp.out") if isinstance(r.local, UnixEndpoint)}
    assert {b"/run/odd/a b.sock", b"/run/odd/0.0.0.0:80 (LISTEN)", b"abs tract", b"/run/odd/plain", None} == set(records)
    spaced = records[b"/run/odd/a b.sock"]
    assert (spaced.state, spaced.accept_limit, spaced.holders and spaced.holders[0].name) == (State.LISTEN, 3, "new\nline")
    assert records[b"abs tract"].local == UnixEndpoint(b"abs tract", True)


def test_socket_pairs_have_each_others_inodes() -> None:
    pair = [r for r in listing("ss-xanp.out") if r.state is State.ESTABLISHED]
    assert [pair[0].peer_inode, pair[1].peer_inode] == [pair[1].inode, pair[0].inode]


def test_queues_of_a_listener_are_its_accept_queue_and_limit() -> None:
    record = by_port(listing("ss-tan.out"))[18001]
    assert (record.recv_q, record.send_q, record.accept_queue, record.accept_limit) == (0, 7, 0, 7)
    assert record.holders is None


def test_a_star_is_the_dual_stack_wildcard_where_ipv4_has_zeros() -> None:
    record = by_port(listing("ss-tuanp.out"))[18002]
    assert (record.family, record.local, record.v6only) == (Family.IPV6, InetEndpoint("::", 18002), False)
    v6only = rows("tcp LISTEN 0 5 [::]:80 [::]:*")[0]
    assert v6only.v6only is True


def test_a_star_is_the_ipv4_wildcard_in_old_listings() -> None:
    old = list(read(["State      Recv-Q Send-Q  Local Address:Port  Peer Address:Port", *OLD], EMPTY))
    assert [(r.family, r.local and r.local[0]) for r in old] == [
        (Family.IPV4, "0.0.0.0"),
        (Family.IPV6, "::"),
        (Family.IPV4, "127.0.0.1"),
    ]


OLD = ["LISTEN 0 128 *:22 *:*", "LISTEN 0 128 :::22 :::*", "LISTEN 0 100 127.0.0.1:25 *:*"]


def test_a_star_stays_where_the_listing_does_not_show_its_meaning() -> None:
    (record,) = list(read(["tcp LISTEN 0 128 *:22 *:*"], EMPTY))
    assert (record.family, record.local) == (Family.INET, InetEndpoint("*", 22))


def test_ping_socket_has_an_identifier_and_no_port() -> None:
    (record,) = rows("icmp UNCONN 0 0 127.0.0.1:7 0.0.0.0:*")
    assert record.local == InetEndpoint("127.0.0.1", None, label="7")


def test_blank_holders_differ_from_a_missing_column() -> None:
    with_column = rows("tcp ESTAB 0 0 10.0.0.1:1 10.0.0.2:2", 'tcp ESTAB 0 0 10.0.0.1:3 10.0.0.2:2 users:(("x",pid=1,fd=2))')
    assert [r.holders for r in with_column] == [(), (Holder(1, 2, "x"),)]
    assert rows("tcp ESTAB 0 0 10.0.0.1:1 10.0.0.2:2")[0].holders is None


def test_extended_fields() -> None:
    records = {(r.local, r.remote): r for r in listing("ss-tOaneopmi.out")}
    (client,) = [r for (_, remote), r in records.items() if remote and remote[1] == 18004]
    assert client.inode
    assert client.cookie
    assert client.uid == 0
    assert client.memory == SocketMemory(0, 131072, 0, 3939840, 0, 0, 0, 0, 0)
    assert client.info is not None
    assert client.info["send_mss"]
    assert client.shutdown == 0


def test_continuation_lines_belong_to_the_row_above() -> None:
    (first, second) = list(read((LINUX / "ss-tinem.out").read_text().split("\n"), EMPTY))
    assert first.state is None
    for record in (first, second):
        assert record.memory is not None
        assert record.info is not None
        assert record.info["congestion_control"] == "bbr"


def test_a_notice_reports_the_assumed_protocol() -> None:
    capture = Capture(EMPTY)
    (record,) = capture.read(["Recv-Q Send-Q Local Address:Port Peer Address:Port", "0 0 10.0.0.1:5000 10.0.0.2:443"])
    assert record.protocol == "tcp"
    (notice,) = capture.notices()
    assert (notice.code, notice.incomplete) == ("protocol_assumed", False)


def test_there_is_no_uid_without_an_inode() -> None:
    (record,) = rows("tcp ESTAB 0 0 [::1]:1 [::1]:2 ino:0 sk:62ca cgroup:/ <->")
    assert (record.inode, record.uid, record.cookie) == (None, None, 0x62CA)


def test_timers() -> None:
    (record,) = rows("tcp ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 timer:(keepalive,119min,0) uid:1000 ino:7 sk:1 <->")
    assert record.timer == Timer("keepalive", 119 * 60000, 0)
    assert (record.uid, record.inode) == (1000, 7)


@pytest.mark.parametrize(
    ("text", "value"),
    [("200ms", 200), ("1.500ms", 1500), ("11sec", 11000), ("1min58sec", 118000), ("119min", 7140000), ("", None), ("x", None)],
)
def test_spans_of_time(text: str, value: int | None) -> None:
    assert milliseconds(text) == value


@pytest.mark.parametrize(("arrow", "bits"), [("<->", 0), ("-->", 1), ("<--", 2), ("---", 3)])
def test_arrows_are_the_kernels_mask_of_shut_directions(arrow: str, bits: int) -> None:
    assert read_extras(f"uid:1000 ino:7 sk:1 {arrow}")["shutdown"] == bits


def test_a_kernel_address_is_no_cookie() -> None:
    assert "cookie" not in read_extras("ino:7 sk:ffff88003b1d2c00")
    assert read_extras("ino:7 sk:ff")["cookie"] == 255


def test_details_have_the_units_of_tcp_info() -> None:
    text = "\t cubic rto:204 rtt:0.113/0.064 minrtt:0.018 retrans:1/5 pacing_rate 1.6Mbps delivery_rate 8.04Gbps"
    assert read_info(text) == {
        "rto_ms": 204.0, "rtt_ms": 0.113, "rtt_variation_ms": 0.064, "min_rtt_ms": 0.018, "total_retransmits": 5,
        "pacing_rate": 200_000, "delivery_rate": 1_005_000_000, "congestion_control": "cubic",
    }  # fmt: skip


def test_what_limits_a_sender_is_read_in_milliseconds() -> None:
    text = "cubic snd_wnd:65536 busy:12034ms rwnd_limited:11000ms(91.4%) sndbuf_limited:8ms(0.1%)"
    assert read_info(text) == {
        "peer_window": 65536, "busy_ms": 12034, "peer_window_limited_ms": 11000, "send_buffer_limited_ms": 8,
        "congestion_control": "cubic",
    }  # fmt: skip


@pytest.mark.parametrize(("printed", "rate"), [("800bps", 100), ("80Kbps", 10_000), ("8Mbps", 1_000_000), ("8Gbps", 10**9)])
def test_rates_are_in_bytes_a_second(printed: str, rate: int) -> None:
    assert read_info(f"pacing_rate {printed}") == {"pacing_rate": rate}


def test_bound_devices_and_zones() -> None:
    records = rows(
        "udp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:*",
        "udp UNCONN 0 0 [fe80::1]%eth0:546 [::]:*",
        "udp UNCONN 0 0 *%eth0:68 *:*",
    )
    assert [r.interface for r in records] == ["lo", "eth0", "eth0"]
    assert [r.local.zone for r in records if isinstance(r.local, InetEndpoint)] == [None, "eth0", None]


def test_other_families() -> None:
    netlink, kernel, packet, vsock, raw = rows(
        "nl UNCONN 0 0 rtnl:NetworkManager/878 * sk=0 cb=0 groups=0x00000011",
        "nl UNCONN 0 0 genl:kernel *",
        "p_raw UNCONN 4 0 arp:eth0 *",
        "v_str LISTEN 0 0 *:1234 *:*",
        "raw UNCONN 0 0 [::]:ipv6-icmp [::]:*",
    )
    assert netlink.local == NetlinkEndpoint(0, 878, 0x11)
    assert kernel.local == NetlinkEndpoint(16, 0)
    assert (packet.local, packet.interface, packet.type) == (PacketEndpoint(0x806, None), "eth0", SocketType.RAW)
    assert vsock.local == VsockEndpoint(0xFFFFFFFF, 1234)
    assert (raw.number, raw.local) == (58, InetEndpoint("::", None))


def test_service_names_become_numbers() -> None:
    services = parse_services("http-alt 8080/tcp webcache\n")
    (record,) = read([HEADER, "tcp LISTEN 0 5 localhost:webcache 0.0.0.0:*"], services)
    assert record.local == InetEndpoint(None, 8080, None, "localhost", "webcache", False, True)


def test_tcp_unconn_with_a_port_is_bound() -> None:
    assert rows("tcp UNCONN 0 0 127.0.0.1:80 0.0.0.0:*")[0].state is State.BOUND


def test_an_unknown_state_is_kept() -> None:
    (record,) = rows("tcp FROZEN 0 0 127.0.0.1:80 127.0.0.1:81")
    assert (record.state, record.state_raw) == (None, "FROZEN")


def test_an_unfinished_path_is_marked_as_truncated() -> None:
    broken, whole = rows("u_str LISTEN 0 3 /run/with", "u_str LISTEN 0 3 /run/x 7 * 0")
    assert broken.local == UnixEndpoint(b"/run/with", truncated=True)
    assert whole.inode == 7


def test_a_path_with_a_line_break_is_joined() -> None:
    (record,) = rows("u_str LISTEN 0 3 /run/with", "newline.sock 344653 * 0 ")
    assert (record.local, record.inode) == (UnixEndpoint(b"/run/with\nnewline.sock"), 344653)


def test_holders_of_old_and_new_versions() -> None:
    assert split_users('users:(("sshd",1231,3),("x",2,4)) rest') == ("", (Holder(1231, 3, "sshd"), Holder(2, 4, "x")), " rest")
    assert split_users('users:(("a",pid=1,tid=2,fd=3))')[1] == (Holder(1, 3, "a"),)
    assert split_users('users:(("users:(("x"",pid=1,fd=3))')[1] == (Holder(1, 3, 'users:(("x"'),)
    assert split_users('users:(("never')[1] is None


def test_the_fast_parser_returns_the_same_records() -> None:
    lines = (LINUX / "ss-tan.out").read_text().split("\n")
    short = list(read(lines, EMPTY))
    long = list(read([lines[0], *(f"{line} ino:0" for line in lines[1:] if line)], EMPTY))
    assert short == long
