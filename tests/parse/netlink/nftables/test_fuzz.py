"""Damaged dumps of nf_tables: decoded or refused, with nothing but GarbledMessage inside."""

import os
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.parse.netlink.message import GarbledMessage, attribute
from portsock.parse.netlink.nftables.elements import Reader
from portsock.parse.netlink.nftables.machine import Place, SetHead
from portsock.parse.netlink.nftables.rules import HANDLERS, Decompiler, RuleHead
from portsock.parse.netlink.nftables.xt import matches, targets
from portsock.parse.netlink.nftables.xt.extension import Extension
from portsock.rulesets import Rule, Ruleset, Set
from portsock.sources.linux.firewall import rules
from tests.support.live import takes_long
from tests.support.nf_tables import NO_PROC, Replay, recorded

ANSWERS = {name: recorded(name) for name in ("nft", "iptables")}
NAMES = sorted({*HANDLERS, "cmp", "payload", "meta", "match", "target", "counter", "inner"})


def place(family: str = "inet") -> Place:
    head = SetHead("s", 0x8, 7, 4, 13, 2, 4, ())
    return Place(family, "input", {"s": head}, {}, {(4, "l"): {}})


def damaged(name: str, seed: int) -> dict[bytes, bytes]:
    """Return recorded answers of which some bytes were changed; the headers of the messages stay."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    found = {}
    for request, answer in ANSWERS[name].items():
        changed = bytearray(answer)
        starts: set[int] = set()
        at = 0
        while at + 16 <= len(changed):
            starts.update(range(at, at + 16))
            at += max(struct.unpack_from("=I", changed, at)[0] + 3 & ~3, 16)
        for _ in range(chance.randrange(8)):
            where = chance.randrange(len(changed))
            if where not in starts:
                changed[where] = chance.choice((0, 1, 2, 4, 8, 255, chance.randrange(256)))
        found[request] = bytes(changed)
    return found


def survives(seed: int) -> None:
    found = rules.load(NO_PROC, Replay(damaged(("nft", "iptables")[seed % 2], seed)))
    assert isinstance(found, Ruleset)
    repr(found)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_dump_is_read_or_refused(seed: int) -> None:
    survives(seed)


@takes_long
def test_ten_thousand_damaged_dumps_are_read_or_refused() -> None:
    first = int(os.environ.get("PORTSOCK_SEED", "1000"))
    for seed in range(first, first + 10_000):
        survives(seed)


numbers = st.sampled_from([0, 1, 2, 3, 4, 5, 8, 9, 12, 16, 23, 64, 255, 2**31, 2**32 - 1])
plain = st.builds(lambda kind, value: attribute(kind, struct.pack(">I", value)), st.integers(0, 11), numbers)
texts = st.builds(
    lambda kind, value: attribute(kind, value + b"\0"), st.integers(0, 11), st.sampled_from([b"s", b"l", b"x\xff"])
)
values = st.builds(lambda kind, value: attribute(kind, attribute(1, value)), st.integers(0, 11), st.binary(max_size=20))
raw = st.builds(lambda kind, value: attribute(kind, value), st.integers(0, 11), st.binary(max_size=60))
expressions = st.builds(
    lambda name, parts: attribute(1, attribute(1, name.encode() + b"\0") + attribute(2, b"".join(parts))),
    st.sampled_from(NAMES),
    st.lists(plain | texts | values | raw, max_size=8),
)


@given(st.lists(expressions, max_size=8), st.sampled_from(["ip", "ip6", "inet", "bridge", "arp", "netdev"]))
def test_any_expressions_are_a_rule_or_garbled(listed: list[bytes], family: str) -> None:
    try:
        found = Decompiler().rule(RuleHead(2, b"t", b"c", 1, b"".join(listed), None), place(family))
    except GarbledMessage:
        return
    assert isinstance(found, Rule)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_rule_or_garbled(data: bytes) -> None:
    try:
        Decompiler().rule(RuleHead(2, b"t", b"c", 1, data, data), place())
    except GarbledMessage:
        return


@given(st.lists(raw | values, max_size=6), st.binary(max_size=40), st.sampled_from([0, 4, 8, 12]), st.integers(0, 50))
def test_any_elements_are_a_set_or_garbled(parts: list[bytes], garbage: bytes, flags: int, key_type: int) -> None:
    head = SetHead("s", flags, key_type << 6 | 13, 8, key_type, 4, 0, ())
    body = b"\2\0\0\0" + attribute(3, b"".join(attribute(1, part) for part in parts) + garbage)
    reader = Reader(head, ((4, "big"), (2, "little")) if flags == 12 else ((8, "big"),))
    try:
        reader.add(body, [(0, len(body))])
        found = reader.result(True)
    except GarbledMessage:
        return
    assert isinstance(found, Set)


@pytest.mark.parametrize("name", [*matches.READERS, *targets.READERS])
@pytest.mark.parametrize("revision", [0, 1, 2, 3, 99])
def test_structures_that_are_too_short_are_not_modelled(name: str, revision: int) -> None:
    for family in ("ip", "ip6"):
        expression = attribute(1, name.encode() + b"\0") + attribute(2, struct.pack(">I", revision))
        kind = b"match\0" if name in matches.READERS else b"target\0"
        for length in (0, 1, 3, 7):
            whole = attribute(1, attribute(1, kind) + attribute(2, expression + attribute(3, b"\1" * length)))
            found = Decompiler().rule(RuleHead(2, b"", b"", None, whole, None), place(family))
            assert len(found.statements) <= 2


@given(st.sampled_from([*matches.READERS, *targets.READERS]), st.integers(0, 4), st.binary(max_size=300))
def test_any_structure_is_read_or_too_short(name: str, revision: int, blob: bytes) -> None:
    each = Extension(name, revision, blob, "ip", "prerouting")
    try:
        (matches.read if name in matches.READERS else targets.read)(each)
    except (struct.error, IndexError):
        return
