"""Findings about one connection: stuck, slow or alive."""

from typing import Any

import pytest

from portsock.explain.types import Finding, Severity
from portsock.model import OwnerReason, OwnerStatus, Role, State, Timer
from portsock.records import SocketRecord
from tests.support.explain_factory import answer, codes, finding, seen, with_sockets
from tests.support.factory import socket, tcp

HERE, THERE = "10.0.0.7:40000", "192.0.2.1:443"
PAIR = f"{HERE},{THERE}"
OPEN: dict[str, Any] = {"peer_window": 65536, "send_mss": 1448, "unsent_bytes": 0}


def record(timer: Timer | None = None, state: State = State.ESTABLISHED, number: int = 0, **values: Any) -> SocketRecord:
    fields = {name: values.pop(name) for name in ("send_q", "recv_q") if name in values}
    local = f"10.0.0.7:{40000 + number}"
    return tcp(local, THERE, state, timer=timer, info=values, inode=1 + number, **{"send_q": 0, "recv_q": 0} | fields)


def found(code: str, *records: SocketRecord, target: str = PAIR) -> Finding | None:
    return finding(code, answer(target, seen(records, {item.inode or 0: 800 for item in records})))


def test_resends_with_an_open_window_mean_the_path_or_the_peer() -> None:
    stuck = record(Timer("on", 900, 5), send_q=5000, last_ack_received_ms=6400, last_data_sent_ms=100, rto_ms=6400,
                   **{**OPEN, "unsent_bytes": 3552})  # fmt: skip
    item = found("peer_silent", stuck)
    assert item is not None
    assert item.severity is Severity.WARNING
    assert item.title == f"curl (pid 800) is stuck: {THERE} has acknowledged nothing for 6 s, after 5 resends."
    first = "waiting: 1448 bytes sent and not acknowledged, 3552 bytes not sent yet; the peer's window is open"
    assert item.evidence[0] == first
    assert "ETIMEDOUT after about 15 min (tcp_retries2 = 15" in item.detail
    assert found("peer_silent", stuck, target=THERE) == item
    assert answer(THERE, seen([stuck], {1: 800})).next[0].line == "ip route get 192.0.2.1"


def test_silence_begins_with_the_first_send_and_not_with_the_last_acknowledgement() -> None:
    """An hour of idleness, then 200 + 400 + 800 ms of resends, the last of them 300 ms ago."""
    stuck = record(Timer("on", 900, 3), send_q=5, last_ack_received_ms=3_600_000, last_data_sent_ms=300, rto_ms=1600, **OPEN)
    item = found("peer_silent", stuck)
    assert item is not None
    assert "nothing for 1 s, after 3 resends" in item.title


@pytest.mark.parametrize(("resends", "silent"), [(2, False), (3, True)])
def test_two_resends_may_be_loss(resends: int, silent: bool) -> None:
    assert (found("peer_silent", record(Timer("on", 900, resends), send_q=5, **OPEN)) is not None) is silent


@pytest.mark.parametrize(("resends", "code"), [(4, "slowed_by_loss"), (5, "peer_silent")])
def test_on_a_lossy_path_silence_takes_more_resends(resends: int, code: str) -> None:
    loss: dict[str, Any] = {"bytes_sent": 100_000, "bytes_retransmitted": 20_000, "total_retransmits": 20}
    timer = Timer("on", 900, resends)
    assert codes(PAIR, seen([record(timer, send_q=5, **OPEN, **loss)], {1: 800})) == {code}


@pytest.mark.parametrize(
    ("again", "times", "lossy"), [(2000, 5, True), (1999, 5, False), (2000, 4, False)]
)  # two percent of the bytes, five resends
def test_loss_sets_the_pace_from_two_percent(again: int, times: int, lossy: bool) -> None:
    waiting = record(send_q=5, bytes_sent=100_000, bytes_retransmitted=again, total_retransmits=times, **OPEN)
    item = found("slowed_by_loss", waiting)
    assert (item is not None) is lossy
    if item is not None:
        assert item.title == f"curl (pid 800) is slowed by loss: 2 % of the bytes to {THERE} had to be sent again."


