"""Rules found by port, program and kind of address decide as all rules one after another do."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from portsock.model import OwnerStatus, Process, Socket
from portsock.policy.check import rules_of
from portsock.policy.matching import match
from portsock.policy.subjects import subjects_of, surroundings
from portsock.policy.types import Match, Rule, Status
from tests.support.policies import judged, policy, taken, tcp, udp

PROGRAMS = [Process(pid, name, exe=f"/bin/{base}") for pid, name, base in ((1, "a", "a"), (2, "b", "busybox"), (3, "c", "x"))]
FIELDS = {
    "port": ["22", "[22, 80]", "20-30", "[1-25, 79-80]", "ephemeral", "30-65535"],
    "protocol": ["tcp", "udp", "tcp6"],
    "address": ["127.0.0.1", "10.0.0.0/8", "'*'", "10.1.0.0/16"],
    "scope": ["loopback", "private"],
    "program": ["a", "[a, b]", "busybox", "'[bc]'", "'*'"],
    "forbid": ["true"],
}
RULES = st.dictionaries(st.sampled_from(sorted(FIELDS)), st.integers(0, 9), min_size=1, max_size=4).filter(
    lambda chosen: set(chosen) != {"forbid"}
)


@st.composite
def sockets(draw: st.DrawFn) -> Socket:
    address = draw(st.sampled_from(["0.0.0.0", "127.0.0.1", "10.0.0.1", "10.1.0.1", "8.8.8.8", "::"]))
    port = draw(st.sampled_from([21, 22, 25, 26, 30, 31, 80, 81, 32768, 60999, 61000]))
    changes: dict[str, Any] = {"v6only": draw(st.none() | st.booleans())}
    if draw(st.integers(0, 4)) == 0:
        changes |= {"owners": (), "owner_status": OwnerStatus.HIDDEN}
    make: Any = draw(st.sampled_from([tcp, udp]))
    found: Socket = make(
        f"[{address}]:{port}", *draw(st.lists(st.sampled_from(PROGRAMS), min_size=1, max_size=2, unique=True)), **changes
    )
    return found


def text_of(rules: list[dict[str, int]]) -> str:
    unique = {
        ", ".join(f"{key}: {FIELDS[key][number % len(FIELDS[key])]}" for key, number in sorted(each.items())) for each in rules
    }
    by_selectors = {text.replace("forbid: true", "").replace(", ,", ",").strip(", "): text for text in sorted(unique)}
    return "\n".join(f"  - {{{text}}}" for text in by_selectors.values())


def one_after_another(rules: tuple[Rule, ...], port: int, subject: Any, around: Any) -> Status:
    """Return the verdict of all rules in their order: with each doubt taken either way."""
    possible: set[Status] = set()
    for rule in rules:
        ranges = [around.ephemeral if each == (-1, -1) else each for each in rule.selectors.get("port", ((0, 65535),))]
        found = match(rule, subject, around) if any(first <= port <= last for first, last in ranges) else Match.NO
        if found is not Match.NO:
            possible.add(Status.FAIL if rule.forbid else Status.PASS)
        if found is Match.YES:
            break
    else:
        possible.add(Status.FAIL)
    return possible.pop() if len(possible) == 1 else Status.UNKNOWN


@settings(max_examples=80)
@given(st.lists(RULES, min_size=1, max_size=8), st.lists(sockets(), min_size=1, max_size=5))
def test_every_socket_is_judged_as_by_all_rules_in_their_order(rules: list[dict[str, int]], found: list[Socket]) -> None:
    from portsock.normalize.offers import offers
    from portsock.normalize.ports import group_ports
    from portsock.port_numbers import EMPTY

    text = text_of(rules)
    seen = taken(found, PROGRAMS)
    around = surroundings(seen, None, ())
    listeners = rules_of(policy(text), "web-1", {}).listeners
    expected: dict[Any, set[Status]] = {}
    for offer in offers(group_ports(found, EMPTY, False), seen.processes):
        for subject in subjects_of(offer):
            status = one_after_another(listeners, offer.port, subject, around)
            expected.setdefault((offer.protocol, offer.port, offer.programs, offer.owner_status), set()).add(status)
    got: dict[Any, set[Status]] = {}
    for result in judged(text, *found, processes=PROGRAMS):
        assert result.listener is not None
        listener = result.listener
        got.setdefault((listener.protocol, listener.port, listener.programs, listener.owner_status), set()).add(result.status)
    assert got == expected
