"""The rules. To add one: write a public function from Subject to findings, its text under a code of its own, its line here."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

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
_MOST_ALIKE = 50
"""Findings of one rule: of a whole network there would be one for every port, of which nobody reads more."""


def _first(found: Iterable[Finding]) -> list[Finding]:
    """Return the first findings of a rule; the evidence of the last says where there are more."""
    source = iter(found)
    first = list(islice(source, _MOST_ALIKE))
    if next(source, None) is not None:
        more = "… and more of this kind: ask for fewer ports or addresses"
        first[-1] = first[-1]._replace(evidence=(*first[-1].evidence, more))
    return first


def findings(subject: Subject) -> tuple[Finding, ...]:
    """Return what the rules find, the most severe first."""
    found = [elsewhere.suited(finding, subject.snapshot.host) for rule in RULES for finding in _first(rule(subject))]
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))
