"""The TCP details that `ss -i` prints in a continuation line."""

from portsock.port_numbers import EMPTY
from tests.support.factory import read

SOCKET = "tcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:40000"


def info(details: str) -> object:
    (record,) = read([SOCKET, f"\t {details}"], EMPTY)
    return record.info


def test_times_are_in_milliseconds_and_rates_in_bytes_a_second() -> None:
    details = "cubic wscale:7,7 rto:204 rtt:3.5/1.25 retrans:0/4 pacing_rate 80Mbps delivery_rate 8.8Kbps minrtt:0.5"
    assert info(details) == {
        "rto_ms": 204.0,
        "rtt_ms": 3.5,
        "rtt_variation_ms": 1.25,
        "total_retransmits": 4,
        "pacing_rate": 10_000_000,
        "delivery_rate": 1_100,
        "min_rtt_ms": 0.5,
        "congestion_control": "cubic",
    }


def test_a_value_of_another_form_is_skipped_and_the_others_are_kept() -> None:
    assert info("cubic rtt:3.5 retrans:4 rto:1,2 cwnd:10 mss:1448") == {
        "congestion_window": 10,
        "send_mss": 1448,
        "congestion_control": "cubic",
    }
