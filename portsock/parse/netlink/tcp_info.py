"""TCP details of one connection: struct tcp_info in include/uapi/linux/tcp.h, which newer kernels extend at its end."""

import struct
from bisect import bisect_right

_FIELDS = struct.Struct("=8B24I4Q6I4Q2I2Q2I")
_ENDS = [*range(1, 9), *range(12, 105, 4), *range(112, 137, 8), *range(140, 161, 4), *range(168, 193, 8), 196, 200, 208, 216]
"""The end of each field in bytes, to find the fields that a shorter structure has."""

_NAMES: tuple[tuple[str, int, int], ...] = (
    ("retransmits", 2, 1), ("rto_ms", 8, 1000), ("send_mss", 10, 1), ("receive_mss", 11, 1), ("unacked", 12, 1),
    ("lost", 14, 1), ("last_data_sent_ms", 17, 1), ("last_data_received_ms", 19, 1), ("last_ack_received_ms", 20, 1),
    ("path_mtu", 21, 1), ("rtt_ms", 23, 1000), ("rtt_variation_ms", 24, 1000), ("congestion_window", 26, 1),
    ("total_retransmits", 31, 1), ("pacing_rate", 32, 1), ("bytes_acked", 34, 1), ("bytes_received", 35, 1),
    ("segments_sent", 36, 1), ("segments_received", 37, 1), ("unsent_bytes", 38, 1), ("min_rtt_ms", 39, 1000),
    ("delivery_rate", 42, 1), ("bytes_sent", 48, 1), ("bytes_retransmitted", 49, 1),
)  # fmt: skip
"""(portsock's name, index of the field, divisor). Times in microseconds become milliseconds. Windows, 'unacked' and 'lost' are
in segments, rates in bytes a second."""
_UNMEASURED = {"rtt_ms": (0,), "rtt_variation_ms": (0,), "min_rtt_ms": (0, 0xFFFFFFFF), "receive_mss": (0,), "path_mtu": (0,)}
"""Values that mean 'not measured yet'."""
_UNLIMITED = (1 << 64) - 1


def tcp_info(data: bytes, congestion: bytes | None) -> dict[str, int | float | str | bool | None]:
    """Return the details by name, with the congestion control's. Fields that the kernel did not report are left out."""
    values = _FIELDS.unpack(data[: _FIELDS.size].ljust(_FIELDS.size, b"\0"))
    known = bisect_right(_ENDS, len(data))
    found: dict[str, int | float | str | bool | None] = {}
    if congestion:
        found["congestion_control"] = congestion.partition(b"\0")[0].decode("ascii", "backslashreplace")
    for name, place, divisor in _NAMES:
        value = values[place]
        if place < known and value != _UNLIMITED and not (name in _UNMEASURED and value in _UNMEASURED[name]):
            found[name] = value if divisor == 1 else value / divisor
    return found
