"""Captures of nft 1.0.6 and iptables-nft 1.8.9, made in a network namespace: text and JSON say the same."""

import json
import random
import re
from copy import deepcopy
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from portsock.parse.rulesets import InputError, read
from portsock.reach.spelling import spell, spell_hook
from portsock.rulesets import (
    Chain,
    Hook,
    Limit,
    Looked,
    Masked,
    Match,
    Meta,
    Name,
    Nat,
    Other,
    Part,
    Payload,
    Range,
    Reject,
    Rule,
    Ruleset,
    Table,
    Unknown,
    Untracked,
    Verdict,
)
from tests.support.live import as_root, on_linux, run, takes_long, tool
from tests.support.rules import comparable

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rulesets"
TEXT = (FIXTURES / "nft-1.0.6.txt").read_text("utf-8")
JSON = (FIXTURES / "nft-1.0.6.json").read_text("utf-8")
SAVED = (FIXTURES / "iptables-nft-save-1.8.9.txt").read_text("utf-8")
NFT_OF_SAVED = (FIXTURES / "nft-of-iptables.txt").read_text("utf-8")
JSON_OF_SAVED = (FIXTURES / "nft-of-iptables.json").read_text("utf-8")


def rules(ruleset: Ruleset) -> dict[tuple[str, str, str, int], Rule]:
    return {
        (table.family, table.name, chain.name, place): rule
        for table in ruleset.tables
        for chain in table.chains.values()
        for place, rule in enumerate(chain.rules)
    }


def only(line: str, family: str = "inet") -> Rule:
    """Return a rule of text."""
    (table,) = read(f"table {family} t {{\nchain c {{\n{line}\n}}\n}}\n").tables
    (rule,) = table.chains["c"].rules
    return rule


def assert_same(text: Ruleset, document: Ruleset) -> None:
    for (where, one), (_, other) in zip_longest(rules(text).items(), rules(document).items()):
        assert comparable(one.statements) == comparable(other.statements), (where, one.text)
        assert (one.handle, one.comment) == (other.handle, other.comment)
    for one_table, other_table in zip(text.tables, document.tables, strict=True):
        assert one_table.sets == other_table.sets
        assert {chain.name: chain.hook for chain in one_table.chains.values()} == {
            chain.name: chain.hook for chain in other_table.chains.values()
        }
    assert text.not_read == document.not_read == ()


def test_text_and_json_of_every_construct_are_the_same_statements() -> None:
    text = read(TEXT)
    assert len(rules(text)) == 245
    assert_same(text, read(JSON))


@on_linux
@as_root
def test_nft_of_this_host_prints_text_and_json_that_are_the_same_statements(tmp_path: Path) -> None:
    helper = TEXT.index("\tct helper h1 {")
    declared = TEXT[:helper] + TEXT[TEXT.index("\tsynproxy s1 {") :]
    plain = [line for line in declared.split("\n") if "ct helper set" not in line]
    file = tmp_path / "rules.nft"
    file.write_text(re.sub(r" expires [0-9a-z]+", "", "\n".join(plain)), "utf-8")
    script = f"{tool('nft')} -f {file} && nft -a list ruleset && echo ---- && nft -j -a list ruleset"
    done = run([tool("unshare"), "--net", "sh", "-c", script])
    if done.returncode:
        pytest.skip(f"nft here cannot load the rules: {done.stderr[:200]}")
    text, _, document = done.stdout.partition("----\n")
    assert len(rules(read(text))) > 200
    assert_same(read(text), read(document))


def test_rules_are_spelt_as_nft_prints_them() -> None:
    table = read(TEXT).tables[0]
    different = {
        rule.text
        for chain in table.chains.values()
        for rule in chain.rules
        if spell(rule._replace(text=None), table) != rule.text
    }
    assert len(different) <= 30, different
    beside = (
        "counter packets", "random", ">", "exists", "missing", "@dyn", "meta hour", "meta day", "meta time", "@nh", "@ll",
        "socket mark", "8191", "255", "0x00000001-0x00000005",
    )  # fmt: skip
    assert [text for text in different if not any(word in str(text) for word in beside)] == []


