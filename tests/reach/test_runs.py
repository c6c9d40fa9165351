"""Long chains: runs of rules by source, lists that are cut, and what is asked once for several addresses."""

from hypothesis import given
from hypothesis import strategies as st

from portsock.reach.incoming import incoming
from portsock.reach.ports import MOST_NETWORKS, Judge
from portsock.reach.rules.runs import flat
from portsock.reach.sources import add, intersect, subtract, take
from portsock.reach.summary import summarize
from portsock.reach.types import Outcome, Probe
from portsock.reachability import Reachable
from portsock.rulesets import Chain, Hook, Match, PacketFilter, Range, Rule, Ruleset, Table
from tests.reach.build import ACCEPT, DADDR, DPORT, DROP, HOST, NETWORK, SADDR, SSH, rule, source

MEMBERS = st.sets(st.integers(0, 90), max_size=90)
RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=30)


def bounds(members: set[int]) -> list[int]:
    return [point for point in range(93) if (point in members) is not (point - 1 in members)]


def filtered(*rules: Rule) -> Ruleset:
    chain = Chain("input", rules, Hook("input", "filter", 0, "accept"))
    return Ruleset((Table("inet", "filter", {"input": chain}, {}),))


@given(MEMBERS, MEMBERS)
def test_sets_of_addresses_are_joined_as_sets(first: set[int], second: set[int]) -> None:
    a, b = bounds(first), bounds(second)
    assert intersect(a, b) == bounds(first & second)
    assert subtract(a, b) == bounds(first - second)
    taken, added = a.copy(), a.copy()
    take(taken, b)
    add(added, b)
    assert (taken, added) == (bounds(first - second), bounds(first | second))
    assert (a, b) == (bounds(first), bounds(second))


@given(RANGES)
def test_each_address_of_a_run_is_its_first_rules(drawn: list[tuple[int, int]]) -> None:
    ranges = [(low, low + more, place) for place, (low, more) in enumerate(drawn)]
    found = {number: place for low, high, place in flat(sorted(ranges)) for number in range(low, high + 1)}
    expected: dict[int, int] = {}
    for low, high, place in ranges:
        for number in range(low, high + 1):
            expected.setdefault(number, place)
    assert found == expected


def test_a_run_names_the_rule_of_each_source_and_keeps_the_order() -> None:
    rules = (
        rule(source("10.0.0.1"), ACCEPT, handle=1),
        rule(source("10.0.0.0/30"), DROP, handle=2),
        rule(Match(DPORT, ((Range(22, 22),),)), source("10.0.0.4"), DROP, handle=3),
        rule(Match(DPORT, ((Range(23, 23),),)), source("10.0.0.5"), DROP, handle=4),
        rule(source("10.0.0.0/29"), ACCEPT, handle=5),
        rule(source("10.0.0.8"), DROP, handle=6),
    )
    found = {
        text: (one.verdict, one.rule.handle)
        for one in incoming(filtered(*rules), NETWORK, SSH)
        for text in one.sources
        if one.rule and one.rule.handle
    }
    assert found == {
        "10.0.0.0/32": ("drop", 2),
        "10.0.0.1/32": ("accept", 1),
        "10.0.0.2/31": ("drop", 2),
        "10.0.0.4/32": ("drop", 3),
        "10.0.0.5/32": ("accept", 5),
        "10.0.0.6/31": ("accept", 5),
        "10.0.0.8/32": ("drop", 6),
    }


def test_what_is_listed_of_very_many_networks_is_cut_with_a_mention() -> None:
    drops = [rule(Match(SADDR, ((Range(place * 4, place * 4),),)), DROP) for place in range(1 << 28, (1 << 28) + 1500)]
    allowed = rule(source("203.0.113.7"), Match(DPORT, ((Range(22, 22),),)), ACCEPT)
    rules = filtered(allowed, *drops, rule(source("192.0.0.0/2"), DROP))
    outcomes = Judge(PacketFilter(rules, NETWORK)).outcomes(SSH)
    reach = summarize([(SSH, outcomes)], NETWORK, ())
    assert MOST_NETWORKS // 3 <= len(reach.sources) <= MOST_NETWORKS + 3
    assert reach.not_read[-1].endswith("which are not listed")
    assert reach.sources[-1].source == "0.0.0.0/0"
    assert reach.sources[-1].verdict is Reachable.ACCEPT
    assert any(each.source == "203.0.113.7/32" for each in reach.sources)
    exact = incoming(rules, NETWORK, SSH)
    assert sum(one.verdict == "drop" for one in exact) == 1501, "one for each rule"


def asked(rules: Ruleset) -> list[tuple[Outcome, ...]]:
    judge = Judge(PacketFilter(rules, NETWORK))
    return [judge.outcomes(Probe("tcp", address, 22)) for address in (HOST, "198.51.100.1", "203.0.113.9", "127.0.0.1")]


def test_own_addresses_share_an_answer_where_no_rule_compares_the_destination() -> None:
    first, second, other, loopback = asked(filtered(rule(source("10.0.0.0/8"), DROP)))
    assert first is second
    assert other is not first
    assert loopback is not first
    only = Match(DADDR, ((Range(0xC0000201, 0xC0000201),),))
    first, second, *_ = asked(filtered(rule(only, DROP)))
    assert {one.verdict for one in first if "eth0" in one.devices or not one.devices} == {"drop"}
    assert "accept" in {one.verdict for one in second}
