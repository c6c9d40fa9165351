"""What single rules do to the first packet of a connection."""

import pytest

from portsock.reach.incoming import TOO_LONG
from portsock.reach.types import Probe
from portsock.rulesets import (
    Assign,
    Chain,
    Constant,
    Ct,
    Element,
    Expression,
    Fib,
    Joined,
    Looked,
    Masked,
    Match,
    Meta,
    Name,
    Other,
    Payload,
    Range,
    Reject,
    Set,
    Statement,
    Untracked,
    Verdict,
    VerdictMap,
)
from tests.reach.build import (
    ACCEPT,
    DADDR,
    DPORT,
    DROP,
    ETH0,
    HOST,
    LIMIT,
    LO,
    MAYBE,
    NETWORK,
    NEW,
    OVER,
    RETURN,
    SADDR,
    SPORT,
    SSH,
    ask,
    base,
    is_,
    on,
    only,
    rule,
    source,
    table,
    verdict,
)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (is_(DPORT, 22), "drop"),
        (is_(DPORT, 23), "accept"),
        (Match(DPORT, ((Range(1, 21),), (Range(23, 99),)), True), "drop"),
        (is_(DADDR, 0xC0000201), "drop"),
        (is_(Payload("network", 128, 24), 0xC00002), "drop"),
        (is_(Payload("network", 72, 8), 6), "drop"),
        (is_(Payload("transport", 104, 8), 2), "drop"),
        (is_(Masked(Payload("transport", 104, 8), 0x12), 2), "drop"),
        (is_(Masked(Payload("network", 48, 16), 0x1FFF), 0), "drop"),
        (is_(Payload("network", 64, 8), 64), "unknown"),
        (Match(Payload("network", 64, 8), ((Range(1, 255),),)), "drop"),
        (is_(Payload("link", 48, 48), 1), "unknown"),
        (Match(SPORT, ((Range(1024, 65535),),)), "drop"),
        (Match(SPORT, ((Range(0, 1023),),)), "accept"),
        (Match(SPORT, ((Range(0, 1023),),), True), "drop"),
        (Match(SPORT, ((Range(2000, 3000),),)), "unknown"),
        (on("eth0"), "drop"),
        (on("eth*"), "drop"),
        (on("lo"), "accept"),
        (is_(Meta("iif"), 2), "drop"),
        (is_(Meta("iiftype"), 1), "drop"),
        (Match(Meta("oifname"), ((Name(""),),)), "drop"),
        (is_(Meta("oiftype"), 0), "accept"),
        (is_(Meta("pkttype"), 0), "drop"),
        (is_(Meta("mark"), 0), "drop"),
        (is_(Meta("skuid"), 0), "accept"),
        (Match(Meta("length"), ((Range(0, 39),),)), "accept"),
        (is_(Meta("cpu"), 0), "unknown"),
        (NEW, "drop"),
        (is_(Masked(Ct("state"), 6), 0), "drop"),
        (is_(Ct("state"), 1), "accept"),
        (is_(Masked(Ct("status"), 32), 0), "drop"),
        (is_(Ct("status"), 0), "unknown"),
        (is_(Ct("mark"), 0), "drop"),
        (is_(Ct("proto-dst", "original"), 22), "drop"),
        (is_(Ct("helper"), 0), "accept"),
        (is_(Fib(frozenset({"daddr"}), "type"), 2), "drop"),
        (is_(Fib(frozenset({"daddr"}), "type"), 3), "accept"),
        (is_(Other("osf name"), 1), "unknown"),
        (MAYBE, "unknown"),
    ],
)
def test_matches(match: Statement, expected: str) -> None:
    assert verdict(rule(match, DROP)) == expected


def test_a_match_that_cannot_be_known_is_named_and_only_where_it_matters() -> None:
    found = only(table(base(rule(MAYBE, DROP))))
    assert (found.verdict, found.reasons, found.rule) == ("unknown", ("xt string",), None)
    assert verdict(rule(MAYBE, DROP), policy="drop") == "drop"
    split = ask(table(base(rule(MAYBE, source("10.0.0.0/8"), ACCEPT), rule(DROP, handle=7))))
    assert split["10.0.0.0/8",].verdict == "unknown"
    assert [one.verdict for key, one in split.items() if key != ("10.0.0.0/8",)] == ["drop"]


def test_an_unknown_action_may_end_the_way() -> None:
    unknown = MAYBE._replace(kind="action", text="xt TEE")
    assert only(table(base(rule(unknown), rule(DROP)))).verdict == "unknown"
    assert only(table(base(rule(unknown)))).reasons == ("xt TEE",)


