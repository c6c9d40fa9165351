"""Findings about queues and buffers."""

import pytest

from portsock.explain.types import Severity
from portsock.model import SocketMemory, State, Timer
from tests.support.explain_factory import answer, codes, finding, seen, unix, with_sockets
from tests.support.factory import tcp, udp
from tests.support.live import as_root, on_linux, situation


@pytest.mark.parametrize(
    ("waiting", "limit", "code"),
    [
        (3, 2, "accept_queue_full"),
        (2, 2, "accept_queue_filling"),
        (64, 128, "accept_queue_filling"),
        (1, 0, "accept_queue_full"),
        (10, 4096, "accept_queue_filling"),
        (9, 4096, None),
        (1, 128, None),
        (0, 0, None),
        (12, None, "accept_queue_filling"),
        (None, None, None),
    ],
)
def test_accept_queue_is_full_above_its_limit_and_filling_from_half(waiting: int, limit: int, code: str | None) -> None:
    snapshot = seen([tcp("127.0.0.1:8080", accept_queue=waiting, accept_limit=limit)], {1: 700})
    assert codes("8080", snapshot) == ({code} if code else set())


def test_attempts_that_a_listener_dropped_are_counted_apart_from_lost_datagrams() -> None:
    memory = SocketMemory(0, 131072, 0, 16384, 0, 0, 0, 0, 7)
    records = [tcp("127.0.0.1:8080", accept_queue=0, accept_limit=128, memory=memory)]
    found = finding("connections_dropped", answer("8080", seen(records, {1: 700})))
    assert found is not None
    assert found.title == "python3 (pid 700) has dropped 7 connection attempts at 127.0.0.1:8080 so far."
    full = [records[0]._replace(accept_queue=129)]
    assert codes("8080", seen(full, {1: 700})) == {"accept_queue_full"}
    assert codes("8080", seen([records[0]._replace(memory=memory._replace(drops=0))], {1: 700})) == set()


@pytest.mark.linux
@on_linux
@as_root
@pytest.mark.root
def test_attempts_dropped_at_a_full_queue_are_counted_by_the_kernel() -> None:
    with situation("full_queue") as place:
        full = {found["code"]: found for found in place.ask(place.port)["findings"]}["accept_queue_full"]
    assert any(line.startswith("1 attempt dropped by this listener") for line in full["evidence"])
    assert any(line.startswith("ListenOverflows ") for line in full["evidence"])


def test_a_full_unix_queue_is_found_as_well() -> None:
    listener = unix(b"/run/x.sock", State.LISTEN, accept_queue=3, accept_limit=2)
    assert "accept_queue_full" in codes("/run/x.sock", with_sockets(seen([]), listener))


def test_unread_bytes() -> None:
    big = tcp("10.0.0.7:80", "10.0.0.9:40000", recv_q=70000)
    found = finding("unread_data", answer("80", seen([tcp("0.0.0.0:80", inode=9), big])))
    assert found is not None
    assert "70000 bytes lie unread at 10.0.0.7:80" in found.title
    assert codes("80", seen([tcp("0.0.0.0:80", inode=9), big._replace(recv_q=1000)], {9: 500})) == set()


def test_udp_memory_is_measured_against_its_buffer() -> None:
    memory = SocketMemory(1664, 212992, 0, 212992, 0, 0, 0, 0, 0)
    assert codes("53", seen([udp("127.0.0.1:53", recv_q=1664, memory=memory)], {1: 700})) == set()
    assert "unread_data" in codes("53", seen([udp("127.0.0.1:53", recv_q=200000, memory=memory)], {1: 700}))


def test_unacknowledged_bytes_with_resends_are_a_warning() -> None:
    stuck = tcp("10.0.0.7:40000", "192.0.2.1:443", send_q=500, timer=Timer("on", 900, 4))
    found = finding("unacknowledged_data", answer("192.0.2.1:443,10.0.0.7:40000", seen([stuck])))
    assert found is not None
    assert found.severity is Severity.WARNING
    assert found.title == "192.0.2.1:443 has not acknowledged 500 bytes."
    assert "sent again 4 times without an answer" in found.detail


def test_a_closed_window_is_distinguished_from_loss() -> None:
    stuck = tcp("10.0.0.7:40000", "192.0.2.1:443", send_q=500, timer=Timer("persist", 900, 0))
    found = finding("unacknowledged_data", answer("192.0.2.1:443,10.0.0.7:40000", seen([stuck])))
    assert found is not None
    assert "window is closed" in found.detail


def test_the_syn_is_not_unacknowledged_data_and_the_fin_not_unread() -> None:
    records = [
        tcp("10.0.0.7:40000", "192.0.2.1:443", State.SYN_SENT, send_q=1, timer=Timer("on", 1, 3)),
        tcp("10.0.0.7:40001", "192.0.2.1:443", State.CLOSE_WAIT, recv_q=1, inode=2),
    ]
    assert codes("10.0.0.7", seen(records)) == {"syn_sent_unanswered"}


@pytest.mark.parametrize(
    ("state", "queues", "codes_found"),
    [
        (State.CLOSE_WAIT, {"recv_q": 64 * 1024}, set()),
        (State.CLOSE_WAIT, {"recv_q": 64 * 1024 + 1}, {"unread_data"}),
        (State.ESTABLISHED, {"recv_q": 64 * 1024}, {"unread_data"}),
    ],
)
def test_the_fin_is_no_byte_to_be_read(state: State, queues: dict[str, int], codes_found: set[str]) -> None:
    assert codes("10.0.0.7", seen([tcp("10.0.0.7:40000", "192.0.2.1:443", state, **queues)], {1: 700})) == codes_found


def test_a_fin_without_answer_is_called_the_close() -> None:
    stuck = tcp("10.0.0.7:40000", "192.0.2.1:443", State.FIN_WAIT_1, send_q=1, timer=Timer("on", 900, 4))
    found = finding("unacknowledged_data", answer("192.0.2.1:443", seen([stuck])))
    assert found is not None
    assert found.title == "192.0.2.1:443 has not acknowledged the close (FIN)."


@pytest.mark.parametrize(("waiting", "found"), [(3, True), (2, False)])
def test_a_queue_is_filling_from_exactly_half_of_its_limit(waiting: int, found: bool) -> None:
    snapshot = seen([tcp("127.0.0.1:8080", accept_queue=waiting, accept_limit=6)], {1: 700})
    assert ("accept_queue_filling" in codes("8080", snapshot)) is found


def test_datagrams_are_unread_from_half_of_the_buffer() -> None:
    memory = SocketMemory(0, 1000, 0, 1000, 0, 0, 0, 0, 0)
    assert "unread_data" in codes("53", seen([udp("127.0.0.1:53", recv_q=500, memory=memory)], {1: 700}))
    assert "unread_data" not in codes("53", seen([udp("127.0.0.1:53", recv_q=499, memory=memory)], {1: 700}))


@pytest.mark.parametrize(("resends", "found"), [(1, False), (2, True)])
def test_a_second_resend_is_not_ordinary_loss(resends: int, found: bool) -> None:
    stuck = tcp("10.0.0.7:40000", "192.0.2.1:443", send_q=500, timer=Timer("on", 900, resends))
    made = finding("unacknowledged_data", answer("192.0.2.1:443,10.0.0.7:40000", seen([stuck])))
    assert (made is not None and made.severity is Severity.WARNING) is found
