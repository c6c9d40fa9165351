"""Findings about unfinished handshakes."""

from typing import Any

import pytest

from portsock.explain.types import Finding, Severity
from portsock.model import State, Timer
from portsock.records import SocketRecord
from tests.support.explain_factory import HOST, answer, codes, finding, seen
from tests.support.factory import OWN, tcp


def handshakes(number: int, resends: int | None, senders: int = 250, **more: Any) -> list[SocketRecord]:
    timer = None if resends is None else Timer("on", 900, resends)
    ends = [f"10.0.{index % senders // 250}.{index % senders % 250 + 1}:{40000 + index}" for index in range(number)]
    return [tcp("10.0.0.7:80", end, State.SYN_RECV, inode=None, timer=timer, **more) for end in ends]


def flood(number: int, resends: int | None, limit: int = 128, waiting: int = 0, **more: Any) -> Finding | None:
    host = HOST._replace(
        sysctls={"net.ipv4.tcp_syncookies": str(more.pop("cookies", 1))}, counters={"SyncookiesSent": 7}, netns=OWN.id
    )
    listener = tcp("0.0.0.0:80", inode=1, accept_queue=waiting, accept_limit=limit)
    snapshot = seen([listener, *handshakes(number, resends, **more)], {1: 700}, host=host)
    return finding("syn_recv_flood", answer("80", snapshot))


@pytest.mark.parametrize(("number", "resends", "found"), [(127, 0, False), (20, 0, False), (19, 1, False), (20, 1, True)])
def test_the_number_alone_is_no_flood(number: int, resends: int, found: bool) -> None:
    assert (flood(number, resends) is not None) is found


def test_many_senders_that_do_not_reply_are_forged() -> None:
    found = flood(30, 2)
    assert found is not None
    assert found.severity is Severity.WARNING
    assert found.title == (
        "10.0.0.7:80 has 30 unfinished handshakes: 30 have had no reply to the answer for more than a second."
    )
    assert "from 30 addresses" in found.detail
    assert "stopping the program only helps the attack" in found.detail
    assert "leave the program running" in found.advice


def test_one_sender_that_does_not_reply_has_no_way_back() -> None:
    found = flood(30, 2, senders=1)
    assert found is not None
    assert "All are from 10.0.0.1." in found.detail
    assert "ip route get 10.0.0.1" in found.advice


def test_as_many_as_the_backlog_whose_senders_reply_are_load() -> None:
    found = flood(16, 0, limit=16)
    assert found is not None
    assert found.severity is Severity.NOTICE
    assert found.title == "10.0.0.7:80 has 16 unfinished handshakes, as many as its limit of 16."
    assert "this is load" in found.detail
    assert "SYN cookies answer what does not fit (7 so far)" in found.detail
    assert "larger backlog" in found.advice
    assert flood(15, 0, limit=16) is None


def test_without_syn_cookies_what_does_not_fit_is_dropped() -> None:
    found = flood(16, 2, limit=16, cookies=0)
    assert found is not None
    assert "tcp_syncookies is 0: what does not fit is dropped" in found.detail
    assert found.advice == "Set net.ipv4.tcp_syncookies=1."


def test_a_full_accept_queue_is_the_reason_itself() -> None:
    assert flood(30, 2, limit=2, waiting=3) is None


def test_a_listing_without_timers_claims_no_reason() -> None:
    found = finding("syn_recv_flood", answer("80", seen(handshakes(20, None))))
    assert found is not None
    assert found.severity is Severity.NOTICE
    assert "forged" not in found.detail
    assert "syn_recv_flood" not in codes("80", seen(handshakes(19, None)))


def test_counters_of_another_namespace_are_not_used() -> None:
    host = HOST._replace(counters={"SyncookiesSent": 7}, netns=OWN.id + 1)
    found = finding("syn_recv_flood", answer("80", seen(handshakes(30, 2), host=host)))
    assert found is not None
    assert not any("SYN cookies sent" in line for line in found.evidence)
