"""The way through the hooks: order, NAT, routes, devices."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portsock.network import Network
from portsock.reach.incoming import incoming
from portsock.reach.outgoing import outgoing
from portsock.reach.sources import network as span
from portsock.reach.types import Outcome, Probe
from portsock.rulesets import (
    Assign,
    Chain,
    Constant,
    Ct,
    Element,
    Fib,
    Looked,
    Masked,
    Match,
    Meta,
    Nat,
    Other,
    Range,
    Reject,
    Rule,
    Ruleset,
    Set,
    Verdict,
    VerdictMap,
)
from tests.reach.build import (
    ACCEPT,
    DADDR,
    DPORT,
    DROP,
    ETH0,
    ETH1,
    HOST,
    LIMIT,
    LO,
    MAYBE,
    NETWORK,
    RETURN,
    SADDR,
    SSH,
    ask,
    base,
    dnat,
    is_,
    on,
    only,
    rule,
    source,
    table,
)

ANY = SSH._replace(device=None)


def nat(*rules: Rule, hook: str = "prerouting", priority: int = -100, name: str = "") -> Chain:
    return base(*rules, hook=hook, priority=priority, type="nat", name=name)


def test_accept_ends_one_base_chain_and_drop_ends_all() -> None:
    first = base(rule(ACCEPT), priority=-10)
    assert only(table(first, base(rule(DROP)))).verdict == "drop"
    assert only(table(first, base(), name="a"), table(base(policy="drop"), name="b", family="inet")).verdict == "drop"


def test_a_mark_of_an_earlier_priority_is_seen_later() -> None:
    late, early = (
        base(rule(is_(Meta("mark"), 7), DROP), priority=5),
        base(rule(Assign(Meta("mark"), Constant(7))), priority=-5),
    )
    assert only(table(late, early)).verdict == "drop"


def test_the_order_of_chains_of_one_priority_is_unknown_only_where_it_matters() -> None:
    one, two = table(base(rule(Reject("icmp", 3))), name="a"), table(base(rule(DROP)), name="b")
    found = only(one, two)
    assert (found.verdict, found.reasons) == ("unknown", ("order of ip a input0 and ip b input0 (input)",))
    assert only(one, two._replace(chains={"c": base(name="c")})).verdict == "reject"


def test_dnat_to_a_container_goes_through_forward_and_not_through_input() -> None:
    chains = (
        nat(rule(is_(DPORT, 22), dnat("172.17.0.2", 80), handle=4), name="DOCKER"),
        base(policy="drop"),
        base(rule(on("docker0"), DROP), hook="forward", name="FORWARD"),
    )
    found = only(table(*chains))
    assert (found.verdict, found.to, found.forwarded) == ("accept", ("172.17.0.2", 80), True)
    assert found.to_rule is not None
    assert (found.to_rule.chain, found.to_rule.handle) == ("DOCKER", 4)
    dropped = base(rule(Match(Meta("oifname"), on("docker0").keys), is_(DPORT, 80), DROP), hook="forward", name="FORWARD")
    assert only(table(chains[0], dropped)).verdict == "drop"
    assert only(table(*chains), known=NETWORK._replace(forwarding4=False)).how == "no forwarding"


def test_after_dnat_connection_tracking_knows_both() -> None:
    sent = nat(rule(dnat("198.51.100.1", 80)))
    dnatted, before = is_(Masked(Ct("status"), 32), 32), is_(Ct("proto-dst", "original"), 22)
    assert only(table(sent, base(rule(dnatted, before, is_(DPORT, 80), ACCEPT), policy="drop"))).to == ("198.51.100.1", 80)


def test_the_first_nat_counts() -> None:
    chains = nat(rule(is_(DPORT, 80), dnat("198.51.100.1", 1)), rule(dnat("198.51.100.1", 2)), rule(dnat("198.51.100.1", 3)))
    assert only(table(chains, nat(rule(dnat("198.51.100.1", 4)), priority=-50))).to == ("198.51.100.1", 2)
    # A nat chain that accepts without NAT does not keep the next one from it.
    assert only(table(nat(rule(ACCEPT)), nat(rule(dnat("198.51.100.1", 4)), priority=-50))).to == ("198.51.100.1", 4)


def test_nat_chains_run_at_the_priority_of_nat() -> None:
    late = nat(rule(dnat("198.51.100.1", 80)), priority=300)
    assert only(table(late, base(rule(is_(DPORT, 80), DROP), hook="prerouting", priority=0))).verdict == "drop"


def test_redirect_leads_to_the_first_address_of_the_device() -> None:
    redirect = nat(rule(Nat("redirect", port=Constant(8080))))
    assert only(table(redirect)).to == (HOST, 8080)
    assert only(table(redirect), known=Network(known=False)).to == (HOST, 8080)
    assert only(table(redirect), known=NETWORK._replace(devices=(LO, ETH0._replace(addresses=())))).verdict == "drop"


def test_one_of_several_destinations() -> None:
    ways = Set("m", tuple(Element((Range(i, i),), (Range(*span(f"172.17.0.{i + 2}")),)) for i in range(2)))
    sent = nat(rule(Nat("dnat", "ip", Looked(Other("numgen inc mod 2"), "m"))))
    found = only(table(sent, sets=[ways]))
    assert (found.verdict, found.to, found.forwarded) == ("accept", None, True)
    dropped = base(rule(is_(DADDR, span("172.17.0.3")[0]), DROP), hook="forward")
    assert only(table(sent, dropped, sets=[ways])).reasons == ("numgen inc mod 2",)


@pytest.mark.parametrize(
    ("address", "verdict", "how"),
    [("203.0.113.9", "drop", "blackhole"), ("127.0.0.1", "drop", "martian destination"), ("198.51.100.9", "accept", None)],
)
def test_where_dnat_leads_to(address: str, verdict: str, how: str | None) -> None:
    found = only(table(nat(rule(dnat(address)))))
    assert (found.verdict, found.how) == (verdict, how)


def test_without_routes_only_a_changed_destination_is_unclear() -> None:
    unknown = Network(known=False)
    assert only(table(base(rule(is_(Fib(frozenset({"daddr"}), "type"), 2), DROP))), known=unknown).verdict == "drop"
    sent = nat(rule(dnat("172.17.0.2")))
    forward = base(rule(Match(Meta("oifname"), on("docker0").keys), DROP), hook="forward")
    assert only(table(sent, forward), known=unknown).reasons == ("device of the route",)


def test_rp_filter_drops_sources_that_do_not_route_back() -> None:
    strict = NETWORK._replace(devices=(LO, ETH1._replace(rp_filter=1)))
    found = ask(probe=SSH._replace(device="eth1"), known=strict)
    assert found["198.51.100.0/24",].verdict == "accept"
    assert {one.how for one in found.values()} == {None, "rp_filter"}
    assert len(ask(probe=SSH._replace(device="eth1"), known=strict._replace(ruled=True))) == 1


def test_fib_finds_sources_that_do_not_route_back() -> None:
    spoofed = Fib(frozenset({"saddr", "iif"}), "oif")
    raw = base(rule(is_(spoofed, 0), DROP, handle=9), hook="prerouting", priority=-300)
    found = ask(table(raw), probe=SSH._replace(device="eth1"))
    assert found["198.51.100.0/24",].verdict == "accept"
    assert {one.verdict for one in found.values()} == {"accept", "drop"}


def test_own_addresses_and_loopback_as_sources_make_no_difference() -> None:
    lo = rule(source("127.0.0.0/8", HOST, "198.51.100.1"), DROP)
    assert only(table(base(lo))).sources == ("0.0.0.0/0",)
    assert only(probe=SSH._replace(sources=("127.0.0.1",))) == Outcome("drop", ("127.0.0.1",), how="martian source")


def test_devices_are_told_apart_where_rules_do() -> None:
    found = incoming(Ruleset((table(base(rule(on("eth1"), ACCEPT), policy="drop")),)), NETWORK, ANY)
    assert {(one.verdict, one.devices) for one in found} == {("drop", ("lo", "eth0", "docker0")), ("accept", ("eth1",))}
    assert [one.devices for one in incoming(Ruleset(), NETWORK, ANY)] == [()]
    unknown = incoming(Ruleset((table(base(rule(on("wg*"), ACCEPT), policy="drop")),)), Network(known=False), ANY)
    assert {(one.verdict, one.devices) for one in unknown} == {("drop", ("lo", "*")), ("accept", ("wg*",))}


def test_loopback_packets_pass_the_output_hooks_and_keep_their_marks() -> None:
    marked = base(rule(Assign(Meta("mark"), Constant(3))), hook="output")
    dropped = base(rule(on("lo"), is_(Meta("mark"), 3), DROP))
    found = incoming(Ruleset((table(marked, dropped),)), NETWORK, ANY._replace(destination="127.0.0.1"))
    assert [(one.verdict, one.devices) for one in found] == [("drop", ())]
    # NAT of loopback is decided on the way out: prerouting is not asked again.
    sent = nat(rule(dnat(HOST, 80)))
    assert only(table(sent), probe=SSH._replace(device="lo")).to is None
    assert only(
        table(sent._replace(name="o", hook=sent.hook and sent.hook._replace(name="output"))), probe=SSH._replace(device="lo")
    ).to == (HOST, 80)


def test_ingress_comes_first_and_only_on_its_devices() -> None:
    hook = base(rule(DROP), hook="ingress")
    on_eth0 = table(hook._replace(hook=hook.hook and hook.hook._replace(devices=("eth0",))), family="netdev")
    assert only(on_eth0).verdict == "drop"
    assert only(on_eth0, probe=SSH._replace(device="eth1")).verdict == "accept"
    assert only(table(hook, family="netdev")).reasons == ("device of chain ingress0",)


def test_rules_of_bridges_are_named() -> None:
    bridged = table(base(rule(DROP)), family="bridge")
    assert only(bridged).verdict == "accept"
    assert only(bridged, probe=SSH._replace(device="docker0")).reasons == ("table bridge t",)


def test_what_could_not_be_read_is_the_reason() -> None:
    (found,) = incoming(Ruleset(refused="Operation not permitted"), NETWORK, SSH)
    assert (found.verdict, found.reasons) == ("unknown", ("Operation not permitted",))
    (found,) = incoming(Ruleset((), ("legacy iptables (filter)",)), NETWORK, SSH)
    assert found.reasons == ("legacy iptables (filter)",)


def test_outgoing() -> None:
    away = Probe("tcp", "198.51.100.9", 443)

    def out(*chains: Chain, probe: Probe = away, uid: int | None = None) -> Outcome:
        return outgoing(Ruleset((table(*chains),)), NETWORK, probe, "198.51.100.1", "eth1", uid)

    mine = base(rule(is_(Meta("skuid"), 7), Reject("icmp", 13)), hook="output")
    assert (out(mine, uid=7).how, out(mine, uid=8).verdict, out(mine).reasons) == (
        "icmp admin-prohibited",
        "accept",
        ("meta skuid",),
    )
    assert out(base(policy="drop")).forwarded
    assert out(base(rule(Match(Meta("oifname"), on("eth1").keys), DROP), hook="postrouting", priority=5)).verdict == "drop"
    # A redirect stays here, and input decides.
    here = nat(rule(Nat("redirect", port=Constant(80))), hook="output")
    assert out(here).to == ("127.0.0.1", 80)
    assert out(here, base(rule(on("lo"), is_(DPORT, 80), DROP))).verdict == "drop"
    assert out(nat(rule(dnat("203.0.113.1")), hook="output")).how == "blackhole"


NETWORKS = st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "192.0.2.0/25", "0.0.0.0/1", "198.51.100.7"])
MATCHES = st.one_of(
    st.lists(NETWORKS, min_size=1, max_size=3).map(lambda texts: source(*texts)),
    NETWORKS.map(lambda text: source(text)._replace(negated=True)),
    st.sampled_from(
        [MAYBE, LIMIT, is_(DPORT, 22), is_(DPORT, 23), is_(Meta("mark"), 1), is_(Meta("cpu"), 0), is_(Ct("mark"), 2)]
    ),
)
ACTIONS = st.sampled_from(
    [
        ACCEPT,
        DROP,
        RETURN,
        Reject("icmp", 3),
        Assign(Meta("mark"), Constant(1)),
        Assign(Ct("mark"), Looked(SADDR, "m")),
        Verdict("jump", "c"),
        Verdict("goto", "c"),
        VerdictMap(SADDR, "v"),
        VerdictMap(Other("numgen inc mod 2"), "v"),
    ]
)
RULES = st.lists(st.tuples(st.lists(MATCHES, max_size=2), ACTIONS), max_size=6).map(
    lambda rules: tuple(rule(*matches, action) for matches, action in rules)
)


@settings(max_examples=60, deadline=None)
@given(RULES, RULES, RULES, st.lists(st.integers(1 << 24, 120 << 24), max_size=3))
def test_every_source_by_itself_gets_the_verdict_that_all_got_together(
    first: tuple[Rule, ...], second: tuple[Rule, ...], inner: tuple[Rule, ...], drawn: list[int]
) -> None:
    keep = tuple(one for one in inner if not isinstance(one.statements[-1], Verdict) or one.statements[-1].chain is None)
    ways = [Element((Range(*span("10.1.0.0/16")),), None, DROP), Element((Range(0, 0),), None, ACCEPT)]
    numbers = [Element((Range(*span("10.0.0.0/8")),), (Range(2, 2),)), Element(None, (Range(3, 3),))]
    sets = (Set("v", tuple(ways)), Set("m", tuple(numbers)))
    chains = (base(*first, hook="prerouting", priority=-150), base(*second), Chain("c", keep))
    rules = Ruleset((table(*chains, sets=sets),))
    together = incoming(rules, NETWORK, SSH)
    spans = [(*span(text), one) for one in together for text in one.sources]
    assert sum(high - low + 1 for low, high, _ in spans) == 1 << 32
    for address in [low for low, _, _ in spans[:6]] + drawn:
        text = ".".join(str(byte) for byte in address.to_bytes(4))
        if address >> 24 in (0, 127) or address >> 28 >= 14:
            continue
        (expected,) = (one for low, high, one in spans if low <= address <= high)
        alone = incoming(rules, NETWORK, SSH._replace(sources=(text,)))
        if [one.how for one in alone] != ["martian source"]:
            # Of reasons all sources together may have more or fewer: causes are joined where ways meet.
            assert all(bool(one.reasons) == (one.verdict == "unknown") for one in (*alone, expected))
            assert [one._replace(sources=(), reasons=()) for one in alone] == [expected._replace(sources=(), reasons=())]
