"""Translations from ctnetlink."""

import struct
from socket import AF_INET, AF_INET6, inet_pton

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.parse.netlink import conntrack
from portsock.parse.netlink.conntrack import Translation
from portsock.parse.netlink.message import GarbledMessage, attribute, attributes

CLIENT, ASKED, SERVER = ("10.0.0.2", 40000), ("10.0.0.1", 8080), ("172.17.0.2", 80)


def direction(source: tuple[str, int], destination: tuple[str, int], protocol: int = 6) -> bytes:
    six = ":" in source[0]
    family = AF_INET6 if six else AF_INET
    addresses = [
        attribute(kind + (2 if six else 0), inet_pton(family, end[0])) for kind, end in ((1, source), (2, destination))
    ]
    ports = [attribute(2, struct.pack(">H", source[1])), attribute(3, struct.pack(">H", destination[1]))]
    proto = attribute(1, bytes([protocol])) + b"".join(ports)
    return attribute(1 | 0x8000, b"".join(addresses)) + attribute(2 | 0x8000, proto)


def entry(there: bytes, back: bytes) -> bytes:
    return struct.pack("=BBH", 2, 0, 0) + attribute(1 | 0x8000, there) + attribute(2 | 0x8000, back)


def decoded(*bodies: bytes) -> list[Translation]:
    at, spans = 0, []
    for body in bodies:
        spans.append((at, at + len(body)))
        at += len(body)
    return conntrack.decode(b"".join(bodies), spans)


def test_client_and_server_have_different_pairs() -> None:
    assert decoded(entry(direction(CLIENT, ASKED), direction(SERVER, CLIENT))) == [
        Translation("tcp", (CLIENT, ASKED), (SERVER, CLIENT))
    ]


def test_a_sender_that_is_changed_as_well_is_the_servers_peer() -> None:
    gateway = ("172.17.0.1", 50000)
    (found,) = decoded(entry(direction(CLIENT, ASKED), direction(SERVER, gateway)))
    assert found.server == (SERVER, gateway)


def test_ipv6_and_udp() -> None:
    client, asked, server = ("fd00::2", 1), ("fd00::1", 2), ("fd01::1", 3)
    assert decoded(entry(direction(client, asked, 17), direction(server, client, 17))) == [
        Translation("udp", (client, asked), (server, client))
    ]


@pytest.mark.parametrize(
    "body",
    [
        entry(direction(CLIENT, ASKED), direction(ASKED, CLIENT)),  # nothing was changed, or only the sender
        entry(direction(CLIENT, ASKED, 1), direction(SERVER, CLIENT, 1)),  # ICMP
        struct.pack("=BBH", 2, 0, 0),
    ],
)
def test_other_entries_are_no_translations(body: bytes) -> None:
    assert decoded(body) == []


def test_the_request_asks_for_the_status_dst_nat() -> None:
    body = conntrack.request()
    assert attributes(body, 4, len(body)) == {3: b"\0\0\0\x20", 26: b"\0\0\0\x20"}


@given(st.binary(max_size=80))
def test_garbage_is_refused_or_empty(body: bytes) -> None:
    try:
        found = decoded(body)
    except GarbledMessage:
        return
    assert all(isinstance(each, Translation) for each in found)