def test_sources_are_split_into_as_few_networks_as_say_it() -> None:
    found = ask(table(base(rule(source("10.0.0.0/8", "192.168.0.0/16"), ACCEPT, handle=12), policy="drop")))
    accepted = found["10.0.0.0/8", "192.168.0.0/16"]
    assert accepted.verdict == "accept"
    assert accepted.rule is not None
    assert (accepted.rule.handle, accepted.rule.chain) == (12, "input0")
    (dropped,) = (one for one in found.values() if one.verdict == "drop")
    assert dropped.rule is not None
    assert dropped.rule.text == "policy drop"
    assert "127.0.0.0/8" not in accepted.sources
    assert "64.0.0.0/2" in dropped.sources


@pytest.mark.parametrize(
    ("left", "keys"),
    [
        (Payload("network", 96, 8), ((Range(10, 10),),)),
        (Masked(SADDR, 0xFF000000), ((Range(10 << 24, 10 << 24),),)),
        (Joined((SADDR, DPORT)), ((Range(10 << 24, (11 << 24) - 1), Range(20, 30)), (Range(1 << 30, 1 << 31), Range(80, 80)))),
        (SADDR, "friends"),
        (Looked(SADDR, "numbers"), ((Range(5, 5),),)),
    ],
)
def test_ways_to_write_a_source(left: Expression, keys: str | tuple[tuple[Range, ...], ...]) -> None:
    span = (Range(10 << 24, (11 << 24) - 1),)
    sets = [Set("friends", (Element(span),)), Set("numbers", (Element(span, (Range(5, 5),)), Element(None, (Range(6, 6),))))]
    found = ask(table(base(rule(Match(left, keys), ACCEPT), policy="drop"), sets=sets))
    assert found["10.0.0.0/8",].verdict == "accept"
    assert len(found) == 2


def test_a_set_that_was_not_read_whole_may_have_more() -> None:
    friends = Set("friends", (Element((Range(10 << 24, (11 << 24) - 1),)),), whole=False)
    found = ask(table(base(rule(Match(SADDR, "friends"), ACCEPT), policy="drop"), sets=[friends]))
    assert found["10.0.0.0/8",].verdict == "accept"
    (other,) = (one for key, one in found.items() if key != ("10.0.0.0/8",))
    assert (other.verdict, other.reasons) == ("unknown", ("set friends, not read whole",))


def test_verdict_maps_send_each_source_its_way() -> None:
    ten, eleven = (Range(10 << 24, (11 << 24) - 1),), (Range(11 << 24, (12 << 24) - 1),)
    ways = Set(
        "ways",
        (Element(ten, None, Verdict("jump", "c")), Element(eleven, None, DROP), Element(None, None, Verdict("goto", "d"))),
    )
    chains = (
        base(rule(VerdictMap(SADDR, "ways")), rule(Reject("icmpx", 1)), policy="accept"),
        Chain("c", (rule(RETURN), rule(DROP))),
        Chain("d", ()),
    )
    found = ask(table(*chains, sets=[ways]))
    assert found["10.0.0.0/8",].how == "icmp port-unreachable"
    assert found["11.0.0.0/8",].verdict == "drop"
    # goto does not come back to the rule after it, so that the policy decides.
    assert {one.verdict for key, one in found.items() if len(key) > 2} == {"accept"}


def test_one_of_several_verdicts_is_known_where_all_are_the_same() -> None:
    ends = [Chain("a", (rule(DROP),)), Chain("b", (rule(DROP),))]
    ways = Set("ways", tuple(Element((Range(i, i),), None, Verdict("jump", name)) for i, name in enumerate("ab")))
    turn = Other("numgen random mod 2")
    assert only(table(base(rule(VerdictMap(turn, "ways"))), *ends, sets=[ways])).verdict == "drop"
    ends[1] = Chain("b", (rule(ACCEPT),))
    found = only(table(base(rule(VerdictMap(turn, "ways"))), *ends, sets=[ways]))
    assert (found.verdict, found.reasons) == ("unknown", ("numgen random mod 2",))
    # A third way is not in the map: then the packet goes on.
    three = Other("numgen random mod 3")
    assert (
        only(
            table(base(rule(VerdictMap(three, "ways"))), Chain("a", (rule(DROP),)), ends[0]._replace(name="b"), sets=[ways])
        ).verdict
        == "unknown"
    )


