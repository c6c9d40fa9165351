"""The rules. To add one: write a public function from Subject to findings, its text under a code of its own, its line here."""

from collections.abc import Callable, Iterator

from portsock.explain.rules import (
    datagrams,
    elsewhere,
    exhaustion,
    handshakes,
    owners,
    ports,
    processes,
    queues,
    reach,
    states,
    transfer,
)
from portsock.explain.subject import Subject
from portsock.explain.types import Finding, Severity

RULES: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    processes.stopped,
    processes.descriptors,
    queues.accept_queue,
    transfer.transfers,
    transfer.not_accepted,
    states.close_wait,
    exhaustion.ephemeral_exhaustion,
    handshakes.syn_recv,
    states.syn_sent,
    owners.without_process,
    owners.deleted_executable,
    owners.inherited,
    owners.socket_activation,
    owners.forwarder,
    reach.redirected,
    owners.unix_path,
    ports.admin_port,
    ports.specific_and_wildcard,
    ports.shared_endpoint,
    ports.in_ephemeral_range,
    ports.wildcard_v6,
    queues.refused_connections,
    queues.unread,
    queues.unacknowledged,
    datagrams.drops,
    states.fin_wait_2,
    states.time_wait,
    states.time_wait_holds_port,
    states.self_connection,
)

_ORDER = (Severity.WARNING, Severity.NOTICE, Severity.INFO)


def findings(subject: Subject) -> tuple[Finding, ...]:
    """Return what the rules find, the most severe first."""
    found = [elsewhere.suited(finding, subject.snapshot.host) for rule in RULES for finding in rule(subject)]
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))
