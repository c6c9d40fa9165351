"""TCP details of one connection: struct tcp_info in include/uapi/linux/tcp.h, which newer kernels extend at its end."""

import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping

Detail = int | float | str | bool | None

_FIELDS = struct.Struct("=8B24I4Q6I4Q2I2Q4I")
_ENDS = [
    *range(1, 9),
    *range(12, 105, 4),
    *range(112, 137, 8),
    *range(140, 161, 4),
    *range(168, 193, 8),
    196,
    200,
    *range(208, 217, 8),
    *range(220, 233, 4),
]
"""The end of each field in bytes, to find the fields that a shorter structure has."""

_NAMES: tuple[tuple[str, int, int], ...] = (
    ("retransmits", 2, 1), ("probes", 3, 1), ("rto_ms", 8, 1000), ("send_mss", 10, 1), ("receive_mss", 11, 1),
    ("unacked", 12, 1),
    ("lost", 14, 1), ("last_data_sent_ms", 17, 1), ("last_data_received_ms", 19, 1), ("last_ack_received_ms", 20, 1),
    ("path_mtu", 21, 1), ("rtt_ms", 23, 1000), ("rtt_variation_ms", 24, 1000), ("congestion_window", 26, 1),
    ("total_retransmits", 31, 1), ("pacing_rate", 32, 1), ("bytes_acked", 34, 1), ("bytes_received", 35, 1),
    ("segments_sent", 36, 1), ("segments_received", 37, 1), ("unsent_bytes", 38, 1), ("min_rtt_ms", 39, 1000),
    ("delivery_rate", 42, 1), ("busy_ms", 43, 1000), ("peer_window_limited_ms", 44, 1000),
    ("send_buffer_limited_ms", 45, 1000),
    ("bytes_sent", 48, 1), ("bytes_retransmitted", 49, 1), ("peer_window", 53, 1),
)  # fmt: skip
"""(portsock's name, index of the field, divisor). Times in microseconds become milliseconds. The congestion
window, 'unacked' and 'lost' are in segments, 'peer_window' in bytes, rates in bytes a second. 'busy_ms' is the time with data
to send; two of the times in it are those in which the peer's window or the send buffer was the limit. 'probes' have had no
answer yet."""
CONGESTION_CONTROL = "congestion_control"
NUMBERS = frozenset(name for name, _, _ in _NAMES)
"""All details but the name of the congestion control are numbers."""
_UNMEASURED = {"rtt_ms": (0,), "rtt_variation_ms": (0,), "min_rtt_ms": (0, 0xFFFFFFFF), "receive_mss": (0,), "path_mtu": (0,)}
"""Values that mean 'not measured yet'."""
_UNLIMITED = (1 << 64) - 1


class LazyInfo(Mapping[str, Detail]):
    """The details of tcp_info(), parsed when the first of them is asked for: `explain` needs those of few sockets."""

    __slots__ = ("_congestion", "_data", "_parsed")

    def __init__(self, data: bytes, congestion: bytes | None) -> None:
        self._data = data
        self._congestion = congestion
        self._parsed: dict[str, Detail] | None = None

    def _details(self) -> dict[str, Detail]:
        if self._parsed is None:
            self._parsed = tcp_info(self._data, self._congestion)
        return self._parsed

    def __getitem__(self, name: str) -> Detail:
        return self._details()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._details())

    def __len__(self) -> int:
        return len(self._details())


def tcp_info(data: bytes, congestion: bytes | None) -> dict[str, Detail]:
    """Return the details by name, with the congestion control's. Fields that the kernel did not report are left out."""
    values = _FIELDS.unpack(data[: _FIELDS.size].ljust(_FIELDS.size, b"\0"))
    known = bisect_right(_ENDS, len(data))
    found: dict[str, Detail] = {}
    if congestion:
        found[CONGESTION_CONTROL] = congestion.partition(b"\0")[0].decode("ascii", "backslashreplace")
    for name, place, divisor in _NAMES:
        value = values[place]
        if place < known and value != _UNLIMITED and not (name in _UNMEASURED and value in _UNMEASURED[name]):
            found[name] = value if divisor == 1 else value / divisor
    return found
