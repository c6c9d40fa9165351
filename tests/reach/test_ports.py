"""The reach of a port: what the filter says of all its addresses and devices, as few lines as say it."""

from collections.abc import Sequence

import pytest

from portsock.explain.reach import reach_sentence
from portsock.model import Socket, State
from portsock.network import Device, Network
from portsock.reach import ports
from portsock.reach.ports import Judge, reach_of, redirections
from portsock.reachability import Reach, Reachable, Verdict
from portsock.rulesets import Constant, Nat, PacketFilter, Reject, Rule, Ruleset, Table
from tests.reach.build import (
    ACCEPT,
    DADDR,
    DPORT,
    DROP,
    ETH0,
    LIMIT,
    LO,
    MAYBE,
    NETWORK,
    base,
    dnat,
    is_,
    on,
    rule,
    source,
    table,
)
from tests.support import factory

EVERYBODY = "0.0.0.0/0"


def socket(local: str = "0.0.0.0:8080") -> Socket:
    return factory.socket(local)


def judge(*rules: Rule, policy: str = "accept", more: Sequence[Table] = (), known: Network = NETWORK) -> Judge:
    return Judge(PacketFilter(Ruleset((table(base(*rules, policy=policy)), *more)), known))


def reach(*rules: Rule, local: str = "0.0.0.0:8080", policy: str = "accept", sources: tuple[str, ...] = ()) -> Reach:
    found = reach_of([socket(local)], judge(*rules, policy=policy), sources)
    assert found is not None
    return found


def fates(found: Reach) -> dict[str, str]:
    return {each.source: str(each.verdict) for each in found.sources}


def test_an_allowed_network_and_everybody_else() -> None:
    found = reach(rule(on("lo"), ACCEPT), rule(source("10.0.0.0/8"), is_(DPORT, 8080), ACCEPT, handle=3), policy="drop")
    assert fates(found) == {"10.0.0.0/8": "accept", "lo": "accept", EVERYBODY: "drop"}
    assert found.verdict is Reachable.MIXED
    assert found.rule is not None
    assert found.rule.text == "policy drop"
    assert reach_sentence(found) == "10.0.0.0/8 and this host; everybody else dropped by ip t input0: policy drop"


def test_a_device_stands_there_only_where_it_decides() -> None:
    found = reach(rule(on("eth1"), is_(DPORT, 8080), DROP, handle=5))
    assert fates(found) == {f"{EVERYBODY}%eth1": "drop", "lo": "accept", EVERYBODY: "accept"}
    assert fates(reach(rule(on("eth1"), is_(DPORT, 22), DROP))) == {"lo": "accept", EVERYBODY: "accept"}


def test_an_address_of_this_host_that_is_kept_out_makes_the_answer_mixed() -> None:
    found = reach(rule(is_(DADDR, 0xC0000201), DROP))  # 192.0.2.1
    assert fates(found)[EVERYBODY] == "mixed"


def test_the_loopback_device_is_this_host_alone() -> None:
    found = reach(rule(DROP), local="127.0.0.1:8080")
    assert fates(found) == {"lo": "drop"}
    assert fates(reach(local="127.0.0.1:8080")) == {"lo": "accept"}


def test_ports_of_a_bridge_receive_nothing_themselves() -> None:
    port = Device(9, "veth1", master=4)
    bridge = Device(4, "docker0", addresses=("172.17.0.1/16",), kind="bridge")
    known = Network((LO, ETH0, bridge, port), NETWORK.routes)
    found = reach_of([socket()], judge(rule(on("veth*"), MAYBE, DROP), known=known))
    assert found is not None
    assert fates(found) == {"lo": "accept", EVERYBODY: "accept"}


def test_a_bound_tcp_socket_that_does_not_listen_has_no_reach() -> None:
    bound = socket()._replace(state=State.BOUND)
    assert reach_of([bound], judge()) is None


def test_rules_that_were_not_read_are_unknown_with_their_reason() -> None:
    refused = Judge(PacketFilter(Ruleset(refused="Operation not permitted"), NETWORK))
    found = reach_of([socket()], refused)
    assert found == Reach(Reachable.UNKNOWN, (), not_read=("the packet filter: Operation not permitted",))
    assert reach_of([socket()], None) == Reach(Reachable.UNKNOWN, (), not_read=("the packet filter",))


def test_a_translation_says_where_and_by_which_rule() -> None:
    nat = table(base(rule(is_(DPORT, 8080), dnat("172.17.0.2", 80), handle=7), hook="prerouting", priority=-100, type="nat"))
    found = reach_of([socket()], judge(more=[nat]))
    assert found is not None
    assert found.to == ("172.17.0.2", 80)
    assert fates(found) == {"lo": "accept", EVERYBODY: "redirect"}
    assert reach_sentence(found).endswith("everybody else sent on to 172.17.0.2:80 by ip t prerouting-100, handle 7: text")


def test_a_redirect_of_a_port_where_nothing_listens_is_found() -> None:
    nat = table(base(rule(is_(DPORT, 80), Nat("redirect", port=Constant(8080))), hook="prerouting", priority=-100, type="nat"))
    asked = judge(more=[nat])
    assert {outcome.to and outcome.to[1] for outcome in redirections(80, None, ("tcp",), asked)} == {8080}
    assert redirections(81, None, ("tcp",), asked) == []


