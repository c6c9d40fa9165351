"""Counters of a network namespace: /proc/net/netstat and snmp (pairs of lines), /proc/net/snmp6 (a name and a value)."""

from collections.abc import Iterable

LISTENERS = ("ListenOverflows", "ListenDrops", "SyncookiesSent")
_WANTED = {
    "TcpExt": {name: name for name in LISTENERS},
    "Udp": {name: f"Udp{name}" for name in ("InErrors", "RcvbufErrors", "InCsumErrors")},
}
_WANTED_SIX = frozenset({"Udp6InErrors", "Udp6RcvbufErrors", "Udp6InCsumErrors"})
_DIGITS = 20
"""The most digits of a number of 64 bits."""


def parse_counters(text: str) -> dict[str, int]:
    """Return the wanted counters of netstat or snmp; lines that are no pair are skipped."""
    found: dict[str, int] = {}
    lines = text.split("\n")
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        prefix, _, head = names.partition(":")
        wanted = _WANTED.get(prefix)
        if wanted is not None and values.startswith(f"{prefix}:"):
            pairs = zip(head.split(), values.partition(":")[2].split(), strict=False)
            found.update(_numbers((wanted[name], value) for name, value in pairs if name in wanted))
    return found


def parse_passive_opens(text: str) -> int | None:
    """Return from snmp how many TCP connections were ever accepted by the kernel, IPv4 and IPv6 together; None if unknown."""
    names, _, rest = text.partition("\nTcp: ")[2].partition("\nTcp: ")
    found = dict(zip(names.split(), rest.partition("\n")[0].split(), strict=False)).get("PassiveOpens", "")
    return int(found) if found.isascii() and found.isdigit() and len(found) <= _DIGITS else None


def parse_snmp6(text: str) -> dict[str, int]:
    """Return the wanted counters of snmp6."""
    pairs = (line.split() for line in text.split("\n"))
    return dict(_numbers((pair[0], pair[1]) for pair in pairs if len(pair) == 2 and pair[0] in _WANTED_SIX))


def _numbers(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, int]]:
    return [(name, int(value)) for name, value in pairs if value.isascii() and value.isdigit() and len(value) <= _DIGITS]
