"""Random rules that nft can write, and rules compared without what only one listing has."""

from typing import Any

from hypothesis import strategies as st

from portsock.nft_words.dependencies import needs
from portsock.nft_words.names import NAMES
from portsock.rulesets import (
    Assign,
    Chain,
    Constant,
    Ct,
    Element,
    Expression,
    Fib,
    Joined,
    Key,
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
    Remark,
    Rule,
    Set,
    Statement,
    Table,
    Unknown,
    Untracked,
    Verdict,
    VerdictMap,
)

ZERO = ((Range(0, 0),),)
NAMES_OF_DEVICES = st.from_regex(r"[a-z][a-z0-9._-]{0,10}", fullmatch=True)
PORTS, MARKS = st.integers(0, 65535), st.integers(0, 2**32 - 1)


def ranges(bits: int) -> st.SearchStrategy[Range]:
    number = st.integers(0, 2**bits - 1)
    return st.one_of(number.map(lambda n: Range(n, n)), st.tuples(number, number).map(lambda two: Range(min(two), max(two))))


def networks(bits: int) -> st.SearchStrategy[Range]:
    def make(address: int, length: int) -> Range:
        free = (1 << (bits - length)) - 1
        return Range(address & ~free, address | free)

    return st.builds(make, st.integers(0, 2**bits - 1), st.integers(0, bits))


DEVICES = st.builds(Name, NAMES_OF_DEVICES, st.booleans())

FIELDS: dict[str, list[tuple[str, Expression, st.SearchStrategy[Any]]]] = {
    "ip": [
        ("ip", Payload("network", 96, 32), networks(32) | ranges(32)),
        ("ip", Payload("network", 128, 32), networks(32)),
        ("ip", Payload("network", 64, 8), ranges(8)),
        ("icmp", Payload("transport", 0, 8), ranges(8)),
    ],
    "ip6": [("ip6", Payload("network", 64, 128), networks(128)), ("icmpv6", Payload("transport", 8, 8), ranges(8))],
    "": [
        ("tcp", Payload("transport", 16, 16), ranges(16)),
        ("udp", Payload("transport", 0, 16), ranges(16)),
        ("", Meta("iifname"), DEVICES),
        ("", Meta("mark"), ranges(32)),
        ("", Meta("pkttype"), ranges(8)),
        ("", Meta("skuid"), ranges(32)),
        ("", Ct("mark"), ranges(32)),
        ("", Ct("protocol", "original"), ranges(8)),
        ("", Ct("ip saddr", "original"), networks(32)),
        ("", Fib(frozenset({"daddr", "iif"}), "type"), ranges(8)),
        ("", Masked(Meta("mark"), 0xFF), ranges(32)),
    ],
}


