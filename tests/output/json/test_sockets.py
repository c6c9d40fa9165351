"""Sockets written from parts: the same text as from their objects, valid whatever they hold."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portsock.model import (
    Family,
    InetEndpoint,
    Netns,
    Owner,
    OwnerReason,
    OwnerStatus,
    Peer,
    Role,
    Socket,
    SocketType,
    State,
    Subflow,
    Timer,
    UnixEndpoint,
)
from portsock.output.json.document import answer, dumps
from portsock.output.json.objects import Objects
from portsock.output.json.processes import Named, add_named
from portsock.output.json.sockets import SocketTexts
from tests.output.json.test_document import SERVICES, validate
from tests.support.factory import snapshot, socket

TEXTS = st.text(st.characters(exclude_categories=()), max_size=6)
WORDS = st.none() | TEXTS
NUMBERS = st.none() | st.integers(min_value=0, max_value=2**64)
PORTS = st.none() | st.integers(min_value=0, max_value=65535)
OWNERS = st.lists(st.builds(Owner, NUMBERS, NUMBERS, st.none() | TEXTS, st.none() | TEXTS, NUMBERS), max_size=3).map(tuple)
ENDPOINTS = (
    st.none()
    | st.builds(InetEndpoint, st.none() | st.sampled_from(["127.0.0.1", "::1", "*"]) | TEXTS, PORTS)
    | st.builds(InetEndpoint, WORDS, PORTS, WORDS, WORDS, WORDS, st.booleans(), st.booleans())
    | st.builds(UnixEndpoint, st.none() | st.binary(max_size=6), st.booleans(), st.booleans())
)
NETNS = st.none() | st.builds(Netns, st.integers(min_value=1), st.none() | TEXTS)
PEERS = st.none() | st.builds(Peer, NUMBERS, NETNS, st.none() | TEXTS, st.sampled_from(OwnerStatus), OWNERS)
SUBFLOWS = st.builds(Subflow, st.none() | st.sampled_from(State), ENDPOINTS, ENDPOINTS)
SOCKETS = st.builds(
    Socket, st.sampled_from(Family), st.none() | st.sampled_from(SocketType), st.sampled_from(["tcp", "udp", "raw", 'o"dd']),
    st.none() | st.integers(min_value=0, max_value=255), st.none() | st.sampled_from(State), st.none(),
    ENDPOINTS, ENDPOINTS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, WORDS, st.none() | st.booleans(),
    NETNS, st.sampled_from(Role), WORDS, WORDS, st.sampled_from(OwnerStatus), st.none() | st.sampled_from(OwnerReason), OWNERS,
    PEERS, NUMBERS, st.none() | st.integers(0, 3), st.none() | st.tuples(st.integers(0), st.integers(0)),
    st.none() | st.builds(Timer, TEXTS, NUMBERS, NUMBERS), st.none(), st.none(), NUMBERS,
    st.none() | st.lists(SUBFLOWS, max_size=2).map(tuple),
)  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SOCKETS, max_size=4))
def test_socket_texts_equal_json_dumps_of_the_objects(rows: list[Socket]) -> None:
    named: Named = {}
    written: Named = {}
    quick, objects = SocketTexts(SERVICES, dumps, written), Objects(SERVICES)
    for row in rows:
        add_named(named, row)
        expected = json.dumps(objects.socket(row), separators=(",", ":"))
        assert quick.text(row) == expected
        assert quick.text(row) == expected
    assert written == named


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SOCKETS, min_size=1, max_size=2))
def test_any_socket_fits_the_schema_and_is_utf_8_that_any_reader_takes(rows: list[Socket]) -> None:
    text = "".join(answer("sockets", snapshot(), rows, SERVICES, lines=False))
    assert text.isascii()
    found = json.loads(text)
    validate(found)
    json.dumps(found, ensure_ascii=False).encode("utf-8")


def test_the_kind_of_a_timer_may_have_bytes_that_are_no_text() -> None:
    odd = socket()._replace(timer=Timer("\udcff", None, None))
    found = json.loads("".join(answer("sockets", snapshot(), [odd], SERVICES, lines=False)))
    assert found["sockets"][0]["timer"]["kind"] == "\\xff"


def test_a_socket_with_common_fields_is_written_without_a_dictionary() -> None:
    def fail(value: Any) -> str:
        assert not isinstance(value, dict) or "family" not in value, "built as a dictionary"
        return dumps(value)

    assert json.loads(SocketTexts(SERVICES, fail, {}).text(socket("10.0.0.1:4", "10.0.0.2:5")))["role"] == "client"
