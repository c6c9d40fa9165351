"""Headers of socket listings that no reader supports, to refuse them by name."""

import re

_HEADERS = (
    (re.compile(r"\s*Local Address +Remote Address +Swind +Send-Q +Rwind +Recv-Q +State"), "Solaris netstat"),
    (re.compile(r"\s*(?:TCP|UDP|SCTP): IPv[46]\s*$"), "Solaris netstat"),
    (re.compile(r"PCB/ADDR +Proto +Recv-Q"), "AIX netstat -A"),
    (re.compile(r"\s*Mode +IfIndex +Type +Local Address"), "Windows netstat -x (NetworkDirect)"),
    (re.compile(r"USER +CMD +PID +FD +MOUNT +INUM"), "fstat"),
    (re.compile(r"ASSOC +MODE +TYPE|COMMAND +PID +USER +ASSOC "), "lsfd"),
)


def unsupported(line: str) -> str | None:
    """Return the name of the unsupported tool whose header this line is, else None."""
    head = line[:400]
    return next((name for pattern, name in _HEADERS if pattern.match(head)), None)
