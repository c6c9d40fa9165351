"""Counters of a network namespace."""

from hypothesis import given
from hypothesis import strategies as st

from portsock.parse.proc.counters import parse_counters, parse_snmp6

NETSTAT = "TcpExt: SyncookiesSent SyncookiesRecv ListenOverflows ListenDrops\nTcpExt: 12 3 4 5\nIpExt: InNoRoutes\nIpExt: 1\n"
SNMP = "Ip: Forwarding\nIp: 1\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors\nUdp: 450 0 7 452 6\n"


def test_counters_are_found_by_name() -> None:
    assert parse_counters(NETSTAT) == {"SyncookiesSent": 12, "ListenOverflows": 4, "ListenDrops": 5}
    assert parse_counters(SNMP) == {"UdpInErrors": 7, "UdpRcvbufErrors": 6}
    assert parse_snmp6("Ip6InReceives 9\nUdp6RcvbufErrors \t 3\nUdp6InErrors 3\n") == {
        "Udp6RcvbufErrors": 3,
        "Udp6InErrors": 3,
    }


@given(st.text(max_size=300))
def test_any_text_gives_numbers(text: str) -> None:
    assert all(value >= 0 for value in (parse_counters(text) | parse_snmp6(text)).values())
    assert parse_counters(f"TcpExt: SyncookiesSent\nTcpExt: {text}\n").keys() <= {"SyncookiesSent"}