class Draft:
    """A rule while it is made: statements, with the matches that nft adds before them."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.statements: list[Statement] = []
        self.known: set[Any] = set()

    def before(self, *protocols: str) -> None:
        for protocol in filter(None, protocols):
            for need in needs(protocol, self.family):
                if need not in self.known:
                    self.statements.append(Match(Meta(need.key), ((Range(need.value, need.value),),)))
                    self.known.add(need)


def add_match(draw: st.DrawFn, draft: Draft, network: str, transport: str) -> None:
    candidates = [item for item in FIELDS[network] + FIELDS[""] if item[0] in ("", network, transport)]
    kind = draw(st.sampled_from(("plain", "plain", "set", "named", "bits", "flags", "joined", "exists")))
    protocol, left, keys = draw(st.sampled_from(candidates))
    negated = draw(st.booleans())
    if kind == "bits":
        mask = sum(draw(st.sets(st.sampled_from(sorted(NAMES["ct_state"].values())), min_size=1)))
        draft.statements.append(Match(Masked(Ct("state"), mask), ZERO, negated))
    elif kind == "flags" and transport == "tcp":
        draft.before("tcp")
        flags = Payload("transport", 104, 8)
        draft.statements.append(Match(Masked(flags, draw(st.integers(1, 255))), ((Range(2, 2),),), negated))
    elif kind == "joined" and transport:
        draft.before(network, transport)
        left = Joined((FIELDS[network][0][1], Payload("transport", 16, 16)))
        pair = st.tuples(networks(32 if network == "ip" else 128), ranges(16))
        draft.statements.append(Match(left, tuple(draw(st.lists(pair, min_size=1, max_size=4))), negated))
    elif kind == "exists":
        found = int(draw(st.booleans()))
        draft.statements.append(Match(Fib(frozenset({"saddr", "iif"}), "present"), ((Range(found, found),),)))
    else:
        draft.before(protocol)
        if kind == "named":
            draft.statements.append(Match(left, "trusted", negated))
        else:
            many = draw(st.lists(keys, min_size=1, max_size=1 if kind == "plain" else 5))
            draft.statements.append(Match(left, tuple((key,) for key in many), negated))


def anonymous(sets: dict[str, Set], types: tuple[str, ...], elements: tuple[Element, ...]) -> str:
    name = f"__map{len(sets)}"
    sets[name] = Set(name, elements, types)
    return name


VERDICTS = st.sampled_from(("accept", "drop", "return", "continue")).map(Verdict) | st.just(Verdict("jump", "other"))


def add_end(draw: st.DrawFn, draft: Draft, network: str, transport: str, sets: dict[str, Set]) -> None:
    kind = draw(st.sampled_from(("verdict", "reject", "reset", "nat", "map", "vmap", "assign", "joined")))
    dport, bits = Payload("transport", 16, 16), 32 if network == "ip" else 128
    address = st.integers(0, 2**bits - 1)
    port_keys: st.SearchStrategy[Key] = ranges(16).map(lambda part: (part,))
    if kind == "reject":
        draft.before(network)
        draft.statements.append(Reject("icmp" if network == "ip" else "icmpv6", draw(st.sampled_from((0, 1, 3)))))
    elif kind == "reset" and transport == "tcp":
        draft.before("tcp")
        draft.statements.append(Reject("tcp reset"))
    elif kind == "nat":
        port = draw(st.none() | PORTS)
        low, high = sorted((draw(address), draw(address)))
        draft.statements.append(Nat(draw(st.sampled_from(("dnat", "snat", "tproxy"))), network, Constant(low),
                                    Constant(high) if high != low and draw(st.booleans()) else None,
                                    None if port is None else Constant(port)))  # fmt: skip
    elif kind == "map" and transport:
        draft.before(transport)
        elements = st.builds(lambda key, port: Element(key, value=(Range(port, port),)), port_keys, PORTS)
        name = anonymous(sets, ("inet_service",), tuple(draw(st.lists(elements, min_size=1, max_size=4))))
        draft.statements.append(Nat("redirect", port=Looked(dport, name)))
    elif kind == "joined" and transport:
        draft.before(transport)
        elements = st.builds(
            lambda key, to, port: Element(key, value=(Range(to, to), Range(port, port))), port_keys, address, PORTS
        )
        looked = Looked(dport, anonymous(sets, ("inet_service",), tuple(draw(st.lists(elements, min_size=1, max_size=4)))))
        draft.statements.append(Nat("dnat", network, Part(looked, 0), port=Part(looked, 1)))
    elif kind == "vmap" and transport:
        draft.before(transport)
        elements = st.builds(lambda key, verdict: Element(key, verdict=verdict), st.none() | port_keys, VERDICTS)
        name = anonymous(sets, ("inet_service",), tuple(draw(st.lists(elements, min_size=1, max_size=4))))
        draft.statements.append(VerdictMap(dport, name))
    elif kind == "assign":
        mask, flip = draw(MARKS), draw(MARKS)
        values: list[Expression] = [Constant(flip), Ct("mark"), Masked(Meta("mark"), mask, flip), Masked(Meta("mark"), mask)]
        draft.statements.append(Assign(Meta("mark"), values[draw(st.integers(0, 3))]))
    else:
        draft.statements.append(draw(VERDICTS))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Return a table with one chain of rules that nft could print."""
    family = draw(st.sampled_from(("ip", "ip6", "inet", "netdev", "bridge")))
    sets: dict[str, Set] = {}
    rules = []
    for _ in range(draw(st.integers(1, 4))):
        draft = Draft(family)
        network = family if family in ("ip", "ip6") else draw(st.sampled_from(("ip", "ip6")))
        transport = draw(st.sampled_from(("tcp", "udp", "icmp" if network == "ip" else "icmpv6", "")))
        for _ in range(draw(st.integers(0, 3))):
            add_match(draw, draft, network, transport)
        draft.statements += draw(st.lists(st.sampled_from((
            Remark("counter"), Remark('log prefix "a b"'), Limit("limit rate over 10/second", True), Untracked(),
        )), max_size=2))  # fmt: skip
        add_end(draw, draft, network, "" if transport.startswith("icmp") else transport, sets)
        rules.append(Rule(tuple(draft.statements)))
    return Table(family, "t", {"input": Chain("input", tuple(rules))}, sets)


def comparable(value: Any) -> Any:
    """Return statements without the words of what is not modelled: each listing has its own."""
    if isinstance(value, Unknown):
        return "Unknown", value.kind
    if isinstance(value, Other | Remark):
        return type(value).__name__
    if isinstance(value, Limit):
        return "Limit", value.over
    if isinstance(value, tuple):
        return type(value).__name__, *map(comparable, value)
    return value
