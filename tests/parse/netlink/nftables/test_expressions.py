"""Expressions that nft(8) does not write, but the kernel runs."""

import struct

from portsock.parse.netlink.message import attribute
from portsock.parse.netlink.nftables.machine import Place, SetHead
from portsock.parse.netlink.nftables.rules import Decompiler, RuleHead
from portsock.parse.netlink.nftables.words import HOST
from portsock.parse.netlink.nftables.xt import matches
from portsock.parse.netlink.nftables.xt.extension import Extension
from portsock.rulesets import Joined, Masked, Match, Meta, Payload, Range, Statement, Unknown
from tests.parse.netlink.nftables.constructs import DPORT, MARK, SADDR, span

_SET = SetHead("s", 0, 7, 4, 0, 0, 0, ())


def word(value: int) -> bytes:
    return struct.pack(">I", value)


def data(value: bytes) -> bytes:
    return attribute(1, value)


def expression(name: str, **found: bytes) -> bytes:
    """Pack an expression; its attributes are named a1, a2, …"""
    parts = b"".join(attribute(int(kind[1:]), value) for kind, value in found.items())
    return attribute(1, attribute(1, name.encode() + b"\0") + attribute(2, parts))


def payload(offset: int, length: int, base: int = 2) -> bytes:
    return expression("payload", a1=word(1), a2=word(base), a3=word(offset), a4=word(length))


def meta(key: int) -> bytes:
    return expression("meta", a1=word(1), a2=word(key))


def cmp(operation: int, value: bytes) -> bytes:
    return expression("cmp", a1=word(1), a2=word(operation), a3=data(value))


def stated(*listed: bytes) -> tuple[Statement, ...]:
    place = Place("inet", "input", {"s": _SET}, {}, {})
    return Decompiler().rule(RuleHead(1, b"t", b"c", 1, b"".join(listed), None), place).statements


def host(value: int) -> bytes:
    return value.to_bytes(4, HOST)  # type: ignore[arg-type]  # never 'text'


def test_a_value_that_is_flipped_before_it_is_compared() -> None:
    bits = expression("bitwise", a1=word(1), a2=word(1), a3=word(4), a4=data(host(0xF0)), a5=data(host(0x30)))
    assert stated(meta(3), bits, cmp(0, host(0x50))) == (Match(Masked(MARK, 0xF0), span(0x60)),)


def test_conditions_that_exclude_are_not_joined_with_others() -> None:
    found = stated(payload(2, 2), cmp(1, b"\0\5"), cmp(0, b"\0\7"), cmp(3, b"\0\6"))
    assert found == (Match(DPORT, span(5), True), Match(DPORT, ()))


def test_a_set_whose_keys_two_rules_load_differently_is_not_guessed() -> None:
    lookup = expression("lookup", a1=b"s\0", a2=word(1))
    found = stated(payload(12, 4, 1), lookup, meta(3), lookup)
    assert found[0] == Match(SADDR, "s")
    assert isinstance(found[1], Unknown)


def test_parts_of_a_concatenation_are_masked_one_by_one() -> None:
    ports = expression("payload", a1=word(9), a2=word(2), a3=word(2), a4=word(2))
    mask = data(b"\xff\0\0\0\xff\xf0\0\0")
    bits = expression("bitwise", a1=word(1), a2=word(1), a3=word(8), a4=mask, a5=data(bytes(8)))
    found = stated(payload(12, 4, 1), ports, bits, expression("cmp", a1=word(9), a2=word(0), a3=data(b"\0\x50")))
    assert found == (Match(DPORT, span(0x50, 0x5F)),)


def test_numbers_in_the_machines_order_are_compared_as_bytes_and_so_not_known() -> None:
    found = stated(meta(3), cmp(4, host(5)))
    assert isinstance(found[0], Unknown) or HOST == "big"


def test_zeros_after_a_short_value_are_the_rest_of_its_register() -> None:
    one = bytes([6, 0, 0, 0])
    assert stated(meta(16), cmp(0, one)) == (Match(Meta("l4proto"), span(6)),)
    assert isinstance(stated(meta(16), cmp(0, b"\6\1\0\0"))[0], Unknown)


def test_the_first_bytes_of_a_load_are_a_shorter_load() -> None:
    assert stated(payload(12, 4, 1), cmp(0, b"\x0a")) == (Match(Payload("network", 96, 8), ((Range(10, 10),),)),)


def test_what_is_not_known_stays_with_its_name() -> None:
    assert stated(expression("inner")) == (Unknown("inner", "action"),)
    assert stated(expression("match", a1=b"mystery\0", a2=word(0), a3=b"")) == (Unknown("-m mystery"),)
    assert stated(expression("target", a1=b"MYSTERY\0", a2=word(0), a3=b"")) == (Unknown("-j MYSTERY", "action"),)


def test_multiport_of_either_end_is_a_concatenation() -> None:
    blob = struct.pack("=2B15H15BB", 2, 3, 22, 80, 90, *(0,) * 12, 0, 1, *(0,) * 13, 1)
    every, keys = Range(0, 65535), []
    for port in (Range(22, 22), Range(80, 90)):
        keys += [(every, port), (port, every)]
    found = matches.read(Extension("multiport", 1, blob, "ip", None))
    assert found == [Match(Joined((Payload("transport", 0, 16), DPORT)), tuple(keys), True)]