def test_iptables_save_and_nft_text_of_the_same_rules_agree() -> None:
    """They agree wherever nft prints what iptables has: not NETMAP, recent, physdev, and the like."""
    saved, printed = rules(read(SAVED)), rules(read(NFT_OF_SAVED))
    assert saved.keys() == printed.keys()
    unlike = []
    for where, rule in saved.items():
        ours = [comparable(item) for item in rule.statements if comparable(item) not in ("Remark",)]
        theirs = [comparable(item) for item in printed[where].statements if comparable(item) not in ("Remark",)]
        if sorted(map(str, ours)) != sorted(map(str, theirs)):
            unlike.append(str(rule.text))
    expected = ("icmp-type", "TPROXY", "TCPMSS", "DSCP", "dscp", "recent", "connlimit", "--ctproto", "time")
    assert [text for text in unlike if not any(word in text for word in expected)] == []


def test_iptables_in_json_names_what_json_has_no_detail_of() -> None:
    found = [item for rule in rules(read(JSON_OF_SAVED)).values() for item in rule.statements if isinstance(item, Unknown)]
    assert Unknown("xt match conntrack") in found
    assert Unknown("xt target REJECT", "action") in found
    assert not [item for item in found if "LOG" in item.text or "comment" in item.text]


@pytest.mark.parametrize(
    ("line", "statements"),
    [
        ("tcp dport 22 accept", (Match(Meta("l4proto"), ((Range(6, 6),),)),
                                 Match(Payload("transport", 16, 16), ((Range(22, 22),),)), Verdict("accept"))),
        ("tcp dport ssh drop", (Match(Meta("l4proto"), ((Range(6, 6),),)),
                                Match(Payload("transport", 16, 16), ((Range(22, 22),),)), Verdict("drop"))),
        ("meta nfproto ipv4 ip saddr 10.0.0.0/8", (Match(Meta("nfproto"), ((Range(2, 2),),)),
                                 Match(Payload("network", 96, 32), ((Range(10 << 24, (11 << 24) - 1),),)))),
        ('iifname "eth*" goto x', (Match(Meta("iifname"), ((Name("eth", True),),)), Verdict("goto", "x"))),
        ("ct state ! invalid,new", (Match(Masked(only("ct state new").statements[0].left.source, 9),  # type: ignore[union-attr]
                                          ((Range(0, 0),),)),)),
        ("meta mark set meta mark & 0xff00 | 0x1 notrack", (only("meta mark set mark and 0xff00 or 0x1").statements[0],
                                                             Untracked())),
        ("reject", (Reject("icmpx", 1),)),
        ("tcp dport < 1", (Match(Meta("l4proto"), ((Range(6, 6),),)), Match(Payload("transport", 16, 16), ((Range(0, 0),),)))),
        ("tcp dport < 0", (Match(Meta("l4proto"), ((Range(6, 6),),)), Match(Payload("transport", 16, 16), ()))),
    ],
)  # fmt: skip
def test_rule_means(line: str, statements: tuple[object, ...]) -> None:
    assert only(line).statements == statements


@pytest.mark.parametrize(
    ("family", "line", "before"),
    [
        ("ip", "ip saddr 10.0.0.1", []),
        ("ip", "tcp dport 22", [("l4proto", 6)]),
        ("ip6", "icmpv6 type 128", [("l4proto", 58)]),
        ("inet", "icmpv6 type 128", [("nfproto", 10), ("l4proto", 58)]),
        ("inet", "ip saddr . tcp dport { 10.0.0.1 . 22 }", [("nfproto", 2), ("l4proto", 6)]),
        ("inet", "reject with icmp host-prohibited", [("nfproto", 2)]),
        ("inet", "ether saddr 00:11:22:33:44:55", [("iiftype", 1)]),
        ("ip", "reject with tcp reset", [("l4proto", 6)]),
        ("bridge", "ip saddr 10.0.0.1", [("protocol", 0x0800)]),
        ("bridge", "ether saddr 00:11:22:33:44:55", []),
        ("netdev", "icmp type 8", [("protocol", 0x0800), ("l4proto", 1)]),
        ("netdev", "vlan id 5", [("iiftype", 1), ("ether type", 0x8100)]),
        ("inet", "th dport 53", []),
    ],
)
def test_matches_that_text_leaves_out_are_those_of_the_kernel(family: str, line: str, before: list[tuple[str, int]]) -> None:
    """They are what 'nft --debug=netlink' 1.0.6 shows for these rules."""
    *needed, _ = only(line, family).statements
    keys = [name for name, _ in before]
    lefts = [Payload("link", 96, 16) if name == "ether type" else Meta(name) for name in keys]
    assert needed == [Match(left, ((Range(number, number),),)) for left, (_, number) in zip(lefts, before, strict=True)]


