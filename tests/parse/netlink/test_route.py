"""Devices, addresses, routes, rules and neighbours from rtnetlink: recorded answers, and made-up ones."""

import contextlib
import os
import struct
from collections.abc import Callable, Collection
from pathlib import Path as File
from socket import AF_INET, inet_pton
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portsock.network import Neighbour, Path, Route
from portsock.parse.netlink.message import Buffer, GarbledMessage, attribute, attributes, spans
from portsock.parse.netlink.route import devices, neighbours, routes
from portsock.parse.netlink.route.values import packed

FIXTURES = File(__file__).parents[2] / "fixtures" / "rtnetlink"
FUZZ = int(os.environ.get("PORTSOCK_FUZZ", "300"))
V0 = 4
"""The index of v0 in the recorded world; lo is 1, br0 2, v1 3."""
_Decoded = TypeVar("_Decoded")


def recorded(name: str, decode: Callable[[Buffer, Collection[tuple[int, int]]], _Decoded]) -> _Decoded:
    data = (FIXTURES / f"{name}.bin").read_bytes()
    return decode(data, spans(data, 0, len(data), 1)[0])


def made(decode: Callable[[Buffer, Collection[tuple[int, int]]], _Decoded], *bodies: bytes) -> _Decoded:
    at, found = 0, []
    for body in bodies:
        found.append((at, at + len(body)))
        at += len(body)
    return decode(b"".join(bodies), found)


def route_message(kind: int = 1, *, family: int = 2, flags: int = 0, tos: int = 0, source: int = 0, **parts: bytes) -> bytes:
    numbers = {"destination": 1, "device": 4, "gateway": 5, "hops": 9, "table": 15, "via": 18, "metrics": 8}
    length = len(parts.get("destination", b"")) * 8
    head = struct.pack("=BBBBBBBBI", family, length, source, tos, 254, 0, 0, kind, flags)
    return head + b"".join(attribute(numbers[name], value) for name, value in parts.items())


def test_devices_have_their_kind_state_and_master() -> None:
    found = {each.name: each for each in recorded("links", devices.decode_links)}
    assert set(found) == {"lo", "br0", "v0", "v1"}
    assert (found["lo"].loopback, found["lo"].type, found["lo"].up, found["lo"].kind) == (True, 772, True, None)
    assert (found["v0"].loopback, found["v0"].type, found["v0"].up, found["v0"].kind) == (False, 1, True, "veth")
    assert (found["br0"].kind, found["v1"].master, found["v0"].master) == ("bridge", found["br0"].ifindex, None)


def test_addresses_have_their_prefix_and_of_a_pair_the_own_one() -> None:
    found = recorded("addresses", devices.decode_addresses)
    mine = [each.text for each in found if each.device == V0 and not each.text.startswith("fe80")]
    assert mine == ["192.0.2.1/24", "198.51.100.1/32", "2001:db8::1/64"]
    assert (1, "127.0.0.1/8") in found


def test_routes_of_every_kind() -> None:
    found, selective = recorded("routes", routes.decode_routes)
    assert not selective
    assert Route("0.0.0.0/0", 254, "unicast", V0, "192.0.2.254", 50, "192.0.2.1") in found
    kinds = {each.destination: each.kind for each in found if each.destination.startswith("203.0.113.")}
    assert kinds == {
        "203.0.113.0/26": "blackhole",
        "203.0.113.64/26": "unreachable",
        "203.0.113.128/26": "prohibit",
        "203.0.113.192/26": "throw",
    }
    assert Route("192.0.2.1/32", 255, "local", V0, source="192.0.2.1") in found
    assert [each.table for each in found if each.destination == "198.51.100.32/27"] == [1000]
    assert [each.kind for each in found if each.destination == "2001:db8:1::/48"] == ["unreachable"]
    assert [each.gateway for each in found if each.destination == "::/0" and each.kind == "unicast"] == ["2001:db8::fe"]


def test_each_next_hop_is_a_route_and_may_be_of_the_other_family() -> None:
    found, _ = recorded("routes", routes.decode_routes)
    assert [(each.device, each.gateway) for each in found if each.destination == "198.51.100.128/25"] == [
        (V0, "192.0.2.2"),
        (V0, "192.0.2.3"),
    ]
    assert [each.gateway for each in found if each.destination == "198.51.100.64/26"] == ["2001:db8::5"]


def test_routes_that_are_dead_or_cached_are_none() -> None:
    there = inet_pton(AF_INET, "192.0.2.0")
    assert made(routes.decode_routes, route_message(flags=0x1, destination=there)).routes == []
    assert made(routes.decode_routes, route_message(flags=0x200, destination=there)).routes == []
    hop = struct.pack("=HBBi", 8, 1, 0, 7), struct.pack("=HBBi", 8, 0, 0, 8)
    (alive,) = made(routes.decode_routes, route_message(destination=there, hops=b"".join(hop))).routes
    assert alive.device == 8


@pytest.mark.parametrize("more", [{"tos": 8}, {"source": 24}])
def test_routes_that_look_at_more_than_the_destination_are_reported(more: dict[str, Any]) -> None:
    assert made(routes.decode_routes, route_message(**more)).selective


def test_an_unknown_kind_of_route_survives_as_its_number() -> None:
    assert made(routes.decode_routes, route_message(77)).routes[0].kind == "77"