@pytest.mark.parametrize(
    ("age", "severity", "verb"),
    [(1000, Severity.NOTICE, "waits"), (4999, Severity.NOTICE, "waits"), (5000, Severity.WARNING, "is stuck")],
)
def test_a_closed_window_means_that_the_peers_program_does_not_read(age: int, severity: Severity, verb: str) -> None:
    item = found("peer_does_not_read", record(Timer("persist", 900, 0), send_q=5, peer_window=0, send_mss=1448,
                                              last_data_sent_ms=age, last_ack_received_ms=40))  # fmt: skip
    assert item is not None
    assert item.severity is severity
    assert item.title == (
        f"curl (pid 800) {verb}: the program at {THERE} has read nothing for {age // 1000} s, and its window is closed."
    )
    assert "the peer's window is closed" in item.evidence[0]


def test_a_window_that_has_just_closed_is_a_slow_reader_or_nothing() -> None:
    closed: dict[str, Any] = {"timer": Timer("persist", 90, 0), "send_q": 5, "last_data_sent_ms": 80, "peer_window": 0}
    slow = record(**closed, busy_ms=2000, peer_window_limited_ms=1000)
    assert codes(PAIR, seen([slow], {1: 800})) == {"peer_reads_slowly"}
    assert codes(PAIR, seen([record(**closed, busy_ms=2000, peer_window_limited_ms=999)], {1: 800})) == {"data_moves"}
    assert codes(PAIR, seen([record(**closed, busy_ms=999, peer_window_limited_ms=999)], {1: 800})) == {"data_moves"}


def test_the_persist_timer_with_an_open_window_means_that_this_host_drops() -> None:
    timer = Timer("persist", 900, 2)
    item = found("sending_refused", record(timer, send_q=5000, peer_window=65536, send_mss=1448, unsent_bytes=5000))
    assert item is not None
    assert item.title == f"curl (pid 800) is stuck: this host drops what it sends to {THERE}."
    assert item.evidence[0] == "waiting: 5000 bytes not sent yet; the peer's window is open"
    less = record(timer, send_q=5000, peer_window=1447, send_mss=1448, last_data_sent_ms=2000)
    assert codes(PAIR, seen([less], {1: 800})) == {"peer_does_not_read"}


@pytest.mark.parametrize(("probes", "code"), [(2, "peer_does_not_read"), (3, "peer_silent")])
def test_probes_without_an_answer_mean_that_the_peer_is_gone(probes: int, code: str) -> None:
    gone = record(Timer("persist", 900, probes), send_q=5, last_data_sent_ms=4000, last_ack_received_ms=3800, peer_window=0)
    assert codes(PAIR, seen([gone], {1: 800})) == {code}


@pytest.mark.parametrize(
    ("count", "age", "severity"),
    [(1, 5000, Severity.NOTICE), (65536, 5000, Severity.WARNING), (1, 4999, None), (65536, 4999, None)],
)
def test_bytes_that_wait_for_long_are_not_read_by_the_own_program(count: int, age: int, severity: Severity | None) -> None:
    item = found("program_does_not_read", record(recv_q=count, last_data_received_ms=age))
    assert (item.severity if item else None) is severity
    if item is not None:
        bytes_have = "1 byte from {} has" if count == 1 else "65536 bytes from {} have"
        assert item.title == f"curl (pid 800) does not read: {bytes_have.format(THERE)} waited for 5 s."


def test_the_fin_alone_is_nothing_to_read() -> None:
    assert codes(PAIR, seen([record(state=State.CLOSE_WAIT, recv_q=1, last_data_received_ms=9000)], {1: 800})) == set()


