"""TCP details of `ss -i`, with the names and units of `portsock.parse.netlink.tcp_info`."""

import re
from collections.abc import Callable

Value = int | float | str | bool | None

_WORD = re.compile(r"(?:^|\s)([a-z_]{2,20}):([0-9][0-9.,/]{0,40})(?=\s|$)")
_RATE = re.compile(r"(?:^|\s)(pacing_rate|delivery_rate) ([0-9]{1,20}(?:\.[0-9]{1,6})?)([KMG]?)bps(?=\s|$)")
_LIMIT = re.compile(r"(?:^|\s)(busy|rwnd_limited|sndbuf_limited):([0-9]{1,15})ms(?=\s|\()")
_LIMIT_NAMES = {"busy": "busy_ms", "rwnd_limited": "peer_window_limited_ms", "sndbuf_limited": "send_buffer_limited_ms"}
_CONTROL = re.compile(r"(?:^|\s)(cubic|bbr[23]?|reno|dctcp|vegas|westwood|htcp|illinois|hybla|bic|yeah|scalable)(?=\s|$)")
_BITS_PER_BYTE = 8
_SCALE = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}

_NAMES: dict[str, tuple[str, Callable[[str], Value]]] = {
    "rto": ("rto_ms", float), "mss": ("send_mss", int), "rcvmss": ("receive_mss", int), "unacked": ("unacked", int),
    "lost": ("lost", int), "lastsnd": ("last_data_sent_ms", int), "lastrcv": ("last_data_received_ms", int),
    "lastack": ("last_ack_received_ms", int), "pmtu": ("path_mtu", int), "cwnd": ("congestion_window", int),
    "bytes_acked": ("bytes_acked", int), "bytes_received": ("bytes_received", int), "segs_out": ("segments_sent", int),
    "segs_in": ("segments_received", int), "notsent": ("unsent_bytes", int), "minrtt": ("min_rtt_ms", float),
    "bytes_sent": ("bytes_sent", int), "bytes_retrans": ("bytes_retransmitted", int), "snd_wnd": ("peer_window", int),
}  # fmt: skip


def read_info(text: str) -> dict[str, Value]:
    """Return the details of a continuation line. ss prints rates in bits a second, which become bytes a second."""
    found: dict[str, Value] = {}
    for name, value in _WORD.findall(text):
        try:
            if name == "rtt":
                found["rtt_ms"], found["rtt_variation_ms"] = map(float, value.split("/"))
            elif name == "retrans":  # now/total
                found["total_retransmits"] = int(value.partition("/")[2])
            elif name in _NAMES:
                ours, convert = _NAMES[name]
                found[ours] = convert(value)
        except ValueError:
            continue
    for name, number, scale in _RATE.findall(text):
        found[name] = round(float(number) * _SCALE[scale] / _BITS_PER_BYTE)
    found |= {_LIMIT_NAMES[name]: int(value) for name, value in _LIMIT.findall(f"{text} ")}
    if found and (control := _CONTROL.search(text)):
        found["congestion_control"] = control[1]
    return found
