"""Helpers of rules: a finding from its text, the lines of its evidence."""

from collections.abc import Sequence

from portsock.explain.picture import short_owners_text
from portsock.explain.texts.findings import FINDINGS, Code
from portsock.explain.texts.transfers import TRANSFERS
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text, local_text
from portsock.model import Socket

MOST_EVIDENCE = 2
"""Sockets named as evidence; the rest are counted."""


def make_finding(code: Code, evidence: Sequence[str], severity: Severity | None = None, **values: object) -> Finding:
    """Return the finding of this code; the keywords are the values of the braces in its text."""
    text = FINDINGS.get(code) or TRANSFERS[code]
    return Finding(
        str(code),
        severity or text.severity,
        text.title.format_map(values),
        text.detail.format_map(values),
        tuple(evidence),
        text.advice.format_map(values),
    )


def evidence_lines(sockets: Sequence[Socket]) -> list[str]:
    """Return the sockets, one a line, with the length of their queues."""
    lines = [evidence_line(socket) for socket in sockets[:MOST_EVIDENCE]]
    if len(sockets) > MOST_EVIDENCE:
        lines.append(f"… and {len(sockets) - MOST_EVIDENCE} more")
    return lines


def evidence_line(socket: Socket) -> str:
    """Return '127.0.0.1:80 ↔ 127.0.0.1:40000 CLOSE_WAIT, recv_q 1, python3[5]'."""
    ends = local_text(socket) + (f" ↔ {end_text(socket.remote)}" if socket.remote is not None else "")
    words = [f"{ends} {socket.state or socket.state_raw or ''}".rstrip()]
    if socket.accept_queue is not None:
        words.append(f"queue {socket.accept_queue} of {'?' if socket.accept_limit is None else socket.accept_limit}")
    else:
        queues = (("recv_q", socket.recv_q), ("send_q", socket.send_q))
        words += [f"{name} {length}" for name, length in queues if length]
    if socket.owners:
        words.append(short_owners_text(socket.owners))
    return ", ".join(words)
