"""Matches and targets of xtables whose name alone says that they change no verdict: iptables-extensions(8)."""

QUIET_TARGETS = frozenset({
    "LOG", "NFLOG", "ULOG", "TRACE", "TCPMSS", "DSCP", "TOS", "TTL", "HL", "CLASSIFY", "SET", "CHECKSUM", "AUDIT", "SECMARK",
    "CONNSECMARK", "TCPOPTSTRIP", "RATEEST", "IDLETIMER", "LED", "TEE", "ECN", "HMARK", "SYSLOG",
})  # fmt: skip
_QUIET_MATCHES = frozenset({"comment"})


def is_quiet(kind: str, name: str) -> bool:
    """Tell whether the 'match' or 'target' of that name changes no verdict."""
    return name in (QUIET_TARGETS if kind == "target" else _QUIET_MATCHES)
