"""What is said of a connection that no finding is about, and of a port where nothing answers."""

from typing import Any

import pytest

from portsock.model import State
from tests.support.explain_factory import answer, captured, seen
from tests.support.factory import tcp, udp

QUIET = {"last_data_sent_ms": 12_000, "last_data_received_ms": 12_000, "last_ack_received_ms": 12_000, "unsent_bytes": 0}


def said(target: str, *arguments: Any, label: str = "Means", **options: Any) -> str | None:
    rows = answer(target, seen(*arguments), **options).rows
    return next((row.text for row in rows if row.label == label), None)


def test_a_quiet_connection_says_what_waits_and_when_something_last_passed() -> None:
    records = [tcp("10.0.0.7:50000", "192.0.2.1:443", inode=5, info=QUIET)]
    assert said("50000", records, {5: 800}) == (
        "Open, and nothing waits at this end; data or acknowledgements last passed 12 s ago."
    )
    busy = records[0]._replace(recv_q=100, info=QUIET | dict.fromkeys(list(QUIET)[:3], 10))
    assert said("50000", [busy], {5: 800}) == (
        "Open, 100 bytes to be read by the program here; data or acknowledgements last passed less than a second ago."
    )


@pytest.mark.parametrize(
    ("queue", "words"),
    [(0, "the program has read that, and may still send (a half-close)"), (8, "not read as far as that (7 bytes before it)")],
)
def test_a_half_closed_connection_says_whether_the_end_was_read(queue: int, words: str) -> None:
    text = said("50000", [tcp("10.0.0.7:50000", "192.0.2.1:443", state=State.CLOSE_WAIT, recv_q=queue, inode=5)], {5: 800})
    assert text is not None
    assert words in text


def test_connections_in_different_states_have_no_meaning_in_common() -> None:
    records = [
        tcp("10.0.0.7:50000", "192.0.2.1:443", inode=5),
        tcp("10.0.0.7:50000", "192.0.2.2:443", state=State.FIN_WAIT_2, inode=6),
    ]
    assert said("50000", records, {5: 800, 6: 800}) is None


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("81", "Connecting to it is refused, unless the packet filter redirects or drops it."),
        ("0.0.0.0:81", "Connecting to 127.0.0.1, which 0.0.0.0 stands for, is refused, unless"),
        ("udp/81", "A datagram to it gets ICMP port unreachable, unless"),
        ("192.0.2.9:81", None),
        ("0", None),
    ],
)
def test_a_port_without_a_socket_says_what_a_client_gets(target: str, words: str | None) -> None:
    text = said(target, [])
    assert (words or "") in (text or "")
    assert (text is None) is (words is None)


def test_a_listing_proves_nothing_about_what_is_missing() -> None:
    rows = answer("81", captured([tcp("0.0.0.0:80")])).rows
    assert "what is missing from it may have been left out" in rows[0].text


def test_a_server_of_loopback_only_is_told_where_to_listen() -> None:
    records = [tcp("127.0.0.1:8000", inode=1)]
    assert said("10.0.0.7:8000", records, {1: 700}, label="Do") == (
        "To serve 10.0.0.7, let python3 (pid 700) listen there or on 0.0.0.0."
    )
    assert said("192.0.2.1:8000", records, {1: 700}, label="Do") is None
    records.append(tcp("10.0.0.8:8000", inode=2))
    assert said("10.0.0.7:8000", records, {1: 700, 2: 700}, label="Do") is None


def test_shared_datagram_ports_say_who_gets_what() -> None:
    records = [udp("0.0.0.0:5353", inode=1), udp("0.0.0.0:5353", inode=2)]
    assert said("5353", records, {1: 700, 2: 500}) == (
        "Each multicast or broadcast datagram reaches all of them, which is what mDNS and the like need."
    )
