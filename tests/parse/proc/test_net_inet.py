"""Rows of /proc/net/tcp and the other internet tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.model import Family, InetEndpoint, SocketType, State, Timer
from portsock.parse.proc.net_inet import parse_hex_address, parse_inet_line
from portsock.records import SocketRecord

LISTENER = (
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 71 1 2bfc17b8 100 0 0 10 0"
)
ROW = "   4: {local} {remote} {state} {queues} {timer} 00000002  1000        0 {inode} 1 0000000000000000 20 4 30 10 -1"


def row(
    local: str = "0100007F:1F90",
    remote: str = "0100007F:C350",
    state: str = "01",
    queues: str = "00000010:00000020",
    timer: str = "00:00000000",
    inode: int = 77,
) -> str:
    return ROW.format(local=local, remote=remote, state=state, queues=queues, timer=timer, inode=inode)


def parse(line: str, protocol: str = "tcp", family: Family = Family.IPV4, timers: bool = False) -> SocketRecord:
    record = parse_inet_line(line, protocol, family, "little", timers)
    assert record is not None
    return record


def test_a_listener_has_its_accept_queue_but_no_limit() -> None:
    record = parse(LISTENER)
    assert record.state is State.LISTEN
    assert record.local == InetEndpoint("127.0.0.1", 8080)
    assert record.remote is None
    assert (record.recv_q, record.accept_queue) == (3, 3)
    assert (record.send_q, record.accept_limit) == (None, None)
    assert (record.uid, record.inode) == (1000, 71)
    assert record.type is SocketType.STREAM


def test_connection_has_both_ends_and_queues() -> None:
    record = parse(row())
    assert record.remote == InetEndpoint("127.0.0.1", 50000)
    assert (record.recv_q, record.send_q, record.accept_queue) == (32, 16, None)


def test_inode_zero_means_that_neither_inode_nor_user_is_kept() -> None:
    record = parse(row(state="06", inode=0))
    assert record.state is State.TIME_WAIT
    assert (record.inode, record.uid) == (None, None)


@pytest.mark.parametrize(
    ("code", "state"),
    [("02", State.SYN_SENT), ("0C", State.SYN_RECV), ("0b", State.CLOSING), ("0D", State.BOUND), ("07", State.BOUND)],
)
def test_tcp_states(code: str, state: State) -> None:
    assert parse(row(state=code)).state is state


def test_tcp_state_7_without_port_is_closed_not_bound() -> None:
    assert parse(row(local="00000000:0000", state="07")).state is State.CLOSED


def test_an_unknown_state_is_kept_as_its_number() -> None:
    record = parse(row(state="1F"))
    assert (record.state, record.state_raw) == (None, "1F")


def test_udp_is_unconnected_or_connected() -> None:
    assert parse(row(remote="00000000:0000", state="07"), "udp").state is State.UNCONN
    assert parse(row(state="01"), "udp").state is State.ESTABLISHED
    assert parse(row(state="0A"), "udp").state is None


def test_raw_socket_has_a_protocol_number_and_no_port() -> None:
    record = parse(row(local="00000000:0059", remote="0100007F:0000", state="01"), "raw")
    assert record.number == 89
    assert record.local == InetEndpoint("0.0.0.0", None)
    assert record.remote == InetEndpoint("127.0.0.1", None)


def test_ping_socket_has_an_identifier_and_no_port() -> None:
    record = parse(row(local="00000000:0007", remote="00000000:0000", state="07"), "icmp")
    assert (record.number, record.local, record.remote) == (1, InetEndpoint("0.0.0.0", None, label="7"), None)


def test_ipv6_words_are_swapped_one_by_one() -> None:
    record = parse(
        row("B80D0120000000000000000001000000:01BB", "00000000000000000000000000000000:0000", "0A"), family=Family.IPV6
    )
    assert record.local == InetEndpoint("2001:db8::1", 443)
    assert record.remote is None


def test_mapped_addresses_become_ipv4_but_keep_the_ipv6_family() -> None:
    mapped = "0000000000000000FFFF00000100007F"
    record = parse(row(mapped + ":01BB", mapped + ":C350"), family=Family.IPV6)
    assert record.family is Family.IPV6
    assert record.local == InetEndpoint("127.0.0.1", 443)
    assert record.remote == InetEndpoint("127.0.0.1", 50000)


def test_big_endian_machines_print_addresses_as_they_are() -> None:
    assert parse_hex_address("7F000001", Family.IPV4, "big") == "127.0.0.1"
    assert parse_hex_address("20010DB8000000000000000000000001", Family.IPV6, "big") == "2001:db8::1"


def test_timers_are_in_milliseconds_and_only_on_request() -> None:
    line = row(timer="02:000000C8")
    assert parse(line).timer is None
    assert parse(line, timers=True).timer == Timer("keepalive", 2000, 2)
    assert parse(row(), timers=True).timer is None


def test_a_negative_time_of_an_old_kernel_is_an_overdue_timer() -> None:
    assert parse(row(timer="01:FFFFFFFFFFFFFFF0"), timers=True).timer == Timer("on", 0, 2)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
        LISTENER[:60],
        LISTENER.replace(" 71 ", " x "),
        LISTENER.replace(" 71 ", " 7_1 "),
        LISTENER.replace("0:", "0", 1),
        row(local="0100007F:1F"),
        row(local="0100007F"),
        row(local="0100007:1F90"),
        row(local="0100007G:1F90"),
        row(local="B80D0120000000000000000001000000:01BB"),
        row(queues="0000001000000020"),
    ],
)
def test_an_incomplete_row_is_refused(line: str) -> None:
    assert parse_inet_line(line, "tcp", Family.IPV4, "little") is None


@given(st.text(max_size=200))
def test_any_text_is_parsed_without_an_error(line: str) -> None:
    parse_inet_line(line, "tcp", Family.IPV4, "little", timers=True)


@given(st.lists(st.sampled_from([*LISTENER.split(), "١", "-1", "FFFF", ":", "0:0"]), max_size=20))
def test_any_mixture_of_fields_is_parsed_without_an_error(fields: list[str]) -> None:
    parse_inet_line(" ".join(fields), "tcp", Family.IPV4, "little", timers=True)


@given(st.binary(min_size=4, max_size=4), st.integers(0, 65535))
def test_addresses_and_ports_are_kept(packed: bytes, port: int) -> None:
    record = parse(row(local=f"{packed[::-1].hex().upper()}:{port:04X}", state="0A"))
    assert record.local == InetEndpoint(".".join(map(str, packed)), port)