def test_one_source_is_answered_alone() -> None:
    rules = [rule(source("10.0.0.0/8"), ACCEPT, handle=1)]
    assert reach_sentence(reach(*rules, policy="drop", sources=("10.1.2.3",)), asked=True) == (
        "10.1.2.3; let in by ip t input0, handle 1: text"
    )
    assert reach_sentence(reach(*rules, policy="drop", sources=("9.9.9.9",)), asked=True) == (
        "9.9.9.9 dropped by ip t input0: policy drop"
    )
    assert reach(*rules, sources=("2001:db8::1",)).sources == ()
    assert fates(reach(rule(on("lo"), ACCEPT), policy="drop", sources=("9.9.9.9",))) == {"9.9.9.9": "drop"}
    assert fates(reach(rule(on("lo"), ACCEPT), policy="drop", sources=("127.0.0.1",))) == {"lo": "accept"}


def test_a_device_of_a_source_is_the_one_it_comes_in_through() -> None:
    rules = [rule(on("eth1"), DROP)]
    assert reach(*rules, sources=("10.1.2.3%eth1",)).verdict is Reachable.DROP
    assert reach(*rules, sources=("10.1.2.3%eth0",)).verdict is Reachable.ACCEPT


def test_limits_and_unknown_expressions_are_named() -> None:
    limited = reach(rule(LIMIT, ACCEPT), policy="drop")
    assert "while limit rate 3/second is not exceeded" in reach_sentence(limited)
    unknown = reach(rule(MAYBE, DROP))
    assert unknown.not_read == ("xt string",)
    assert "xt string is not modelled" in reach_sentence(unknown)


def test_ports_that_no_rule_tells_apart_are_judged_once() -> None:
    asked = judge(rule(is_(DPORT, 22), DROP))
    for port in range(8000, 8100):
        reach_of([socket(f"0.0.0.0:{port}")], asked)
    assert len(asked._known) == 2  # every own address, and 127.0.0.1


def test_a_filter_with_too_many_rules_for_so_many_ports_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_MOST_STEPS", 10)
    rules = [rule(is_(DPORT, number), DROP) for number in range(3)]
    found = reach_of([socket("192.0.2.1:1"), socket("192.0.2.1:2")], judge(*rules))
    assert found is not None
    assert found.not_read == ()
    monkeypatch.setattr(ports, "_MOST_STEPS", 2)
    found = reach_of([socket("192.0.2.1:1")], judge(*rules))
    assert found is not None
    assert fates(found)[EVERYBODY] == "unknown"
    assert found.not_read == ("more rules than are followed for so many ports",)


def test_without_the_hosts_addresses_rules_that_compare_them_leave_a_wildcard_unknown() -> None:
    away = Network(known=False)
    known = reach_of([socket()], judge(rule(source("10.0.0.0/8"), ACCEPT), policy="drop", known=away))
    assert known is not None
    assert fates(known)[EVERYBODY] == "drop"
    compared = judge(rule(is_(DADDR, 5), ACCEPT), policy="drop", known=away)
    unknown = reach_of([socket()], compared)
    assert unknown is not None
    assert unknown.verdict is Reachable.UNKNOWN
    bound = reach_of([socket("192.0.2.1:8080")], compared)
    assert bound is not None
    assert fates(bound)[EVERYBODY] == "drop"


@pytest.mark.parametrize(
    ("sources", "text"),
    [
        ([("0.0.0.0/0", Reachable.ACCEPT), ("::/0", Reachable.ACCEPT)], "anyone; no rule of the packet filter stops it"),
        ([("::/0", Reachable.ACCEPT), ("0.0.0.0/0", Reachable.DROP)],
         "everybody else over IPv6; everybody else over IPv4 dropped by the kernel (routing)"),
        ([("10.0.0.0/8%eth1", Reachable.ACCEPT), ("0.0.0.0/0", Reachable.DROP)],
         "10.0.0.0/8 through eth1; everybody else dropped by the kernel (routing)"),
        ([(f"10.{number}.0.0/16", Reachable.ACCEPT) for number in range(5)] + [("0.0.0.0/0", Reachable.DROP)],
         "5 networks (10.0.0.0/16, ...); everybody else dropped by the kernel (routing)"),
    ],
)  # fmt: skip
def test_the_sentence_names_who_and_what(sources: list[tuple[str, Reachable]], text: str) -> None:
    verdict = Reachable.ACCEPT if {kind for _, kind in sources} == {Reachable.ACCEPT} else Reachable.MIXED
    assert reach_sentence(Reach(verdict, tuple(Verdict(*each) for each in sources))) == text


def test_many_rules_about_single_sources_are_counted() -> None:
    rules = reach(*(rule(source(f"8.8.8.{number}"), DROP, handle=number) for number in range(9)))
    assert "; others by 7 more rules; " in reach_sentence(rules)
    assert reach_sentence(rules).endswith("; this host and everybody else")


def test_a_rejection_is_a_refusal() -> None:
    found = reach(rule(is_(DPORT, 8080), Reject("tcp reset"), handle=2))
    assert found.verdict is Reachable.REJECT
    assert reach_sentence(found) == "anyone refused by ip t input0, handle 2: text"
    assert {each.how for each in found.sources} == {"tcp reset"}