def test_open_port_ranges_of_iptables_have_both_ends() -> None:
    (table,) = read("*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp -m udp --sport 1024: --dport :53 -j ACCEPT\nCOMMIT\n").tables
    ports = [item.keys for item in table.chains["INPUT"].rules[0].statements if isinstance(item, Match)][1:]
    assert ports == [((Range(1024, 65535),),), ((Range(0, 53),),)]


def test_option_of_another_match_makes_the_match_unknown() -> None:
    (table,) = read(
        "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 10.0.0.1 -m pkttype --limit-iface-in --pkt-type host -j DROP\n"
    ).tables
    assert table.chains["INPUT"].rules[0].statements[1:] == (
        Unknown("-m pkttype --limit-iface-in --pkt-type host"),
        Verdict("drop"),
    )


def test_words_that_are_not_known_stay_one_statement() -> None:
    assert only("tcp dport 22 frobnicate { a, b } with 7 accept").statements[2:] == (
        Unknown("frobnicate { a, b } with 7"),
        Verdict("accept"),
    )
    assert only("hocus pocus").statements == (Unknown("hocus pocus", "action"),)
    assert only("dnat ip to 300.1.1.1").statements == (Unknown("dnat ip to 300.1.1.1", "action"),)
    assert only("tcp dport nosuchservice accept").statements[1:] == (Unknown("tcp dport nosuchservice"), Verdict("accept"))


def test_rules_as_kube_proxy_and_firewalld_write_them_are_all_known() -> None:
    found = read((FIXTURES / "kube-proxy-and-firewalld.txt").read_text("utf-8"))
    assert found.not_read == ()
    assert not [item for rule in rules(found).values() for item in rule.statements if isinstance(item, Unknown)]
    proxy, firewalld = found.tables
    assert all(one.whole and one.elements for one in proxy.sets.values())
    first, second = proxy.sets["service-ips"].elements
    assert first.verdict == Verdict("goto", "service-2QRHZV4L-default/kubernetes/tcp/https")
    assert second.key == ((Range(0x0A60000A, 0x0A60000A), Range(17, 17), Range(53, 53)))
    assert firewalld.chains["filter_INPUT"].hook == Hook("input", "filter", 10, "accept")


def test_joined_map_gives_address_and_port() -> None:
    rule = only("dnat ip to tcp dport map { 80 : 10.0.0.2 . 8080 }")
    looked = Looked(Payload("transport", 16, 16), "__map0")
    assert rule.statements[1] == Nat("dnat", "ip", Part(looked, 0), port=Part(looked, 1))


def test_update_of_a_set_with_a_limit_is_a_limit() -> None:
    statement = only("update @s { ip saddr timeout 1m limit rate over 10/second } drop").statements[1]
    assert statement == Limit("update @s { ip saddr limit rate over 10/second }", True)


def test_value_that_is_not_modelled_is_kept_with_its_words() -> None:
    assert only("numgen random mod 2 vmap { 0 : accept }").statements[0].source == Other("numgen random mod 2")  # type: ignore[union-attr]


def test_block_that_is_not_known_is_named() -> None:
    found = read("define x = 1\ntable inet t {\n\tgadget g {\n\t\tx\n\t}\n\tchain c {\n\t\taccept\n\t}\n}\n")
    assert found.not_read == ("define x = 1", "gadget g {")
    assert found.tables[0].chains["c"].rules[0].statements == (Verdict("accept"),)


def test_element_that_is_not_known_makes_the_set_partly_read() -> None:
    found = read("table ip t {\n set s {\n type ipv4_addr\n elements = { 10.0.0.1, gadget }\n }\n}\n").tables[0].sets["s"]
    assert (len(found.elements), found.whole) == (1, False)


def test_hook_has_priority_devices_and_policy() -> None:
    hook = 'type filter hook ingress devices = { "eth0", lo } priority filter - 5; policy drop;'
    text = f"table netdev t {{\n chain c {{\n {hook}\n }}\n}}\n"
    chain = read(text).tables[0].chains["c"]
    assert chain.hook == Hook("ingress", "filter", -5, "drop", ("eth0", "lo"))
    assert spell_hook(chain) == "policy drop"
    assert spell_hook(Chain("x", ())) == "end of the chain"


def test_ip6tables_is_known_by_its_heading_and_by_its_addresses() -> None:
    body = "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 2001:db8::/32 -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT\nCOMMIT\n"
    for text in (body, "# Generated by ip6tables-save v1.8.9\n" + body):
        (table,) = read(text).tables
        assert table.family == "ip6"
        assert spell(table.chains["INPUT"].rules[0]._replace(text=None), table) == (
            "ip6 saddr 2001:db8::/32 icmpv6 type echo-request accept"
        )


