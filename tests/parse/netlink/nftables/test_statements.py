"""Rules of nf_tables as dumped by a kernel, in the one form of every source."""

import pytest

from portsock.rulesets import Chain, Element, Hook, Name, Range, Remark, Statement, Table, Verdict
from tests.parse.netlink.nftables.commands import COMMANDS
from tests.parse.netlink.nftables.constructs import RULES
from tests.support.nf_tables import replayed

NFT, IPTABLES = replayed("nft"), replayed("iptables")
TABLE = NFT.tables[0]
EACH = [(chain, place, text) for chain, (_, cases) in RULES.items() for place, (text, _) in enumerate(cases)]


def chain_of(command: str) -> tuple[str, str, str]:
    """Return family, table and chain of an iptables command."""
    words = command.split()
    table = words[words.index("-t") + 1] if "-t" in words else "filter"
    return "ip6" if words[0] == "ip6tables" else "ip", table, words[words.index("-A") + 1]


def rules_of(tables: tuple[Table, ...]) -> dict[tuple[str, str, str], Chain]:
    return {(table.family, table.name, chain.name): chain for table in tables for chain in table.chains.values()}


def pairs(tables: tuple[Table, ...]) -> list[tuple[str, list[Statement], list[Statement]]]:
    """Return each command, what it should be and what was read."""
    chains = {key: iter(chain.rules) for key, chain in rules_of(tables).items()}
    return [
        (command, stated, [each for each in next(chains[chain_of(command)]).statements if each != Remark("counter")])
        for command, stated in COMMANDS
    ]


@pytest.mark.parametrize(("chain", "place", "text"), EACH)
def test_a_rule_of_nft_is_these_statements(chain: str, place: int, text: str) -> None:
    assert list(TABLE.chains[chain].rules[place].statements) == RULES[chain][1][place][1], text


@pytest.mark.parametrize("place", range(len(COMMANDS)))
def test_a_rule_of_iptables_is_these_statements(place: int) -> None:
    command, stated, found = pairs(IPTABLES.tables)[place]
    assert found == stated, command


def keys(name: str) -> set[object]:
    return {element.key for element in TABLE.sets[name].elements}


def number(address: str) -> int:
    return int.from_bytes(bytes(map(int, address.split("."))), "big")


def test_intervals_have_both_ends() -> None:
    first, last = number("192.0.2.1"), number("192.0.2.9")
    one = number("198.51.100.7")
    assert keys("allowed") == {(Range(10 << 24, (11 << 24) - 1),), (Range(first, last),), (Range(one, one),)}
    assert keys("every") == {(Range(0, 0xFFFFFFFF),)}
    assert TABLE.sets["empty"].elements == ()


def test_marks_are_true_numbers_in_both_kinds_of_set() -> None:
    assert keys("marks") == {(Range(0x10, 0x20),), (Range(0x100, 0x100),)}
    assert keys("marks2") == {(Range(0x10, 0x10),), (Range(0x100, 0x100),)}


def test_names_of_devices_are_names() -> None:
    assert keys("ifs") == {(Name("eth0"),), (Name("lo"),)}
    assert keys("ifw") == {(Name("eth", True),), (Name("lo"),)}


def test_concatenations_have_a_part_for_each_type() -> None:
    one = Range(number("192.0.2.1"), number("192.0.2.1"))
    assert TABLE.sets["pairs"].types == ("ipv4_addr", "inet_service")
    assert keys("pairs") == {(Range(10 << 24, (11 << 24) - 1), Range(80, 90)), (one, Range(443, 443))}
    assert (one, Range(17, 17), Range(53, 53)) in keys("plainpairs")
    assert keys("__set5") == {(Range(0x1122334455, 0x1122334455), Range(number("10.0.0.1"), number("10.0.0.1")))}
    assert keys("__set7") == {(Range(5, 5), Range(80, 80))}


def test_maps_have_values_and_verdicts() -> None:
    assert set(TABLE.sets["vm"].elements) == {
        Element((Range(22, 22),), None, Verdict("accept")),
        Element((Range(23, 23),), None, Verdict("drop")),
        Element((Range(80, 80),), None, Verdict("jump", "sub")),
    }
    two, three = number("10.0.0.2"), number("10.0.0.3")
    assert Element((Range(80, 80),), (Range(two, two), Range(8080, 8080))) in TABLE.sets["dest"].elements
    assert set(TABLE.sets["dest2"].elements) == {
        Element((Range(80, 90),), (Range(two, two),)),
        Element((Range(443, 443),), (Range(three, three),)),
    }
    assert set(TABLE.sets["tomark"].elements) == {
        Element((Range(number("10.0.0.1"), number("10.0.0.1")),), (Range(5, 5),)),
        Element(None, (Range(7, 7),)),
    }


def test_a_map_can_give_a_range() -> None:
    (element,) = TABLE.sets["__map3"].elements
    assert element.value == (Range(number("192.168.2.2"), number("192.168.2.4")),)
    (element,) = TABLE.sets["__map0"].elements
    assert element.value == (Range(number("10.2.0.0"), number("10.2.0.255")),)


def test_sets_that_no_rule_looks_into_are_not_read() -> None:
    assert "unused" not in TABLE.sets
    assert all(each.whole for each in TABLE.sets.values())


def test_hooks_policies_priorities_devices_and_the_flag_dormant() -> None:
    chains = rules_of(NFT.tables)
    assert chains["inet", "t", "mangle"].hook == Hook("prerouting", "filter", -150, "accept")
    assert chains["inet", "t", "in"].hook == Hook("input", "filter", 0, "drop")
    assert chains["inet", "t", "sub"].hook is None
    assert chains["netdev", "nd", "ing"].hook == Hook("ingress", "filter", -500, "accept", ("lo",))
    assert chains["arp", "a", "i"].hook == Hook("input", "filter", 0, "accept")
    assert chains["bridge", "b", "f"].hook == Hook("forward", "filter", 0, "accept")
    assert {table.name for table in NFT.tables if table.dormant} == {"sleepy"}


def test_rules_have_handles_and_comments_of_both_kinds() -> None:
    (rule,) = TABLE.chains["sub"].rules
    assert rule.comment == "web"
    assert rule.handle
    found = [rule.comment for rule in rules_of(IPTABLES.tables)["ip", "filter", "INPUT"].rules]
    assert [comment for comment in found if comment] == ["ssh here"]
