"""Findings about states of connections."""

from typing import Any

import pytest

from portsock.explain.types import Severity
from portsock.model import State, Timer
from tests.support.explain_factory import answer, codes, finding, seen
from tests.support.factory import tcp


def many(number: int, state: State, local: str = "10.0.0.7:80", **more: Any) -> list[Any]:
    """Connections to one local endpoint, inodes from 1000."""
    return [tcp(local, f"10.0.0.9:{40000 + index}", state, inode=1000 + index, **more) for index in range(number)]


def holding(number: int) -> dict[int, int]:
    return {1000 + index: 700 for index in range(number)}


@pytest.mark.parametrize(
    ("age", "severity", "title"),
    [
        (1000, Severity.WARNING, "python3 (pid 700) does not close: 5 connections to 80/tcp wait in CLOSE_WAIT."),
        (999, Severity.NOTICE, "python3 (pid 700) has not closed yet: 5 connections to 80/tcp wait in CLOSE_WAIT."),
        (None, Severity.WARNING, "python3 (pid 700) does not close: 5 connections to 80/tcp wait in CLOSE_WAIT."),
    ],
)
def test_a_close_wait_pile_up_is_a_leak_once_it_has_lasted(age: int | None, severity: Severity, title: str) -> None:
    info = {"last_ack_received_ms": age} if age is not None else None
    records = [tcp("0.0.0.0:80", inode=1), *many(5, State.CLOSE_WAIT, info=info, recv_q=1)]
    found = finding("close_wait_pile_up", answer("80", seen(records, {1: 700, **holding(5)})))
    assert found is not None
    assert (found.severity, found.title) == (severity, title)
    assert found.evidence[0] == "5 of 5: not even the end of the stream was read"
    assert found.advice.startswith("Ask again: if the number does not fall, restart the program")


@pytest.mark.parametrize(("age", "old"), [(59_999, False), (60_000, True), (None, False)])
def test_a_few_close_wait_are_a_finding_only_if_they_are_old(age: int | None, old: bool) -> None:
    info = {"last_ack_received_ms": age, "last_data_received_ms": 999_999} if age is not None else None
    explanation = answer("80", seen(many(2, State.CLOSE_WAIT, info=info), holding(2)))
    found = finding("close_wait_old", explanation)
    assert (found is not None) is old
    assert finding("close_wait_pile_up", explanation) is None
    if found is not None:
        assert found.title == "python3 (pid 700) has not closed 2 connections whose peer closed at least 60 s ago."


def test_close_wait_toward_a_remote_server_is_found_by_the_servers_address() -> None:
    records = [tcp(f"10.0.0.7:{40000 + i}", "192.0.2.1:443", State.CLOSE_WAIT, inode=1000 + i) for i in range(5)]
    assert "close_wait_pile_up" in codes("192.0.2.1:443", seen(records, holding(5)))


def test_close_wait_of_different_programs_is_counted_for_each() -> None:
    holders = {1000 + index: 700 if index % 2 else 800 for index in range(8)}
    assert "close_wait_pile_up" not in codes("80", seen(many(8, State.CLOSE_WAIT), holders))


def test_syn_sent_without_answer_to_one_destination() -> None:
    records = [tcp(f"10.0.0.7:{40000 + i}", "192.0.2.1:443", State.SYN_SENT, inode=10 + i) for i in range(3)]
    found = finding("syn_sent_unanswered", answer("192.0.2.1:443", seen(records)))
    assert found is not None
    assert found.severity is Severity.WARNING
    assert found.title == "3 attempts to reach 192.0.2.1:443 have no answer."


def test_one_syn_sent_is_a_warning_only_when_it_was_resent() -> None:
    fresh = tcp("10.0.0.7:40000", "192.0.2.1:443", State.SYN_SENT)
    once = finding("syn_sent_unanswered", answer("192.0.2.1:443", seen([fresh])))
    again = finding("syn_sent_unanswered", answer("192.0.2.1:443", seen([fresh._replace(timer=Timer("on", 900, 2))])))
    assert once is not None
    assert once.severity is Severity.INFO
    assert again is not None
    assert again.severity is Severity.WARNING
    assert "the SYN was sent again 2 times" in again.evidence


def test_attempts_at_a_full_listener_here_name_the_reason() -> None:
    records = [
        tcp("0.0.0.0:8080", inode=1, accept_queue=3, accept_limit=2),
        tcp("127.0.0.1:40000", "127.0.0.1:8080", State.SYN_SENT, inode=2, timer=Timer("on", 900, 2)),
    ]
    snapshot = seen(records, {1: 700, 2: 800})
    assert codes("8080", snapshot) == {"accept_queue_full"}
    found = finding("syn_sent_unanswered", answer("pid:800", snapshot))
    assert found is not None
    assert any("its accept queue is full" in line for line in found.evidence)


def test_many_fin_wait_2_blame_the_other_end() -> None:
    found = finding("fin_wait_2_many", answer("80", seen([tcp("0.0.0.0:80", inode=1), *many(10, State.FIN_WAIT_2)], {1: 700})))
    assert found is not None
    assert "10 of them without a process" in found.evidence
    assert codes("80", seen([tcp("0.0.0.0:80", inode=1), *many(9, State.FIN_WAIT_2)], {1: 700})) == set()


def test_many_time_wait_are_only_information() -> None:
    records = [tcp("0.0.0.0:80", inode=1), *many(100, State.TIME_WAIT)]
    found = finding("time_wait_many", answer("80", seen(records, {1: 700})))
    assert found is not None
    assert found.severity is Severity.INFO
    assert "a server without SO_REUSEADDR" in found.advice
    assert codes("80", seen(records[:100], {1: 700})) == set()


def test_time_wait_alone_on_a_port_can_stop_a_server_from_starting() -> None:
    records = many(2, State.TIME_WAIT, timer=Timer("timewait", 42_500, 0))
    found = finding("time_wait_holds_port", answer("80", seen(records)))
    assert found is not None
    assert found.title == "A server on 80/tcp may fail to start for another 42 s: 2 connections are in TIME_WAIT on it."
    assert "time_wait_holds_port" not in codes("80", seen([tcp("0.0.0.0:80", inode=1), *records], {1: 700}))
    assert "time_wait_holds_port" not in codes("10.0.0.9", seen(records))
    assert "time_wait_holds_port" not in codes("40000", seen(records))


def test_a_connection_to_itself() -> None:
    record = tcp("127.0.0.1:40404", "127.0.0.1:40404")
    assert "self_connection" in codes("127.0.0.1:40404", seen([record], {1: 700}))


@pytest.mark.parametrize(("number", "severity"), [(2, Severity.INFO), (3, Severity.WARNING)])
def test_three_unanswered_attempts_are_a_warning(number: int, severity: Severity) -> None:
    records = [tcp(f"10.0.0.7:{40000 + i}", "192.0.2.1:443", State.SYN_SENT, inode=10 + i) for i in range(number)]
    found = finding("syn_sent_unanswered", answer("192.0.2.1:443", seen(records)))
    assert found is not None
    assert found.severity is severity
