"""Durations of states on this host, from its sysctls; where they were not read from the kernel's defaults, named as such."""

from collections.abc import Mapping

from portsock.explain.texts import durations as texts
from portsock.model import Host, State
from portsock.port_numbers import PRIVILEGED_END

UNPRIVILEGED_START = "net.ipv4.ip_unprivileged_port_start"

_SETTINGS: Mapping[str, tuple[str, int]] = {
    "syn": ("net.ipv4.tcp_syn_retries", 6),
    "linear": ("net.ipv4.tcp_syn_linear_timeouts", 0),
    "synack": ("net.ipv4.tcp_synack_retries", 5),
    "retries2": ("net.ipv4.tcp_retries2", 15),
    "keepalive": ("net.ipv4.tcp_keepalive_time", 7200),
    "probes": ("net.ipv4.tcp_keepalive_probes", 9),
    "interval": ("net.ipv4.tcp_keepalive_intvl", 75),
    "orphan": ("net.ipv4.tcp_orphan_retries", 8),
    "fin": ("net.ipv4.tcp_fin_timeout", 60),
}
"""Sysctls by the name in the texts, with the defaults of Linux (kernel ip-sysctl.rst). Kernels before 6.5 have no
tcp_syn_linear_timeouts, hence 0 where it was not read."""

_INITIAL = 1.0
"""Seconds until the first resend of a SYN (TCP_TIMEOUT_INIT)."""
_SHORTEST = 0.2
"""The shortest resend interval of an open connection, in seconds (TCP_RTO_MIN)."""
_LONGEST = 120.0
"""The longest resend interval, in seconds (TCP_RTO_MAX)."""
_ORPHAN_DEFAULT = 8
"""The meaning of tcp_orphan_retries = 0."""
_DIGITS = 20
"""The most digits of a number of 64 bits. int() refuses thousands."""


def duration_sentence(state: State, host: Host, held: bool | None = None) -> str | None:
    """Return a sentence about how long the state lasts on this host, or None where its system's time is not known.

    `held`: some process holds the socket, or none does; None where that is not known.
    """
    if host.system == "Linux" or state in texts.EVERYWHERE:
        special = {True: texts.LINUX_HELD, False: texts.LINUX_ORPHANED, None: texts.LINUX}[held]
        return special.get(state, texts.LINUX[state]).format_map(_Values(host))
    if state is State.TIME_WAIT:
        return texts.TIME_WAIT.get(host.system, texts.RFC_TIME_WAIT)
    return None


def end_of_resends(host: Host, held: bool) -> str:
    """Return when the kernel gives up a connection whose peer does not answer: 'with ETIMEDOUT after about 15 min (…)'."""
    text = texts.RESENDS_HELD if held else texts.RESENDS_ORPHANED
    return text.format_map(_Values(host))


def sysctl_number(host: Host, name: str) -> int | None:
    """Return the live value of a sysctl that is one number, or None."""
    text = host.sysctls.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def unprivileged_start(host: Host) -> tuple[int, bool]:
    """Return the first port that needs no privilege, and whether it was read."""
    live = sysctl_number(host, UNPRIVILEGED_START)
    return (PRIVILEGED_END, False) if live is None else (live, True)


class _Values(dict[str, str]):
    """The values of a text's braces, each computed only if the text has it."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host

    def __missing__(self, key: str) -> str:
        name = key.removesuffix("_how")
        return self._source_text(name) if name != key else self._time_text(name)

    def _value(self, name: str) -> int:
        sysctl, default = _SETTINGS[name]
        live = sysctl_number(self._host, sysctl)
        return default if live is None else live

    def _source_text(self, name: str) -> str:
        sysctl, _ = _SETTINGS[name]
        source = "assumed default" if sysctl_number(self._host, sysctl) is None else "live"
        return f"{sysctl.rpartition('.')[2]} = {self._value(name)}, {source}"

    def _time_text(self, name: str) -> str:
        value = self._value(name)
        if name == "orphan":
            return str(value or _ORPHAN_DEFAULT)
        if name == "syn":
            return time_text(backoff_seconds(_INITIAL, value) + self._value("linear") * _INITIAL)
        if name == "synack":
            return time_text(backoff_seconds(_INITIAL, value))
        if name == "retries2":
            return time_text(backoff_seconds(_SHORTEST, value))
        if name == "keepalive":
            return time_text(value + self._value("probes") * self._value("interval"))
        return time_text(value)


def backoff_seconds(first: float, retries: int) -> float:
    """Return the seconds until the last of `retries` resends has also gone unanswered; each interval doubles, up to 120 s."""
    return sum(min(first * 2.0**number, _LONGEST) for number in range(retries + 1))


def span(milliseconds: float | None) -> str:
    """Return '12 s', or 'less than a second'."""
    return "less than a second" if (milliseconds or 0) < 1000 else time_text((milliseconds or 0) / 1000)


def time_text(value: float) -> str:
    """Return a time in seconds as a person would say it: '60 s', '15 min', '2 h 11 min', '3 d'."""
    whole = int(value)
    if whole < 180:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d"
