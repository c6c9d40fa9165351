"""The columns of `portsock sockets` for --timers, --memory and --info."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from portsock.enums import Need
from portsock.model import Socket
from portsock.output.columns import Column
from portsock.output.context import Context


def any_has(field: str) -> Callable[[Sequence[Socket]], bool]:
    """Return a column's `when`: tell whether any row has this field."""
    value = itemgetter(Socket._fields.index(field))
    return lambda rows: any(map(value, rows))  # a value of these fields is never false


_HAS_INFO = any_has("info")


def _timer(row: Socket, context: Context) -> str:  # noqa: ARG001 - the interface of a column
    timer = row.timer
    if timer is None:
        return ""
    left = "" if timer.expires_ms is None else f" {timer.expires_ms / 1000:g}s"
    return f"{timer.kind}{left}" + (f" retransmits {timer.retransmits}" if timer.retransmits else "")


def _timer_key(row: Socket, context: Context) -> int | None:  # noqa: ARG001
    return row.timer and row.timer.expires_ms


def _memory(row: Socket, context: Context) -> str:  # noqa: ARG001
    memory = row.memory
    if memory is None:
        return ""
    text = f"recv {memory.recv_used}/{memory.recv_max} send {memory.send_used}/{memory.send_max}"
    return text + (f" drops {memory.drops}" if memory.drops else "")


def _memory_key(row: Socket, context: Context) -> int | None:  # noqa: ARG001
    return row.memory and row.memory.recv_used + row.memory.send_used


_SPARE = 140
"""The rank at which a detail is left out: late, since it was asked for."""


def _info(row: Socket, context: Context) -> str:  # noqa: ARG001
    return " ".join(f"{name} {value}" for name, value in (row.info or {}).items() if value is not None)


def _detail(name: str, help: str, short: str | None = None, default: bool = False, right: bool = True) -> Column[Socket]:
    """Return the column of one TCP detail, by its name in Socket.info."""

    def value(row: Socket, context: Context) -> Any:  # noqa: ARG001
        return None if row.info is None else row.info.get(name)

    def text(row: Socket, context: Context) -> str:
        found = value(row, context)
        return "" if found is None else str(found)

    return Column(name, help, text, key=value, right=right, default=default, when=_HAS_INFO,
                  needs=frozenset({Need.INFO}), short=short, spare=_SPARE if default else None)  # fmt: skip


DETAILS: tuple[Column[Socket], ...] = (
    Column("timer", "pending kernel timer", _timer, key=_timer_key, default=True,
           when=any_has("timer"), needs=frozenset({Need.TIMERS}), spare=_SPARE),
    Column("memory", "buffer memory in bytes: used/most", _memory, key=_memory_key, default=True,
           when=any_has("memory"), needs=frozenset({Need.MEMORY}), spare=_SPARE),
    _detail("rtt_ms", "smoothed round-trip time, milliseconds", default=True),
    _detail("congestion_window", "congestion window, segments", short="cwnd", default=True),
    _detail("total_retransmits", "segments sent again so far", short="retrans", default=True),
    _detail("bytes_acked", "bytes that the peer has acknowledged", default=True),
    _detail("bytes_received", "bytes received", default=True),
    _detail("last_data_received_ms", "milliseconds since data last came", short="last_recv", default=True),
    _detail("congestion_control", "congestion control algorithm", short="cc", default=True, right=False),
    _detail("bytes_sent", "bytes sent, those sent again included"),
    _detail("bytes_retransmitted", "bytes sent again"),
    _detail("min_rtt_ms", "least round-trip time, milliseconds"),
    _detail("last_data_sent_ms", "milliseconds since data was last sent", short="last_sent"),
    _detail("delivery_rate", "rate of delivery, bytes a second"),
    _detail("pacing_rate", "rate of sending, bytes a second"),
    Column("info", "all TCP details", _info, needs=frozenset({Need.INFO}), forms="text"),
)  # fmt: skip