def test_only_rules_that_every_namespace_has_decide_nothing() -> None:
    assert recorded("rules", routes.has_further_rules) is False
    assert recorded("further-rules", routes.has_further_rules) is True


def rule(priority: int, table: int, *more: bytes, family: int = 2, action: int = 1, flags: int = 0) -> bytes:
    head = struct.pack("=BBBBBxxBI", family, 0, 0, 0, table & 0xFF, action, flags)
    return (
        head
        + attribute(15, struct.pack("=I", table))
        + attribute(6, struct.pack("=I", priority))
        + b"".join(more)
    )  # fmt: skip


USUAL = [rule(0, 255), rule(32766, 254), rule(32767, 253)]


@pytest.mark.parametrize(
    ("rules", "further"),
    [
        (USUAL, False),
        ([], False),
        (USUAL[1:], True),
        ([*USUAL, rule(100, 1000)], True),
        ([USUAL[0], rule(32766, 254, action=7), USUAL[2]], True),
        ([USUAL[0], rule(32766, 254, flags=2), USUAL[2]], True),
        ([USUAL[0], rule(32766, 254, attribute(10, struct.pack("=I", 5))), USUAL[2]], True),
        ([USUAL[0], rule(32766, 254, attribute(14, struct.pack("=I", 0))), USUAL[2]], True),
        ([USUAL[0], rule(32766, 254, attribute(14, b"\xff\xff\xff\xff"), attribute(21, b"\x02")), USUAL[2]], False),
        ([*USUAL, rule(32767, 253, family=128)], False),
    ],
)
def test_rules_that_select_or_that_lack_are_further_ones(rules: list[bytes], further: bool) -> None:
    assert made(routes.has_further_rules, *rules) is further


def path(name: str, destination: str) -> tuple[Path, int | None]:
    return recorded(name, lambda data, bodies: routes.decode_path(destination, data, bodies))


def test_the_way_of_one_packet() -> None:
    found = Path("198.51.100.9", "unicast", None, "192.0.2.254", "192.0.2.1")
    assert path("path", "198.51.100.9") == (found, V0)
    six, device = path("path6", "2001:db8:9::1")
    assert (six.kind, six.gateway, six.source, device) == ("unicast", "2001:db8::fe", "2001:db8::1", V0)


def test_the_mtu_of_a_way_and_a_route_in_place_of_its_error() -> None:
    body = route_message(metrics=attribute(2, struct.pack("=I", 1400)), device=struct.pack("=I", 3))
    assert made(lambda *answer: routes.decode_path("192.0.2.9", *answer), body) == (Path("192.0.2.9", "unicast", mtu=1400), 3)
    body = route_message(7, family=10)
    refused = Path("2001:db8::9", errno="EHOSTUNREACH")
    assert made(lambda *answer: routes.decode_path("2001:db8::9", *answer), body) == (refused, None)


def test_no_way_has_the_error_of_its_route() -> None:
    data = (FIXTURES / "path-blackhole.bin").read_bytes()
    assert spans(data, 0, len(data), 1)[1].errno == 22
    with pytest.raises(GarbledMessage):
        made(lambda *answer: routes.decode_path("192.0.2.9", *answer))


def test_a_request_says_what_the_packet_is_like() -> None:
    body = routes.path_request("192.0.2.9", "192.0.2.1", 1000, 3, "udp", 53)
    assert struct.unpack_from("=BBB", body) == (2, 32, 32)
    parts = attributes(body, 12, len(body))
    assert parts == {
        1: packed("192.0.2.9")[1],
        2: packed("192.0.2.1")[1],
        25: struct.pack("=I", 1000),
        4: struct.pack("=I", 3),
        27: b"\x11",
        29: b"\0\x35",
    }
    with pytest.raises(OSError, match="illegal IP address"):
        routes.path_request("example")


def test_neighbours_have_iproutes_words() -> None:
    found = recorded("neighbours", neighbours.decode)
    assert Neighbour("192.0.2.254", V0, "PERMANENT") in found
    assert Neighbour("192.0.2.77", V0, "FAILED") in found
    assert Neighbour("2001:db8::fe", V0, "STALE") in found
    assert [each.address for each in found if each.silent] == ["192.0.2.77"]


DECODERS: dict[str, Callable[[Buffer, Collection[tuple[int, int]]], object]] = {
    "links": devices.decode_links,
    "addresses": devices.decode_addresses,
    "routes": routes.decode_routes,
    "rules": routes.has_further_rules,
    "neighbours": neighbours.decode,
    "path": lambda data, bodies: routes.decode_path("192.0.2.9", data, bodies),
}


@settings(max_examples=FUZZ)
@given(
    st.sampled_from(sorted(DECODERS)), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8), st.data()
)
def test_damaged_answers_are_decoded_or_refused(name: str, changes: list[tuple[int, int]], data: st.DataObject) -> None:
    whole = bytearray((FIXTURES / f"{name}.bin").read_bytes())
    for at, value in changes:
        whole[at % len(whole)] = value
    del whole[data.draw(st.integers(0, len(whole))) :]
    with contextlib.suppress(GarbledMessage):
        DECODERS[name](whole, spans(whole, 0, len(whole), 1)[0])


@settings(max_examples=FUZZ)
@given(st.sampled_from(sorted(DECODERS)), st.binary(max_size=200))
def test_garbage_is_decoded_or_refused(name: str, data: bytes) -> None:
    with contextlib.suppress(GarbledMessage):
        DECODERS[name](data, [(0, len(data))])