@pytest.mark.parametrize(
    ("reject", "protocol", "how"),
    [
        (Reject("tcp reset"), "tcp", "tcp reset"),
        (Reject("tcp reset"), "udp", None),
        (Reject("icmp", 3), "udp", "icmp port-unreachable"),
        (Reject("icmp", 13), "tcp", "icmp admin-prohibited"),
        (Reject("icmpx", 2), "tcp", "icmp host-unreachable"),
    ],
)
def test_refusals(reject: Reject, protocol: str, how: str | None) -> None:
    found = only(table(base(rule(reject))), probe=SSH._replace(protocol=protocol))
    assert (found.verdict, found.how) == ("reject" if how else "drop", how)


def test_marks_are_followed() -> None:
    marked = rule(source("10.0.0.0/8"), Assign(Meta("mark"), Constant(1)))
    found = ask(table(base(marked, rule(is_(Meta("mark"), 1), DROP))))
    assert found["10.0.0.0/8",].verdict == "drop"
    unknown = rule(Assign(Meta("mark"), Other("numgen inc mod 0")))
    assert verdict(unknown, rule(is_(Meta("mark"), 1), DROP)) == "unknown"
    numbers = Set("m", (Element((Range(0, 0),), (Range(1, 1),)),))
    # The map may have no value, and then the rule goes no further.
    assert verdict(rule(Assign(Meta("mark"), Looked(Other("numgen inc mod 2"), "m")), DROP), sets=[numbers]) == "unknown"
    assert verdict(rule(Assign(Ct("mark"), Constant(3))), rule(is_(Ct("mark"), 3), DROP)) == "drop"


def test_untracked_packets_have_that_state() -> None:
    raw = base(rule(Untracked()), hook="prerouting", priority=-300)
    assert only(table(raw, base(rule(NEW, DROP)))).verdict == "accept"
    assert only(table(raw, base(rule(is_(Ct("state"), 64), DROP)))).verdict == "drop"


def test_before_connection_tracking_the_state_is_invalid() -> None:
    early = base(rule(is_(Ct("state"), 1), DROP), hook="prerouting", priority=-300)
    assert only(table(early)).verdict == "drop"
    assert only(table(early._replace(name="b", hook=early.hook and early.hook._replace(priority=-150)))).verdict == "accept"


def test_limits_that_matter_are_named() -> None:
    found = only(table(base(rule(LIMIT, ACCEPT), policy="drop")))
    assert (found.verdict, found.limits) == ("accept", (LIMIT.text,))
    found = only(table(base(rule(OVER, DROP))))
    assert (found.verdict, found.limits) == ("accept", (OVER.text,))
    assert only(table(base(rule(LIMIT, ACCEPT), policy="accept"))).limits == ()
    # A limit of a log changes nothing.
    log = Chain("log", (rule(RETURN),))
    found = only(table(base(rule(LIMIT, Verdict("jump", "log")), rule(DROP)), log))
    assert (found.verdict, found.limits) == ("drop", ())


def test_jumps_that_lead_nowhere_or_in_circles_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(table(base(rule(Verdict("jump", "gone"))))).reasons == ("jump gone",)
    assert only(table(base(rule(Verdict("jump", "c"))), Chain("c", (rule(Verdict("jump", "c")),)))).reasons == ("jump c",)
    monkeypatch.setattr("portsock.reach.rules.machine.MOST_STEPS", 1000)
    chains = [Chain(f"c{level}", (rule(Verdict("jump", f"c{level + 1}")),) * 4) for level in range(15)]
    assert only(table(base(rule(Verdict("jump", "c0"))), *chains, Chain("c15", ()))).reasons == (TOO_LONG,)


def test_ipv6_sources() -> None:
    probe = Probe("tcp", "2001:db8::1", 22, "eth0")
    known = NETWORK._replace(devices=(LO, ETH0._replace(addresses=("2001:db8::1/64",))))
    found = ask(
        table(base(rule(is_(Payload("network", 64, 32), 0x20010DB8), ACCEPT), policy="drop"), family="ip6"),
        probe=probe,
        known=known,
    )
    assert found["2001:db8::/32",].verdict == "accept"
    (other,) = (one for one in found.values() if one.verdict == "drop")
    assert "8000::/1" in other.sources
    refused = only(table(base(rule(Reject("icmpx", 1))), family="inet"), probe=probe, known=known)
    assert refused.how == "icmpv6 port-unreachable"


def test_a_rule_of_the_other_family_is_not_run() -> None:
    assert only(table(base(rule(DROP)), family="ip6")).verdict == "accept"
    assert only(table(base(rule(DROP)), family="inet")._replace(dormant=True)).verdict == "accept"
    assert SSH.destination == HOST