def test_what_moves_is_said_to_be_alive() -> None:
    item = found("data_moves", record(Timer("on", 200, 0), send_q=50_000, last_ack_received_ms=4, delivery_rate=478_000,
                                      busy_ms=1500, **OPEN))  # fmt: skip
    assert item is not None
    assert item.severity is Severity.INFO
    assert item.title == f"curl (pid 800) is sending: {THERE} acknowledged less than a second ago, at 478.0 kB/s."
    assert "the path sets the pace" in item.detail
    own = found("data_moves", record(send_q=5, busy_ms=1500, send_buffer_limited_ms=750, **OPEN))
    assert own is not None
    assert "The send buffer of this socket is the limit" in own.detail


@pytest.mark.parametrize(
    ("timer", "age", "idle"),
    [(None, 300_000, True), (None, 299_999, False), (Timer("keepalive", 1000, 0), 300_000, False)],
)
def test_idleness_without_keepalive(timer: Timer | None, age: int, idle: bool) -> None:
    quiet = record(timer, last_data_sent_ms=age, last_data_received_ms=age, last_ack_received_ms=age)
    item = found("idle_without_keepalive", quiet)
    assert (item is not None) is idle
    if item is not None:
        assert "nothing has passed for 5 min, and keepalive is off" in item.title


def test_connections_with_one_fault_make_one_finding() -> None:
    stuck = [record(Timer("on", 900, 4), number=number, send_q=10 + number, **OPEN) for number in range(3)]
    item = found("peer_silent", *stuck, target=THERE)
    assert item is not None
    assert item.title.startswith("curl (pid 800) is stuck in 3 connections: ")
    assert item.evidence[0].startswith("waiting: 12 bytes sent")


def test_an_orphan_is_named_by_its_end_and_ends_by_the_limit_of_orphans() -> None:
    gone = record(Timer("on", 900, 4), State.FIN_WAIT_1, send_q=1, **OPEN)._replace(inode=None)
    item = finding("peer_silent", answer(THERE, seen([gone])))
    assert item is not None
    assert item.title.startswith(f"{HERE} is stuck: ")
    assert item.evidence[0] == "waiting: the close; the peer's window is open"
    assert "after 8 resends, since no program holds it" in item.detail


def test_a_reader_on_this_host_is_named_and_reported_once() -> None:
    """The client's closed window and the server's unread bytes are one fault."""
    info = {"last_data_received_ms": 6000, "last_data_sent_ms": 6000, "peer_window": 0}
    records = [
        tcp("127.0.0.1:80", inode=1),
        tcp("127.0.0.1:80", "127.0.0.1:50000", inode=2, recv_q=9000, send_q=0, info=info),
        tcp("127.0.0.1:50000", "127.0.0.1:80", inode=3, recv_q=0, send_q=9000, timer=Timer("persist", 900, 0), info=info),
    ]
    snapshot = seen(records, {1: 700, 2: 700, 3: 800})
    assert codes("80", snapshot) == {"program_does_not_read"}
    client = finding("peer_does_not_read", answer("pid:800", snapshot))
    assert client is not None
    assert client.title.startswith("curl (pid 800) is stuck: python3 (pid 700) has read nothing for 6 s")


def test_a_connection_that_was_not_accepted_names_the_server() -> None:
    info = dict.fromkeys(("last_data_sent_ms", "last_data_received_ms", "last_ack_received_ms"), 9000)
    waiting = socket("127.0.0.1:80", "127.0.0.1:50000", inode=None, owners=(), owner_status=OwnerStatus.NONE,
                     role=Role.SERVER, owner_reason=OwnerReason.UNACCEPTED, recv_q=5, info=info)  # fmt: skip
    snapshot = with_sockets(seen([tcp("0.0.0.0:80", netns=None)], {1: 700}), waiting)
    item = finding("connection_not_accepted", answer("127.0.0.1:80,127.0.0.1:50000", snapshot))
    assert item is not None
    assert item.title == "python3 (pid 700) has not accepted the connection of 127.0.0.1:50000 for 9 s."
    assert "program_does_not_read" not in codes("127.0.0.1:80,127.0.0.1:50000", snapshot)
