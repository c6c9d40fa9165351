"""struct tcp_info: names, units, and the shorter and longer structures of other kernels."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.parse.netlink.tcp_info import LazyInfo, tcp_info

LAYOUT = "=8B24I4Q6I4Q2I2Q4I"
"""The structure of kernel 5.4."""
PLACES = 8 + 24 + 4 + 6 + 4 + 2 + 2 + 4


def packed(**values: int) -> bytes:
    """Return a structure whose n-th field is n, except for `at_n=value`."""
    fields = list(range(PLACES))
    for name, value in values.items():
        fields[int(name.removeprefix("at_"))] = value
    return struct.pack(LAYOUT, *fields)


def test_fields_are_read_in_milliseconds_segments_and_bytes() -> None:
    found = tcp_info(packed(at_8=204000, at_23=113, at_24=64, at_39=18), b"bbr\0")
    assert found["congestion_control"] == "bbr"
    assert (found["rto_ms"], found["rtt_ms"], found["rtt_variation_ms"], found["min_rtt_ms"]) == (204.0, 0.113, 0.064, 0.018)
    expected = {
        "retransmits": 2, "probes": 3, "send_mss": 10, "receive_mss": 11, "unacked": 12, "lost": 14, "last_data_sent_ms": 17,
        "last_data_received_ms": 19, "last_ack_received_ms": 20, "path_mtu": 21, "congestion_window": 26,
        "total_retransmits": 31, "pacing_rate": 32, "bytes_acked": 34, "bytes_received": 35, "segments_sent": 36,
        "segments_received": 37, "unsent_bytes": 38, "delivery_rate": 42, "bytes_sent": 48, "bytes_retransmitted": 49,
        "busy_ms": 0.043, "peer_window_limited_ms": 0.044, "send_buffer_limited_ms": 0.045, "peer_window": 53,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("size", "last", "first_missing"),
    [
        (104, "total_retransmits", "pacing_rate"),
        (136, "bytes_received", "segments_sent"),
        (192, "delivery_rate", "bytes_sent"),
        (207, "delivery_rate", "bytes_sent"),
        (208, "bytes_sent", "bytes_retransmitted"),
        (231, "bytes_retransmitted", "peer_window"),
        (232, "peer_window", "none"),
    ],
)
def test_fields_that_an_older_kernel_lacks_are_left_out(size: int, last: str, first_missing: str) -> None:
    found = tcp_info(packed()[:size], None)
    assert last in found
    assert first_missing not in found


def test_fields_of_a_newer_kernel_are_ignored() -> None:
    assert tcp_info(packed() + bytes(64), None) == tcp_info(packed(), None)


def test_values_that_were_not_measured_are_left_out() -> None:
    found = tcp_info(packed(at_23=0, at_24=0, at_32=(1 << 64) - 1, at_39=0xFFFFFFFF), None)
    assert found.keys().isdisjoint({"rtt_ms", "rtt_variation_ms", "pacing_rate", "min_rtt_ms", "congestion_control"})


@given(st.binary(max_size=400), st.none() | st.binary(max_size=20))
def test_any_bytes_are_parsed_into_numbers_and_a_printable_name(data: bytes, congestion: bytes | None) -> None:
    found = tcp_info(data, congestion)
    name = found.pop("congestion_control", "")
    assert isinstance(name, str)
    assert name.isascii()
    assert all(isinstance(value, int | float) and value >= 0 for value in found.values())


def test_lazy_details_are_those_of_the_structure() -> None:
    lazy = LazyInfo(packed(), b"bbr\0")
    assert dict(lazy) == tcp_info(packed(), b"bbr\0")
    assert len(lazy) == len(dict(lazy))
    assert lazy["unacked"] == 12
    assert lazy.get("none") is None