@pytest.mark.parametrize(
    "text", ["{", '{"nftables": [{"rule"', "[]", "{}", "hello\nworld", "[" * 100_000, '{"a":' + "9" * 5000 + "}"]
)
def test_text_without_rules_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_no_rules_at_all_is_an_empty_ruleset() -> None:
    assert read("") == Ruleset()
    assert read('{"nftables": [{"metainfo": {"version": "1.0.6"}}]}') == Ruleset()


def test_long_set_of_a_rule_is_cut() -> None:
    rule = only(f"tcp dport {{ {', '.join(map(str, range(20, 50)))} }} accept")
    assert spell(rule._replace(text=None), Table("inet", "t", {}, {})) == (
        "tcp dport { 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, … } accept"
    )


def test_first_bytes_of_an_address_are_spelt_as_a_network() -> None:
    table = Table("ip", "t", {}, {})
    assert spell(Rule((Match(Payload("network", 96, 8), ((Range(10, 10),),)),)), table) == "ip saddr 10.0.0.0/8"
    masked = Match(Masked(Payload("network", 96, 32), 0xFFF00000), ((Range(0xAC100000, 0xAC100000),),))
    assert spell(Rule((masked,)), table) == "ip saddr 172.16.0.0/12"


def damaged(text: str, luck: random.Random) -> str:
    pieces = [
        "{",
        "}",
        '"',
        "(",
        ":",
        ".",
        "@x",
        "/",
        "!",
        "set",
        "map {",
        "vmap",
        "9" * 30,
        "\n",
        "null",
        "[",
        "*filter\n",
        " -A ",
    ]
    for _ in range(luck.randint(1, 8)):
        at = luck.randrange(len(text))
        end = at + luck.randint(0, 40)
        text = luck.choice((text[:at] + text[end:], text[:at] + luck.choice(pieces) + text[end:], text[:end] + text[at:]))
    return text


@pytest.mark.parametrize("number", [60, pytest.param(10_000, marks=takes_long)])
def test_damaged_captures_are_read_or_refused(number: int) -> None:
    luck = random.Random(number)  # noqa: S311 (no secret)
    lines = [""]
    captures = (TEXT, JSON, SAVED, NFT_OF_SAVED, JSON_OF_SAVED)
    for _ in range(number):
        text = damaged(luck.choice(captures), luck)
        try:
            found = read(text)
        except InputError as error:
            lines.append(str(error))
            continue
        for table in found.tables:
            for chain in table.chains.values():
                for rule in chain.rules[:20]:
                    spell(rule._replace(text=None), table)
    assert "\n" not in "".join(lines)


STRANGE: tuple[Any, ...] = (
    None, -1, 10**50, "", "@", [], {}, [[]], {"set": []}, {"concat": [1, 2]}, {"range": [5, 1]}, {"prefix": None}, {"|": ""},
    {"elem": {"val": 1}}, {"limit": "x"}, {"map": {"key": {"meta": {"key": "mark"}}, "data": "@x"}}, {"fib": {"flags": [[]]}},
)  # fmt: skip


@pytest.mark.parametrize("number", [30, pytest.param(10_000, marks=takes_long)])
def test_json_with_strange_values_is_read(number: int) -> None:
    luck = random.Random(number)  # noqa: S311 (no secret)
    objects = json.loads(JSON)["nftables"]
    for _ in range(number):
        some = json.loads(json.dumps([item for item in objects if "rule" not in item] + luck.choices(objects, k=12)))
        for _ in range(luck.randint(1, 8)):
            value = luck.choice(some)
            while isinstance(value, dict | list) and value:
                place = luck.choice(list(value) if isinstance(value, dict) else range(len(value)))
                if luck.random() < 0.3:
                    value[place] = deepcopy(luck.choice(STRANGE))
                    break
                value = value[place]
        read(json.dumps({"nftables": some}))


@pytest.mark.parametrize("letter", ["{", "(", "}", '"', "a", " ", ",", "1", ".", "@", "ct ", "map {", "!", "\\", "-", "# "])
def test_long_lines_of_one_letter_take_no_quadratic_time(letter: str) -> None:
    body = letter * (300_000 // len(letter))
    read(f"table inet t {{\nchain c {{\ntcp dport {body}\n}}\n}}\n")
    read(f"*filter\n:INPUT DROP [0:0]\n-A INPUT {body}\n")
