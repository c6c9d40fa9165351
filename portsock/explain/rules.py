"""The rules. To add one: write a function from a Scene to findings, its text under a code of its own, and its line here."""

from collections.abc import Callable, Iterator

from portsock.explain import rules_owners, rules_ports, rules_queues, rules_states
from portsock.explain.scene import Scene
from portsock.explain.types import Finding, Severity

RULES: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    rules_queues.accept_queue,
    rules_states.close_wait,
    rules_states.ephemeral_exhaustion,
    rules_states.syn_recv,
    rules_states.syn_sent,
    rules_owners.without_process,
    rules_owners.deleted_executable,
    rules_owners.inherited,
    rules_owners.socket_activation,
    rules_owners.forwarder,
    rules_owners.unix_path,
    rules_ports.admin_port,
    rules_ports.specific_and_wildcard,
    rules_ports.shared_endpoint,
    rules_ports.in_ephemeral_range,
    rules_ports.wildcard_v6,
    rules_queues.unread,
    rules_queues.unacknowledged,
    rules_queues.drops,
    rules_states.fin_wait_2,
    rules_states.time_wait,
    rules_states.self_connection,
)

_ORDER = (Severity.WARNING, Severity.NOTICE, Severity.INFO)


def findings(scene: Scene) -> tuple[Finding, ...]:
    """What the rules find, the most severe first."""
    found = [finding for rule in RULES for finding in rule(scene)]
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))
