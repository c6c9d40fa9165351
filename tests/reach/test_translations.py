"""What connection tracking knows of a packet whose addresses NAT has changed, or has left as they were."""

import pytest

from portsock.network import Network
from portsock.reach.sources import number
from portsock.rulesets import Chain, Constant, Ct, Joined, Masked, Match, Nat, Range, Rule, Unknown
from tests.reach.build import ACCEPT, DPORT, DROP, HOST, MAYBE, NETWORK, SPORT, SSH, base, dnat, is_, only, rule, table

SNATTED, DNATTED = (is_(Masked(Ct("status"), bit), bit) for bit in (16, 32))
UNKNOWN = Network(known=False)


def nat(*rules: Rule, hook: str) -> Chain:
    return base(*rules, hook=hook, type="nat", priority=100)


def snat(address: str) -> Nat:
    return Nat("snat", "ip", Constant(number(address)))


@pytest.mark.parametrize(
    ("translation", "verdict"),
    [
        (snat("192.0.2.9"), "drop"),
        # The source is the same one as before: seen on the loopback device, where masquerade picks the address that it has.
        (snat(HOST), "unknown"),
        (Nat("masquerade"), "unknown"),
    ],
)
def test_the_status_snat_is_known_where_the_source_changes(translation: Nat, verdict: str) -> None:
    chains = nat(rule(translation), hook="postrouting"), base(rule(SNATTED, DROP), hook="prerouting", priority=-300)
    assert only(table(*chains), probe=SSH._replace(device="lo", sources=(HOST,))).verdict == verdict


def test_what_is_masqueraded_on_its_way_through_has_another_source() -> None:
    chains = nat(rule(Nat("masquerade")), hook="postrouting"), base(rule(SNATTED, DROP), hook="postrouting", priority=200)
    assert only(table(*chains), probe=SSH._replace(destination="198.51.100.7")).verdict == "drop"


@pytest.mark.parametrize(
    ("translation", "known", "verdict"),
    [
        (Nat("redirect"), NETWORK, "accept"),
        (Nat("redirect"), UNKNOWN, "unknown"),
        (Nat("redirect", port=Constant(22)), UNKNOWN, "unknown"),
        (Nat("redirect", port=Constant(80)), UNKNOWN, "drop"),
        (dnat("198.51.100.1"), NETWORK, "drop"),
    ],
)
def test_the_status_dnat_is_known_where_the_destination_changes(translation: Nat, known: Network, verdict: str) -> None:
    chains = nat(rule(translation), hook="prerouting"), base(rule(DNATTED, DROP))
    assert only(table(*chains), probe=SSH, known=known).verdict == verdict


@pytest.mark.parametrize(
    ("priority", "hook", "condition", "verdict"),
    [
        (-201, "prerouting", is_(Ct("state"), 1), "drop"),
        (-200, "prerouting", is_(Ct("state"), 1), "unknown"),
        (-199, "prerouting", is_(Ct("state"), 1), "accept"),
        (-200, "input", is_(Ct("state"), 1), "accept"),
        (-101, "prerouting", is_(DPORT, 80), "accept"),
        (-100, "prerouting", is_(DPORT, 80), "unknown"),
        (-99, "prerouting", is_(DPORT, 80), "drop"),
    ],
)
def test_what_has_the_priority_of_tracking_or_nat_may_run_before_or_after_it(
    priority: int, hook: str, condition: Match, verdict: str
) -> None:
    chain = base(rule(condition, DROP), hook=hook, priority=priority)
    sent = base(rule(is_(DPORT, 22), Nat("redirect", port=Constant(80))), hook="prerouting", type="nat", priority=-300)
    found = only(table(sent, chain))
    assert found.verdict == verdict
    if verdict == "unknown":
        assert found.reasons[0].startswith(f"order of ip t prerouting{priority} and ")


def test_a_condition_on_either_port_is_known_where_one_of_them_decides() -> None:
    def either(low: int, high: int, negated: bool = False) -> Match:
        every, some = Range(0, 65535), Range(low, high)
        return Match(Joined((SPORT, DPORT)), ((every, some), (some, every)), negated)

    assert only(table(base(rule(either(22, 22), DROP)))).verdict == "drop"
    assert only(table(base(rule(either(22, 30000, negated=True), DROP)))).verdict == "accept"
    assert only(table(base(rule(either(80, 90), DROP)))).verdict == "accept"
    assert only(table(base(rule(either(30000, 30009), DROP)))).reasons == ("tcp sport",)
    met = rule(either(8080, 8080), MAYBE, DROP)
    assert only(table(base(met)), probe=SSH._replace(port=8080)).reasons == ("xt string",)


def test_a_way_that_is_there_anyhow_needs_no_reason() -> None:
    maybe, other = rule(MAYBE, is_(DPORT, 22), DROP), rule(Unknown("-m other"), ACCEPT)
    assert only(table(base(maybe, other, rule(ACCEPT)))).reasons == ("xt string",)
